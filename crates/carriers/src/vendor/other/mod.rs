//! `other`, the generic REST carrier that Kazoo calls the phonebook
//! (spec/integrations.md 2.9), with what that lacks to be safe: a token, a
//! reference on orders, questions about orders and owned numbers, releases.
//!
//! | for | request | answer's `data` |
//! | --- | --- | --- |
//! | search | `GET numbers/{CC}/search?prefix&limit&offset` | number → what is known of it |
//! | blocks | `GET blocks/{CC}/search?prefix&size&offset&limit` | list of `{start_number, end_number, …}` |
//! | check | `POST numbers/{CC}/status` | list of `{number, status}` |
//! | order | `PUT numbers/{CC}/order`, our id as `reference` and `Idempotency-Key` | number → `{status, message, opaque}` |
//! | status | `GET numbers/{CC}/order?reference=` | the same; `{}` when there is no such order |
//! | release | `DELETE numbers/{CC}/order` | number → `{status}` |
//! | owned | `GET numbers/{CC}/owned?after&limit`, `…/owned/{number}` | number → what is known of it |
//!
//! Searches carry the query's filters as further parameters (`contains`,
//! `ends_with`, `locality`, `rate_center`, `lata`, `state`, `features`, `type`);
//! a phonebook that doesn't know them costs only hits.
//! What is known of a number on sale may hold `cost {currency, setup, monthly}`.
//! Every answer is `{"status": "success", "data": …}`. One that isn't says
//! nothing: a phonebook without the later rows never settles an open order and
//! never counts as having taken a number back.

mod orders;
mod search;

use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Carrier, CarrierError, Cost, Failure, Offers, Orders};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Service};

/// Kazoo's keys of `number_manager.other`, a token, and in which countries
/// numbers may be ours beside the default one.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    phonebook_url: Option<url::Url>,
    default_country: String,
    countries: Vec<String>,
    endpoints: Endpoints,
    bearer_token: Secret,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            phonebook_url: None,
            default_country: "US".to_owned(),
            countries: Vec::new(),
            endpoints: Endpoints::Many(Vec::new()),
            bearer_token: Secret::default(),
        }
    }
}

/// Where calls of ordered numbers go.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Endpoints {
    One(String),
    Many(Vec<String>),
}

/// A phonebook.
pub struct Other {
    name: CarrierName,
    client: Client,
    /// The default one.
    country: String,
    /// Those whose numbers may be ours, the default one first.
    countries: Vec<String>,
    gateways: Vec<String>,
    token: Secret,
}

impl Other {
    /// The phonebook that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("other");
        let service = Service::carrier(name.as_str());
        let (mut common, own): (_, Settings) = read(&service, settings)?;
        common.base_url = common.base_url.or(own.phonebook_url);
        if common.base_url.is_none() {
            return Err(BadSettings::missing(&service, "phonebook_url"));
        }
        let secrets = [own.bearer_token.0.as_str()];
        let client = Client::new(&service, &common, "", common.spending(false), &secrets)?
            .with_reads(&["status"]);
        let mut countries = own.countries;
        let is_no_code = |code: &&String| !matches!(code.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z']);
        if let Some(wrong) = countries.iter().find(is_no_code) {
            let problem = format!("'{wrong}' in 'countries' is no code as 'GB' is one");
            return Err(BadSettings::new(&service, problem));
        }
        countries.retain(|country| *country != own.default_country);
        countries.insert(0, own.default_country.clone());
        Ok(Self {
            name,
            client,
            country: own.default_country,
            countries,
            gateways: match own.endpoints {
                Endpoints::One(one) => vec![one],
                Endpoints::Many(many) => many,
            },
            token: own.bearer_token,
        })
    }

    fn signed<'c>(&self, call: Call<'c>) -> Call<'c> {
        if self.token.0.is_empty() {
            call
        } else {
            call.bearer(&self.token.0)
        }
    }

    fn look(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        self.signed(self.client.look(operation, method, url))
    }

    fn spend(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        self.signed(self.client.spend(operation, method, url))
    }

    /// The country of what was offered, ordered or bought here.
    fn country_of<'d>(&'d self, data: &'d Map<String, Value>) -> &'d str {
        let country = data.get("country").and_then(Value::as_str);
        country.unwrap_or(&self.country)
    }

    /// The country of a number of which none is noted: the default one if it
    /// may be there.
    fn home_of(&self, number: &E164) -> String {
        let mut located = places::countries(number);
        if located.is_empty() || located.contains(&self.country) {
            return self.country.clone();
        }
        located.swap_remove(0)
    }
}

impl Carrier for Other {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        Some(10)
    }

    fn offers(&self) -> Option<&dyn Offers> {
        Some(self)
    }

    fn orders(&self) -> Option<&dyn Orders> {
        Some(self)
    }

    fn spending(&self) -> Spending {
        self.client.spending()
    }
}

/// The `data` of an answer that says `success`, in status and body both.
fn data(answer: &Answer) -> Result<Value, CarrierError> {
    let answer = answer.clone().success()?;
    let mut body: Value = answer.json()?;
    if body["status"] == "success" {
        return Ok(body["data"].take());
    }
    let failure = if body["status"] == "error" {
        Failure::Refused
    } else {
        Failure::Unknown
    };
    Err(CarrierError {
        failure,
        ..answer.garbled(answer.excerpt())
    })
}

fn object(answer: &Answer, data: Value) -> Result<Map<String, Value>, CarrierError> {
    match data {
        Value::Object(rows) => Ok(rows),
        _ => Err(answer.garbled("'data' is no object")),
    }
}

/// What is known of a number, and apart from it what it costs.
fn known_data(known: Value) -> (Map<String, Value>, Option<Cost>) {
    let mut known = match known {
        Value::Object(known) => known,
        _ => Map::new(),
    };
    let cost = known.remove("cost");
    let cost = cost.and_then(|cost| serde_json::from_value(cost).ok());
    (known, cost)
}
