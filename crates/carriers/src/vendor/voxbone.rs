//! `voxbone`: Voxbone's REST API (spec/integrations.md 2.6).
//!
//! | for | request |
//! | --- | --- |
//! | owned, status | `GET inventory/did?e164Pattern&pageNumber&pageSize` |
//! | release | `DELETE ordering/cancel`, by the vendor's ids |
//!
//! Voxbone sells so many numbers of a group and says which only after they are
//! paid for. Kazoo therefore buys while it searches. Here a search never spends:
//! there is nothing to offer that is a certain number. An operator buys of a
//! group at the vendor's, adopts what came (it is ours there and nobody's here),
//! and searches find it in our own stock.

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    Carrier, CarrierError, Failure, NumberKind, Orders, OwnStock, Owned, OwnedPage, Placed,
    Purchase, Release, Sent, Standing, Verdict,
};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Service};

/// Most rows of a page.
const MOST_ROWS: usize = 1000;

/// What the vendor tells of a number that is worth keeping, under its names.
const KEPT: [&str; 5] = [
    "didId",
    "didGroupId",
    "orderReference",
    "countryCodeA3",
    "areaCode",
];

/// Kazoo's keys of `number_manager.voxbone`.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    environment: Environment,
    api_username: String,
    api_password: Secret,
    max_page_size: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            environment: Environment::default(),
            api_username: String::new(),
            api_password: Secret::default(),
            max_page_size: 20,
        }
    }
}

/// Which of the vendor's installations.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Environment {
    #[default]
    Sandbox,
    Production,
    Beta,
}

impl Environment {
    const fn url(self) -> &'static str {
        match self {
            Self::Sandbox => "https://sandbox.voxbone.com/ws-voxbone/services/rest",
            Self::Production => "https://api.voxbone.com/ws-voxbone/services/rest",
            Self::Beta => "https://beta.voxbone.com/ws-voxbone/services/rest",
        }
    }
}

/// One account at Voxbone.
pub struct Voxbone {
    name: CarrierName,
    client: Client,
    username: String,
    password: Secret,
    page_size: usize,
}

impl Voxbone {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("voxbone");
        let service = Service::carrier(name.as_str());
        let (common, own): (_, Settings) = read(&service, settings)?;
        for (value, key) in [
            (&own.api_username, "api_username"),
            (&own.api_password.0, "api_password"),
        ] {
            if value.is_empty() {
                return Err(BadSettings::missing(&service, key));
            }
        }
        if !(1..=MOST_ROWS).contains(&own.max_page_size) {
            let problem = format!("'max_page_size' is from 1 to {MOST_ROWS}");
            return Err(BadSettings::new(&service, problem));
        }
        let client = Client::new(
            &service,
            &common,
            own.environment.url(),
            common.spending(false),
            &[own.api_password.0.as_str()],
        )?;
        Ok(Self {
            name,
            client,
            username: own.api_username,
            password: own.api_password,
            page_size: own.max_page_size,
        })
    }

    fn signed<'c>(&self, call: Call<'c>) -> Call<'c> {
        call.basic(&self.username, &self.password.0)
            .header("accept", "application/json")
    }

    /// A page of what is ours, of one number where one is named.
    async fn inventory(
        &self,
        page: usize,
        number: Option<&E164>,
    ) -> Result<Vec<Value>, CarrierError> {
        let url = self.client.url(["inventory", "did"]);
        let mut call = self
            .signed(self.client.look("owned", Method::GET, url))
            .query("pageNumber", &page.to_string())
            .query("pageSize", &self.page_size.to_string());
        if let Some(number) = number {
            call = call.query("e164Pattern", number.as_str());
        }
        let answer = call.send().await?;
        match granted(&answer)?.get_mut("dids").map(Value::take) {
            Some(Value::Array(rows)) => Ok(rows),
            _ => Err(answer.garbled("'dids' is no list")),
        }
    }
}

impl Carrier for Voxbone {
    fn name(&self) -> &CarrierName {
        &self.name
    }

    /// That of our own stock, the only one that is searched.
    fn maximal_prefix_length(&self) -> Option<usize> {
        Some(10)
    }

    fn stock(&self) -> OwnStock {
        OwnStock::Available
    }

    fn orders(&self) -> Option<&dyn Orders> {
        Some(self)
    }

    fn spending(&self) -> Spending {
        self.client.spending()
    }
}

#[async_trait]
impl Orders for Voxbone {
    /// It makes no offers, so nothing of it can be ordered.
    async fn order(&self, _purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let reason = "it sells numbers of a group, not a certain one: buy there, then adopt";
        Err(self.client.error(Failure::NotSent, reason))
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

    /// By the id that the number has now: an old one may be another's.
    async fn release(
        &self,
        _sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        let Some(held) = self.holds(number).await? else {
            return Ok(Release::Done);
        };
        let url = self.client.url(["ordering", "cancel"]);
        let answer = self
            .signed(self.client.spend("release", Method::DELETE, url))
            .json(&json!({"didIds": [held.data["didId"]]}))
            .send()
            .await?;
        match granted(&answer)?["numberCancelled"].as_u64() {
            Some(1) => Ok(Release::Done),
            Some(0) => {
                let reason = format!("{number} was not cancelled");
                Err(self.client.error(Failure::Refused, reason))
            }
            _ => Err(answer.garbled("it doesn't say how many numbers were cancelled")),
        }
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let rows = self.inventory(0, Some(number)).await?;
        let mut found = rows.iter().filter_map(owned);
        Ok(found.find(|owned| owned.number == *number))
    }

    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let page: usize = from.and_then(|from| from.parse().ok()).unwrap_or_default();
        let rows = self.inventory(page, None).await?;
        let next = (rows.len() >= self.page_size).then(|| (page + 1).to_string());
        Ok(OwnedPage {
            numbers: rows.iter().filter_map(owned).collect(),
            next,
        })
    }
}

/// The body of an answer that doesn't say no, in status and body both.
fn granted(answer: &Answer) -> Result<Value, CarrierError> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let error = body.as_ref().map(|body| &body["errors"][0]);
    let told = error.and_then(|error| error["apiErrorMessage"].as_str());
    let reason = told.map_or_else(|| answer.excerpt(), ToOwned::to_owned);
    if !(200..300).contains(&answer.status) {
        let error = answer.status_error(reason);
        return Err(error.with_code(answer.status.to_string()));
    }
    match body {
        Some(body) if body.is_object() && told.is_none() => Ok(body),
        Some(_) if told.is_some() => Err(CarrierError {
            failure: Failure::Refused,
            reason,
            ..answer.garbled("")
        }),
        _ => Err(answer.garbled(reason)),
    }
}

/// A row of the inventory. One without an id can't be given back: it is none.
fn owned(row: &Value) -> Option<Owned> {
    let number = row["e164"].as_str()?.trim_start_matches('+');
    let number = format!("+{number}").parse().ok()?;
    row["didId"].as_u64()?;
    let kept = KEPT.iter().filter(|key| !row[**key].is_null());
    let mut data: Map<String, Value> = kept
        .map(|key| ((*key).to_owned(), row[*key].clone()))
        .collect();
    if let Some(city) = row["cityName"].as_str() {
        data.insert("locality".to_owned(), json!(city));
    }
    if let Some(kind) = row["type"].as_str().and_then(kind) {
        data.insert("type".to_owned(), json!(kind));
    }
    Some(Owned {
        number,
        data,
        reference: None,
        cost: None,
    })
}

fn kind(told: &str) -> Option<NumberKind> {
    match told {
        "GEOGRAPHIC" => Some(NumberKind::Local),
        "TOLL_FREE" => Some(NumberKind::TollFree),
        "MOBILE" => Some(NumberKind::Mobile),
        _ => None,
    }
}
