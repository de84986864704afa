//! One file a vendor: its settings, its wire format, what its errors mean.

mod cnam_notifier;
mod dash;

use std::sync::Arc;

use outside::{BadSettings, Service};
use serde_json::{Map, Value};

pub use self::cnam_notifier::CnamNotifier;
use self::dash::Dash;
use crate::name::KNOWN;
use crate::sandbox::Sandbox;
use crate::{CallerNameProvider, EmergencyProvider, ProviderName};

/// What a provider does.
pub enum Vendor {
    /// Keeps emergency addresses.
    Emergency(Arc<dyn EmergencyProvider>),
    /// Lists caller names.
    CallerNames(Arc<dyn CallerNameProvider>),
}

/// The provider of a name with its settings, `[providers.NAME]`.
pub fn vendor(name: &ProviderName, settings: Map<String, Value>) -> Result<Vendor, BadSettings> {
    match name.as_str() {
        "dash_e911" => Dash::new("dash_e911", settings).map(emergency),
        "cnam_notifier" => CnamNotifier::with_settings(&settings).map(caller_names),
        unknown => {
            let problem = format!("providers are {}", KNOWN.join(", "));
            Err(BadSettings::new(&Service::provider(unknown), problem))
        }
    }
}

fn emergency(provider: impl EmergencyProvider + 'static) -> Vendor {
    Vendor::Emergency(if provider.sandbox() {
        Arc::new(Sandbox::new(provider.name()))
    } else {
        Arc::new(provider)
    })
}

fn caller_names(provider: impl CallerNameProvider + 'static) -> Vendor {
    Vendor::CallerNames(if provider.sandbox() {
        Arc::new(Sandbox::new(provider.name()))
    } else {
        Arc::new(provider)
    })
}
