//! Checks of the documents of accounts and users: every rule that they break,
//! in the words of the API (spec/http.md 2.6).

use serde_json::{Map, Value};

use crate::{EngineError, FieldError};

/// The most bytes of JSON that an account's or a user's own fields may take
/// together. A PATCH adds to what is stored, so the limit on a request's body
/// doesn't limit the document.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// A set of characters, and its pattern as errors show it.
pub(crate) struct Charset {
    pub(crate) pattern: &'static str,
    pub(crate) contains: fn(char) -> bool,
}

/// What may stand in a realm.
pub(crate) const REALM: Charset = Charset {
    pattern: r"^[.\w_-]+$",
    contains: |c| is_word(c) || matches!(c, '.' | '-'),
};

/// What may stand in a username.
pub(crate) const USERNAME: Charset = Charset {
    pattern: r"^([+@.\w_-]+)$",
    contains: |c| is_word(c) || matches!(c, '+' | '@' | '.' | '-'),
};

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Fields under check, and what is wrong so far.
pub(crate) struct Check<'f> {
    fields: &'f mut Map<String, Value>,
    errors: Vec<FieldError>,
}

impl<'f> Check<'f> {
    /// Begins with everything that is wrong with the document as a whole.
    pub(crate) fn new(fields: &'f mut Map<String, Value>) -> Self {
        let mut errors = Vec::new();
        let bytes = serde_json::to_vec(&*fields).map_or(usize::MAX, |json| json.len());
        if bytes > MAX_DOCUMENT_BYTES {
            let message = format!("The document is larger than {MAX_DOCUMENT_BYTES} bytes");
            errors.push(FieldError::new("", "maxSize", message).with_target(MAX_DOCUMENT_BYTES));
        }
        Self { fields, errors }
    }

    /// The key must be there.
    pub(crate) fn required(&mut self, key: &str) {
        if !self.fields.contains_key(key) {
            self.errors.push(required(key));
        }
    }

    /// If there, a text of `min` to `max` characters.
    pub(crate) fn text(&mut self, key: &str, min: usize, max: usize) {
        let Some(value) = self.fields.get(key) else {
            return;
        };
        let Some(text) = value.as_str() else {
            self.errors.push(wrong_type(key, "string", value));
            return;
        };
        let length = text.chars().count();
        if length < min {
            self.errors.push(too_short(key, min, text));
        } else if length > max {
            self.errors.push(too_long(key, max, text));
        }
    }

    /// If there and a text, made of these characters only.
    pub(crate) fn charset(&mut self, key: &str, set: &Charset) {
        let Some(text) = self.fields.get(key).and_then(Value::as_str) else {
            return;
        };
        if !text.chars().all(set.contains) {
            let message = format!("Failed to match pattern '{}'", set.pattern);
            let error = FieldError::new(key, "pattern", message);
            self.errors
                .push(error.with_target(set.pattern).with_value(text));
        }
    }

    /// If there, one of these texts.
    pub(crate) fn one_of(&mut self, key: &str, allowed: &[&str]) {
        let Some(value) = self.fields.get(key) else {
            return;
        };
        if !value.as_str().is_some_and(|text| allowed.contains(&text)) {
            let message = "Value not found in enumerated list of values";
            let error = FieldError::new(key, "enum", message);
            self.errors
                .push(error.with_target(allowed).with_value(value.clone()));
        }
    }

    /// If there, true or false; the texts `"true"` and `"false"` become so.
    pub(crate) fn boolean(&mut self, key: &str) {
        let Some(value) = self.fields.get_mut(key) else {
            return;
        };
        match value.as_str() {
            Some("true") => *value = Value::Bool(true),
            Some("false") => *value = Value::Bool(false),
            _ if value.is_boolean() => {}
            _ => self.errors.push(wrong_type(key, "boolean", value)),
        }
    }

    /// No other keys than these.
    pub(crate) fn only(&mut self, known: &[&str]) {
        const MESSAGE: &str =
            "Strict checking of data is enabled; only include schema-defined properties";
        for key in self
            .fields
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
        {
            // Dots in a key aren't the dots of a path (spec/http.md 2.6).
            let path = key.replace('.', "%2E");
            self.errors
                .push(FieldError::new(path, "additionalProperties", MESSAGE));
        }
    }

    /// Adds an error.
    pub(crate) fn push(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// A field.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key)
    }

    /// Everything that is wrong, if anything is.
    pub(crate) fn finish(self) -> Result<(), EngineError> {
        failed(self.errors)
    }
}

/// `Ok` when there are no errors.
pub(crate) fn failed(errors: Vec<FieldError>) -> Result<(), EngineError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(EngineError::Validation(errors))
    }
}

/// A missing field.
pub(crate) fn required(key: &str) -> FieldError {
    FieldError::new(key, "required", "Field is required but missing").with_value(key)
}

/// A value of another type than `expected`.
pub(crate) fn wrong_type(key: &str, expected: &'static str, value: &Value) -> FieldError {
    FieldError::new(
        key,
        "type",
        format!("Value did not match type(s): {expected}"),
    )
    .with_target(expected)
    .with_value(value.clone())
}

fn too_short(key: &str, min: usize, text: &str) -> FieldError {
    FieldError::new(
        key,
        "minLength",
        format!("String must be at least {min} characters"),
    )
    .with_target(min)
    .with_cause(text)
    .with_value(text)
}

fn too_long(key: &str, max: usize, text: &str) -> FieldError {
    FieldError::new(
        key,
        "maxLength",
        format!("String must not be more than {max} characters"),
    )
    .with_target(max)
    .with_cause(text)
    .with_value(text)
}

/// Takes a text out of the fields; checked before, so anything else counts as
/// absent.
pub(crate) fn take_text(fields: &mut Map<String, Value>, key: &str) -> Option<String> {
    match fields.shift_remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
