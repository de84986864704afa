//! `vitelity_cnam`.

use async_trait::async_trait;
use numbers::e164::E164;
use outside::settings::Spending;
use outside::{BadSettings, Failure};
use serde_json::{Map, Value};

use super::Account;
use crate::{CallerNameProvider, CallerNames, ProviderError, ProviderName, Wish};

/// Caller names of one account.
pub struct VitelityCnam {
    name: ProviderName,
    account: Account,
}

impl VitelityCnam {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = ProviderName::new("vitelity_cnam");
        let account = Account::new(name.as_str(), settings)?;
        Ok(Self { name, account })
    }

    async fn show(&self, digits: &str, name: &str) -> Result<(), ProviderError> {
        let parameters = [("did", digits), ("name", name)];
        let reply = self.account.spend("name", "lidb", &parameters).await?;
        let reply = reply.granted()?;
        match reply.content.text_of("response") {
            Some("ok") => Ok(()),
            Some(other) => Err(reply.refused(other)),
            None => Err(reply.answer.garbled("it has no response")),
        }
    }
}

#[async_trait]
impl CallerNameProvider for VitelityCnam {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        self.account.client.spending() == Spending::Sandbox
    }

    /// The vendor documents no way to take a shown name back: a person has to
    /// ask for that.
    async fn set(&self, number: &E164, wish: &CallerNames) -> Result<Wish, ProviderError> {
        let digits = self.account.digits(number)?;
        let command = if wish.inbound {
            "cnamenable"
        } else {
            "cnamdisable"
        };
        let did = [("did", digits)];
        let reply = self.account.spend("lookup", command, &did).await?;
        reply.granted()?;
        let Some(name) = &wish.outbound else {
            return Ok(Wish::ByHand);
        };
        let shown = self.show(digits, name).await;
        // Half of it is done, whatever became of the other.
        shown.map_err(|error| ProviderError {
            failure: Failure::Unknown,
            ..error
        })?;
        Ok(Wish::Done)
    }
}
