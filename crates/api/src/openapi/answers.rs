//! What answers look like. Each handler names the schema of its answer's data;
//! here the envelope comes around it.

use numbers::feature::Feature;
use numbers::state::State;
use serde_json::{Value, json};

use super::reference;
use crate::dialect::Dialect;

/// Listings that can be had as tables, too.
const TABLES: [&str; 7] = [
    "AccountPath",
    "AccountRows",
    "Events",
    "NumberListing",
    "NumberListingOrSearch",
    "UserRows",
    "WebhookRows",
];

/// Everything that answers are made of, by name.
pub(super) fn schemas() -> Value {
    // A part of the program; a test reads it.
    let mut schemas: Value =
        serde_json::from_str(include_str!("../../schemas/answers.json")).unwrap_or_default();
    schemas["State"] = json!({"enum": State::ALL.map(State::as_str)});
    let mut features: Vec<&str> = [Dialect::V43, Dialect::D2016]
        .into_iter()
        .flat_map(|dialect| Feature::ALL.map(|feature| dialect.feature_name(feature)))
        .collect();
    features.sort_unstable();
    features.dedup();
    schemas["Feature"] = json!({ "enum": features });
    schemas
}

/// Puts the envelope around every answer of the versioned API.
pub(super) fn wrap(document: &mut Value) {
    let paths = document["paths"].as_object_mut();
    for (path, methods) in paths.into_iter().flatten() {
        if !path.starts_with("/v2") {
            continue;
        }
        for (_, operation) in methods.as_object_mut().into_iter().flatten() {
            let Some(answers) = operation["responses"].as_object_mut() else {
                continue;
            };
            for (status, answer) in answers.iter_mut() {
                let data = answer.pointer("/content/application~1json/schema/$ref");
                let data = data.and_then(Value::as_str).map(str::to_owned);
                answer["content"] = content(status, data.as_deref());
            }
            answers.insert(
                "default".to_owned(),
                json!({"description": "Refused", "content": content("default", None)}),
            );
        }
    }
}

/// An answer with this status, whose data has the schema of this name.
fn content(status: &str, data: Option<&str>) -> Value {
    let schema = match (status, data) {
        ("402", _) => reference("AcceptCharges"),
        (status, Some(data)) if status.starts_with('2') => json!({
            "allOf": [
                reference("Envelope"),
                {"type": "object", "required": ["data"], "properties": {"data": reference(data)}},
            ],
        }),
        (status, None) if status.starts_with('2') => reference("Envelope"),
        _ => reference("Error"),
    };
    let mut content = json!({"application/json": {"schema": schema}});
    if data.is_some_and(|data| TABLES.contains(&data)) {
        content["text/csv"] = json!({"schema": {"type": "string"}});
    }
    content
}
