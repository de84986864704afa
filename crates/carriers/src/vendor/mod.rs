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
use crate::settings::BadSettings;

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
        _ if name.is_known() => Err(BadSettings::new(name, "this carrier has no settings")),
        unknown => Err(BadSettings::new(
            name,
            UnknownCarrier(unknown.to_owned()).to_string(),
        )),
    }
}

fn boxed(carrier: impl Carrier + 'static) -> Box<dyn Carrier> {
    Box::new(carrier)
}
