//! JSON:API documents, as far as they are needed.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A document about one thing.
#[derive(Deserialize)]
pub struct One {
    pub data: Resource,
}

/// A document about a page of things.
#[derive(Deserialize)]
pub struct Many {
    pub data: Vec<Resource>,
    /// What the things refer to, if that was asked for.
    #[serde(default)]
    included: Vec<Resource>,
    #[serde(default)]
    links: Map<String, Value>,
}

/// A thing.
#[derive(Deserialize)]
pub struct Resource {
    pub id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    relationships: Map<String, Value>,
}

impl Many {
    /// Whether more of it follows.
    pub fn has_next(&self) -> bool {
        self.links.get("next").is_some_and(Value::is_string) && !self.data.is_empty()
    }

    /// What the things refer to, by type and id.
    pub fn included(&self) -> Included<'_> {
        let by_name = self.included.iter().map(|resource| {
            let name = (resource.kind.as_str(), resource.id.as_str());
            (name, resource)
        });
        Included(by_name.collect())
    }
}

/// What a document includes.
pub struct Included<'d>(HashMap<(&'d str, &'d str), &'d Resource>);

impl<'d> Included<'d> {
    /// What a thing refers to under a name, as far as the document holds it.
    pub fn related(&self, of: &Resource, name: &str) -> Vec<&'d Resource> {
        let data = of.relationships.get(name).and_then(|link| link.get("data"));
        let named = |link: &Value| {
            let name = (link["type"].as_str()?, link["id"].as_str()?);
            self.0.get(&name).copied()
        };
        match data {
            Some(Value::Array(links)) => links.iter().filter_map(named).collect(),
            Some(link) => named(link).into_iter().collect(),
            None => Vec::new(),
        }
    }
}

impl Resource {
    /// An attribute that is a text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.attributes.get(key)?.as_str()
    }

    /// Whether an attribute is `true`.
    pub fn is(&self, key: &str) -> bool {
        self.attributes.get(key) == Some(&Value::Bool(true))
    }

    /// An attribute, whatever it is.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        self.attributes.get(key)
    }
}
