//! What differs from run to run, under names that don't.

use serde_json::Value;

/// Texts and the names that stand for them.
#[derive(Default)]
pub struct Names(Vec<(String, String)>);

impl Names {
    pub fn add(&mut self, text: &str, name: String) {
        self.0.push((text.to_owned(), name));
    }

    /// A text without what differs.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (known, name) in &self.0 {
            text = text.replace(known, name);
        }
        if text.starts_with("eyJ") && text.split('.').count() == 3 {
            return "[token]".to_owned();
        }
        without_hex(&text)
    }

    /// A body without what differs.
    pub fn value(&self, key: &str, value: &mut Value) {
        let fixed = match (key, &*value) {
            ("timestamp", _) => "[time]",
            ("node", Value::String(_)) => "[node]",
            ("version" | "libphonenumber", _) => "[version]",
            ("date" | "released", _) => "[day]",
            ("created" | "updated" | "modified" | "at" | "since", Value::Number(_)) => "[seconds]",
            ("iat" | "exp", _) => "[unix seconds]",
            ("identity_sig", _) => "[signature]",
            ("remaining", _) => "[left]",
            ("revision", Value::String(text)) if text.len() == 32 => "[digest]",
            _ => "",
        };
        if !fixed.is_empty() {
            *value = fixed.into();
            return;
        }
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value("", item)),
            Value::Object(members) => {
                for (key, member) in members.iter_mut() {
                    self.value(key, member);
                }
            }
            _ => {}
        }
    }
}

/// Ids and keys by their length, and the random part of a realm.
fn without_hex(text: &str) -> String {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_hex) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !is_hex(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match run.len() {
            32 => out.push_str("[id]"),
            64 => out.push_str("[key]"),
            6 if after.starts_with(".sip.") => out.push_str("[random]"),
            _ => out.push_str(run),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
