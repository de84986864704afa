//! `telnyx_e911`: addresses are things of their own there, which never change;
//! one of them is bound to a number. A new one is made and bound, and the old
//! one goes once that is active. Addresses carry the number and our reference,
//! so that none is ever left behind unknown.

use async_trait::async_trait;
use numbers::e164::E164;
use outside::http::{Answer, Method};
use outside::settings::Spending;
use outside::{BadSettings, Failure};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Account, Many, One, PAGE, granted, said};
use crate::address::{country, is_same};
use crate::{
    Address, Checked, EmergencyProvider, Located, Placed, ProviderError, ProviderName, Removal,
    Standing,
};

/// The vendor's fields, and the `e911` fields that they are.
const FIELDS: [(&str, &str); 5] = [
    ("street_address", "street_address"),
    ("extended_address", "extended_address"),
    ("locality", "locality"),
    ("administrative_area", "region"),
    ("postal_code", "postal_code"),
];

/// Emergency addresses of one account.
pub struct TelnyxE911 {
    name: ProviderName,
    account: Account,
}

/// What a number has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bound {
    #[serde(rename = "emergency_enabled")]
    enabled: Option<bool>,
    #[serde(rename = "emergency_address_id")]
    address_id: Option<String>,
    #[serde(rename = "emergency_status")]
    status: Option<String>,
}

#[derive(Deserialize)]
struct Voice {
    emergency: Bound,
}

/// An address that was made.
#[derive(Deserialize)]
struct Made {
    id: String,
    #[serde(default)]
    customer_reference: Option<String>,
}

#[derive(Deserialize)]
struct Validation {
    result: String,
    #[serde(default)]
    suggested: Option<Map<String, Value>>,
    #[serde(default)]
    errors: Option<Vec<Value>>,
}

/// How an address that is bound stands.
enum State {
    Active,
    Underway,
    Failed(String),
    Off,
}

impl Bound {
    fn state(&self) -> State {
        let status = self.status.as_deref().unwrap_or_default();
        match status {
            "active" if self.enabled == Some(true) => State::Active,
            "disabled" | "deprovisioning" => State::Off,
            failed if failed.contains("fail") => State::Failed(failed.to_owned()),
            _ if self.enabled == Some(true) => State::Underway,
            _ => State::Off,
        }
    }
}

impl TelnyxE911 {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = ProviderName::new("telnyx_e911");
        let account = Account::new(name.as_str(), settings)?;
        Ok(Self { name, account })
    }

    async fn bound(&self, id: &str) -> Result<Bound, ProviderError> {
        let path = ["phone_numbers", id, "voice"];
        let call = self.account.look("standing", Method::GET, &path);
        let voice: One<Voice> = granted(call.send().await?)?.json()?;
        Ok(voice.data.emergency)
    }

    /// Binds an address to a number, or none.
    async fn bind(
        &self,
        id: &str,
        address: Option<&str>,
    ) -> Result<(Answer, Bound), ProviderError> {
        let path = ["phone_numbers", id, "actions", "enable_emergency"];
        let call = self.account.spend("bind", Method::POST, &path);
        let call = call.json(&json!({
            "emergency_enabled": address.is_some(),
            "emergency_address_id": address,
        }));
        let answer = granted(call.send().await?)?;
        let voice: One<Voice> = answer.json()?;
        Ok((answer, voice.data.emergency))
    }

    async fn make(
        &self,
        address: &Address,
        located: &Located,
        reference: &str,
    ) -> Result<String, ProviderError> {
        let mut body = written(&located.fields, &address.region);
        body.insert("business_name".to_owned(), json!(address.caller_name));
        body.insert("customer_reference".to_owned(), json!(reference));
        body.insert("validate_address".to_owned(), json!(true));
        let call = self.account.spend("address", Method::POST, &["addresses"]);
        let made: One<Made> = granted(call.json(&body).send().await?)?.json()?;
        Ok(made.data.id)
    }

    /// Deletes an address; one that is gone is deleted.
    async fn delete(&self, id: &str) -> Result<(), ProviderError> {
        let call = self
            .account
            .spend("delete", Method::DELETE, &["addresses", id]);
        let answer = call.send().await?;
        if answer.status != 404 {
            granted(answer)?;
        }
        Ok(())
    }

    /// Deletes the addresses that were made for a number, but for one. What
    /// fails is left for the next time.
    async fn sweep(&self, number: &E164, but: Option<&str>) -> Result<(), ProviderError> {
        let swept = self.try_sweep(number, but).await;
        if let Err(error) = &swept {
            tracing::warn!(%number, %error, "addresses that aren't bound are left");
        }
        swept
    }

    async fn try_sweep(&self, number: &E164, but: Option<&str>) -> Result<(), ProviderError> {
        let ours = reference_of(number, "");
        let call = self
            .account
            .look("addresses", Method::GET, &["addresses"])
            .query("filter[customer_reference][contains]", &ours)
            .query("page[size]", PAGE);
        let found: Many<Made> = granted(call.send().await?)?.json()?;
        for made in found.data {
            let reference = made.customer_reference.unwrap_or_default();
            if reference.starts_with(&ours) && but != Some(&made.id) {
                self.delete(&made.id).await?;
            }
        }
        Ok(())
    }

    /// Whether the address that is bound is the one of a placement.
    async fn is_placed(
        &self,
        bound: &str,
        located: &Located,
        reference: &str,
    ) -> Result<bool, ProviderError> {
        if let Some(id) = located.keys.get("address_id").and_then(Value::as_str) {
            return Ok(id == bound);
        }
        let path = ["addresses", bound];
        let answer = self
            .account
            .look("address", Method::GET, &path)
            .send()
            .await?;
        if answer.status == 404 {
            return Ok(false);
        }
        let made: One<Made> = granted(answer)?.json()?;
        Ok(made.data.customer_reference.as_deref() == Some(reference))
    }

    /// What is to be kept of an address that was bound.
    fn kept(located: &Located, id: &str, is_active: bool) -> Located {
        let mut fields = located.fields.clone();
        fields.remove("status");
        if is_active {
            fields.insert("status".to_owned(), json!("PROVISIONED"));
        }
        Located {
            fields,
            keys: Map::from_iter([("address_id".to_owned(), json!(id))]),
        }
    }
}

/// The customer's reference of an address: whose it is, and of which placement.
fn reference_of(number: &E164, reference: &str) -> String {
    format!("numberd/{}/{reference}", number.digits())
}

/// An address as the vendor takes it.
fn written(fields: &Map<String, Value>, region: &str) -> Map<String, Value> {
    let fields = FIELDS.iter().filter_map(|(theirs, ours)| {
        let text = fields.get(*ours)?;
        Some(((*theirs).to_owned(), text.clone()))
    });
    let country = ("country_code".to_owned(), json!(country(region)));
    fields.chain([country]).collect()
}

/// What the vendor suggests in place of what was asked, if it is another place.
fn suggested(validation: &Validation, asked: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = asked.clone();
    for (theirs, ours) in FIELDS {
        let text = validation
            .suggested
            .as_ref()
            .and_then(|all| all.get(theirs));
        if let Some(text) = text.filter(|text| text.as_str().is_some_and(|text| !text.is_empty())) {
            fields.insert(ours.to_owned(), text.clone());
        }
    }
    fields
}

#[async_trait]
impl EmergencyProvider for TelnyxE911 {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        self.account.client.spending() == Spending::Sandbox
    }

    async fn check(&self, address: &Address) -> Result<Checked, ProviderError> {
        let asked = address.fields();
        let path = ["addresses", "actions", "validate"];
        let call = self.account.look("check", Method::POST, &path);
        let answer = call.json(&written(&asked, &address.region)).send().await?;
        let answer = granted(answer)?;
        let One { data: validation } = answer.json::<One<Validation>>()?;
        let fields = suggested(&validation, &asked);
        let is_other = !is_same(&fields, &asked);
        let located = Located {
            fields,
            keys: Map::new(),
        };
        match validation.result.as_str() {
            "valid" => Ok(Checked::Found(located)),
            "invalid" if is_other => Ok(Checked::Several(vec![located])),
            "invalid" => {
                let errors = validation.errors.unwrap_or_default();
                let message: Vec<String> = errors.iter().filter_map(said).collect();
                Ok(Checked::Invalid {
                    message: if message.is_empty() {
                        "the address is invalid".to_owned()
                    } else {
                        message.join("; ")
                    },
                })
            }
            other => Err(answer.garbled(format_args!("the result '{other}'"))),
        }
    }

    async fn place(
        &self,
        number: &E164,
        address: &Address,
        located: &Located,
        previous: Option<&Map<String, Value>>,
        reference: &str,
    ) -> Result<Placed, ProviderError> {
        if !number.as_str().starts_with("+1") {
            let reason = format!("{number} is no number of country code 1");
            return Err(self.account.client.error(Failure::NotSent, reason));
        }
        let number_id = self.account.own_number_id(number).await?;
        let reference = reference_of(number, reference);
        let id = self.make(address, located, &reference).await?;
        let (answer, bound) = match self.bind(&number_id, Some(&id)).await {
            Ok(bound) => bound,
            Err(error) => {
                if error.is_definite() {
                    // It is swept with the next one, if it stays.
                    let _ = self.delete(&id).await;
                }
                return Err(error);
            }
        };
        if bound.address_id.as_deref() != Some(&id) {
            return Err(answer.garbled("it binds another address"));
        }
        match bound.state() {
            State::Active => {
                // What is left is swept with the next one.
                let _ = self.sweep(number, Some(&id)).await;
                let before = previous.and_then(|keys| keys.get("address_id")?.as_str());
                if let Some(before) = before.filter(|before| *before != id) {
                    let _ = self.delete(before).await;
                }
                Ok(Placed::Provisioned(Self::kept(located, &id, true)))
            }
            State::Underway => Ok(Placed::Pending(Self::kept(located, &id, false))),
            // Whether the one before is in force still is asked for.
            State::Failed(_) if previous.is_some() => {
                Ok(Placed::Pending(Self::kept(located, &id, false)))
            }
            State::Failed(reason) => {
                let _ = self.delete(&id).await;
                Err(self.account.client.error(Failure::Refused, reason))
            }
            State::Off => Err(answer.garbled("it isn't switched on")),
        }
    }

    async fn standing(
        &self,
        number: &E164,
        located: &Located,
        reference: &str,
    ) -> Result<Standing, ProviderError> {
        let Some(number_id) = self.account.number_id(number).await? else {
            return Ok(Standing::Nothing);
        };
        let bound = self.bound(&number_id).await?;
        let Some(id) = bound.address_id.as_deref() else {
            return Ok(Standing::Nothing);
        };
        let reference = reference_of(number, reference);
        if !self.is_placed(id, located, &reference).await? {
            return Ok(Standing::Nothing);
        }
        Ok(match bound.state() {
            State::Active => {
                let _ = self.sweep(number, Some(id)).await;
                Standing::Provisioned(Self::kept(located, id, true))
            }
            State::Underway => Standing::Pending(Self::kept(located, id, false)),
            State::Failed(reason) => Standing::Failed { reason },
            State::Off => Standing::Nothing,
        })
    }

    async fn remove(
        &self,
        number: &E164,
        keys: &Map<String, Value>,
    ) -> Result<Removal, ProviderError> {
        // A number that isn't the account's any more has nothing there.
        if let Some(id) = self.account.number_id(number).await? {
            let bound = self.bound(&id).await?;
            let is_on = bound.enabled == Some(true) || bound.address_id.is_some();
            let bound = if is_on {
                self.bind(&id, None).await?.1
            } else {
                bound
            };
            let is_off = bound.enabled == Some(false)
                && !matches!(bound.status.as_deref(), Some("active" | "deprovisioning"));
            if !is_off {
                return Ok(Removal::Open);
            }
        }
        if let Some(id) = keys.get("address_id").and_then(Value::as_str) {
            self.delete(id).await?;
        }
        // Nothing is in force any more; the rest is asked for again.
        Ok(match self.sweep(number, None).await {
            Ok(()) => Removal::Done,
            Err(_) => Removal::Open,
        })
    }
}
