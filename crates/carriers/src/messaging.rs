//! Which messages a carrier's numbers can have, `[carriers.NAME.features]`
//! (spec/integrations.md 2.13): any carrier's, one that is only a name too.

use numbers::feature::{Feature, FeatureSet};
use outside::{BadSettings, Service};
use serde::Deserialize;
use serde_json::Value;

/// What is said of a carrier's messages. What isn't said is decided by the
/// lists of features alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Messaging {
    /// Text messages.
    pub sms: Option<Messages>,
    /// Picture messages.
    pub mms: Option<Messages>,
}

/// What is said of one kind of messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// Whether the carrier has them.
    pub enabled: bool,
    /// Who switches them on and off at the carrier.
    #[serde(default)]
    pub activation: Activation,
    /// Mail addresses of those who do it by hand.
    #[serde(default)]
    pub activation_notify_to: Vec<String>,
}

/// Who switches messages of a number on and off at its carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nobody needs to.
    #[default]
    Auto,
    /// A person.
    Manual,
}

impl Messaging {
    /// Reads `features` of a carrier's settings.
    pub(crate) fn read(carrier: &str, features: Value) -> Result<Self, BadSettings> {
        serde_json::from_value(features).map_err(|error| {
            let problem = format!("in 'features': {error}");
            BadSettings::new(&Service::carrier(carrier), problem)
        })
    }

    /// What is said of a feature that means messages.
    pub const fn of(&self, feature: Feature) -> Option<&Messages> {
        match feature {
            Feature::Sms => self.sms.as_ref(),
            Feature::Mms => self.mms.as_ref(),
            _ => None,
        }
    }

    /// The features that the carrier doesn't have.
    pub fn lacking(&self) -> FeatureSet {
        let kinds = [Feature::Mms, Feature::Sms].into_iter();
        kinds
            .filter(|kind| self.of(*kind).is_some_and(|messages| !messages.enabled))
            .collect()
    }
}
