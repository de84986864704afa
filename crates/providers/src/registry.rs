//! Which providers there are, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use outside::{BadSettings, Service};
use serde_json::{Map, Value};

use crate::vendor::{CnamNotifier, Vendor, vendor};
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
        let mut configured = BTreeMap::new();
        for (key, settings) in settings {
            let name = ProviderName::new(&key);
            if let Some(first) = configured.insert(name.clone(), key.clone()) {
                let problem = format!("'{first}' and '{key}' are the same provider; keep one");
                return Err(BadSettings::new(&Service::provider(name.as_str()), problem));
            }
            match vendor(&name, settings)? {
                Vendor::Emergency(provider) => providers.add_emergency(provider),
                Vendor::CallerNames(provider) => providers.add_caller_names(provider),
            }
        }
        Ok(providers)
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
