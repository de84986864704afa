//! What an operator configures of a service: `[carriers.NAME]`, `[providers.NAME]`.
//!
//! Some keys are common to all; the rest are the vendor's own, under the names
//! that Kazoo gave them (spec/integrations.md 2). A key that nobody knows is an
//! error that names it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::{BadSettings, Service};

/// A password or the like: never printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"***\"" })
    }
}

/// What is configured of all carriers or providers, `[carriers]`: by name, the
/// settings as they stand there. Never printed: they hold credentials.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AllSettings(pub BTreeMap<String, Map<String, Value>>);

impl fmt::Debug for AllSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The longest that a request may take, in milliseconds: whoever waits for it
/// holds a connection, and an order that has no answer is open for as long
/// (spec/integrations.md 8, rule 1).
pub const LONGEST_REQUEST_MS: u64 = 30_000;
/// The longest that connecting may take, in milliseconds.
pub const LONGEST_CONNECT_MS: u64 = 10_000;
/// The largest answer that may be read into memory, in bytes.
pub const LARGEST_BODY: usize = 10 << 20;

/// The keys that every service has.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Where its API is; the vendor's own place when absent.
    pub base_url: Option<Url>,
    /// The longest that a request may take, in milliseconds; at most
    /// [`LONGEST_REQUEST_MS`].
    pub timeout_ms: u64,
    /// The longest that connecting may take, in milliseconds; at most
    /// [`LONGEST_CONNECT_MS`].
    pub connect_timeout_ms: u64,
    /// Requests at once.
    pub max_concurrency: usize,
    /// The largest answer that is read, in bytes; at most [`LARGEST_BODY`].
    pub max_body_bytes: usize,
    /// Whether addresses of private networks and of this machine may be called.
    pub allow_private_addresses: bool,
    /// Whether the API may be called without TLS, credentials in clear.
    pub allow_plain_http: bool,
    /// Nothing that orders or releases leaves this machine, and nothing at all
    /// of a provider's; it is answered as if it had been done.
    pub sandbox: bool,
    /// Kazoo's switch: whether orders and releases are made at all.
    pub enable_provisioning: bool,
    /// Kazoo's switch: with `enable_provisioning = false`, whether they are
    /// answered as if done (spec/integrations.md 1.7).
    pub sandbox_provisioning: Option<bool>,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            base_url: None,
            timeout_ms: LONGEST_REQUEST_MS,
            connect_timeout_ms: LONGEST_CONNECT_MS,
            max_concurrency: 16,
            max_body_bytes: LARGEST_BODY,
            allow_private_addresses: false,
            allow_plain_http: false,
            sandbox: false,
            enable_provisioning: true,
            sandbox_provisioning: None,
        }
    }
}

/// Whether requests that spend may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spending {
    /// They may.
    Allowed,
    /// They may not, and are answered as if they had.
    Sandbox,
    /// They may not, and are refused.
    Disabled,
}

/// Names of the keys of [`Common`].
const COMMON: [&str; 10] = [
    "base_url",
    "timeout_ms",
    "connect_timeout_ms",
    "max_concurrency",
    "max_body_bytes",
    "allow_private_addresses",
    "allow_plain_http",
    "sandbox",
    "enable_provisioning",
    "sandbox_provisioning",
];

/// Parts the settings of a service into what is common and what is the vendor's own.
pub fn read<T: DeserializeOwned>(
    service: &Service,
    settings: Map<String, Value>,
) -> Result<(Common, T), BadSettings> {
    let (common, own): (Map<_, _>, Map<_, _>) = settings
        .into_iter()
        .partition(|(key, _)| COMMON.contains(&key.as_str()));
    let wrong = |error: serde_json::Error| BadSettings::new(service, error.to_string());
    let common: Common = serde_json::from_value(Value::Object(common)).map_err(wrong)?;
    let own = serde_json::from_value(Value::Object(own)).map_err(wrong)?;
    Ok((common, own))
}

/// The limits and switches that a customer with credentials of its own may set.
const FREE: [&str; 3] = ["timeout_ms", "max_concurrency", "sandbox"];

/// Whether a key is the operator's alone: where requests go, and what may leave.
fn is_operators(key: &str) -> bool {
    let is_place = key.ends_with("_url") || key.ends_with("_uri");
    is_place || (COMMON.contains(&key) && !FREE.contains(&key))
}

/// The settings of a customer with credentials of its own at a service: what the
/// operator alone decides is as in the operator's settings, and nothing else of
/// them is. Limits go no further than the operator's.
pub fn with_own(
    service: &Service,
    operators: &Map<String, Value>,
    own: Map<String, Value>,
) -> Result<Map<String, Value>, BadSettings> {
    let wrong = |problem: String| BadSettings::new(service, problem);
    for key in own.keys() {
        if is_operators(key) {
            return Err(wrong(format!("'{key}' is the operator's to set")));
        }
    }
    let defaults = Common::default();
    let most = [
        ("timeout_ms", defaults.timeout_ms),
        ("max_concurrency", defaults.max_concurrency as u64),
    ];
    let mut settings: Map<String, Value> = operators
        .iter()
        .filter(|(key, _)| is_operators(key) || FREE.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (key, default) in most {
        let most = operators
            .get(key)
            .and_then(Value::as_u64)
            .unwrap_or(default);
        let wanted = own.get(key).and_then(Value::as_u64).unwrap_or(most);
        if wanted == 0 || wanted > most {
            return Err(wrong(format!("'{key}' is from 1 to {most}")));
        }
    }
    if own.get("sandbox").is_some_and(|sandbox| *sandbox != true) {
        return Err(wrong("'sandbox' can only be switched on".to_owned()));
    }
    settings.extend(own);
    Ok(settings)
}

impl Common {
    /// Refuses limits beyond what any service may have, and those that let
    /// nothing through.
    pub(crate) fn check_limits(&self, service: &Service) -> Result<(), BadSettings> {
        let body = self.max_body_bytes as u64;
        for (key, set, most) in [
            ("timeout_ms", self.timeout_ms, LONGEST_REQUEST_MS),
            (
                "connect_timeout_ms",
                self.connect_timeout_ms,
                LONGEST_CONNECT_MS,
            ),
            ("max_body_bytes", body, LARGEST_BODY as u64),
        ] {
            if set == 0 || set > most {
                let problem = format!("'{key}' is from 1 to {most}, not {set}");
                return Err(BadSettings::new(service, problem));
            }
        }
        Ok(())
    }

    /// The switches as one; `sandboxed` is the vendor's default of
    /// `sandbox_provisioning` (spec/integrations.md 1.7).
    pub fn spending(&self, sandboxed: bool) -> Spending {
        match (
            self.enable_provisioning,
            self.sandbox_provisioning.unwrap_or(sandboxed),
        ) {
            _ if self.sandbox => Spending::Sandbox,
            (true, _) => Spending::Allowed,
            (false, true) => Spending::Sandbox,
            (false, false) => Spending::Disabled,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::Client;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn own(operators: &Value, own: &Value) -> Result<Map<String, Value>, BadSettings> {
        let service = Service::carrier("other");
        with_own(&service, &object(operators), object(own))
    }

    #[test]
    fn nothing_of_the_operators_credentials_is_taken_over() {
        let operators = json!({
            "base_url": "https://a.example.com", "token": "operator", "connection_id": "7",
            "allow_private_addresses": true, "timeout_ms": 500,
        });
        let settings = own(&operators, &json!({"token": "own"})).unwrap();
        let expected = json!({
            "base_url": "https://a.example.com", "allow_private_addresses": true,
            "timeout_ms": 500, "token": "own",
        });
        assert_eq!(Value::Object(settings), expected);
    }

    #[test]
    fn places_and_switches_stay_the_operators() {
        for key in [
            "base_url",
            "phonebook_url",
            "api_uri",
            "numbers_api_url",
            "allow_private_addresses",
            "allow_plain_http",
            "max_body_bytes",
            "enable_provisioning",
            "sandbox_provisioning",
        ] {
            let error = own(&json!({}), &json!({key: "https://127.0.0.1"})).unwrap_err();
            assert!(error.problem.contains(key), "{error}");
        }
        for (key, value) in [
            ("timeout_ms", json!(501)),
            ("timeout_ms", json!(0)),
            ("max_concurrency", json!(17)),
            ("sandbox", json!(false)),
        ] {
            let operators = json!({"timeout_ms": 500, "sandbox": true});
            let error = own(&operators, &json!({key: value})).unwrap_err();
            assert!(error.problem.contains(key), "{error}");
        }
    }

    #[test]
    fn limits_that_no_service_may_have_are_refused_by_name() {
        let made = |key: &str, value: u64| {
            let service = Service::carrier("other");
            let settings = object(&json!({ key: value }));
            let (common, _): (Common, Value) = read(&service, settings)?;
            let url = "https://example.com";
            Client::new(&service, &common, url, Spending::Allowed, &[]).map(|_| ())
        };
        for (key, most) in [
            ("timeout_ms", 30_000),
            ("connect_timeout_ms", 10_000),
            ("max_body_bytes", 10 << 20),
        ] {
            for good in [1, most] {
                assert_eq!(made(key, good), Ok(()), "{key} {good}");
            }
            for wrong in [0, most + 1, u64::MAX] {
                let error = made(key, wrong).unwrap_err().to_string();
                let told = format!("[carriers.other]: '{key}' is from 1 to {most}, not {wrong}");
                assert_eq!(error, told);
            }
        }
    }
}
