//! `telnyx_cnam`: caller names among a number's voice settings.

use async_trait::async_trait;
use numbers::e164::E164;
use outside::BadSettings;
use outside::http::Method;
use outside::settings::Spending;
use serde_json::{Map, Value, json};

use super::{Account, granted};
use crate::{CallerNameProvider, CallerNames, ProviderError, ProviderName, Wish};

/// Caller names of one account.
pub struct TelnyxCnam {
    name: ProviderName,
    account: Account,
}

impl TelnyxCnam {
    /// The account that the settings name.
    pub fn new(settings: Map<String, Value>) -> Result<Self, BadSettings> {
        let name = ProviderName::new("telnyx_cnam");
        let account = Account::new(name.as_str(), settings)?;
        Ok(Self { name, account })
    }
}

#[async_trait]
impl CallerNameProvider for TelnyxCnam {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        self.account.client.spending() == Spending::Sandbox
    }

    async fn set(&self, number: &E164, wish: &CallerNames) -> Result<Wish, ProviderError> {
        let id = self.account.own_number_id(number).await?;
        let path = ["phone_numbers", &id, "voice"];
        let call = self.account.spend("caller_names", Method::PATCH, &path);
        let shown = wish.outbound.as_deref();
        let call = call.json(&json!({
            "cnam_listing": {
                "cnam_listing_enabled": shown.is_some(),
                "cnam_listing_details": shown.unwrap_or_default(),
            },
            "caller_id_name_enabled": wish.inbound,
        }));
        let answer = granted(call.send().await?)?;
        let body: Value = answer.json()?;
        let (listing, lookup) = (
            &body["data"]["cnam_listing"],
            &body["data"]["caller_id_name_enabled"],
        );
        let is_shown = match shown {
            Some(name) => {
                listing["cnam_listing_enabled"] == true && listing["cnam_listing_details"] == name
            }
            None => listing["cnam_listing_enabled"] == false,
        };
        if is_shown && *lookup == wish.inbound {
            return Ok(Wish::Done);
        }
        Err(answer.garbled("its caller names aren't those that were wished"))
    }
}
