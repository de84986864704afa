//! Where numbers are: `locality` and `prefix?city=`, from what numberd knows
//! itself: the embedded table of the world's prefixes, tables that an operator
//! loaded, and the records of its own numbers. What isn't known is absent or
//! null, never invented, and every answer says who says so. A service of the
//! operator's, if one is configured, is asked before all of that.

mod city_prefixes;
pub mod data_sets;
mod facts;
pub mod overlays;
mod remote;

use numbers::account::Account;
use numbers::e164::E164;
use numbers::number::Number;
use places::overlay::Field;
use places::{About, about};
use serde_json::{Map, Value, json};

use crate::{Engine, EngineError};

pub use city_prefixes::{CityPrefixes, CityQuery};
pub(crate) use facts::Facts;

use overlays::Overlays;

/// Whether a text is the two letters of a country with telephone numbers.
pub fn is_country(code: &str) -> bool {
    places::is_country(code)
}

/// How many numbers are looked at before others get their turn.
const TURN: usize = 200;

impl Engine {
    /// What is known of the place of each number, in the seed's shape, by the
    /// text as sent. With a country, texts are read as they are written there.
    pub async fn locality(
        &self,
        account: Option<&Account>,
        texts: &[String],
        country: Option<&str>,
    ) -> Result<Map<String, Value>, EngineError> {
        let numbering = self.numbering(account);
        let read = |text: &String| numbering.key_in(text, country).ok();
        let keys: Vec<Option<E164>> = texts.iter().map(read).collect();
        let known: Vec<E164> = keys.iter().flatten().cloned().collect();
        let mut found = self.store.numbers(&known).await?.into_iter();
        let overlays = self.overlays.get();
        let mut answer = Map::new();
        for (index, (text, key)) in texts.iter().zip(keys).enumerate() {
            if index % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let place = match key {
                Some(key) => place(&overlays, text, &key, found.next().flatten().as_ref()),
                None => no_place(text),
            };
            answer.insert(text.clone(), place);
        }
        self.ask_phonebook(&mut answer).await;
        Ok(answer)
    }

    /// Says where a number is in its record, unless that stands there.
    pub(crate) fn keep_place(&self, number: &mut Number) {
        if let Some(Value::Object(known)) = number.carrier_data.get("locality") {
            // The carrier that sold it said so.
            number.locality.clone_from(known);
        } else if number.locality.is_empty() {
            let overlays = self.overlays.get();
            let kept = Facts::new(&overlays, number.id.digits(), Some(number)).kept();
            number.locality = kept;
        }
    }
}

/// The answer for what is no number.
fn no_place(text: &str) -> Value {
    json!({"number": text, "status": "error", "message": "not a phone number"})
}

/// The seed's object for one number.
fn place(overlays: &Overlays, text: &str, key: &E164, number: Option<&Number>) -> Value {
    let about = about(key);
    let facts = Facts::new(overlays, key.digits(), number);
    let mut place = Map::new();
    let country = about.as_ref().and_then(|about| about.country.as_deref());
    if let Some(country) = country.or_else(|| facts.country()) {
        place.insert("country".to_owned(), country.into());
    }
    place.insert("number".to_owned(), text.into());
    place.insert("e164_number".to_owned(), key.as_str().into());
    let description = facts.description(about.as_ref());
    place.insert("geocode".to_owned(), json!({"locality": description}));
    let line_type = line_type(&facts, about.as_ref());
    place.insert(
        "locality".to_owned(),
        locality(&facts, line_type.as_deref()),
    );
    let carrier = carrier(&facts, about.as_ref(), line_type.as_deref());
    place.insert("carrier".to_owned(), carrier);
    place.insert("status".to_owned(), "success".into());
    place.insert(
        "source".to_owned(),
        facts.sources(about.as_ref(), false).into(),
    );
    Value::Object(place)
}

/// City, province, postal code, as the seed has them; what only loaded tables
/// know is left out where none does.
fn locality(facts: &Facts<'_>, line_type: Option<&str>) -> Value {
    let mut locality = json!({
        "locality": facts.city(),
        "province": facts.state(),
        "postal_code": facts.loaded(Field::PostalCode),
        "extended_postal_code": null,
    });
    let center = facts.rate_center();
    let center_name = center.as_ref().and_then(|center| center.get("name"));
    let more = [
        ("type", line_type.into()),
        ("switch", facts.loaded(Field::Switch).into()),
        ("rate_center", center_name.cloned().unwrap_or_default()),
        ("lata", facts.loaded(Field::Lata).into()),
    ];
    put_known(&mut locality, more);
    locality
}

fn carrier(facts: &Facts<'_>, about: Option<&About>, line_type: Option<&str>) -> Value {
    let block = about.and_then(|about| about.carrier);
    let mut carrier = json!({"company": facts.loaded(Field::Company).or(block)});
    let more = [
        ("id", facts.loaded(Field::Ocn).into()),
        ("type", line_type.into()),
    ];
    put_known(&mut carrier, more);
    carrier
}

fn put_known<const N: usize>(object: &mut Value, members: [(&str, Value); N]) {
    for (member, value) in members {
        if !value.is_null() {
            object[member] = value;
        }
    }
}

/// `WIRELESS`, `LANDLINE`, `VOIP`: as a loaded table says, else where the
/// numbering plan leaves no doubt.
fn line_type(facts: &Facts<'_>, about: Option<&About>) -> Option<String> {
    if let Some(loaded) = facts.loaded(Field::LineType) {
        return Some(loaded.to_uppercase());
    }
    let by_plan = match about?.kind {
        "mobile" => "WIRELESS",
        "fixed_line" => "LANDLINE",
        "voip" => "VOIP",
        _ => return None,
    };
    Some(by_plan.to_owned())
}
