//! Where numbers are: `locality` and `prefix?city=`, from what numberd knows
//! itself: the numbering plans of the world and the records of its own
//! numbers. What isn't known is absent, never invented.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use numbers::account::Account;
use numbers::e164::E164;
use numbers::number::Number;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber};
use serde_json::{Map, Value, json};
use store::StockQuery;

use crate::{Engine, EngineError};

/// How many numbers of the stock one question about a city looks at.
const LOOKED_AT: usize = 20_000;

/// How many numbers are read at once.
const CHUNK: usize = 2_000;

/// The prefixes of a city's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CityPrefixes {
    /// State or province.
    pub state: String,
    /// Area codes, ascending.
    pub prefixes: BTreeSet<String>,
}

impl Engine {
    /// What is known of the place of each number, in the seed's shape, by the
    /// text as sent.
    pub async fn locality(
        &self,
        account: Option<&Account>,
        texts: &[String],
    ) -> Result<Map<String, Value>, EngineError> {
        let numbering = self.numbering(account);
        let keys: Vec<Option<E164>> = texts.iter().map(|text| numbering.key(text).ok()).collect();
        let known: Vec<E164> = keys.iter().flatten().cloned().collect();
        let mut found = self.store.numbers(&known).await?.into_iter();
        let mut answer = Map::new();
        for (text, key) in texts.iter().zip(keys) {
            let place = match key {
                Some(key) => place(text, &key, found.next().flatten().as_ref()),
                None => json!({
                    "number": text,
                    "status": "error",
                    "message": "not a phone number",
                }),
            };
            answer.insert(text.clone(), place);
        }
        Ok(answer)
    }

    /// The cities with this name, or that begin with it, among the numbers
    /// that the account can have, with their area codes. Case doesn't matter.
    pub async fn city_prefixes(
        &self,
        account: &Account,
        city: &str,
    ) -> Result<BTreeMap<String, CityPrefixes>, EngineError> {
        let wanted = city.trim().to_lowercase();
        let mut cities = BTreeMap::new();
        let mut left = LOOKED_AT;
        for stock in self.searched_stock(Some(account)).await? {
            let mut query = StockQuery {
                stock,
                prefix: "+".to_owned(),
                after: None,
                limit: CHUNK.min(left),
            };
            while query.limit > 0 {
                let numbers = self.store.stock(&query).await?;
                left -= numbers.len();
                for number in &numbers {
                    add_city(&mut cities, number, &wanted);
                }
                if numbers.len() < query.limit {
                    break;
                }
                query.after = numbers.last().map(|number| number.id.clone());
                query.limit = CHUNK.min(left);
            }
        }
        Ok(cities)
    }
}

/// The seed's object for one number.
fn place(text: &str, key: &E164, number: Option<&Number>) -> Value {
    let parsed = PhoneNumber::from_str(key.as_str()).ok();
    let region = parsed
        .as_ref()
        .and_then(|parsed| PHONE_NUMBER_UTIL.get_region_for_number(parsed));
    let center = number.and_then(|number| number.carrier_data.get("rate_center"));
    let part = |name: &str| {
        center
            .and_then(|center| center.get(name))
            .cloned()
            .unwrap_or_default()
    };
    let mut place = json!({
        "number": text,
        "e164_number": key,
        "geocode": {"locality": part("name")},
        "locality": {
            "locality": part("name"),
            "province": part("state"),
            "postal_code": null,
            "extended_postal_code": null,
        },
        "carrier": {"company": null},
        "status": "success",
    });
    if let Some(region) = region {
        place["country"] = region.to_string().into();
    }
    place
}

fn add_city(cities: &mut BTreeMap<String, CityPrefixes>, number: &Number, wanted: &str) {
    let Some(center) = number.carrier_data.get("rate_center") else {
        return;
    };
    let text = |name: &str| center.get(name).and_then(Value::as_str).unwrap_or_default();
    let city = text("name");
    let area_code = number
        .id
        .as_str()
        .strip_prefix("+1")
        .and_then(|national| national.get(..3));
    if let (true, Some(area_code)) = (city.to_lowercase().starts_with(wanted), area_code) {
        let entry: &mut CityPrefixes = cities.entry(city.to_owned()).or_default();
        text("state").clone_into(&mut entry.state);
        entry.prefixes.insert(area_code.to_owned());
    }
}
