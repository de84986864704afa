//! JSON schemas of what clients send, and their faults in the words of
//! spec/http.md 2.6. What a schema can't say (what is unique, what needs what)
//! is checked where the document is made into a record.

use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::{Map, Number, Value};

use crate::{EngineError, FieldError};

/// The schemas, each a file in `schemas/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Fields of a number (6.1).
    PhoneNumbers,
    /// Parameters of a search (6.2).
    FindNumbers,
    /// A user's log-in (3.3).
    UserAuth,
    /// A log-in with an API key (3.4).
    ApiAuth,
    /// Fields of an account (4.2).
    Accounts,
    /// Fields of a user (4.3).
    Users,
    /// Fields of a webhook (9.3).
    Webhooks,
    /// What is told of an emergency call.
    EmergencyCalls,
}

/// A schema's text and its compiled form.
struct Compiled {
    text: Value,
    validator: Validator,
}

/// How often strings are turned into what is wanted before faults count; one
/// pass finds them all unless a schema is nested in an alternative.
const COERCION_PASSES: usize = 3;

impl Schema {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PhoneNumbers,
        Self::FindNumbers,
        Self::UserAuth,
        Self::ApiAuth,
        Self::Accounts,
        Self::Users,
        Self::Webhooks,
        Self::EmergencyCalls,
    ];

    /// The name, which is the file's too.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PhoneNumbers => "phone_numbers",
            Self::FindNumbers => "find_numbers",
            Self::UserAuth => "user_auth",
            Self::ApiAuth => "api_auth",
            Self::Accounts => "accounts",
            Self::Users => "users",
            Self::Webhooks => "webhooks",
            Self::EmergencyCalls => "emergency_calls",
        }
    }

    /// The schema itself, for people and programs that write requests.
    pub fn document(self) -> &'static Value {
        &self.compiled().text
    }

    fn compiled(self) -> &'static Compiled {
        static ALL: LazyLock<[Compiled; 8]> = LazyLock::new(|| {
            [
                compile(include_str!("../schemas/phone_numbers.json")),
                compile(include_str!("../schemas/find_numbers.json")),
                compile(include_str!("../schemas/user_auth.json")),
                compile(include_str!("../schemas/api_auth.json")),
                compile(include_str!("../schemas/accounts.json")),
                compile(include_str!("../schemas/users.json")),
                compile(include_str!("../schemas/webhooks.json")),
                compile(include_str!("../schemas/emergency_calls.json")),
            ]
        });
        &ALL[self as usize]
    }

    /// Checks data. Strings that say a number or a boolean where one is wanted
    /// become one.
    ///
    /// # Errors
    /// [`EngineError::Validation`] with every fault at once.
    pub fn check(self, data: &mut Map<String, Value>) -> Result<(), EngineError> {
        let faults = self.faults(data);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(EngineError::Validation(faults))
        }
    }

    /// The same, for callers that know of more faults than the schema does.
    pub(crate) fn faults(self, data: &mut Map<String, Value>) -> Vec<FieldError> {
        let mut value = Value::Object(std::mem::take(data));
        let faults = self.faults_of(&mut value);
        if let Value::Object(checked) = value {
            *data = checked;
        }
        faults
    }

    fn faults_of(self, value: &mut Value) -> Vec<FieldError> {
        let validator = &self.compiled().validator;
        if validator.is_valid(value) {
            return Vec::new();
        }
        for _ in 0..COERCION_PASSES {
            let coerced: Vec<(String, Value)> = validator
                .iter_errors(value)
                .filter_map(|error| {
                    let wanted = coerced(&error)?;
                    Some((error.instance_path().as_str().to_owned(), wanted))
                })
                .collect();
            if coerced.is_empty() {
                break;
            }
            for (pointer, wanted) in coerced {
                if let Some(place) = value.pointer_mut(&pointer) {
                    *place = wanted;
                }
            }
        }
        validator
            .iter_errors(value)
            .flat_map(|error| field_errors(&error))
            .collect()
    }
}

/// The schemas are part of the program; a test compiles them all.
fn compile(text: &str) -> Compiled {
    let text: Value = serde_json::from_str(text).expect("the schemas are JSON");
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&text)
        .expect("the schemas are schemas");
    Compiled { text, validator }
}

/// What a string that has the wrong type says, where it says something of a
/// wanted type.
fn coerced(error: &ValidationError<'_>) -> Option<Value> {
    let ValidationErrorKind::Type { kind } = error.kind() else {
        return None;
    };
    let text = error.instance().as_str()?;
    types(kind).into_iter().find_map(|wanted| match wanted {
        JsonType::Boolean => text.parse().ok().map(Value::Bool),
        JsonType::Integer => text.parse::<i64>().ok().map(Value::from),
        JsonType::Number => text
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number),
        _ => None,
    })
}

fn types(kind: &TypeKind) -> Vec<JsonType> {
    match kind {
        TypeKind::Single(single) => vec![*single],
        TypeKind::Multiple(several) => several.into_iter().collect(),
    }
}

/// Keys joined with dots, a dot within a key as `%2E`.
fn path(location: &Location) -> String {
    let mut path = String::new();
    for segment in location.segments() {
        let text = match segment {
            LocationSegment::Property(name) => name.into_owned(),
            LocationSegment::Index(index) => index.to_string(),
        };
        push(&mut path, &text);
    }
    path
}

fn push(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(&key.replace('.', "%2E"));
}

/// A fault as spec/http.md 2.6 shows it: what is missing and what is too much
/// under its own path, everything else under the path of the value.
fn field_errors(error: &ValidationError<'_>) -> Vec<FieldError> {
    let path = path(error.instance_path());
    let value = error.instance().as_ref();
    let below = |key: &str, rule, message: &str, value: Option<Value>| {
        let mut path = path.clone();
        push(&mut path, key);
        FieldError {
            value,
            ..FieldError::new(path, rule, message)
        }
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let key = property.as_str().unwrap_or_default();
            let message = "Field is required but missing";
            vec![below(key, "required", message, Some(property.clone()))]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let message = "Strict checking of data is enabled; \
                           only include schema-defined properties";
            let faults = unexpected.iter().map(|key| {
                below(
                    key,
                    "additionalProperties",
                    message,
                    value.get(key).cloned(),
                )
            });
            faults.collect()
        }
        _ => {
            let (rule, message, target) = words(error);
            let is_length = matches!(rule, "minLength" | "maxLength");
            vec![FieldError {
                target,
                cause: is_length.then(|| value.clone()),
                value: Some(value.clone()),
                ..FieldError::new(path, rule, message)
            }]
        }
    }
}

/// Rule, text and target of a fault, by the table of spec/http.md 2.6.
fn words(error: &ValidationError<'_>) -> (&'static str, String, Option<Value>) {
    use ValidationErrorKind as Kind;

    let count = |limit: u64| Some(limit.into());
    match error.kind() {
        Kind::Type { kind } => {
            let names: Vec<&str> = types(kind).iter().map(|name| name.as_str()).collect();
            let names = names.join(", ");
            let message = format!("Value did not match type(s): {names}");
            ("type", message, Some(names.into()))
        }
        Kind::MinLength { limit } => {
            let message = format!("String must be at least {limit} characters");
            ("minLength", message, count(*limit))
        }
        Kind::MaxLength { limit } => {
            let message = format!("String must not be more than {limit} characters");
            ("maxLength", message, count(*limit))
        }
        Kind::Enum { options } => {
            let message = "Value not found in enumerated list of values".to_owned();
            ("enum", message, Some(options.as_ref().clone()))
        }
        Kind::Pattern { pattern } => {
            let message = format!("Failed to match pattern '{pattern}'");
            ("pattern", message, Some(pattern.as_str().into()))
        }
        Kind::Minimum { limit } => {
            let message = format!("Value must be at least {limit}");
            ("minimum", message, Some(limit.clone()))
        }
        Kind::Maximum { limit } => {
            let message = format!("Value must be at most {limit}");
            ("maximum", message, Some(limit.clone()))
        }
        Kind::MinItems { limit } => {
            let message = format!("The list must have at least {limit} items");
            ("minItems", message, count(*limit))
        }
        Kind::MaxItems { limit } => {
            let message = format!("The list is more than {limit} items");
            ("maxItems", message, count(*limit))
        }
        Kind::UniqueItems => (
            "uniqueItems",
            "List of items is not unique".to_owned(),
            None,
        ),
        Kind::MinProperties { limit } => {
            let message = format!("The object must have at least {limit} keys");
            ("minProperties", message, count(*limit))
        }
        Kind::Format { format } => {
            let message = "Field is not in the correct format".to_owned();
            ("wrong_format", message, Some(format.as_str().into()))
        }
        _ => ("failed to validate", error.to_string(), None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Schema, data: Value) -> Result<Value, Value> {
        let Value::Object(mut data) = data else {
            panic!("not an object: {data}");
        };
        match schema.check(&mut data) {
            Ok(()) => Ok(Value::Object(data)),
            Err(EngineError::Validation(faults)) => Err(by_path(&faults)),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Faults as clients see them: path → rule → details.
    fn by_path(faults: &[FieldError]) -> Value {
        let mut all = json!({});
        for fault in faults {
            let mut details = json!({"message": fault.message});
            let members = [
                ("target", &fault.target),
                ("cause", &fault.cause),
                ("value", &fault.value),
            ];
            for (name, member) in members {
                if let Some(member) = member {
                    details[name] = member.clone();
                }
            }
            all[&fault.path][fault.rule] = details;
        }
        all
    }

    #[test]
    fn all_of_them_compile_under_their_names() {
        for schema in Schema::ALL {
            let file = format!(
                "{}/schemas/{}.json",
                env!("CARGO_MANIFEST_DIR"),
                schema.name()
            );
            let text = std::fs::read_to_string(file).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&text).unwrap(),
                *schema.document()
            );
        }
    }

    /// The transcript in spec/http.md 12.
    #[test]
    fn all_faults_come_at_once() {
        let sent = json!({
            "cnam": {"display_name": "sixteen letters!", "inbound_lookup": "yes"},
            "e911": {"region": "CAL"},
            "create_with_state": "foo",
        });
        let states = [
            "aging",
            "available",
            "deleted",
            "discovery",
            "in_service",
            "port_in",
            "port_out",
            "released",
            "reserved",
        ];
        let missing = |key: &str| json!({"required": {"message": "Field is required but missing", "value": key}});
        let expected = json!({
            "cnam.display_name": {"maxLength": {
                "message": "String must not be more than 15 characters",
                "target": 15, "cause": "sixteen letters!", "value": "sixteen letters!",
            }},
            "cnam.inbound_lookup": {"type": {
                "message": "Value did not match type(s): boolean",
                "target": "boolean", "value": "yes",
            }},
            "create_with_state": {"enum": {
                "message": "Value not found in enumerated list of values",
                "target": states, "value": "foo",
            }},
            "e911.region": {"maxLength": {
                "message": "String must not be more than 2 characters",
                "target": 2, "cause": "CAL", "value": "CAL",
            }},
            "e911.locality": missing("locality"),
            "e911.postal_code": missing("postal_code"),
            "e911.street_address": missing("street_address"),
        });
        assert_eq!(check(Schema::PhoneNumbers, sent).unwrap_err(), expected);
    }

    #[test]
    fn strings_become_what_is_wanted() {
        let sent = json!({"cnam": {"inbound_lookup": "true"}});
        let read = json!({"cnam": {"inbound_lookup": true}});
        assert_eq!(check(Schema::PhoneNumbers, sent), Ok(read));
        let sent = json!({"prefix": "415", "quantity": "5", "offset": "0"});
        let read = json!({"prefix": "415", "quantity": 5, "offset": 0});
        assert_eq!(check(Schema::FindNumbers, sent), Ok(read));
    }

    #[test]
    fn nulls_fail_where_a_type_is_known() {
        let error = json!({"type": {
            "message": "Value did not match type(s): object", "target": "object", "value": null,
        }});
        let sent = json!({"cnam": null, "e911": null, "mine": null});
        let expected = json!({"cnam": error, "e911": error});
        assert_eq!(check(Schema::PhoneNumbers, sent).unwrap_err(), expected);
    }

    #[test]
    fn prefixes_are_bounded() {
        let sent = json!({"prefix": "41", "country": "USA"});
        let expected = json!({
            "prefix": {"minLength": {
                "message": "String must be at least 3 characters",
                "target": 3, "cause": "41", "value": "41",
            }},
            "country": {"maxLength": {
                "message": "String must not be more than 2 characters",
                "target": 2, "cause": "USA", "value": "USA",
            }},
        });
        assert_eq!(check(Schema::FindNumbers, sent).unwrap_err(), expected);
        let expected = json!({"prefix": {"required": {
            "message": "Field is required but missing", "value": "prefix",
        }}});
        assert_eq!(check(Schema::FindNumbers, json!({})).unwrap_err(), expected);
    }

    #[test]
    fn old_names_of_the_address_are_checked_as_well() {
        let sent = json!({"dash_e911": {"region": "CA", "locality": "x", "postal_code": "y"}});
        let error = check(Schema::PhoneNumbers, sent).unwrap_err();
        assert_eq!(
            error["dash_e911.street_address"]["required"]["value"],
            "street_address"
        );
    }

    #[test]
    fn nothing_but_the_key_logs_in() {
        let sent = json!({"api_key": "x", "a.b": 1});
        let error = check(Schema::ApiAuth, sent).unwrap_err();
        assert_eq!(error["a%2Eb"]["additionalProperties"]["value"], 1);
        assert_eq!(error["api_key"]["minLength"]["target"], 64);
    }
}
