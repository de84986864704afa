//! `dash_e911`: Bandwidth's 911 Access Dashboard, formerly 911 Enable
//! (spec/integrations.md 2.12), for numbers of country code 1.
//!
//! | for | request |
//! | --- | --- |
//! | check | `POST validatelocation` |
//! | place | `POST addlocation`, `POST provisionlocation` |
//! | after placing | `GET locationsbyuri/{uri}`, `POST removelocation` for what isn't in force |
//! | standing | `GET provisionedlocationbyuri/{uri}` |
//! | remove | `POST removeuri` |
//!
//! A number is a URI there, which holds some locations, of which one is
//! provisioned. Adding one changes nothing for a caller of 911; provisioning it
//! takes the place of the old one, so that there is never a gap. A URI holds
//! three locations at most, and so what isn't in force is swept away.

mod location;

use async_trait::async_trait;
use numbers::e164::E164;
use outside::http::{Answer, Call, Client, Method};
use outside::settings::{Secret, Spending, read};
use outside::xml::{Element, Writer};
use outside::{BadSettings, Failure, Service};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::location::{Location, Verdict};
use crate::{
    Address, Checked, EmergencyProvider, Located, Placed, ProviderError, ProviderName, Removal,
    Standing,
};

const API: &str = "https://service.dashcs.com/dash-api/xml/emergencyprovisioning/v1";

/// What dispatchers' screens show of the second line of an address; the vendor
/// refuses longer ones.
const LONGEST_SECOND_LINE: usize = 60;

/// Kazoo's key that means nothing here: what it wrote to a file is in the log
/// at its level `debug`.
const MEANINGLESS: &str = "debug";

/// Kazoo's keys of `number_manager.dash_e911`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The same as `base_url`.
    emergency_provisioning_url: Option<url::Url>,
    auth_username: String,
    auth_password: Secret,
}

/// One account at the vendor.
pub struct Dash {
    name: ProviderName,
    client: Client,
    username: String,
    password: Secret,
}

impl Dash {
    /// The account that the settings name; `name` is whose settings they are.
    pub fn new(name: &str, mut settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let service = Service::provider(name);
        settings.remove(MEANINGLESS);
        let (mut common, own): (_, Settings) = read(&service, settings)?;
        for (key, value) in [
            ("auth_username", &own.auth_username),
            ("auth_password", &own.auth_password.0),
        ] {
            if value.is_empty() {
                return Err(BadSettings::missing(&service, key));
            }
        }
        common.base_url = common.base_url.or(own.emergency_provisioning_url);
        let secrets = [own.auth_password.0.as_str()];
        let client = Client::new(&service, &common, API, common.spending(false), &secrets)?
            .with_reads(&["validatelocation"]);
        Ok(Self {
            name: ProviderName::new(name),
            client,
            username: own.auth_username,
            password: own.auth_password,
        })
    }

    fn signed<'c>(&self, call: Call<'c>) -> Call<'c> {
        call.basic(&self.username, &self.password.0)
    }

    async fn look(
        &self,
        operation: &'static str,
        method: Method,
        path: &[&str],
        document: Option<Writer>,
    ) -> Result<Answer, ProviderError> {
        let url = self.client.url(path.iter().copied());
        let call = self.signed(self.client.look(operation, method, url));
        let call = match document {
            Some(document) => call.body("text/xml", document.finish().into_bytes()),
            None => call,
        };
        call.send().await
    }

    async fn spend(
        &self,
        operation: &'static str,
        path: &str,
        document: Writer,
    ) -> Result<Answer, ProviderError> {
        let url = self.client.url([path]);
        let call = self.client.spend(operation, Method::POST, url);
        let call = self.signed(call);
        call.body("text/xml", document.finish().into_bytes())
            .send()
            .await
    }

    /// The number as the vendor knows it: `tel:14155550101`.
    fn uri(&self, number: &E164) -> Result<String, ProviderError> {
        let digits = number.digits();
        if digits.len() == 11 && digits.starts_with('1') {
            return Ok(format!("tel:{digits}"));
        }
        let reason = format!("{number} is no number of country code 1, and it has no others");
        Err(self.client.error(Failure::NotSent, reason))
    }

    /// The location of a number that is in force.
    async fn provisioned(&self, number: &E164) -> Result<Option<Location>, ProviderError> {
        let uri = self.uri(number)?;
        let path = ["provisionedlocationbyuri", &uri];
        let Some(root) = self.listing("standing", &path).await? else {
            return Ok(None);
        };
        let mut locations = Location::all(&root).into_iter();
        Ok(locations.find(Location::is_provisioned))
    }

    /// What the vendor lists of a URI; `None`: it knows no such URI, which it
    /// says in XML. Another 404 is no answer of the vendor's.
    async fn listing(
        &self,
        operation: &'static str,
        path: &[&str],
    ) -> Result<Option<Element>, ProviderError> {
        let answer = self.look(operation, Method::GET, path, None).await?;
        if answer.status == 404 && answer.xml().is_ok_and(|root| root.name != "html") {
            return Ok(None);
        }
        answer.success()?.xml().map(Some)
    }

    /// Adds a location to a number: what the vendor has of it then.
    async fn add(
        &self,
        number: &E164,
        address: &Address,
        located: &Located,
    ) -> Result<Location, ProviderError> {
        let document = Writer::new()
            .open("addLocation")
            .open("uri")
            .text("uri", &self.uri(number)?)
            .text("callername", &address.caller_name)
            .close("uri");
        let document = location::written(document, &located.fields).close("addLocation");
        let answer = self
            .spend("add", "addlocation", document)
            .await?
            .success()?;
        let root = answer.xml()?;
        match location::verdict(&root).map_err(|what| answer.garbled(what))? {
            Verdict::Good(mut found) => {
                let wanted = found.iter().position(|one| one.is_at(&located.fields));
                match wanted {
                    Some(wanted) => Ok(found.swap_remove(wanted)),
                    None if found.len() == 1 => Ok(found.swap_remove(0)),
                    None => Err(self.refused("GEOCODED", "more than one address found")),
                }
            }
            Verdict::Bad { code, description } => Err(self.refused(&code, &description)),
            Verdict::Strange { code, description } => Err(answer
                .garbled(format_args!("the status '{code}': {description}"))
                .with_code(code)),
        }
    }

    /// Puts a location in force.
    async fn provision(&self, mut location: Location) -> Result<Placed, ProviderError> {
        if location.is_provisioned() {
            return Ok(Placed::Provisioned(location.located()));
        }
        let Some(id) = location.id().map(ToOwned::to_owned) else {
            let reason = "an answer that can't be used: the location has no id";
            return Err(self.client.error(Failure::Refused, reason));
        };
        let document = Writer::new()
            .open("provisionLocation")
            .text("locationid", &id)
            .close("provisionLocation");
        let answer = self.spend("provision", "provisionlocation", document);
        let answer = answer.await?.success()?;
        let root = answer.xml()?;
        let (code, description) = location::status_of(&root, "LocationStatus")
            .ok_or_else(|| answer.garbled("it has no LocationStatus"))?;
        match code.as_str() {
            "PROVISIONED" => {
                location.set_status(&code);
                Ok(Placed::Provisioned(location.located()))
            }
            "GEOCODED" => Ok(Placed::Pending(location.located())),
            "INVALID" | "ERROR" => Err(self.refused(&code, &description)),
            _ => Err(answer
                .garbled(format_args!("the status '{code}': {description}"))
                .with_code(code)),
        }
    }

    /// Removes the locations of a number that aren't in force, and answers how
    /// many. Whatever fails is left for the next time: it is in nobody's way
    /// before the third.
    async fn sweep(&self, number: &E164) -> usize {
        let mut swept = 0;
        if let Err(error) = self.try_sweep(number, &mut swept).await {
            tracing::warn!(%number, %error, "locations that aren't in force are left");
        }
        swept
    }

    async fn try_sweep(&self, number: &E164, swept: &mut usize) -> Result<(), ProviderError> {
        let uri = self.uri(number)?;
        let path = ["locationsbyuri", &uri];
        let Some(root) = self.listing("locations", &path).await? else {
            return Ok(());
        };
        for location in Location::all(&root) {
            let (true, Some(id)) = (location.is_idle(), location.id()) else {
                continue;
            };
            let document = Writer::new()
                .open("removeLocation")
                .text("locationid", id)
                .close("removeLocation");
            let answer = self.spend("sweep", "removelocation", document).await?;
            answer.success()?;
            *swept += 1;
        }
        Ok(())
    }

    /// Why a removal wasn't done; `None`: it was.
    fn refusal(&self, answer: Answer) -> Result<Option<ProviderError>, ProviderError> {
        if answer.status == 404 {
            let error = answer.status_error(answer.excerpt());
            return Ok(Some(error.with_code("404")));
        }
        let answer = answer.success()?;
        let root = answer.xml()?;
        let (code, description) = location::status_of(&root, "URIStatus")
            .ok_or_else(|| answer.garbled("it has no URIStatus"))?;
        Ok((code != "REMOVED").then(|| self.refused(&code, &description)))
    }

    fn refused(&self, code: &str, description: &str) -> ProviderError {
        self.client
            .error(Failure::Refused, description)
            .with_code(code)
    }
}

#[async_trait]
impl EmergencyProvider for Dash {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        self.client.spending() == Spending::Sandbox
    }

    async fn check(&self, address: &Address) -> Result<Checked, ProviderError> {
        let second = address.extended_address.as_deref().unwrap_or_default();
        if second.chars().count() > LONGEST_SECOND_LINE {
            return Ok(Checked::Invalid {
                message: format!("extended_address has more than {LONGEST_SECOND_LINE} characters"),
            });
        }
        let document = Writer::new().open("validateLocation");
        let document = location::written(document, &address.fields()).close("validateLocation");
        let answer = self
            .look("check", Method::POST, &["validatelocation"], Some(document))
            .await?
            .success()?;
        let root = answer.xml()?;
        match location::verdict(&root).map_err(|what| answer.garbled(what))? {
            Verdict::Good(found) => Ok(location::meant(found, address)),
            Verdict::Bad { code, description } if code == "INVALID" => Ok(Checked::Invalid {
                message: description,
            }),
            Verdict::Bad { code, description } | Verdict::Strange { code, description } => {
                Err(self.refused(&code, &description))
            }
        }
    }

    async fn place(
        &self,
        number: &E164,
        address: &Address,
        located: &Located,
        _previous: Option<&Map<String, Value>>,
        _reference: &str,
    ) -> Result<Placed, ProviderError> {
        let added = match self.add(number, address, located).await {
            // Perhaps because the URI is full of what isn't in force.
            Err(error) if error.failure == Failure::Refused && self.sweep(number).await > 0 => {
                self.add(number, address, located).await
            }
            added => added,
        };
        let placed = match added {
            Ok(location) => self.provision(location).await,
            Err(error) => Err(error),
        };
        // Not while it is open whether the new location is in force.
        let is_open = matches!(&placed, Ok(Placed::Pending(_)))
            || placed.as_ref().is_err_and(|error| !error.is_definite());
        if !is_open {
            self.sweep(number).await;
        }
        placed
    }

    async fn standing(
        &self,
        number: &E164,
        located: &Located,
        _reference: &str,
    ) -> Result<Standing, ProviderError> {
        let Some(location) = self.provisioned(number).await? else {
            return Ok(Standing::Nothing);
        };
        let placed_id = located.keys.get("location_id").and_then(Value::as_str);
        let is_it = match placed_id {
            Some(id) => location.id() == Some(id),
            None => location.is_at(&located.fields) && location.is_called(&located.fields),
        };
        Ok(if is_it {
            Standing::Provisioned(location.located())
        } else {
            Standing::Nothing
        })
    }

    async fn remove(
        &self,
        number: &E164,
        _keys: &Map<String, Value>,
    ) -> Result<Removal, ProviderError> {
        let document = Writer::new()
            .open("removeURI")
            .text("uri", &self.uri(number)?)
            .close("removeURI");
        let answer = self.spend("remove", "removeuri", document).await?;
        let Some(refusal) = self.refusal(answer)? else {
            return Ok(Removal::Done);
        };
        // Because there is nothing any more, or for another reason?
        match self.provisioned(number).await? {
            None => Ok(Removal::Done),
            Some(_) => Err(refusal),
        }
    }
}
