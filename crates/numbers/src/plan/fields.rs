//! What a command does to public fields, carrier and features.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Command, Rules, Situation};
use crate::carrier::{CarrierName, KNOWN};
use crate::document;
use crate::error::NumberError;
use crate::feature::availability::available;
use crate::feature::{self, Feature};
use crate::life::Operation;
use crate::number::Number;
use crate::state::State;

/// The carrier that the fields ask for, when they do.
pub(super) fn asked_carrier(fields: &Map<String, Value>) -> Option<CarrierName> {
    fields.get("carrier_name")?.as_str().map(CarrierName::new)
}

/// Brings the request's fields into the number, moves it to the carrier it
/// asks for, and switches features on and off to match.
pub(super) fn apply(
    on: &Situation<'_>,
    command: &Command,
    operation: Operation,
    number: &mut Number,
    rules: &Rules,
) -> Result<(), NumberError> {
    write_fields(on, command, operation, number);
    rename_carrier(on, number, rules)?;
    let usable = available_features(on, number, rules);
    let on_already = number.features.keys().copied();
    let wanted: BTreeSet<Feature> = feature::requested(&number.public)
        .into_iter()
        .chain(on_already)
        .chain(feature::settings(number).into_keys())
        .filter(|f| *f != Feature::Local)
        .collect();
    if let Some(denied) = wanted.difference(&usable).next() {
        return Err(NumberError::Forbidden {
            cause: Some(format!(
                "feature '{denied}' is not available for number {}",
                on.key
            )),
        });
    }
    if let Some(address) = feature::unconfirmed_address(number) {
        return Err(NumberError::AddressInvalid {
            address: address.clone(),
            message: "No E911 provider is configured, so no address can be confirmed".to_owned(),
            provider: Feature::E911.billing_name().to_owned(),
        });
    }
    number.features = feature::settings(number);
    Ok(())
}

/// Creating, reserving, activating, porting and POST replace the public
/// fields, PATCH merges. Activating what is in service for the target already,
/// without fields, changes nothing.
fn write_fields(on: &Situation<'_>, command: &Command, operation: Operation, number: &mut Number) {
    let in_service_already = operation == Operation::Activate
        && on
            .number
            .is_some_and(|stored| stored.state == State::InService)
        && on.standing().target_is_owner();
    if in_service_already && command.fields.is_empty() {
        return;
    }
    let fields = command.fields.clone();
    if operation == Operation::Merge {
        document::merge(&mut number.public, fields);
    } else {
        number.public = document::replaced(fields);
    }
    // Obsolete, and never shown again (spec/numbers.md 9).
    number.public.shift_remove("im");
}

/// `carrier_name` renames the carrier, for administrators, and disappears
/// (spec/life.md 2.9). What the new carrier denies is switched off first.
fn rename_carrier(
    on: &Situation<'_>,
    number: &mut Number,
    rules: &Rules,
) -> Result<(), NumberError> {
    let Some(asked) = number.public.shift_remove("carrier_name") else {
        return Ok(());
    };
    if !document::is_set(&asked) {
        return Ok(());
    }
    if !on.standing().is_admin() {
        return Err(NumberError::Forbidden {
            cause: Some("only administrators may set the carrier of a number".to_owned()),
        });
    }
    let carrier = asked
        .as_str()
        .map(CarrierName::new)
        .filter(|name| KNOWN.contains(&name.as_str()))
        .ok_or_else(|| NumberError::Invalid {
            cause: format!(
                "'{}' is not known by the system",
                asked
                    .as_str()
                    .map_or_else(|| asked.to_string(), str::to_owned)
            ),
        })?;
    if carrier != number.carrier {
        number.carrier = carrier;
        number.mark_local();
        let usable = available_features(on, number, rules);
        number
            .features
            .retain(|f, _| *f == Feature::Local || usable.contains(f));
    }
    Ok(())
}

fn available_features(on: &Situation<'_>, number: &Number, rules: &Rules) -> BTreeSet<Feature> {
    available(
        number,
        on.standing().is_admin(),
        rules.reseller_features.as_ref(),
        &rules.features,
    )
}
