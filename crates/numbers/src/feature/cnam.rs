//! Caller names: `cnam.display_name` shown to those called,
//! `cnam.inbound_lookup` asks for the names of callers.

use serde_json::{Map, Value, json};

use super::is_served;
use crate::state::State;

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
