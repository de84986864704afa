//! Force outbound: a boolean; anything else is off.

use serde_json::{Map, Value};

use crate::state::State;

/// `true` and `false` both survive; a text is off (spec/numbers.md 12).
pub(super) fn settings(public: &Map<String, Value>, state: State) -> Option<Value> {
    let forced = public.get("force_outbound")?.as_bool()?;
    (state == State::InService).then_some(Value::Bool(forced))
}
