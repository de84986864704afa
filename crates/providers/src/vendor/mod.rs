//! One file a vendor: its settings, its wire format, what its errors mean.

mod cnam_notifier;
mod dash;
mod telnyx;
mod twilio;
mod vitelity;

use std::sync::Arc;

use outside::{BadSettings, Service};
use serde_json::{Map, Value};

pub use self::cnam_notifier::CnamNotifier;
use self::dash::Dash;
use self::telnyx::{TelnyxCnam, TelnyxE911};
use self::twilio::TwilioE911;
use self::vitelity::{VitelityCnam, VitelityE911};
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
        // Bandwidth's own API for emergency addresses takes another form; until
        // it is documented in full, this is Dash under the vendor's name.
        "dash_e911" | "bandwidth_e911" => Dash::new(name.as_str(), settings).map(emergency),
        "telnyx_e911" => TelnyxE911::new(settings).map(emergency),
        "twilio_e911" => TwilioE911::new(settings).map(emergency),
        "telnyx_cnam" => TelnyxCnam::new(settings).map(caller_names),
        "vitelity_e911" => VitelityE911::new(settings).map(emergency),
        "vitelity_cnam" => VitelityCnam::new(settings).map(caller_names),
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
