//! `telnyx` on the vendor's API v2 (spec/integrations.md 5.1), with the keys
//! that Kazoo gave its predecessor (2.3).
//!
//! | for | request |
//! | --- | --- |
//! | search | `GET available_phone_numbers?filter[…]` |
//! | order | `POST number_orders`, our id as `customer_reference` |
//! | status | `GET number_orders/{id}`; without the vendor's id `GET number_orders?filter[customer_reference]=` first |
//! | release | `GET phone_numbers?filter[phone_number]=` for the id, `DELETE phone_numbers/{id}` |
//! | owned | `GET phone_numbers?page[number]&page[size]` |

mod hook;
mod orders;
mod search;

use numbers::carrier::CarrierName;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use self::hook::Webhook;
use crate::{Carrier, CarrierError, Hooks, Offers, Orders};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Service};

const API: &str = "https://api.telnyx.com/v2";

/// Keys of Kazoo that mean nothing here: `user` logged in to API v1, and what
/// `debug` wrote to a file is in the log at its level `debug`.
const MEANINGLESS: [&str; 2] = ["user", "debug"];

/// Kazoo's keys of `number_manager.telnyx`, and what API v2 takes besides.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The API key.
    token: Secret,
    should_keep_best_effort: bool,
    should_filter_rates: bool,
    #[serde(deserialize_with = "price")]
    upfront_cost: Decimal,
    #[serde(deserialize_with = "price")]
    monthly_recurring_cost: Decimal,
    /// Where calls of ordered numbers go.
    connection_id: String,
    messaging_profile_id: String,
    billing_group_id: String,
    /// The account's public key, base64: webhooks are signed with its pair.
    public_key: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token: Secret::default(),
            should_keep_best_effort: false,
            should_filter_rates: false,
            upfront_cost: Decimal::ONE,
            monthly_recurring_cost: Decimal::ONE,
            connection_id: String::new(),
            messaging_profile_id: String::new(),
            billing_group_id: String::new(),
            public_key: String::new(),
        }
    }
}

/// A price as text or as a number, taken by its digits.
fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse()
        .map_err(|_| serde::de::Error::custom(format!("'{text}' is no price: \"1.00\"")))
}

/// One account at Telnyx.
pub struct Telnyx {
    name: CarrierName,
    client: Client,
    settings: Settings,
    webhook: Option<Webhook>,
}

impl Telnyx {
    /// The account that the settings name.
    pub fn new(mut settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("telnyx");
        let service = Service::carrier(name.as_str());
        settings.retain(|key, _| !MEANINGLESS.contains(&key.as_str()));
        let (common, settings): (_, Settings) = read(&service, settings)?;
        if settings.token.0.is_empty() {
            return Err(BadSettings::missing(&service, "token"));
        }
        let secrets = [settings.token.0.as_str()];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?;
        let webhook = Webhook::new(&settings.public_key)
            .map_err(|problem| BadSettings::new(&service, problem))?;
        Ok(Self {
            name,
            client,
            settings,
            webhook,
        })
    }

    fn look(&self, operation: &'static str, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        let call = self.client.look(operation, Method::GET, url);
        call.bearer(&self.settings.token.0)
    }

    fn spend(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        let call = self.client.spend(operation, method, url);
        call.bearer(&self.settings.token.0)
    }
}

impl Carrier for Telnyx {
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

    fn hooks(&self) -> Option<&dyn Hooks> {
        self.webhook.as_ref().map(|webhook| webhook as &dyn Hooks)
    }
}

/// An answer around one thing.
#[derive(Deserialize)]
struct One<T> {
    data: T,
}

/// An answer around a page of things.
#[derive(Deserialize)]
struct Many<T> {
    data: Vec<T>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    page_number: u64,
    total_pages: u64,
}

impl Meta {
    const fn is_last(&self) -> bool {
        self.page_number >= self.total_pages
    }
}

/// An answer that isn't an error; of one that is, the vendor's code and words.
fn granted(answer: Answer) -> Result<Answer, CarrierError> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = &body["errors"][0];
    let said: Vec<&str> = ["title", "detail"]
        .iter()
        .filter_map(|key| error[key].as_str())
        .collect();
    if said.is_empty() {
        return answer.success();
    }
    let code = error["code"].as_str().map(ToOwned::to_owned);
    let code = code.unwrap_or_else(|| answer.status.to_string());
    Err(answer.status_error(said.join(": ")).with_code(code))
}
