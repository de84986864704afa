//! Documents of accounts and users: what is wrong with them, all at once.

use serde_json::{Map, Value};

use crate::schema::Schema;
use crate::{EngineError, FieldError};

/// The most bytes of JSON that an account's or a user's own fields may take
/// together. A PATCH adds to what is stored, so the limit on a request's body
/// doesn't limit the document.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Everything that is wrong with a document by its size and by its schema.
/// Strings that say a boolean where one is wanted become one.
pub(crate) fn faults(schema: Schema, fields: &mut Map<String, Value>) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let bytes = serde_json::to_vec(&*fields).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_DOCUMENT_BYTES {
        let message = format!("The document is larger than {MAX_DOCUMENT_BYTES} bytes");
        faults.push(FieldError::new("", "maxSize", message).with_target(MAX_DOCUMENT_BYTES));
    }
    faults.extend(schema.faults(fields));
    faults
}

/// `Ok` when there are no faults.
pub(crate) fn failed(faults: Vec<FieldError>) -> Result<(), EngineError> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(EngineError::Validation(faults))
    }
}

/// Takes a text out of the fields; checked before, so anything else counts as
/// absent.
pub(crate) fn take_text(fields: &mut Map<String, Value>, key: &str) -> Option<String> {
    match fields.shift_remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
