//! Public documents: what of a request is kept, how it replaces and merges.

use serde_json::{Map, Value};

/// Keys of a request that are never stored: clients send whole documents back,
/// with what the server put in (spec/http.md 7.2), and envelope members may
/// stand in `data` (1.5). `ui_metadata` names the client's version, so keeping
/// it would make every save a change.
const RESERVED: [&str; 15] = [
    "id",
    "used_by",
    "state",
    "features",
    "features_available",
    "features_allowed",
    "features_denied",
    "assigned_to",
    "created",
    "updated",
    "metadata",
    "ui_metadata",
    "auth_token",
    "accept_charges",
    "create_with_state",
];

/// Old names of the `e911` field; the last one present wins (spec/http.md 6.1).
const E911_ALIASES: [&str; 3] = ["telnyx_e911", "dash_e911", "vitelity_e911"];

/// The public fields of a request's data: without reserved and private keys,
/// with the emergency address under its one name.
///
/// ```
/// # use serde_json::json;
/// let data = json!({"pvt_state": "x", "id": "+1", "note": 1, "dash_e911": {"region": "CA"}});
/// let fields = numbers::document::public_fields(data.as_object().unwrap().clone());
/// assert_eq!(json!(fields), json!({"note": 1, "e911": {"region": "CA"}}));
/// ```
pub fn public_fields(mut data: Map<String, Value>) -> Map<String, Value> {
    for alias in E911_ALIASES {
        if let Some(address) = data.shift_remove(alias) {
            data.insert("e911".to_owned(), address);
        }
    }
    // Into a map of their own: a stored document's has room for all that is left
    // out, four times as much as a number needs, and numbers are kept in memory.
    data.into_iter()
        .filter(|(key, _)| !is_private(key) && !RESERVED.contains(&key.as_str()))
        .collect()
}

fn is_private(key: &str) -> bool {
    key.starts_with('_') || key.starts_with("pvt_")
}

/// What a replacing write (POST, PUT) stores: the fields without nulls, at any
/// depth (spec/http.md 1.6).
pub fn replaced(fields: Map<String, Value>) -> Map<String, Value> {
    fields
        .into_iter()
        .filter_map(|(key, value)| without_nulls(value).map(|value| (key, value)))
        .collect()
}

fn without_nulls(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(members) => Some(Value::Object(replaced(members))),
        other => Some(other),
    }
}

/// What a merging write (PATCH) stores: objects merge at any depth, a null
/// deletes, an empty object replaces, everything else replaces
/// (spec/http.md 7.5, row 7).
///
/// ```
/// # use serde_json::json;
/// let mut stored = json!({"a": {"b": 1, "c": 2}, "d": 3}).as_object().unwrap().clone();
/// let patch = json!({"a": {"b": null, "e": 4}, "d": null}).as_object().unwrap().clone();
/// numbers::document::merge(&mut stored, patch);
/// assert_eq!(json!(stored), json!({"a": {"c": 2, "e": 4}}));
/// ```
pub fn merge(stored: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match (stored.get_mut(&key), value) {
            (_, Value::Null) => {
                stored.shift_remove(&key);
            }
            (Some(Value::Object(old)), Value::Object(new)) if !new.is_empty() => merge(old, new),
            (_, value) => {
                if let Some(value) = without_nulls(value) {
                    stored.insert(key, value);
                }
            }
        }
    }
}

/// Whether a value counts as set: `false` and `0` do, null, `""`, `[]` and `{}`
/// don't.
pub fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
