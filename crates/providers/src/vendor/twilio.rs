//! `twilio_e911` (spec/integrations.md 5.3): forms in, JSON out, for numbers that
//! the account holds there.
//!
//! | for | request below `2010-04-01/Accounts/{account_sid}/` |
//! | --- | --- |
//! | check | `POST Addresses.json`, and `DELETE` of what came of it |
//! | place | `POST Addresses.json`, `POST IncomingPhoneNumbers/{sid}.json` |
//! | standing | `GET IncomingPhoneNumbers.json?PhoneNumber=`, `GET Addresses.json?FriendlyName=` |
//! | remove | `POST IncomingPhoneNumbers/{sid}.json`, then `DELETE` as above |
//!
//! The vendor checks an address only by making it. It wants an old address to
//! be unregistered before a new one is set: for that time the number has none,
//! which is why whatever goes wrong then is [`Placed::Pending`], to be brought
//! to its end by asking. Addresses carry the number, so that none is left
//! behind unknown.

mod wire;

use async_trait::async_trait;
use numbers::e164::E164;
use outside::http::{Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::{BadSettings, Failure, Service};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::address::country;
use crate::{
    Address, Checked, EmergencyProvider, Located, Placed, ProviderError, ProviderName, Removal,
    Standing,
};
use wire::{Held, HeldPage, Made, MadePage, State, cut, granted};

const API: &str = "https://api.twilio.com";
/// The most that one answer lists.
const PAGE: &str = "1000";
/// What addresses are called that are made to see whether they can be.
const CHECK: &str = "numberd check";
/// The vendor's code of an address that it doesn't know.
const INVALID: &str = "21628";
/// And of one in whose place it suggests another.
const SUGGESTED: &str = "21629";
/// Among a placement's keys: it is to be brought to its end.
const OPEN: &str = "open";
/// And what the number had before.
const BEFORE: &str = "before";
/// And why the vendor refused it, after which that is set again.
const REFUSED: &str = "refused";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    account_sid: String,
    auth_token: Secret,
}

/// Emergency addresses of one account.
pub struct TwilioE911 {
    name: ProviderName,
    client: Client,
    settings: Settings,
}

/// What addresses of a number are called.
fn label(number: &E164) -> String {
    format!("numberd {}", number.digits())
}

impl TwilioE911 {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = ProviderName::new("twilio_e911");
        let service = Service::provider(name.as_str());
        let (common, settings): (_, Settings) = read(&service, settings)?;
        for (key, value) in [
            ("account_sid", &settings.account_sid),
            ("auth_token", &settings.auth_token.0),
        ] {
            if value.is_empty() {
                return Err(BadSettings::missing(&service, key));
            }
        }
        let secrets = [settings.auth_token.0.as_str()];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?;
        Ok(Self {
            name,
            client,
            settings,
        })
    }

    fn url(&self, path: &[&str]) -> url::Url {
        let account = ["2010-04-01", "Accounts", self.settings.account_sid.as_str()];
        self.client
            .url(account.into_iter().chain(path.iter().copied()))
    }

    fn look(&self, operation: &'static str, path: &[&str]) -> Call<'_> {
        let call = self.client.look(operation, Method::GET, self.url(path));
        call.basic(&self.settings.account_sid, &self.settings.auth_token.0)
    }

    fn spend(&self, operation: &'static str, method: Method, path: &[&str]) -> Call<'_> {
        let call = self.client.spend(operation, method, self.url(path));
        call.basic(&self.settings.account_sid, &self.settings.auth_token.0)
    }

    /// A number of the account.
    async fn held(&self, number: &E164) -> Result<Option<Held>, ProviderError> {
        let call = self
            .look("number", &["IncomingPhoneNumbers.json"])
            .query("PhoneNumber", number.as_str());
        let found: HeldPage = granted(call.send().await?)?.json()?;
        let is_it = |held: &Held| held.phone_number == number.as_str();
        Ok(found.incoming_phone_numbers.into_iter().find(is_it))
    }

    /// Makes an address; without `correct` only as it is.
    async fn make(
        &self,
        fields: &Map<String, Value>,
        label: &str,
        correct: bool,
    ) -> Result<Made, ProviderError> {
        let field = |name: &str| {
            let text = fields.get(name).and_then(Value::as_str);
            text.unwrap_or_default()
        };
        let name = cut(field("caller_name"));
        let region = field("region");
        let form = [
            ("FriendlyName", label),
            ("CustomerName", name.as_str()),
            ("Street", field("street_address")),
            ("StreetSecondary", field("extended_address")),
            ("City", field("locality")),
            ("Region", region),
            ("PostalCode", field("postal_code")),
            ("IsoCountry", country(region)),
            ("EmergencyEnabled", "true"),
            ("AutoCorrectAddress", if correct { "true" } else { "false" }),
        ];
        let call = self.spend("address", Method::POST, &["Addresses.json"]);
        granted(call.form(&form).send().await?)?.json()
    }

    /// The addresses that are called so.
    async fn made(&self, label: &str) -> Result<Vec<Made>, ProviderError> {
        let call = self
            .look("addresses", &["Addresses.json"])
            .query("FriendlyName", label)
            .query("PageSize", PAGE);
        let page: MadePage = granted(call.send().await?)?.json()?;
        Ok(page.addresses)
    }

    /// Deletes the addresses that are called so, but for one. What fails is left
    /// for the next time.
    async fn sweep(&self, label: &str, but: Option<&str>) -> Result<(), ProviderError> {
        let swept = self.try_sweep(label, but).await;
        if let Err(error) = &swept {
            tracing::warn!(label, %error, "addresses that aren't used are left");
        }
        swept
    }

    async fn try_sweep(&self, label: &str, but: Option<&str>) -> Result<(), ProviderError> {
        for made in self.made(label).await? {
            if but == Some(&made.sid) {
                continue;
            }
            let file = format!("{}.json", made.sid);
            let call = self.spend("delete", Method::DELETE, &["Addresses", &file]);
            let answer = call.send().await?;
            if answer.status != 404 {
                granted(answer)?;
            }
        }
        Ok(())
    }

    /// The address of a number, if that is ours and the one of these fields.
    async fn bound_as(
        &self,
        number: &E164,
        held: &Held,
        located: &Located,
    ) -> Result<Option<String>, ProviderError> {
        let Some(bound) = held.current() else {
            return Ok(None);
        };
        let made = self.made(&label(number)).await?;
        let is_it = |made: &Made| made.sid == bound && made.is(&located.fields);
        Ok(made.iter().any(is_it).then(|| bound.to_owned()))
    }

    /// Sets a number's address; an empty one takes it away.
    async fn set(&self, held: &Held, address: &str) -> Result<Held, ProviderError> {
        let file = format!("{}.json", held.sid);
        let call = self.spend("bind", Method::POST, &["IncomingPhoneNumbers", &file]);
        let call = call.form(&[("EmergencyAddressSid", address)]);
        granted(call.send().await?)?.json()
    }

    /// How an address of a number stands, after setting it if there is room.
    async fn brought_on(
        &self,
        number: &E164,
        held: Held,
        kept: &Located,
        sid: &str,
    ) -> Result<Standing, ProviderError> {
        if let Some(reason) = kept.keys.get(REFUSED).and_then(Value::as_str) {
            return self.put_back(held, kept, reason).await;
        }
        let is_open = kept.keys.contains_key(OPEN);
        let held = match held.state(sid) {
            State::Free if !is_open => return Ok(Standing::Nothing),
            State::Free => match self.set(&held, sid).await {
                Err(error) if error.failure == Failure::Refused => {
                    return self.put_back(held, kept, &error.reason).await;
                }
                set => set?,
            },
            _ => held,
        };
        Ok(match held.state(sid) {
            State::Registered => {
                let _ = self.sweep(&label(number), Some(sid)).await;
                Standing::Provisioned(registered(kept))
            }
            State::Underway | State::Leaving | State::Free => Standing::Pending(unconfirmed(kept)),
            State::Failed => Standing::Failed {
                reason: "the vendor couldn't register the address".to_owned(),
            },
            State::Other => Standing::Nothing,
        })
    }

    /// The new address was refused: what the number had is set again, and that
    /// it is in force is asked for as it was the first time.
    async fn put_back(
        &self,
        held: Held,
        kept: &Located,
        reason: &str,
    ) -> Result<Standing, ProviderError> {
        let failed = Standing::Failed {
            reason: reason.to_owned(),
        };
        let Some(before) = kept.keys.get(BEFORE).and_then(Value::as_str) else {
            return Ok(failed);
        };
        let held = match held.state(before) {
            State::Free => self.set(&held, before).await?,
            _ => held,
        };
        Ok(match held.state(before) {
            State::Registered => failed,
            State::Underway | State::Leaving | State::Free => {
                let mut open = unconfirmed(kept);
                open.keys.insert(REFUSED.to_owned(), json!(reason));
                Standing::Pending(open)
            }
            State::Failed | State::Other => Standing::Nothing,
        })
    }
}

/// What is to be kept of a placement that isn't in force.
fn opened(located: &Located, sid: &str, before: Option<&str>) -> Located {
    let mut keys = Map::from_iter([
        ("address_sid".to_owned(), json!(sid)),
        (OPEN.to_owned(), Value::Bool(true)),
    ]);
    if let Some(before) = before {
        keys.insert(BEFORE.to_owned(), json!(before));
    }
    Located {
        fields: located.fields.clone(),
        keys,
    }
}

/// The same, without the word of an earlier time.
fn unconfirmed(kept: &Located) -> Located {
    let mut located = kept.clone();
    located.fields.remove("status");
    located
}

/// And of one that is.
fn registered(kept: &Located) -> Located {
    let mut located = kept.clone();
    located.keys.remove(OPEN);
    located.keys.remove(BEFORE);
    located.keys.remove(REFUSED);
    let status = json!("PROVISIONED");
    located.fields.insert("status".to_owned(), status);
    located
}

#[async_trait]
impl EmergencyProvider for TwilioE911 {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        self.client.spending() == Spending::Sandbox
    }

    async fn check(&self, address: &Address) -> Result<Checked, ProviderError> {
        let asked = address.fields();
        let (made, is_other) = match self.make(&asked, CHECK, false).await {
            Ok(made) => (made, false),
            Err(error) => match error.code.as_deref() {
                Some(INVALID) => {
                    return Ok(Checked::Invalid {
                        message: error.reason,
                    });
                }
                // The suggestion itself is only in the text of the error.
                Some(SUGGESTED) => (self.make(&asked, CHECK, true).await?, true),
                _ => return Err(error),
            },
        };
        // What is left is swept with the next check.
        let _ = self.sweep(CHECK, None).await;
        let mut fields = asked;
        fields.extend(made.fields());
        let located = Located {
            fields,
            keys: Map::new(),
        };
        Ok(if is_other {
            Checked::Several(vec![located])
        } else {
            Checked::Found(located)
        })
    }

    async fn place(
        &self,
        number: &E164,
        _address: &Address,
        located: &Located,
        _previous: Option<&Map<String, Value>>,
        _reference: &str,
    ) -> Result<Placed, ProviderError> {
        if !number.as_str().starts_with("+1") {
            let reason = format!("{number} is no number of country code 1");
            return Err(self.client.error(Failure::NotSent, reason));
        }
        let held = self.held(number).await?.ok_or_else(|| {
            let reason = format!("{number} isn't the account's at the vendor");
            self.client.error(Failure::Refused, reason)
        })?;
        let made = self.make(&located.fields, &label(number), false).await?;
        let before = held.current().map(ToOwned::to_owned);
        let kept = opened(located, &made.sid, before.as_deref());
        let held = match before {
            None => held,
            // Nothing has changed if this is refused; once it isn't, only
            // asking leads on.
            Some(_) => match self.set(&held, "").await {
                Ok(held) => held,
                Err(error) if error.is_definite() => return Err(error),
                Err(_) => return Ok(Placed::Pending(kept)),
            },
        };
        let was_bare = !kept.keys.contains_key(BEFORE);
        match self.brought_on(number, held, &kept, &made.sid).await {
            Ok(Standing::Provisioned(located)) => Ok(Placed::Provisioned(located)),
            Ok(Standing::Pending(open)) => Ok(Placed::Pending(open)),
            // What the number had is in force again.
            Ok(Standing::Failed { reason }) => Err(self.client.error(Failure::Refused, reason)),
            Err(error) if was_bare => Err(error),
            _ => Ok(Placed::Pending(kept)),
        }
    }

    async fn standing(
        &self,
        number: &E164,
        located: &Located,
        _reference: &str,
    ) -> Result<Standing, ProviderError> {
        let Some(held) = self.held(number).await? else {
            return Ok(Standing::Nothing);
        };
        let kept = if located.keys.contains_key("address_sid") {
            located.clone()
        } else {
            match self.bound_as(number, &held, located).await? {
                Some(sid) => opened(located, &sid, None),
                None => return Ok(Standing::Nothing),
            }
        };
        let sid = kept.keys.get("address_sid").and_then(Value::as_str);
        match sid.map(ToOwned::to_owned) {
            Some(sid) => self.brought_on(number, held, &kept, &sid).await,
            None => Ok(Standing::Nothing),
        }
    }

    async fn remove(
        &self,
        number: &E164,
        _keys: &Map<String, Value>,
    ) -> Result<Removal, ProviderError> {
        // A number that isn't the account's any more has nothing there.
        if let Some(mut held) = self.held(number).await? {
            if held.current().is_some() {
                held = self.set(&held, "").await?;
            }
            if !held.is_off() {
                return Ok(Removal::Open);
            }
        }
        let _ = self.sweep(CHECK, None).await;
        // Nothing is in force any more; the rest is asked for again.
        Ok(match self.sweep(&label(number), None).await {
            Ok(()) => Removal::Done,
            Err(_) => Removal::Open,
        })
    }
}
