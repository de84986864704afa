//! Which providers there are, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use outside::{BadSettings, Service};
use serde_json::{Map, Value};

use crate::name::KNOWN;
use crate::vendor::CnamNotifier;
use crate::{CallerNameProvider, EmergencyProvider, ProviderName};

/// Every provider that can be asked, by name. `cnam_notifier` is always among
/// them: it needs no settings.
pub struct Providers {
    emergency: BTreeMap<ProviderName, Arc<dyn EmergencyProvider>>,
    caller_names: BTreeMap<ProviderName, Arc<dyn CallerNameProvider>>,
}

impl Default for Providers {
    fn default() -> Self {
        let mut providers = Self {
            emergency: BTreeMap::new(),
            caller_names: BTreeMap::new(),
        };
        providers.add_caller_names(Arc::new(CnamNotifier::new()));
        providers
    }
}

impl Providers {
    /// The providers that are configured: `[providers.NAME]` by name.
    pub fn with_settings(
        settings: BTreeMap<String, Map<String, Value>>,
    ) -> Result<Self, BadSettings> {
        let mut providers = Self::default();
        for (key, settings) in settings {
            providers.configure(&key, &settings)?;
        }
        Ok(providers)
    }

    fn configure(&mut self, key: &str, settings: &Map<String, Value>) -> Result<(), BadSettings> {
        let name = ProviderName::new(key);
        if name.as_str() != "cnam_notifier" {
            let problem = format!("providers are {}", KNOWN.join(", "));
            return Err(BadSettings::new(&Service::provider(name.as_str()), problem));
        }
        self.add_caller_names(Arc::new(CnamNotifier::with_settings(settings)?));
        Ok(())
    }

    /// Who keeps emergency addresses under this name, with or without `knm_`;
    /// `None`: nobody who is configured.
    pub fn emergency(&self, name: &str) -> Option<Arc<dyn EmergencyProvider>> {
        self.emergency.get(&ProviderName::new(name)).cloned()
    }

    /// Who lists caller names under this name, with or without `knm_`; `None`:
    /// nobody who is configured.
    pub fn caller_names(&self, name: &str) -> Option<Arc<dyn CallerNameProvider>> {
        self.caller_names.get(&ProviderName::new(name)).cloned()
    }

    /// Puts a keeper of emergency addresses in, in place of one with the same
    /// name.
    pub fn add_emergency(&mut self, provider: Arc<dyn EmergencyProvider>) {
        self.emergency.insert(provider.name().clone(), provider);
    }

    /// Puts a lister of caller names in, in place of one with the same name.
    pub fn add_caller_names(&mut self, provider: Arc<dyn CallerNameProvider>) {
        self.caller_names.insert(provider.name().clone(), provider);
    }
}
