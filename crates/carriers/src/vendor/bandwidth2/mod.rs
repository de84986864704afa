//! `bandwidth2`: Bandwidth's account API in XML (spec/integrations.md 2.2 and
//! 5.2), numbers of country code 1. `bandwidth`, the name of Kazoo's module for
//! the vendor's first API, which is gone, means the same.
//!
//! | for | request below `accounts/{account_id}/` |
//! | --- | --- |
//! | search | `GET availableNumbers?areaCode` or `npaNxx`, `npaNxxx`, `tollFreeWildCardPattern` |
//! | order | `POST orders`, our id as `CustomerOrderId` |
//! | status | `GET orders/{id}`; without the vendor's id `GET orders?customerOrderId=` |
//! | release | `POST disconnects`, our id as `CustomerOrderId` |
//! | owned | `GET inserviceNumbers?size&page`, `GET inserviceNumbers/{number}` |
//!
//! It logs in with OAuth 2 client credentials, or with the HTTP Basic ones that
//! Kazoo's settings hold, for as long as the vendor takes those.

mod hook;
mod orders;
mod search;
mod token;

use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::hook::Webhook;
use self::token::Tokens;
use super::nanp;
use crate::{Carrier, CarrierError, Failure, Hooks, Offers, Orders};
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::xml::{Element, Writer};
use outside::{BadSettings, Service};

const API: &str = "https://api.bandwidth.com/api/v1";
/// The most numbers that one search may ask for, by the vendor.
const MOST_FOUND: usize = 5000;

/// Keys of Kazoo that mean nothing here: `debug` wrote the wire to a file, which
/// the log does at its level `debug`; the others are of the vendor's first API.
const MEANINGLESS: [&str; 5] = [
    "debug",
    "developer_key",
    "numbers_api_url",
    "cdrs_api_url",
    "endpoints",
];

/// Kazoo's keys of `number_manager.bandwidth2`, and what OAuth 2 and webhooks
/// need.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    account_id: String,
    client_id: String,
    client_secret: Secret,
    api_username: String,
    api_password: Secret,
    site_id: String,
    sip_peer: String,
    order_name_prefix: String,
    max_search_quantity: usize,
    /// The credentials that the subscription at the vendor's was given.
    webhook_username: String,
    webhook_password: Secret,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account_id: String::new(),
            client_id: String::new(),
            client_secret: Secret::default(),
            api_username: String::new(),
            api_password: Secret::default(),
            site_id: String::new(),
            sip_peer: String::new(),
            order_name_prefix: "Kazoo".to_owned(),
            max_search_quantity: 500,
            webhook_username: String::new(),
            webhook_password: Secret::default(),
        }
    }
}

impl Settings {
    /// The first key that is missing; `None`: it can work.
    fn missing(&self) -> Option<&'static str> {
        let oauth = !self.client_id.is_empty();
        let basic = !self.api_username.is_empty();
        [
            (self.account_id.is_empty(), "account_id"),
            (!oauth && !basic, "client_id"),
            (oauth && self.client_secret.0.is_empty(), "client_secret"),
            (!oauth && self.api_password.0.is_empty(), "api_password"),
            (self.site_id.is_empty(), "site_id"),
            (
                !self.webhook_username.is_empty() && self.webhook_password.0.is_empty(),
                "webhook_password",
            ),
        ]
        .into_iter()
        .find_map(|(missing, key)| missing.then_some(key))
    }
}

/// How it logs in.
enum LogIn {
    OAuth(Tokens),
    Basic { user: String, password: Secret },
}

/// One account at Bandwidth.
pub struct Bandwidth2 {
    name: CarrierName,
    client: Client,
    log_in: LogIn,
    account: String,
    site: String,
    peer: String,
    order_name_prefix: String,
    max_search_quantity: usize,
    webhook: Option<Webhook>,
}

impl Bandwidth2 {
    /// The account that the settings name.
    pub fn new(mut settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = CarrierName::new("bandwidth2");
        let service = Service::carrier(name.as_str());
        let first_api = settings.contains_key("developer_key");
        settings.retain(|key, _| !MEANINGLESS.contains(&key.as_str()));
        let (common, own): (_, Settings) = read(&service, settings)?;
        match own.missing() {
            Some(key) if first_api => {
                let problem = format!(
                    "'{key}' is missing; the vendor's first API, which 'developer_key' \
                     opened, is gone: give account_id, site_id, client_id and client_secret"
                );
                return Err(BadSettings::new(&service, problem));
            }
            Some(key) => return Err(BadSettings::missing(&service, key)),
            None => {}
        }
        let secrets = [&own.client_secret, &own.api_password].map(|secret| secret.0.as_str());
        let client = Client::new(&service, &common, API, common.spending(true), &secrets)?;
        let log_in = if own.client_id.is_empty() {
            LogIn::Basic {
                user: own.api_username,
                password: own.api_password,
            }
        } else {
            LogIn::OAuth(Tokens::new(own.client_id, own.client_secret))
        };
        Ok(Self {
            name,
            client,
            log_in,
            account: own.account_id,
            site: own.site_id,
            peer: own.sip_peer,
            order_name_prefix: own.order_name_prefix,
            max_search_quantity: own.max_search_quantity.clamp(1, MOST_FOUND),
            webhook: Webhook::new(&own.webhook_username, &own.webhook_password),
        })
    }

    /// Asks something below the account.
    async fn ask(
        &self,
        operation: &'static str,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer, CarrierError> {
        let url = self.client.url(self.below(path));
        let mut call = self.client.look(operation, Method::GET, url);
        for (name, value) in query {
            call = call.query(name, value);
        }
        self.send(call).await
    }

    /// Orders or gives back.
    async fn post(
        &self,
        operation: &'static str,
        path: &[&str],
        body: Writer,
    ) -> Result<Answer, CarrierError> {
        let url = self.client.url(self.below(path));
        let call = self.client.spend(operation, Method::POST, url);
        let call = call.body("application/xml", body.finish().into_bytes());
        self.send(call).await
    }

    fn below<'p>(&'p self, path: &'p [&'p str]) -> impl Iterator<Item = &'p str> {
        let account = ["accounts", self.account.as_str()];
        account.into_iter().chain(path.iter().copied())
    }

    /// Sends a call with credentials. A token that the vendor doesn't take any
    /// more is forgotten, so that the next call fetches another.
    async fn send(&self, call: Call<'_>) -> Result<Answer, CarrierError> {
        match &self.log_in {
            LogIn::Basic { user, password } => call.basic(user, &password.0).send().await,
            LogIn::OAuth(tokens) => {
                let token = tokens.current(&self.client).await?;
                let answer = call.bearer(&token).send().await?;
                if answer.status == 401 {
                    tokens.forget(&token).await;
                }
                Ok(answer)
            }
        }
    }

    /// The ten digits by which the vendor knows a number.
    fn digits<'n>(&self, number: &'n E164) -> Result<&'n str, CarrierError> {
        nanp::ten_digits(number).ok_or_else(|| {
            let reason = format!("{number} is no number of country code 1, and it has no others");
            self.client.error(Failure::NotSent, reason)
        })
    }
}

impl Carrier for Bandwidth2 {
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

/// The document of an answer that is a success; else what its error says.
fn document(answer: &Answer) -> Result<Element, CarrierError> {
    if (200..300).contains(&answer.status) {
        return answer.xml();
    }
    let status = || answer.status.to_string();
    let body = Element::parse(&answer.body).unwrap_or_default();
    let said = |name| {
        let text = body.find(name).map(|element| element.text.as_str());
        text.filter(|text| !text.is_empty())
    };
    let reason = said("Description").map_or_else(|| answer.excerpt(), ToOwned::to_owned);
    let code = said("Code").map_or_else(status, ToOwned::to_owned);
    Err(answer.status_error(reason).with_code(code))
}

/// The numbers in all elements of a name below `element`.
fn numbers_in(element: &Element, name: &str) -> Vec<E164> {
    let texts = element.all(name).into_iter();
    texts
        .filter_map(|found| nanp::number(&found.text))
        .collect()
}

/// What the vendor says against a number, else against the whole.
fn complaint(reply: &Element, number: Option<&E164>) -> String {
    let errors = reply.all("Error");
    let about = number.and_then(|number| {
        let mut errors = errors.iter();
        errors.find(|error| numbers_in(error, "TelephoneNumber").contains(number))
    });
    let error = about.or_else(|| errors.first());
    let text = error.and_then(|error| error.text_of("Description"));
    text.unwrap_or("the vendor gives no reason").to_owned()
}
