//! Notes for a port, in any state.

use serde_json::{Map, Value};

/// The public `porting` object, when it says something.
pub(super) fn settings(public: &Map<String, Value>) -> Option<Value> {
    public
        .get("porting")
        .filter(|notes| notes.is_object() && crate::document::is_set(notes))
        .cloned()
}
