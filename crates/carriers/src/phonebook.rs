//! The service that knows more about where numbers are (spec/integrations.md
//! 2.11): an operator's own, asked before the built-in data.

use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::CarrierError;
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Common, LONGEST_CONNECT_MS, Secret, Spending};
use outside::{BadSettings, Service};

/// Numbers that one request asks about.
pub const MOST_AT_ONCE: usize = 1000;

/// Where it is and how it is asked: `[number_manager.locality]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhonebookSettings {
    /// Its base; without one nobody is asked.
    pub url: Option<Url>,
    /// Sent as `Authorization: Bearer …`, unless it is empty.
    pub bearer_token: Secret,
    /// The longest that all answers of one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether it may be on a private network or this machine.
    pub allow_private_addresses: bool,
    /// Whether it may be asked without TLS.
    pub allow_plain_http: bool,
}

impl Default for PhonebookSettings {
    fn default() -> Self {
        Self {
            url: None,
            bearer_token: Secret::default(),
            timeout_ms: 2000,
            allow_private_addresses: false,
            allow_plain_http: false,
        }
    }
}

/// The service.
pub struct Phonebook {
    client: Client,
    token: Secret,
}

impl Phonebook {
    /// The service that the settings name, if they do.
    pub fn new(settings: &PhonebookSettings) -> Result<Option<Self>, BadSettings> {
        if settings.url.is_none() {
            return Ok(None);
        }
        let common = Common {
            base_url: settings.url.clone(),
            timeout_ms: settings.timeout_ms,
            connect_timeout_ms: settings.timeout_ms.min(LONGEST_CONNECT_MS),
            allow_private_addresses: settings.allow_private_addresses,
            allow_plain_http: settings.allow_plain_http,
            ..Common::default()
        };
        let name = CarrierName::new("phonebook");
        let service = Service::carrier(name.as_str());
        let secrets = [settings.bearer_token.0.as_str()];
        let client = Client::new(&service, &common, "", Spending::Disabled, &secrets)?
            .with_reads(&["metadata"]);
        Ok(Some(Self {
            client,
            token: settings.bearer_token.clone(),
        }))
    }

    /// What it knows of numbers, at most [`MOST_AT_ONCE`], by number. Those it
    /// doesn't know are absent, or say so in their `status`.
    pub async fn locality(&self, numbers: &[E164]) -> Result<Map<String, Value>, CarrierError> {
        let url = self.client.url(["locality", "metadata"]);
        let call = self.client.look("locality", Method::POST, url);
        let call = self.signed(call).json(&json!({ "data": numbers }));
        let answer = call.send().await?.success()?;
        let body: Value = answer.json()?;
        if body["status"] != "success" {
            return Err(answer.garbled(format!("its status is {}", body["status"])));
        }
        data(&answer, body)
    }

    /// What numbers of cities begin with that have this name, or a longer one:
    /// by name, `{prefixes, state}`.
    pub async fn cities(
        &self,
        country: &str,
        city: &str,
    ) -> Result<Map<String, Value>, CarrierError> {
        let url = self.client.url([country, "city"]);
        let call = self.client.look("city", Method::GET, url);
        let call = self.signed(call).query("pattern", city);
        let answer = call.send().await?;
        if answer.status == 404 {
            // That is how it says that there is no such city.
            return Ok(Map::new());
        }
        let answer = answer.success()?;
        let body = answer.json()?;
        data(&answer, body)
    }

    fn signed<'c>(&self, call: Call<'c>) -> Call<'c> {
        if self.token.0.is_empty() {
            call
        } else {
            call.bearer(&self.token.0)
        }
    }
}

fn data(answer: &Answer, mut body: Value) -> Result<Map<String, Value>, CarrierError> {
    match body["data"].take() {
        Value::Object(data) => Ok(data),
        _ => Err(answer.garbled("'data' is no object")),
    }
}
