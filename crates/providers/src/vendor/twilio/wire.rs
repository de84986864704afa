//! What the vendor says: its numbers, its addresses, its errors.

use outside::http::Answer;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ProviderError;
use crate::address::is_same;

/// The most of a caller's name that the vendor takes.
const LONGEST_NAME: usize = 21;

/// A number of the account.
#[derive(Deserialize)]
pub(super) struct Held {
    pub(super) sid: String,
    pub(super) phone_number: String,
    pub(super) emergency_address_sid: Option<String>,
    pub(super) emergency_address_status: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct HeldPage {
    pub(super) incoming_phone_numbers: Vec<Held>,
}

/// An address of the account.
#[derive(Deserialize)]
pub(super) struct Made {
    pub(super) sid: String,
    #[serde(default)]
    pub(super) customer_name: String,
    #[serde(default)]
    pub(super) street: String,
    #[serde(default)]
    pub(super) street_secondary: Option<String>,
    #[serde(default)]
    pub(super) city: String,
    #[serde(default)]
    pub(super) region: String,
    #[serde(default)]
    pub(super) postal_code: String,
}

#[derive(Deserialize)]
pub(super) struct MadePage {
    pub(super) addresses: Vec<Made>,
}

/// How a number stands, seen from one address.
pub(super) enum State {
    Registered,
    Underway,
    Failed,
    /// It has none and can get one.
    Free,
    /// What it had is on its way out.
    Leaving,
    /// It has another one.
    Other,
}

impl Held {
    pub(super) fn current(&self) -> Option<&str> {
        self.emergency_address_sid
            .as_deref()
            .filter(|sid| !sid.is_empty())
    }

    pub(super) fn status(&self) -> &str {
        self.emergency_address_status.as_deref().unwrap_or_default()
    }

    pub(super) fn state(&self, address: &str) -> State {
        match (self.current(), self.status()) {
            (_, "pending-unregistration") => State::Leaving,
            (Some(current), "registered") if current == address => State::Registered,
            (Some(current), "registration-failure") if current == address => State::Failed,
            (Some(current), _) if current == address => State::Underway,
            (Some(_), _) => State::Other,
            (None, _) => State::Free,
        }
    }

    pub(super) fn is_off(&self) -> bool {
        self.current().is_none() && matches!(self.status(), "" | "unregistered")
    }
}

impl Made {
    pub(super) fn fields(&self) -> Map<String, Value> {
        let fields = [
            ("street_address", self.street.as_str()),
            (
                "extended_address",
                self.street_secondary.as_deref().unwrap_or_default(),
            ),
            ("locality", &self.city),
            ("region", &self.region),
            ("postal_code", &self.postal_code),
        ];
        let set = fields.into_iter().filter(|(_, text)| !text.is_empty());
        set.map(|(name, text)| (name.to_owned(), json!(text)))
            .collect()
    }

    /// Whether it is the address of these fields.
    pub(super) fn is(&self, fields: &Map<String, Value>) -> bool {
        let name = fields.get("caller_name").and_then(Value::as_str);
        is_same(&self.fields(), fields) && self.customer_name == cut(name.unwrap_or_default())
    }
}

/// A caller's name as the vendor takes it.
pub(super) fn cut(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// An answer that isn't an error; of one that is, the vendor's code and words.
pub(super) fn granted(answer: Answer) -> Result<Answer, ProviderError> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (body["message"].as_str(), body["code"].as_u64()) {
        (Some(message), Some(code)) => {
            Err(answer.status_error(message).with_code(code.to_string()))
        }
        _ => answer.success(),
    }
}
