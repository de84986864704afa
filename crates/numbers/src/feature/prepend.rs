//! Prepend: a text before the caller's name, while enabled and in service.

use serde_json::{Map, Value};

use crate::state::State;

/// The public object, only when `enabled` is true.
pub(super) fn settings(public: &Map<String, Value>, state: State) -> Option<Value> {
    let prepend = public.get("prepend")?;
    let enabled = prepend.get("enabled").and_then(Value::as_bool)?;
    (enabled && state == State::InService).then(|| prepend.clone())
}
