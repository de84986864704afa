//! One file a vendor: its settings, its wire format, what its errors mean.

mod bandwidth2;
mod didww;
mod nanp;
mod other;
mod simwood;
mod telnyx;
mod twilio;
mod vitelity;
mod voip_innovations;
mod voxbone;

use numbers::carrier::CarrierName;
use serde_json::{Map, Value};

use crate::Carrier;
use crate::registry::UnknownCarrier;
use outside::{BadSettings, Service};

/// The carrier of a name with its settings, `[carriers.NAME]`.
pub fn vendor(
    name: &CarrierName,
    settings: Map<String, Value>,
) -> Result<Box<dyn Carrier>, BadSettings> {
    match name.as_str() {
        "bandwidth2" => bandwidth2::Bandwidth2::new(settings).map(boxed),
        "didww" => didww::Didww::new(settings).map(boxed),
        "other" => other::Other::new(settings).map(boxed),
        "simwood" => simwood::Simwood::new(settings).map(boxed),
        "telnyx" => telnyx::Telnyx::new(settings).map(boxed),
        "twilio" => twilio::Twilio::new(settings).map(boxed),
        "vitelity" => vitelity::Vitelity::new(settings).map(boxed),
        "voip_innovations" => voip_innovations::VoipInnovations::new(settings).map(boxed),
        "voxbone" => voxbone::Voxbone::new(settings).map(boxed),
        unsettable => {
            let problem = if name.is_known() {
                "this carrier has no settings".to_owned()
            } else {
                UnknownCarrier(unsettable.to_owned()).to_string()
            };
            Err(BadSettings::new(&Service::carrier(unsettable), problem))
        }
    }
}

fn boxed(carrier: impl Carrier + 'static) -> Box<dyn Carrier> {
    Box::new(carrier)
}
