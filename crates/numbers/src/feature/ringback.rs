//! Ringback: media ids for early media and transfer, in any state.

use serde_json::{Map, Value};

/// The public object, when it names a medium.
pub(super) fn settings(public: &Map<String, Value>) -> Option<Value> {
    let ringback = public.get("ringback")?;
    ["early", "transfer"]
        .iter()
        .any(|key| ringback.get(key).is_some_and(crate::document::is_set))
        .then(|| ringback.clone())
}
