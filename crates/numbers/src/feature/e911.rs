//! Emergency addresses. A number claims only what a provider has confirmed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Feature, is_served};
use crate::carrier::CarrierName;
use crate::number::Number;

/// The field of an address that no provider is told: whom its owner wants to be
/// notified of an emergency call.
pub const CONTACTS: &str = "notification_contact_emails";

/// The fields that make a place.
pub const PLACE: [&str; 5] = [
    "street_address",
    "extended_address",
    "locality",
    "region",
    "postal_code",
];

/// The fields that a provider puts to a place (spec/integrations.md 1.6).
const MADE_OF_IT: [&str; 9] = [
    "activated_time",
    "comments",
    "latitude",
    "legacy_data",
    "location_id",
    "longitude",
    "order_id",
    "plus_four",
    "status",
];

/// What is under way for a number's emergency address at its provider; the
/// number says so, because until it is over its record and the provider may
/// differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressWork {
    /// One is asked for and not confirmed. What the record shows is the one
    /// before, or none.
    Pending,
    /// One is being taken away, and the provider may still have it.
    Removing,
}

/// What a provider answered to the address that a command asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AddressAnswer<'a> {
    /// This is the number's address now, in the provider's own form.
    Confirmed(&'a Map<String, Value>),
    /// Asked for, and not confirmed.
    Pending,
}

/// Why a provider makes no sense for a carrier's numbers, if it doesn't: those
/// that sell numbers themselves keep addresses of these alone
/// (spec/integrations.md 1.2).
///
/// ```
/// use numbers::carrier::CarrierName;
/// use numbers::feature::e911::mismatch;
/// assert_eq!(mismatch("dash_e911", &CarrierName::new("telnyx")), None);
/// assert_eq!(mismatch("telnyx_e911", &CarrierName::new("telnyx")), None);
/// assert!(mismatch("telnyx_e911", &CarrierName::new("vitelity")).is_some());
/// ```
pub fn mismatch(provider: &str, carrier: &CarrierName) -> Option<String> {
    const VENDORS: [&str; 3] = ["telnyx", "twilio", "vitelity"];
    let vendor = provider.strip_suffix("_e911").unwrap_or(provider);
    (VENDORS.contains(&vendor) && vendor != carrier.as_str()).then(|| {
        format!(
            "{provider} keeps emergency addresses of {vendor}'s numbers only, not of {carrier}'s"
        )
    })
}

/// What is to be said of the provider of a number's emergency address, where it
/// has or wants one.
pub fn warning(number: &Number, provider: &str) -> Option<String> {
    mismatch(provider, &number.carrier).filter(|_| {
        number.features.contains_key(&Feature::E911)
            || number.address_work.is_some()
            || unconfirmed(number).is_some()
    })
}

/// Writes an address that a provider confirmed into the record.
pub fn confirm(number: &mut Number, address: &Map<String, Value>) {
    let address = Value::Object(address.clone());
    number.public.insert("e911".to_owned(), address.clone());
    number.features.insert(Feature::E911, address);
    number.address_work = None;
}

/// Nobody waits any more for an address that is asked for: it goes as soon as it
/// is known whether its provider has it.
pub fn give_up(number: &mut Number) {
    if number.address_work == Some(AddressWork::Pending) {
        number.address_work = Some(AddressWork::Removing);
    }
}

/// Whether help finds the number: its provider said that the address is in
/// force. One that is only played (a sandbox's) isn't.
///
/// ```
/// # use numbers::{carrier::CarrierName, e164::E164, number::Number, state::State};
/// # use serde_json::json;
/// use numbers::feature::e911::{confirm, is_in_force};
/// # let key = E164::try_from("+14155550100").unwrap();
/// # let mut number = Number::new(key, State::InService, CarrierName::new("telnyx"), Default::default());
/// for (status, expected) in [("PROVISIONED", true), ("GEOCODED", false)] {
///     let address = json!({ "street_address": "1 A ST", "status": status });
///     confirm(&mut number, address.as_object().unwrap());
///     assert_eq!(is_in_force(&number), expected);
/// }
/// ```
pub fn is_in_force(number: &Number) -> bool {
    let confirmed = number.features.get(&Feature::E911);
    confirmed.is_some_and(|address| address["status"] == "PROVISIONED")
}

/// Takes the address out of the record: the provider has none for it.
pub fn withdraw(number: &mut Number) {
    number.public.shift_remove("e911");
    number.features.remove(&Feature::E911);
    number.address_work = None;
}

/// Takes out of an asked address what a provider made of another place that the
/// number had before: a PATCH of a street leaves it behind, and a client sends it
/// back with a document that he edited. A `location_id` that the number didn't
/// have is a choice among candidates, and stays.
///
/// ```
/// # use serde_json::json;
/// use numbers::feature::e911::drop_leftovers;
/// let before = json!({ "street_address": "12 SAMPLE ST", "location_id": "1", "plus_four": "9" });
/// let left = |asked: serde_json::Value| {
///     let mut asked = asked.as_object().cloned().unwrap_or_default();
///     drop_leftovers(&mut asked, before.as_object().unwrap());
///     json!(asked)
/// };
/// let moved = json!({ "street_address": "7 Oak", "location_id": "1", "plus_four": "9" });
/// assert_eq!(left(moved), json!({ "street_address": "7 Oak" }));
/// let chosen = json!({ "street_address": "12 Sample", "location_id": "2", "plus_four": "9" });
/// assert_eq!(left(chosen), json!({ "street_address": "12 Sample", "location_id": "2" }));
/// let renamed = json!({ "street_address": "12 SAMPLE ST", "location_id": "1" });
/// assert_eq!(left(renamed.clone()), renamed);
/// ```
pub fn drop_leftovers(asked: &mut Map<String, Value>, before: &Map<String, Value>) {
    if PLACE
        .iter()
        .all(|part| asked.get(*part) == before.get(*part))
    {
        return;
    }
    asked.retain(|name, value| {
        !MADE_OF_IT.contains(&name.as_str()) || before.get(name) != Some(value)
    });
}

/// The confirmed address, as long as the document still asks for that one and
/// the number is in a state that can have one.
pub(super) fn kept(number: &Number) -> Option<Value> {
    let confirmed = number.features.get(&Feature::E911)?;
    let asked = number.public.get("e911")?;
    (is_served(number.state) && confirmed == asked).then(|| confirmed.clone())
}

/// The address that stands in the document and that no provider has confirmed
/// for the number: a note from elsewhere. Without its status, which would be
/// taken for a provider's word.
///
/// ```
/// # use numbers::{carrier::CarrierName, e164::E164, number::Number, state::State};
/// # use serde_json::json;
/// use numbers::feature::e911::{confirm, note};
/// # let key = E164::try_from("+14155550100").unwrap();
/// # let mut number = Number::new(key, State::InService, CarrierName::new("telnyx"), Default::default());
/// let address = json!({ "street_address": "1 A ST", "status": "PROVISIONED" });
/// number.public.insert("e911".to_owned(), address.clone());
/// assert_eq!(json!(note(&number)), json!({ "street_address": "1 A ST" }));
/// confirm(&mut number, address.as_object().unwrap());
/// assert_eq!(note(&number), None);
/// ```
pub fn note(number: &Number) -> Option<Map<String, Value>> {
    let mut note = noted(number)?.clone();
    note.shift_remove("status");
    Some(note)
}

/// Whether the document has an address that no provider has confirmed.
pub fn is_note(number: &Number) -> bool {
    noted(number).is_some()
}

fn noted(number: &Number) -> Option<&Map<String, Value>> {
    let asked = number.public.get("e911")?;
    let on = number.features.get(&Feature::E911);
    if on.is_some_and(|on| is_same(on, asked)) {
        return None;
    }
    asked.as_object().filter(|address| !address.is_empty())
}

/// Whether two addresses are the same. Mostly they were written alike, and then
/// nothing has to be looked up by its key.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => one.iter().eq(other) || one == other,
        _ => one == other,
    }
}

/// The address that the document asks for and nobody has confirmed.
pub(super) fn unconfirmed(number: &Number) -> Option<&Map<String, Value>> {
    noted(number).filter(|_| is_served(number.state))
}
