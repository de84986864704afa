//! The description of the API, asked whether an answer is as it says.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Value, json};

/// Schemas of answers by path, verb and status.
pub struct Description {
    document: Value,
    validators: HashMap<String, Validator>,
}

impl Description {
    pub fn new() -> Self {
        Self {
            document: serde_json::from_str(api::openapi::text()).expect("JSON"),
            validators: HashMap::new(),
        }
    }

    /// Fails where the answer to a request isn't as described.
    pub fn check(&mut self, method: &str, path: &str, status: u16, body: &Value) {
        let path = path.split('?').next().unwrap_or_default();
        let Some(schema) = self.schema(&method.to_lowercase(), path, status) else {
            // No such route, or not this verb: the common error.
            assert!(status >= 400, "{method} {path} is not described");
            self.validate(
                "error",
                &json!({"$ref": "#/components/schemas/Error"}),
                body,
            );
            return;
        };
        self.validate(&format!("{method} {path} {status}"), &schema, body);
    }

    fn schema(&self, method: &str, path: &str, status: u16) -> Option<Value> {
        let paths = self.document["paths"].as_object().expect("paths");
        // Without an account they are what they are with one.
        let with_account = path.replacen("/v2/phone_numbers/", "/v2/accounts/x/phone_numbers/", 1);
        let template = |path: &str| {
            let mut fitting: Vec<&String> =
                paths.keys().filter(|known| fits(known, path)).collect();
            // What is named counts before what may be anything.
            fitting.sort_by_key(|known| known.matches('{').count());
            fitting.first().map(|known| &paths[known.as_str()])
        };
        let operation = template(path)
            .or_else(|| template(&with_account))?
            .get(method)?;
        let answers = &operation["responses"];
        let answer = answers.get(status.to_string());
        let answer = if status < 300 {
            answer
        } else {
            answer.or(answers.get("default"))
        };
        let schema = answer?.pointer("/content/application~1json/schema");
        Some(schema.expect("a schema").clone())
    }

    fn validate(&mut self, key: &str, schema: &Value, body: &Value) {
        let components = &self.document["components"];
        let validator = self.validators.entry(key.to_owned()).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "components": components});
            jsonschema::validator_for(&whole).expect("a schema")
        });
        let faults: Vec<String> = validator
            .iter_errors(body)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{key}: {faults:#?}\n{body:#}");
    }
}

/// Whether a path is one of a template's: `/a/{b}` takes `/a/x`.
fn fits(template: &str, path: &str) -> bool {
    let (known, sent): (Vec<&str>, Vec<&str>) =
        (template.split('/').collect(), path.split('/').collect());
    known.len() == sent.len()
        && known
            .iter()
            .zip(sent)
            .all(|(known, sent)| known.starts_with('{') || *known == sent)
}
