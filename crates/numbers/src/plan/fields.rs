//! What a command does to public fields, carrier and features.

use serde_json::{Map, Value};

use super::{Command, Effect, Plan, Rules, Situation};
use crate::carrier::{CarrierName, KNOWN};
use crate::document;
use crate::error::NumberError;
use crate::feature::availability::available;
use crate::feature::e911::{self, AddressAnswer, AddressWork};
use crate::feature::{self, Feature, FeatureSet};
use crate::life::Operation;
use crate::number::{Features, Number};
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
    plan: &mut Plan,
    rules: &Rules,
) -> Result<(), NumberError> {
    let number = &mut plan.number;
    write_fields(on, command, operation, number);
    command.lists.set(number, on.standing().is_admin())?;
    rename_carrier(on, number, rules)?;
    let mut address = asked_address(command, number).cloned();
    if let Some(address) = &mut address {
        // How it stands is for its provider to say.
        address.shift_remove("status");
    }
    let mut asked = newly_asked(on, number);
    asked.extend(address.as_ref().map(|_| Feature::E911));
    let usable = available_features(on, number, rules);
    if let Some(denied) = (asked - usable).iter().next() {
        return Err(NumberError::Forbidden {
            cause: Some(format!(
                "feature '{denied}' is not available for number {}",
                on.key
            )),
        });
    }
    match (address, on.address) {
        (None, _) if withdraws_address(command) => e911::give_up(number),
        (None, _) => {}
        (Some(address), None) => {
            // Already in the features, so that the price is known.
            e911::confirm(number, &address);
            plan.effects.push(Effect::SetAddress(address));
        }
        (Some(_), Some(AddressAnswer::Confirmed(address))) => e911::confirm(number, address),
        (Some(_), Some(AddressAnswer::Pending)) => keep_address(on, number),
    }
    number.features = feature::settings(number);
    Ok(())
}

/// Until the new address is confirmed the record shows the one before.
fn keep_address(on: &Situation<'_>, number: &mut Number) {
    let before = on.number.filter(|stored| stored.owner == number.owner);
    match before.and_then(|stored| stored.features.get(&Feature::E911)) {
        Some(Value::Object(address)) => e911::confirm(number, address),
        _ => e911::withdraw(number),
    }
    number.address_work = Some(AddressWork::Pending);
}

/// The features that this command switches on or sets anew. Only these must be
/// available: one that is on and was denied since stands in nobody's way, may
/// stay as it is, and goes off when its field does.
fn newly_asked(on: &Situation<'_>, number: &Number) -> FeatureSet {
    // To another owner, everything is new.
    let stored = on.number.filter(|stored| stored.owner == number.owner);
    // What the record has, without what a new carrier made go off.
    let none = Features::new();
    let before = stored.map_or(&none, |_| &number.features);
    let settings = feature::settings(number);
    let set = settings
        .into_iter()
        .filter(|(feature, settings)| before.get(feature) != Some(settings))
        .map(|(feature, _)| feature);
    let fields = feature::requested(&number.public).into_iter();
    let newly_named = fields
        .filter(|(field, feature)| {
            let kept = stored.and_then(|stored| stored.public.get(*field));
            !feature::is_on(before, *feature) && kept != number.public.get(*field)
        })
        .map(|(_, feature)| feature);
    let mut asked: FeatureSet = set.chain(newly_named).collect();
    asked.remove(Feature::Local);
    asked
}

/// The emergency address that the request asks for and nobody has confirmed.
/// One that only stands in the record, as a note from elsewhere, is not asked
/// for by a request that doesn't name it.
fn asked_address<'n>(command: &Command, number: &'n Number) -> Option<&'n Map<String, Value>> {
    let named = command.fields.get("e911").is_some_and(document::is_set);
    feature::unconfirmed_address(number).filter(|_| named)
}

/// Whether the request names an emergency address and wants none.
fn withdraws_address(command: &Command) -> bool {
    let named = command.fields.get("e911");
    named.is_some_and(|address| !document::is_set(address))
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
    let before = on.number.and_then(|stored| stored.public.get("e911"));
    if let (Some(Value::Object(before)), Some(Value::Object(asked))) =
        (before, number.public.get_mut("e911"))
    {
        e911::drop_leftovers(asked, before);
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
            .retain(|f, _| *f == Feature::Local || usable.contains(*f));
    }
    Ok(())
}

fn available_features(on: &Situation<'_>, number: &Number, rules: &Rules) -> FeatureSet {
    available(
        number,
        on.standing().is_admin(),
        rules.reseller_features.as_ref(),
        &rules.features,
    )
}
