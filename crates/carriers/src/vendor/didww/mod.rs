//! `didww` on the vendor's API v3, JSON:API (spec/integrations.md 5.5). A label
//! until `[carriers.didww]` makes it a vendor.
//!
//! | for | request |
//! | --- | --- |
//! | search | `GET countries?filter[iso]=` once, `GET available_dids?filter[number_contains]=` |
//! | order | `POST orders`, our id as `external_reference_id` |
//! | status | `GET orders/{id}` or `GET orders?filter[external_reference_id]=`, `GET dids?filter[order.id]=` |
//! | release | `GET dids?filter[number]=` for the id, `PATCH dids/{id}` with `terminated` |
//! | owned | `GET dids?filter[terminated]=false` |
//!
//! What it sells by the group, some number of many, isn't offered: only what
//! `available_dids` lists, which the vendor switches on for an account when
//! asked to.

mod document;
mod orders;
mod search;

use std::collections::BTreeMap;
use std::sync::Mutex;

use numbers::carrier::CarrierName;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Carrier, CarrierError, Offers, Orders};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Service};

const API: &str = "https://api.didww.com/v3";
/// The newest version that takes API keys as they are.
const VERSION: &str = "2026-04-16";
const JSON_API: &str = "application/vnd.api+json";

/// The account, and which numbers are wanted.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    api_key: Secret,
    /// How many channels must come with a number, so that it can be called.
    channels: u64,
    /// Whether numbers are offered that work only once the vendor has seen
    /// documents of who holds them.
    needs_registration: bool,
    /// What the account is billed in; the API doesn't say.
    currency: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            api_key: Secret::default(),
            channels: 1,
            needs_registration: false,
            currency: "USD".to_owned(),
        }
    }
}

/// One account at DIDWW.
pub struct Didww {
    name: CarrierName,
    client: Client,
    settings: Settings,
    /// The vendor's ids of countries, by ISO 3166-1 alpha-2.
    countries: Mutex<BTreeMap<String, String>>,
}

impl Didww {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("didww");
        let service = Service::carrier(name.as_str());
        let (common, settings): (_, Settings) = read(&service, settings)?;
        if settings.api_key.0.is_empty() {
            return Err(BadSettings::missing(&service, "api_key"));
        }
        let secrets = [settings.api_key.0.as_str()];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?;
        Ok(Self {
            name,
            client,
            settings,
            countries: Mutex::default(),
        })
    }

    fn look(&self, operation: &'static str, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        self.signed(self.client.look(operation, Method::GET, url))
    }

    fn spend(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        let call = self.client.spend(operation, method, url);
        self.signed(call).header("content-type", JSON_API)
    }

    fn signed<'c>(&self, call: Call<'c>) -> Call<'c> {
        call.header("api-key", &self.settings.api_key.0)
            .header("x-didww-api-version", VERSION)
            .header("accept", JSON_API)
    }
}

impl Carrier for Didww {
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

/// An answer that isn't an error; of one that is, the vendor's code and words.
fn granted(answer: Answer) -> Result<Answer, CarrierError> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = &body["errors"][0];
    let Some(said) = error["detail"].as_str().or(error["title"].as_str()) else {
        return answer.success();
    };
    let code = error["code"].as_str().map(ToOwned::to_owned);
    let code = code.unwrap_or_else(|| answer.status.to_string());
    Err(answer.status_error(said).with_code(code))
}
