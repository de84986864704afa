//! Text and picture messages: `sms` and `mms`, `{enabled: true}`.

use serde_json::Value;

use crate::state::State;

/// The public object of one of the two, when enabled and in service.
pub(super) fn settings(field: Option<&Value>, state: State) -> Option<Value> {
    let field = field?;
    let enabled = field.get("enabled").and_then(Value::as_bool)?;
    (enabled && state == State::InService).then(|| field.clone())
}
