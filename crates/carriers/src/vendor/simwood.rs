//! `simwood`: Simwood's API v3 (spec/integrations.md 2.7 and 5.8), numbers of
//! the United Kingdom and of North America.
//!
//! | for | request |
//! | --- | --- |
//! | search | `GET numbers/{account}/available/{tier}/{1,10,100}?country_code&pattern` |
//! | order | `PUT numbers/{account}/allocated/{digits}` |
//! | status | `GET` the same |
//! | release | `DELETE` the same |
//! | owned | `POST numbers/{account}/allocated/all`, then `GET files/{account}/{hash}` |
//!
//! An allocation has no field for a customer's reference, and it is a resource
//! of its own: putting the same number twice allocates it once. An order is
//! settled by whether the number is there. Failures stand in the status or in
//! the body (`success`, `errors`); both are looked at.

use std::time::Duration;

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Carrier, CarrierError, Failure, Offer, Offers, Orders, Owned, OwnedPage, Placed, Purchase,
    Query, Release, Sent, Standing, Verdict,
};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Service};

const API: &str = "https://api.simwood.com/v3";

/// The country codes that it has numbers of.
const COUNTRY_CODES: [&str; 2] = ["1", "44"];

/// Most digits of a number after its country code.
const NATIONAL_DIGITS: usize = 10;

/// How long a report is waited for: so often, each time twice as long as before.
const REPORT_QUESTIONS: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Kazoo's keys of `number_manager.simwood`, and which numbers are for sale.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    numbers_api_url: Option<url::Url>,
    simwood_account_id: String,
    auth_username: String,
    auth_password: Secret,
    tier: Tier,
}

/// Which numbers are searched.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tier {
    /// Those without a fee for having them.
    #[default]
    Standard,
    /// Those with one.
    Gold,
    All,
}

impl Tier {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Gold => "gold",
            Self::All => "all",
        }
    }
}

/// One account at Simwood.
pub struct Simwood {
    name: CarrierName,
    client: Client,
    account: String,
    username: String,
    password: Secret,
    tier: Tier,
}

impl Simwood {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("simwood");
        let service = Service::carrier(name.as_str());
        let (mut common, own): (_, Settings) = read(&service, settings)?;
        if common.base_url.is_none() {
            common.base_url = own
                .numbers_api_url
                .map(|url| above_numbers(&service, url))
                .transpose()?;
        }
        for (value, key) in [
            (&own.simwood_account_id, "simwood_account_id"),
            (&own.auth_username, "auth_username"),
            (&own.auth_password.0, "auth_password"),
        ] {
            if value.is_empty() {
                return Err(BadSettings::missing(&service, key));
            }
        }
        let secrets = [own.auth_password.0.as_str()];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?
            .with_reads(&["all"]);
        Ok(Self {
            name,
            client,
            account: own.simwood_account_id,
            username: own.auth_username,
            password: own.auth_password,
            tier: own.tier,
        })
    }

    fn signed<'c>(&self, call: Call<'c>) -> Call<'c> {
        call.basic(&self.username, &self.password.0)
    }

    fn look(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        self.signed(self.client.look(operation, method, url))
    }

    /// Buys or gives back: where a number is put, and taken away.
    fn spend(&self, operation: &'static str, method: Method, number: &E164) -> Call<'_> {
        let path = ["numbers", &self.account, "allocated", number.digits()];
        let url = self.client.url(path);
        self.signed(self.client.spend(operation, method, url))
    }

    /// The list of everything that is ours. The vendor makes it while we wait,
    /// and hands it out once.
    async fn report(&self) -> Result<Vec<Value>, CarrierError> {
        let path = ["numbers", &self.account, "allocated", "all"];
        let answer = self.look("owned", Method::POST, &path).send().await?;
        let announced = granted(&answer)?;
        let Some(hash) = announced["hash"].as_str() else {
            return Err(answer.garbled("it names no report"));
        };
        let mut pause = FIRST_PAUSE;
        for _ in 0..REPORT_QUESTIONS {
            let path = ["files", self.account.as_str(), hash];
            let answer = self.look("report", Method::GET, &path).send().await?;
            if answer.status != 204 {
                return match granted(&answer)? {
                    Value::Array(items) => Ok(items),
                    _ => Err(answer.garbled("the report is no list")),
                };
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let reason = "the report of owned numbers wasn't ready in time";
        Err(self.client.error(Failure::Unknown, reason))
    }
}

impl Carrier for Simwood {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        Some(3)
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
impl Offers for Simwood {
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let Some((country_code, national)) = parted(&query.prefix) else {
            return Ok(Vec::new());
        };
        let path = [
            "numbers",
            &self.account,
            "available",
            self.tier.as_str(),
            how_many(query),
        ];
        let answer = self
            .look("search", Method::GET, &path)
            .query("country_code", country_code)
            .query("pattern", &pattern(national, query))
            .send()
            .await?;
        let Value::Array(items) = granted(&answer)? else {
            return Err(answer.garbled("it is no list of numbers"));
        };
        let offers = items.into_iter().filter_map(|item| {
            let (number, data) = known(item)?;
            Some(Offer::new(number, &self.name, data))
        });
        Ok(query.pick(offers, &[]))
    }
}

#[async_trait]
impl Orders for Simwood {
    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let [offer] = purchase.offers else {
            let reason = "it takes one number an order";
            return Err(self.client.error(Failure::NotSent, reason));
        };
        let answer = self
            .spend("order", Method::PUT, offer.number())
            .send()
            .await?;
        let verdict = if is_done(&answer)? {
            Verdict::Ours(offer.data().clone())
        } else {
            Verdict::Open
        };
        Ok(Standing {
            vendor: Map::new(),
            numbers: vec![(offer.number().clone(), verdict)],
        })
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let mut numbers = Vec::with_capacity(placed.numbers.len());
        for number in placed.numbers {
            let held = self.holds(number).await?;
            let verdict = held.map_or(Verdict::Unheard, |held| Verdict::Ours(held.data));
            numbers.push((number.clone(), verdict));
        }
        Ok(Standing {
            vendor: placed.vendor.clone(),
            numbers,
        })
    }

    async fn release(
        &self,
        _sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        let answer = self.spend("release", Method::DELETE, number).send().await?;
        let refusal = match is_done(&answer) {
            Ok(true) => return Ok(Release::Done),
            Ok(false) => None,
            Err(error) if error.failure == Failure::Refused => Some(error),
            Err(error) => return Err(error),
        };
        // Refused because it isn't ours any more, or for another reason?
        match (self.holds(number).await, refusal) {
            (Ok(None), _) => Ok(Release::Done),
            (_, Some(refusal)) => Err(refusal),
            (Ok(Some(_)), None) => Ok(Release::Open),
            (Err(error), None) => Err(error),
        }
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let path = ["numbers", &self.account, "allocated", number.digits()];
        let answer = self.look("owned", Method::GET, &path).send().await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let mut told = granted(&answer)?;
        let basic = told.get_mut("basic").map(Value::take);
        match known(basic.unwrap_or(told)) {
            Some((named, data)) if named == *number => Ok(Some(owned(named, data))),
            _ => Err(answer.garbled(format_args!("it doesn't tell of {number}"))),
        }
    }

    async fn owned(&self, _from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let items = self.report().await?.into_iter();
        let numbers =
            items.filter_map(|item| known(item).map(|(number, data)| owned(number, data)));
        Ok(OwnedPage {
            numbers: numbers.collect(),
            next: None,
        })
    }
}

/// The body of an answer that doesn't say no, in status and body both; `null`
/// where there is none.
fn granted(answer: &Answer) -> Result<Value, CarrierError> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let errors = body.as_ref().map(|body| &body["errors"]);
    let errors: Vec<&str> = errors
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let reason = if errors.is_empty() {
        answer.excerpt()
    } else {
        errors.join("; ")
    };
    if !(200..300).contains(&answer.status) {
        let error = answer.status_error(reason);
        return Err(error.with_code(answer.status.to_string()));
    }
    match body {
        Some(body) if body["success"] == false => Err(CarrierError {
            failure: Failure::Refused,
            reason,
            ..answer.garbled("")
        }),
        Some(body) => Ok(body),
        None if answer.body.trim_ascii().is_empty() => Ok(Value::Null),
        None => Err(answer.garbled(reason)),
    }
}

/// Whether the answer to a request that spends says outright that it was done.
/// One that neither says so nor says no leaves it open.
fn is_done(answer: &Answer) -> Result<bool, CarrierError> {
    Ok(granted(answer)?["success"] == true)
}

/// A prefix as country code and digits after it, if the vendor has the country.
fn parted(prefix: &str) -> Option<(&'static str, &str)> {
    let digits = prefix.strip_prefix('+')?;
    COUNTRY_CODES
        .iter()
        .find_map(|code| Some((*code, digits.strip_prefix(code)?)))
}

/// What is looked for, as the vendor writes it. An end is sent only where it
/// can't overlap the beginning; all else is sorted out here.
fn pattern(national: &str, query: &Query) -> String {
    let end = query.filters.ends_with.as_deref().unwrap_or_default();
    let apart = national.len() + end.len() < NATIONAL_DIGITS;
    let is_number = end.bytes().all(|byte| byte.is_ascii_digit());
    let end = if apart && is_number { end } else { "" };
    format!("{national}*{end}")
}

/// How many are asked for: the vendor takes these three. Where some are sorted
/// out here, as many as it gives.
fn how_many(query: &Query) -> &'static str {
    match query.quantity {
        _ if !query.filters.is_empty() || query.block_size.is_some() => "100",
        ..=1 => "1",
        2..=10 => "10",
        _ => "100",
    }
}

/// A number of the vendor's and what it tells of it. `SMS` becomes a feature.
fn known(item: Value) -> Option<(E164, Map<String, Value>)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let number = format!(
        "+{}{}",
        text(&item["country_code"])?,
        text(&item["number"])?
    );
    let number: E164 = number.parse().ok()?;
    let Value::Object(mut data) = item else {
        return None;
    };
    let has_sms = data.get("SMS").and_then(text);
    if has_sms.is_some_and(|sms| sms != "0" && !sms.is_empty()) {
        data.insert("features".to_owned(), json!(["sms"]));
    }
    Some((number, data))
}

fn owned(number: E164, data: Map<String, Value>) -> Owned {
    Owned {
        number,
        data,
        reference: None,
        cost: None,
    }
}

/// The API's own place, from Kazoo's setting, which names that of numbers.
fn above_numbers(service: &Service, mut url: url::Url) -> Result<url::Url, BadSettings> {
    let path = url.path().trim_end_matches('/');
    let Some(above) = path.strip_suffix("/numbers").map(ToOwned::to_owned) else {
        let problem = "'numbers_api_url' doesn't end with /numbers";
        return Err(BadSettings::new(service, problem));
    };
    url.set_path(&above);
    Ok(url)
}
