//! `vitelity_e911`: a number has one address there, which a new one replaces.
//! What the vendor took is believed once it lists it.

use async_trait::async_trait;
use numbers::e164::E164;
use outside::settings::Spending;
use outside::xml::Element;
use outside::{BadSettings, Failure};
use serde_json::{Map, Value, json};

use super::Account;
use crate::address::{is_same, is_same_caller};
use crate::{
    Address, Checked, EmergencyProvider, Located, Placed, ProviderError, ProviderName, Removal,
    Standing,
};

/// What refuses a request, not an address.
const NOT_THE_ADDRESS: [&str; 3] = ["invalidauth", "missingdata", "unavailable"];
/// What the vendor says where it has nothing.
const NONE: &str = "none";
/// Among a placement's keys: the vendor said that it took it.
const TAKEN: &str = "taken";

/// Emergency addresses of one account.
pub struct VitelityE911 {
    name: ProviderName,
    account: Account,
}

impl VitelityE911 {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = ProviderName::new("vitelity_e911");
        let account = Account::new(name.as_str(), settings)?;
        Ok(Self { name, account })
    }

    /// The address that the vendor lists for a number.
    async fn listed(&self, number: &E164) -> Result<Option<Map<String, Value>>, ProviderError> {
        let did = [("did", self.account.digits(number)?)];
        let reply = self.account.look("standing", "e911getinfo", &did).await?;
        if reply.refusal() == Some(NONE) {
            return Ok(None);
        }
        let reply = reply.granted()?;
        Ok(reply.content.child("info").map(fields))
    }
}

/// The `e911` fields of an `info`.
fn fields(info: &Element) -> Map<String, Value> {
    let names = [
        ("name", "caller_name"),
        ("address", "street_address"),
        ("city", "locality"),
        ("state", "region"),
        ("zip", "postal_code"),
    ];
    let told = names.iter().filter_map(|(theirs, ours)| {
        let text = info.text_of(theirs)?;
        Some(((*ours).to_owned(), json!(text)))
    });
    let unit: Vec<&str> = ["unittype", "unitnumber"]
        .iter()
        .filter_map(|name| info.text_of(name))
        .collect();
    let unit = (!unit.is_empty()).then(|| ("extended_address".to_owned(), json!(unit.join(" "))));
    told.chain(unit).collect()
}

/// `Suite 3` as the vendor takes it: its kind and its number.
fn unit(second: &str) -> (&str, &str) {
    second.split_once(' ').unwrap_or(("", second))
}

/// Whether an address is listed as it was placed.
fn is_listed(listed: &Map<String, Value>, placed: &Map<String, Value>) -> bool {
    is_same(listed, placed) && is_same_caller(listed, placed)
}

/// What the vendor took and doesn't list yet.
fn taken(located: &Located) -> Located {
    Located {
        fields: located.fields.clone(),
        keys: Map::from_iter([(TAKEN.to_owned(), Value::Bool(true))]),
    }
}

fn in_force(listed: Map<String, Value>) -> Located {
    let mut fields = listed;
    fields.insert("status".to_owned(), json!("PROVISIONED"));
    Located {
        fields,
        keys: Map::new(),
    }
}

#[async_trait]
impl EmergencyProvider for VitelityE911 {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        self.account.client.spending() == Spending::Sandbox
    }

    async fn check(&self, address: &Address) -> Result<Checked, ProviderError> {
        let parameters = [
            ("name", address.caller_name.as_str()),
            ("address", &address.street_address),
            ("city", &address.locality),
            ("state", &address.region),
            ("zip", &address.postal_code),
        ];
        let reply = self.account.look("check", "e911checkaddress", &parameters);
        let reply = reply.await?;
        if let Some(message) = reply.refusal() {
            let message = message.to_owned();
            return if NOT_THE_ADDRESS.contains(&message.as_str()) {
                Err(reply.refused(&message))
            } else {
                Ok(Checked::Invalid { message })
            };
        }
        let reply = reply.granted()?;
        let mut found = address.fields();
        if let Some(info) = reply.content.child("info") {
            found.extend(fields(info));
        }
        Ok(Checked::Found(Located {
            fields: found,
            keys: Map::new(),
        }))
    }

    async fn place(
        &self,
        number: &E164,
        address: &Address,
        located: &Located,
        _previous: Option<&Map<String, Value>>,
        _reference: &str,
    ) -> Result<Placed, ProviderError> {
        let field = |name: &str| {
            let text = located.fields.get(name).and_then(Value::as_str);
            text.unwrap_or_default()
        };
        let (kind, unit) = unit(field("extended_address"));
        let parameters = [
            ("did", self.account.digits(number)?),
            ("name", address.caller_name.as_str()),
            ("address", field("street_address")),
            ("unittype", kind),
            ("unitnumber", unit),
            ("city", field("locality")),
            ("state", field("region")),
            ("zip", field("postal_code")),
        ];
        let reply = self.account.spend("place", "e911send", &parameters).await?;
        reply.granted()?;
        Ok(match self.listed(number).await {
            Ok(Some(listed)) if is_listed(&listed, &located.fields) => {
                Placed::Provisioned(in_force(listed))
            }
            // It took it; what it has of it is asked for again.
            Ok(_) | Err(_) => Placed::Pending(taken(located)),
        })
    }

    async fn standing(
        &self,
        number: &E164,
        located: &Located,
        _reference: &str,
    ) -> Result<Standing, ProviderError> {
        Ok(match self.listed(number).await? {
            Some(listed) if is_listed(&listed, &located.fields) => {
                Standing::Provisioned(in_force(listed))
            }
            Some(_) | None if located.keys.contains_key(TAKEN) => Standing::Pending(taken(located)),
            Some(_) | None => Standing::Nothing,
        })
    }

    async fn remove(
        &self,
        number: &E164,
        _keys: &Map<String, Value>,
    ) -> Result<Removal, ProviderError> {
        let did = [("did", self.account.digits(number)?)];
        let reply = self.account.spend("remove", "e911delete", &did).await?;
        let refusal = reply.granted().err();
        match (self.listed(number).await?, refusal) {
            (None, _) => Ok(Removal::Done),
            (Some(_), Some(refusal)) if refusal.failure == Failure::Refused => Err(refusal),
            (Some(_), _) => Ok(Removal::Open),
        }
    }
}
