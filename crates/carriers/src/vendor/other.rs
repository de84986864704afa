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

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Carrier, CarrierError, Cost, Failure, Filter, NumberKind, Offer, Offers, Orders, Owned,
    OwnedPage, Placed, Purchase, Query, Release, Sent, Standing, Verdict,
};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Service};

/// The fewest digits by which a number is named, so that no end of one counts.
const SHORTEST_NAMED: usize = 7;

/// How many owned numbers are asked for at once.
const OWNED_PAGE: usize = 500;

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

    async fn numbers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let path = ["numbers", &query.country, "search"];
        let call = self
            .look("search", Method::GET, &path)
            .query("prefix", &query.prefix)
            .query("limit", &query.quantity.to_string())
            .query("offset", "0");
        let answer = filtered(call, query).send().await?;
        let found = object(&answer, data(&answer)?)?;
        Ok(found
            .into_iter()
            .filter_map(|(number, known)| self.offer(&number, known, query))
            .collect())
    }

    /// Each block as its first and its last number.
    async fn blocks(&self, query: &Query, size: usize) -> Result<Vec<Offer>, CarrierError> {
        let call = self
            .look("search", Method::GET, &["blocks", &query.country, "search"])
            .query("prefix", &query.prefix)
            .query("size", &query.quantity.to_string())
            .query("offset", "0")
            .query("limit", &size.to_string());
        let answer = filtered(call, query).send().await?;
        let Value::Array(blocks) = data(&answer)? else {
            return Err(answer.garbled("'data' is no list"));
        };
        let blocks = blocks.into_iter().filter(Value::is_object);
        let ends = blocks.flat_map(|mut block| {
            block["bulk"] = Value::Bool(true);
            ["start_number", "end_number"].map(|end| {
                let number = block[end].as_str().unwrap_or_default().to_owned();
                (number, block.clone())
            })
        });
        Ok(ends
            .filter_map(|(number, block)| self.offer(&number, block, query))
            .collect())
    }

    fn offer(&self, number: &str, known: Value, query: &Query) -> Option<Offer> {
        let number: E164 = number.parse().ok()?;
        let (mut known, cost) = known_data(known);
        known.insert("country".to_owned(), json!(query.country));
        Some(Offer::new(number, &self.name, known).with_cost(cost))
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

#[async_trait]
impl Offers for Other {
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let found = match query.block_size {
            Some(size) => self.blocks(query, size).await?,
            None => self.numbers(query).await?,
        };
        // A phonebook may know none of the filters, but it has blocks.
        Ok(query.pick(found, &[Filter::Blocks]))
    }

    async fn check(&self, numbers: &[E164]) -> Result<Vec<bool>, CarrierError> {
        let answer = self
            .look("check", Method::POST, &["numbers", &self.country, "status"])
            .json(&json!({"data": numbers}))
            .send()
            .await?;
        let Value::Array(rows) = data(&answer)? else {
            return Err(answer.garbled("'data' is no list"));
        };
        // With or without the country code, as the phonebook likes.
        let named: Vec<&str> = rows
            .iter()
            .filter(|row| matches!(row["status"].as_str(), Some("available" | "success")))
            .filter_map(|row| Some(row["number"].as_str()?.trim_start_matches('+')))
            .filter(|named| named.len() >= SHORTEST_NAMED)
            .collect();
        let for_sale = |number: &E164| {
            let mut named = named.iter();
            named.any(|named| number.as_str().ends_with(named))
        };
        Ok(numbers.iter().map(for_sale).collect())
    }
}

#[async_trait]
impl Orders for Other {
    fn most_per_order(&self) -> usize {
        100
    }

    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let numbers: Vec<E164> = purchase
            .offers
            .iter()
            .map(|offer| offer.number().clone())
            .collect();
        let country = purchase
            .offers
            .first()
            .map_or(self.country.as_str(), |offer| self.country_of(offer.data()));
        let answer = self
            .spend("order", Method::PUT, &["numbers", country, "order"])
            .header("idempotency-key", &purchase.id.0)
            .json(&json!({"data": {
                "numbers": numbers,
                "gateways": self.gateways,
                "reference": purchase.id,
            }}))
            .send()
            .await?;
        let rows = object(&answer, data(&answer)?)?;
        let offered = |number: &E164| {
            let mut offers = purchase.offers.iter();
            offers
                .find(|offer| offer.number() == number)
                .map(|offer| offer.data().clone())
        };
        Ok(standing(&numbers, &rows, offered))
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let country = self.country_of(placed.vendor);
        let answer = self
            .look("status", Method::GET, &["numbers", country, "order"])
            .query("reference", &placed.id.0)
            .send()
            .await?;
        let rows = object(&answer, data(&answer)?)?;
        if rows.is_empty() {
            let unheard = placed.numbers.iter().cloned();
            return Ok(Standing {
                vendor: Map::new(),
                numbers: unheard.map(|number| (number, Verdict::Unheard)).collect(),
            });
        }
        Ok(standing(placed.numbers, &rows, |_| None))
    }

    async fn release(
        &self,
        sent: &Sent,
        number: &E164,
        known: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        // What was bought past us has no country noted.
        let is_noted = known.contains_key("country");
        let located = places::countries(number);
        let country = match located.first() {
            Some(first) if !is_noted && !located.contains(&self.country) => first,
            _ => self.country_of(known),
        };
        let path = ["numbers", country, "order"];
        let answer = self
            .spend("release", Method::DELETE, &path)
            .header("idempotency-key", &sent.id().0)
            .json(&json!({"data": {"numbers": [number], "reference": sent.id()}}))
            .send()
            .await?;
        let rows = object(&answer, data(&answer)?)?;
        match status_of(&rows, number) {
            Some("success" | "not_found") => Ok(Release::Done),
            Some("pending") => Ok(Release::Open),
            Some(_) => Err(self.client.error(Failure::Refused, reason(&rows, number))),
            None => Err(answer.garbled(format_args!("it doesn't name {number}"))),
        }
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let mut countries = places::countries(number);
        countries.retain(|country| *country != self.country);
        countries.insert(0, self.country.clone());
        for country in countries {
            let path = ["numbers", country.as_str(), "owned", number.as_str()];
            let answer = self.look("owned", Method::GET, &path).send().await?;
            let mut rows = object(&answer, data(&answer)?)?;
            if let Some(known) = rows.remove(number.as_str()) {
                return Ok(Some(owned(number.clone(), known)));
            }
        }
        Ok(None)
    }

    /// One country's list after the other; `from` is `CC/` and the number to go
    /// on after, if any.
    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let from = from.and_then(|from| from.split_once('/'));
        let (country, after) = from.unwrap_or((&self.country, ""));
        let mut call = self
            .look("owned", Method::GET, &["numbers", country, "owned"])
            .query("limit", &OWNED_PAGE.to_string());
        if !after.is_empty() {
            call = call.query("after", after);
        }
        let answer = call.send().await?;
        let rows = object(&answer, data(&answer)?)?;
        let next = if rows.len() >= OWNED_PAGE {
            let last = rows.keys().next_back();
            last.map(|last| format!("{country}/{last}"))
        } else {
            let mut rest = self.countries.iter().skip_while(|one| *one != country);
            rest.nth(1).map(|next| format!("{next}/"))
        };
        let numbers = rows.into_iter().filter_map(|(number, known)| {
            let number = number.parse().ok()?;
            Some(owned(number, known))
        });
        Ok(OwnedPage {
            numbers: numbers.collect(),
            next,
        })
    }

    fn list_of(&self, country: &str) -> Option<String> {
        let is_told = self.countries.iter().any(|told| told == country);
        (!is_told).then(|| format!("{country}/"))
    }
}

/// With the filters under the names that our own API gives them, lists with
/// commas.
fn filtered<'c>(mut call: Call<'c>, query: &Query) -> Call<'c> {
    let wanted = &query.filters;
    let features = wanted.features.join(",");
    let texts = [
        ("contains", wanted.contains.as_deref()),
        ("ends_with", wanted.ends_with.as_deref()),
        ("locality", wanted.locality.as_deref()),
        ("rate_center", wanted.rate_center.as_deref()),
        ("lata", wanted.lata.as_deref()),
        ("state", wanted.state.as_deref()),
        (
            "features",
            Some(features.as_str()).filter(|text| !text.is_empty()),
        ),
        ("type", wanted.kind.map(NumberKind::as_str)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            call = call.query(name, text);
        }
    }
    call
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

fn status_of<'r>(rows: &'r Map<String, Value>, number: &E164) -> Option<&'r str> {
    rows.get(number.as_str())?.get("status")?.as_str()
}

fn reason(rows: &Map<String, Value>, number: &E164) -> String {
    let row = rows.get(number.as_str());
    let said = |key| row?.get(key)?.as_str().map(ToOwned::to_owned);
    said("message")
        .or_else(|| said("status"))
        .unwrap_or_default()
}

/// How each number stands by its row. One without a row is open: what the
/// phonebook doesn't say is not known.
fn standing(
    numbers: &[E164],
    rows: &Map<String, Value>,
    offered: impl Fn(&E164) -> Option<Map<String, Value>>,
) -> Standing {
    let verdict = |number: &E164| match status_of(rows, number) {
        Some("success") => {
            let opaque = rows[number.as_str()]
                .get("opaque")
                .and_then(Value::as_object);
            let mut data = opaque
                .cloned()
                .or_else(|| offered(number))
                .unwrap_or_default();
            if let Some(locality) = rows[number.as_str()].get("locality") {
                data.insert("locality".to_owned(), locality.clone());
            }
            Verdict::Ours(data)
        }
        Some("pending") | None => Verdict::Open,
        Some(_) => Verdict::Refused(reason(rows, number)),
    };
    Standing {
        vendor: Map::new(),
        numbers: numbers
            .iter()
            .map(|number| (number.clone(), verdict(number)))
            .collect(),
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

fn owned(number: E164, known: Value) -> Owned {
    let (data, cost) = known_data(known);
    let reference = data.get("reference").and_then(Value::as_str);
    Owned {
        number,
        reference: reference.map(ToOwned::to_owned),
        data,
        cost,
    }
}
