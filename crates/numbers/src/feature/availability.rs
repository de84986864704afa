//! Which features may be switched on: allowed minus denied
//! (spec/numbers.md 9, "Available"), of what the carrier has.

use std::collections::{BTreeMap, BTreeSet};

use enumset::enum_set;
use serde_json::{Map, Value};

use super::{Feature, FeatureSet};
use crate::carrier::CarrierName;
use crate::number::Number;

/// The lists that decide, of the system or of a reseller's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureRules {
    /// `features.allow`; `None` when not set.
    pub allow: Option<FeatureSet>,
    /// `features.deny`; `None` when not set.
    pub deny: Option<FeatureSet>,
    /// `local_feature_override`: local numbers may have what needs a provider.
    pub local_override: bool,
    /// What carriers can't do, by carrier; only the system's counts.
    pub carriers_lack: BTreeMap<CarrierName, FeatureSet>,
}

/// What the system allows when nothing else is said.
const DEFAULT_ALLOWED: FeatureSet = enum_set!(
    Feature::CarrierName
        | Feature::Cnam
        | Feature::E911
        | Feature::Failover
        | Feature::ForceOutbound
        | Feature::InboundCnam
        | Feature::Mms
        | Feature::OutboundCnam
        | Feature::Port
        | Feature::Prepend
        | Feature::Ringback
        | Feature::Sms
);

/// What needs somebody outside, and so can't be had for local and unowned
/// numbers.
const EXTERNAL: FeatureSet = enum_set!(
    Feature::Cnam
        | Feature::E911
        | Feature::InboundCnam
        | Feature::Mms
        | Feature::OutboundCnam
        | Feature::Port
        | Feature::Sms
);

impl FeatureRules {
    /// Reads `features.allow`, `features.deny` (lists of names, old names too)
    /// and `local_feature_override` of a `number_manager` object. Names that
    /// mean nothing are passed over, as stored settings of other versions may
    /// have them.
    pub fn from_settings(settings: &Map<String, Value>) -> Self {
        let list = |name: &str| {
            let names = settings.get("features")?.get(name)?.as_array()?;
            Some(names_of(names.iter().filter_map(Value::as_str)))
        };
        let legacy = || {
            let names = settings.get("providers")?.as_array()?;
            Some(names_of(names.iter().filter_map(Value::as_str)))
        };
        Self {
            allow: list("allow").or_else(legacy),
            deny: list("deny"),
            local_override: settings
                .get("local_feature_override")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            carriers_lack: BTreeMap::new(),
        }
    }
}

/// The features that a list of names means; the name of both caller-name
/// features means each.
fn names_of<'a>(names: impl IntoIterator<Item = &'a str>) -> FeatureSet {
    let mut features: FeatureSet = names.into_iter().filter_map(Feature::named).collect();
    if features.contains(Feature::Cnam) {
        features |= Feature::InboundCnam | Feature::OutboundCnam;
    }
    features
}

/// The features that may be switched on for this number by this caller, in the
/// order of their names.
pub fn available(
    number: &Number,
    caller_is_admin: bool,
    reseller: Option<&FeatureRules>,
    system: &FeatureRules,
) -> FeatureSet {
    let own = |names: &BTreeSet<String>| {
        (!names.is_empty()).then(|| names_of(names.iter().map(String::as_str)))
    };
    let mut allowed = own(&number.features_allowed)
        .or_else(|| reseller.and_then(|rules| rules.allow))
        .or(system.allow)
        .unwrap_or(DEFAULT_ALLOWED);
    let denied =
        own(&number.features_denied).unwrap_or_else(|| denied_by_rules(number, reseller, system));
    allowed -= denied;
    // No list gives a number what its carrier doesn't have.
    if let Some(lacking) = system.carriers_lack.get(&number.carrier) {
        allowed -= *lacking;
    }
    allowed.remove(Feature::Local);
    if !caller_is_admin {
        allowed.remove(Feature::CarrierName);
    }
    allowed
}

fn denied_by_rules(
    number: &Number,
    reseller: Option<&FeatureRules>,
    system: &FeatureRules,
) -> FeatureSet {
    let local_override =
        reseller.is_some_and(|rules| rules.local_override) || system.local_override;
    let mut denied = reseller
        .and_then(|rules| rules.deny)
        .or(system.deny)
        .unwrap_or_else(|| {
            let local = number.carrier.is_local() && !local_override;
            if local || number.owner.is_none() {
                EXTERNAL
            } else {
                FeatureSet::empty()
            }
        });
    let allowed_here = number
        .features_allowed
        .iter()
        .any(|name| Feature::named(name) == Some(Feature::Failover));
    if number.used_by.as_deref() != Some("trunkstore") && !allowed_here {
        denied.insert(Feature::Failover);
    }
    denied
}
