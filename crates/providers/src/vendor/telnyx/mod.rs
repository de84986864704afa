//! `telnyx_e911` and `telnyx_cnam` on the vendor's API v2 (spec/integrations.md
//! 5.1), for numbers that the account holds there.
//!
//! | for | request |
//! | --- | --- |
//! | the number's id | `GET phone_numbers?filter[phone_number]=` |
//! | check | `POST addresses/actions/validate` |
//! | place | `POST addresses`, `POST phone_numbers/{id}/actions/enable_emergency` |
//! | standing | `GET phone_numbers/{id}/voice`, `GET addresses/{id}` |
//! | what isn't bound any more | `GET addresses?filter[customer_reference][contains]=`, `DELETE addresses/{id}` |
//! | remove | `POST phone_numbers/{id}/actions/enable_emergency` |
//! | caller names | `PATCH phone_numbers/{id}/voice` |

mod emergency;
mod names;

use numbers::e164::E164;
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, read};
use outside::{BadSettings, Failure, Service};
use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::emergency::TelnyxE911;
pub use self::names::TelnyxCnam;
use crate::ProviderError;

const API: &str = "https://api.telnyx.com/v2";
/// The most that one answer lists.
const PAGE: &str = "250";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The API key.
    token: Secret,
}

/// One account at the vendor.
struct Account {
    client: Client,
    token: Secret,
}

impl Account {
    fn new(name: &str, settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let service = Service::provider(name);
        let (common, own): (_, Settings) = read(&service, settings)?;
        if own.token.0.is_empty() {
            return Err(BadSettings::missing(&service, "token"));
        }
        let secrets = [own.token.0.as_str()];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?
            .with_reads(&["validate"]);
        Ok(Self {
            client,
            token: own.token,
        })
    }

    fn look(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        let call = self.client.look(operation, method, url);
        call.bearer(&self.token.0)
    }

    fn spend(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let url = self.client.url(path.iter().copied());
        let call = self.client.spend(operation, method, url);
        call.bearer(&self.token.0)
    }

    /// The vendor's id of a number; `None`: it isn't the account's. The vendor
    /// takes digits only, anywhere in a number.
    async fn number_id(&self, number: &E164) -> Result<Option<String>, ProviderError> {
        let call = self
            .look("number", Method::GET, &["phone_numbers"])
            .query("filter[phone_number]", number.digits())
            .query("page[size]", PAGE);
        let found: Many<Held> = granted(call.send().await?)?.json()?;
        let mut held = found.data.into_iter();
        let is_it = |held: &Held| held.phone_number == number.as_str() && held.status != "deleted";
        Ok(held.find(is_it).map(|held| held.id))
    }

    /// As [`Self::number_id`], where it has to be the account's.
    async fn own_number_id(&self, number: &E164) -> Result<String, ProviderError> {
        self.number_id(number).await?.ok_or_else(|| {
            let reason = format!("{number} isn't the account's at the vendor");
            self.client.error(Failure::Refused, reason)
        })
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
}

/// A number of the account.
#[derive(Deserialize)]
struct Held {
    id: String,
    phone_number: String,
    #[serde(default)]
    status: String,
}

/// An answer that isn't an error; of one that is, the vendor's code and words.
fn granted(answer: Answer) -> Result<Answer, ProviderError> {
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(said) = said(&body["errors"][0]) else {
        return answer.success();
    };
    let code = body["errors"][0]["code"].as_str().map(ToOwned::to_owned);
    let code = code.unwrap_or_else(|| answer.status.to_string());
    Err(answer.status_error(said).with_code(code))
}

/// An error in the vendor's words.
fn said(error: &Value) -> Option<String> {
    let words = ["title", "detail", "description"];
    let words: Vec<&str> = words.iter().filter_map(|key| error[key].as_str()).collect();
    (!words.is_empty()).then(|| words.join(": "))
}
