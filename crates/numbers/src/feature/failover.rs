//! Failover: another E.164 number or a SIP address, for numbers in service.

use serde_json::{Map, Value};

use crate::state::State;

/// The public object, when it names a target.
pub(super) fn settings(public: &Map<String, Value>, state: State) -> Option<Value> {
    let failover = public.get("failover")?;
    let names_target = ["e164", "sip"]
        .iter()
        .any(|key| failover.get(key).is_some_and(crate::document::is_set));
    (state == State::InService && names_target).then(|| failover.clone())
}
