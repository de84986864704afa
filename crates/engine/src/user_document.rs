//! Users as documents: what clients may write, and what they see.

use serde_json::{Map, Value};
use store::{PrivilegeLevel, User};

/// What the server says of a user and clients send back: never stored.
const READ_ONLY: [&str; 6] = [
    "id",
    "created",
    "modified",
    "features",
    "ui_metadata",
    "auth_token",
];

/// A request's fields, without what clients can't set.
pub(crate) fn writable(mut data: Map<String, Value>) -> Map<String, Value> {
    data.retain(|key, _| {
        !key.starts_with('_') && !key.starts_with("pvt_") && !READ_ONLY.contains(&key.as_str())
    });
    data
}

/// What a user's own document holds, in the form of a request.
pub(crate) fn writable_document(user: &User) -> Map<String, Value> {
    let mut fields = Map::new();
    if let Some(username) = &user.username {
        fields.insert("username".to_owned(), username.as_str().into());
    }
    fields.insert("enabled".to_owned(), user.enabled.into());
    fields.insert("priv_level".to_owned(), priv_level(user).into());
    fields.extend(user.public.clone());
    fields
}

fn priv_level(user: &User) -> &'static str {
    match user.priv_level {
        PrivilegeLevel::User => "user",
        PrivilegeLevel::Admin => "admin",
    }
}

/// A user's document as clients see it. Nothing of the password is in it.
pub fn user_document(user: &User) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), user.id.0.as_str().into());
    shown.extend(writable_document(user));
    shown.insert("created".to_owned(), user.created.get().into());
    shown
}

/// What filters of listings look at: the document, and the times under the names
/// that Kazoo stores them by (spec/http.md 5.2).
pub fn filtered_document(user: &User) -> Map<String, Value> {
    let mut fields = user_document(user);
    fields.insert("pvt_created".to_owned(), user.created.get().into());
    fields.insert("pvt_modified".to_owned(), user.modified.get().into());
    fields
}

/// A user's row in a listing.
pub fn user_row(user: &User) -> Map<String, Value> {
    let mut row = Map::new();
    row.insert("id".to_owned(), user.id.0.as_str().into());
    if let Some(username) = &user.username {
        row.insert("username".to_owned(), username.as_str().into());
    }
    for key in ["email", "first_name", "last_name", "timezone"] {
        if let Some(value) = user.public.get(key) {
            row.insert(key.to_owned(), value.clone());
        }
    }
    row.insert("priv_level".to_owned(), priv_level(user).into());
    row.insert("features".to_owned(), Value::Array(Vec::new()));
    row
}
