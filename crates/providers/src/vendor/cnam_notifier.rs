//! `cnam_notifier` (spec/integrations.md 2.13): nobody is called; who reads the
//! event of the change does the work at the carrier's by hand.

use async_trait::async_trait;
use numbers::e164::E164;
use outside::{BadSettings, Service};
use serde_json::{Map, Value};

use crate::{CallerNameProvider, CallerNames, ProviderError, ProviderName, Wish};

/// Leaves caller names to a person.
pub struct CnamNotifier {
    name: ProviderName,
}

impl CnamNotifier {
    /// There is only one.
    pub fn new() -> Self {
        Self {
            name: ProviderName::new("cnam_notifier"),
        }
    }

    /// There is nothing to set.
    pub fn with_settings(settings: &Map<String, Value>) -> Result<Self, BadSettings> {
        let notifier = Self::new();
        match settings.keys().next() {
            None => Ok(notifier),
            Some(key) => Err(BadSettings::new(
                &Service::provider(notifier.name.as_str()),
                format!("it has no setting '{key}', nor any other"),
            )),
        }
    }
}

#[async_trait]
impl CallerNameProvider for CnamNotifier {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    async fn set(&self, _number: &E164, _wish: &CallerNames) -> Result<Wish, ProviderError> {
        Ok(Wish::ByHand)
    }
}
