//! Features of a number: what can be switched on, from which public field, in
//! which states, with which settings (spec/numbers.md 9). One file a feature.

use std::fmt;

use enumset::{EnumSet, EnumSetType};
use serde_json::{Map, Value};

use crate::number::{Features, Number};
use crate::state::State;

pub mod availability;
pub mod cnam;
pub mod e911;
mod failover;
mod force_outbound;
pub mod lists;
mod messaging;
mod port;
mod prepend;
pub mod provider;
mod ringback;

/// What can be set up on a number.
#[derive(EnumSetType, Debug, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Lets administrators rename the carrier; never stored as a feature.
    CarrierName,
    /// The public switch for both directions of caller names; never stored.
    Cnam,
    /// An emergency address.
    E911,
    /// Where calls go when the number's own way fails.
    Failover,
    /// Calls between own numbers go out through the carrier all the same.
    ForceOutbound,
    /// Looks up the names of callers.
    InboundCnam,
    /// Marks numbers of the `local` and `mdn` carriers.
    Local,
    /// Picture messages.
    Mms,
    /// Shows a name to those called.
    OutboundCnam,
    /// Notes for a port.
    Port,
    /// Puts a text before the caller's name.
    Prepend,
    /// What callers hear while it rings.
    Ringback,
    /// Text messages.
    Sms,
}

/// Features, which come out in the order of their names.
pub type FeatureSet = EnumSet<Feature>;

impl Feature {
    /// Every feature, in the order of their names.
    pub const ALL: [Self; 13] = [
        Self::CarrierName,
        Self::Cnam,
        Self::E911,
        Self::Failover,
        Self::ForceOutbound,
        Self::InboundCnam,
        Self::Local,
        Self::Mms,
        Self::OutboundCnam,
        Self::Port,
        Self::Prepend,
        Self::Ringback,
        Self::Sms,
    ];

    /// The name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CarrierName => "carrier_name",
            Self::Cnam => "cnam",
            Self::E911 => "e911",
            Self::Failover => "failover",
            Self::ForceOutbound => "force_outbound",
            Self::InboundCnam => "inbound_cnam",
            Self::Local => "local",
            Self::Mms => "mms",
            Self::OutboundCnam => "outbound_cnam",
            Self::Port => "port",
            Self::Prepend => "prepend",
            Self::Ringback => "ringback",
            Self::Sms => "sms",
        }
    }

    /// The feature that a name means: its own, a module's (`knm_prepend`,
    /// `wnm_…`) or an old one (`dash_e911`, `port_notifier`, …).
    ///
    /// ```
    /// use numbers::feature::Feature;
    /// assert_eq!(Feature::named("knm_dash_e911"), Some(Feature::E911));
    /// assert_eq!(Feature::named("teleport"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        let bare = name
            .strip_prefix("knm_")
            .or_else(|| name.strip_prefix("wnm_"))
            .unwrap_or(name);
        match bare {
            "dash_e911" | "vitelity_e911" | "telnyx_e911" => Some(Self::E911),
            "cnam_notifier" | "vitelity_cnam" | "telnyx_cnam" => Some(Self::Cnam),
            "port_notifier" | "porting" => Some(Self::Port),
            _ => Self::ALL
                .into_iter()
                .find(|feature| feature.as_str() == bare),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// States in which providers act for a number.
pub const fn is_served(state: State) -> bool {
    matches!(state, State::Reserved | State::InService | State::PortIn)
}

/// The features that a client's document asks for: each public field that is
/// set, and the feature that decides whether it may be.
pub fn requested(public: &Map<String, Value>) -> Vec<(&'static str, Feature)> {
    const FIELDS: [(&str, Feature); 10] = [
        ("carrier_name", Feature::CarrierName),
        ("cnam", Feature::Cnam),
        ("e911", Feature::E911),
        ("failover", Feature::Failover),
        ("force_outbound", Feature::ForceOutbound),
        ("mms", Feature::Mms),
        ("porting", Feature::Port),
        ("prepend", Feature::Prepend),
        ("ringback", Feature::Ringback),
        ("sms", Feature::Sms),
    ];
    let mut fields = FIELDS.to_vec();
    fields.retain(|(field, _)| public.get(*field).is_some_and(crate::document::is_set));
    fields
}

/// Whether a feature is on; the switch of both directions of caller names, with
/// one of them.
pub fn is_on(features: &Features, feature: Feature) -> bool {
    match feature {
        Feature::Cnam => [Feature::InboundCnam, Feature::OutboundCnam]
            .iter()
            .any(|half| features.contains_key(half)),
        feature => features.contains_key(&feature),
    }
}

/// The features that a number has by its public fields and its state. The
/// emergency address is taken over only from what a provider confirmed before:
/// a new one is the effect of a plan, never of a document.
pub fn settings(number: &Number) -> Features {
    let mut features = Features::new();
    let mut on = |feature: Feature, settings: Option<Value>| {
        if let Some(settings) = settings {
            features.insert(feature, settings);
        }
    };
    let (public, state) = (&number.public, number.state);
    on(Feature::Failover, failover::settings(public, state));
    on(
        Feature::ForceOutbound,
        force_outbound::settings(public, state),
    );
    on(Feature::InboundCnam, cnam::inbound(public, state));
    on(Feature::OutboundCnam, cnam::outbound(public, state));
    on(Feature::Mms, messaging::settings(public.get("mms"), state));
    on(Feature::Sms, messaging::settings(public.get("sms"), state));
    on(Feature::Port, port::settings(public));
    on(Feature::Prepend, prepend::settings(public, state));
    on(Feature::Ringback, ringback::settings(public));
    on(Feature::E911, e911::kept(number));
    if let Some(local) = number.features.get(&Feature::Local) {
        on(Feature::Local, Some(local.clone()));
    }
    features
}

/// The emergency address that a document asks for and that no provider has
/// confirmed yet.
pub fn unconfirmed_address(number: &Number) -> Option<&Map<String, Value>> {
    e911::unconfirmed(number)
}
