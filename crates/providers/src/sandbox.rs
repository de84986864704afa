//! Providers that are only played. That nothing leaves is the client's to keep
//! ([`outside::http`]); this gives the answers. They say that they are played,
//! and never have a status that somebody could take for a provider's word.

use async_trait::async_trait;
use numbers::e164::E164;
use outside::{Failure, Service};
use serde_json::{Map, Value, json};

use crate::{
    Address, CallerNameProvider, CallerNames, Checked, EmergencyProvider, Located, Placed,
    ProviderError, ProviderName, Removal, Standing, Wish,
};

const COMMENT: &str = "sandbox: not sent to any provider";
const KEY: &str = "sandbox";

/// Plays a provider of either kind.
pub struct Sandbox {
    name: ProviderName,
}

impl Sandbox {
    /// Plays the provider of this name.
    pub fn new(name: &ProviderName) -> Self {
        Self { name: name.clone() }
    }
}

fn is_played(keys: &Map<String, Value>) -> bool {
    keys.contains_key(KEY)
}

fn played(mut fields: Map<String, Value>) -> Located {
    fields.remove("status");
    fields.insert("comments".to_owned(), json!(COMMENT));
    Located {
        fields,
        keys: Map::from_iter([(KEY.to_owned(), Value::Bool(true))]),
    }
}

#[async_trait]
impl EmergencyProvider for Sandbox {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        true
    }

    async fn check(&self, address: &Address) -> Result<Checked, ProviderError> {
        Ok(Checked::Found(played(address.fields())))
    }

    async fn place(
        &self,
        _number: &E164,
        _address: &Address,
        located: &Located,
        previous: Option<&Map<String, Value>>,
        _reference: &str,
    ) -> Result<Placed, ProviderError> {
        // Playing over an address that is in force would hide it.
        previous.map_or(Ok(()), |keys| self.refuse_real(keys))?;
        Ok(Placed::Provisioned(played(located.fields.clone())))
    }

    async fn standing(
        &self,
        _number: &E164,
        located: &Located,
        _reference: &str,
    ) -> Result<Standing, ProviderError> {
        self.refuse_real(&located.keys)?;
        Ok(Standing::Provisioned(played(located.fields.clone())))
    }

    async fn remove(
        &self,
        _number: &E164,
        keys: &Map<String, Value>,
    ) -> Result<Removal, ProviderError> {
        self.refuse_real(keys)?;
        Ok(Removal::Done)
    }
}

impl Sandbox {
    /// What a provider really has isn't ours to play with.
    fn refuse_real(&self, keys: &Map<String, Value>) -> Result<(), ProviderError> {
        if is_played(keys) {
            return Ok(());
        }
        let service = Service::provider(self.name.as_str());
        let reason = "the number has an address from before the provider was set to sandbox: \
                      nothing leaves, and so it can't be changed";
        Err(ProviderError::new(&service, Failure::NotSent, reason))
    }
}

#[async_trait]
impl CallerNameProvider for Sandbox {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn sandbox(&self) -> bool {
        true
    }

    async fn set(&self, _number: &E164, _wish: &CallerNames) -> Result<Wish, ProviderError> {
        Ok(Wish::Done)
    }
}
