//! Caller names: `cnam.display_name` shown to those called,
//! `cnam.inbound_lookup` asks for the names of callers.

use serde_json::{Map, Value, json};

use super::{Feature, is_served};
use crate::number::Number;
use crate::state::State;

/// The caller names that a number has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerNames {
    /// The name that those called see.
    pub outbound: Option<String>,
    /// Whether the names of callers are looked up.
    pub inbound: bool,
}

impl CallerNames {
    /// Those that are switched on.
    pub fn of(number: &Number) -> Self {
        let shown = number.features.get(&Feature::OutboundCnam);
        let name = shown.and_then(|shown| shown.get("display_name")?.as_str());
        Self {
            outbound: name.map(str::to_owned),
            inbound: number.features.contains_key(&Feature::InboundCnam),
        }
    }
}

/// `outbound_cnam`: the name that is shown.
pub(super) fn outbound(public: &Map<String, Value>, state: State) -> Option<Value> {
    let name = public.get("cnam")?.get("display_name")?.as_str()?;
    (is_served(state) && !name.is_empty()).then(|| json!({ "display_name": name }))
}

/// `inbound_cnam`: names of callers are looked up.
pub(super) fn inbound(public: &Map<String, Value>, state: State) -> Option<Value> {
    let wanted = public.get("cnam")?.get("inbound_lookup")?.as_bool()?;
    (is_served(state) && wanted).then(|| json!({ "inbound_lookup": true }))
}
