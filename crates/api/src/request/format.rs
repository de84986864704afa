//! How an answer is to be written: media type, pretty print, JSONP
//! (spec/http.md 1.7, 1.10).

use std::cmp::Reverse;

use axum::http::{Method, header};
use serde_json::Value;

use super::{Envelope, Incoming, names};
use crate::error::ApiError;

/// What the client wants the answer to look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Format {
    /// Indented JSON.
    pub pretty: bool,
    /// The function that JSON is wrapped in.
    pub jsonp: Option<String>,
    /// The media type.
    pub media: Media,
}

/// The media types of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Media {
    /// `application/json`.
    #[default]
    Json,
    /// `text/csv`, which only listings have.
    Csv,
    /// `text/csv` for listings, `application/json` for the rest.
    CsvOrJson,
    /// Nothing that can be had here.
    None,
}

impl Media {
    /// Whether listings are answered as tables.
    pub const fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::CsvOrJson)
    }
}

/// The longest name of a JSONP function.
const MAX_FUNCTION_NAME: usize = 128;

impl Format {
    pub(super) fn read(incoming: &Incoming, body: Option<&Envelope>) -> Result<Self, ApiError> {
        let pretty = incoming.header(&names::PRETTY_PRINT).is_some_and(is_true)
            || match incoming.value(body, "pretty_print") {
                Some(Value::Bool(pretty)) => pretty,
                Some(Value::String(text)) => is_true(&text),
                _ => false,
            };
        let jsonp = match incoming.value(body, "jsonp") {
            Some(Value::String(name)) if is_function_name(&name) => Some(name),
            Some(_) => return Err(ApiError::unreadable("jsonp is not the name of a function")),
            None => None,
        };
        let media = match incoming.query.get("accept") {
            Some("csv") => Media::Csv,
            Some(text) => media(text),
            None => match incoming.headers.get(header::ACCEPT) {
                None => Media::Json,
                Some(value) => value.to_str().map_or(Media::None, media),
            },
        };
        let media = match media {
            // Only listings are tables, and those are read.
            Media::Csv if incoming.method != Method::GET => Media::None,
            Media::CsvOrJson if incoming.method != Method::GET => Media::Json,
            media => media,
        };
        Ok(Self {
            pretty,
            jsonp,
            media,
        })
    }
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
}

/// The best of the media types that an `Accept` lists, where what is named
/// counts before what a range covers (RFC 9110, 12.5.1).
fn media(accept: &str) -> Media {
    // What nearly every client sends.
    if matches!(accept.trim(), "" | "*/*" | "application/json") {
        return Media::Json;
    }
    let mut json = None;
    let mut csv = None;
    let (mut any, mut any_application, mut any_text) = (None, None, None);
    for (position, item) in accept.split(',').enumerate() {
        let mut parameters = item.split(';').map(str::trim);
        let kind = parameters.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parameters
            .find_map(|text| text.strip_prefix("q="))
            .map_or(1000, weight);
        let place = match kind.as_str() {
            "application/json" | "application/x-json" | "application/javascript" => &mut json,
            "text/csv" | "text/comma-separated-values" => &mut csv,
            "*/*" => &mut any,
            "application/*" => &mut any_application,
            "text/*" => &mut any_text,
            _ => continue,
        };
        // Of equal ones the first.
        let wanted = (weight, Reverse(position));
        *place = (*place).max(Some(wanted));
    }
    let json = json.or(any_application).or(any).filter(is_wanted);
    let csv = csv.or(any_text).or(any).filter(is_wanted);
    match (json, csv) {
        (None, None) => Media::None,
        (None, Some(_)) => Media::Csv,
        (Some(json), Some(csv)) if csv > json => Media::CsvOrJson,
        (Some(_), _) => Media::Json,
    }
}

fn is_wanted((weight, _): &(u32, Reverse<usize>)) -> bool {
    *weight > 0
}

/// A quality value in thousandths.
fn weight(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<3.3}");
    digits.parse().map_or(1000, |weight: u32| weight.min(1000))
}

/// Whether a text is a JavaScript name, dots allowed, and nothing else that a
/// browser could run.
fn is_function_name(name: &str) -> bool {
    let first = name.bytes().next().unwrap_or(b'0');
    name.len() <= MAX_FUNCTION_NAME
        && !first.is_ascii_digit()
        && first != b'.'
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_$.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_picks_the_best() {
        for (accept, wanted) in [
            ("", Media::Json),
            ("*/*", Media::Json),
            ("application/json", Media::Json),
            ("Application/JSON; charset=utf-8", Media::Json),
            ("application/*", Media::Json),
            ("text/csv", Media::Csv),
            ("text/csv, application/json", Media::CsvOrJson),
            ("application/json, text/csv", Media::Json),
            ("text/csv, */*;q=0.1", Media::CsvOrJson),
            ("text/*", Media::Csv),
            ("application/json;q=0, */*", Media::Csv),
            ("*/*;q=0", Media::None),
            ("text/csv;q=0.5, application/json;q=0.51", Media::Json),
            ("application/json;q=0, text/csv;q=0.1", Media::Csv),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Media::Json),
            ("application/pdf", Media::None),
            ("application/json;q=0", Media::None),
        ] {
            assert_eq!(media(accept), wanted, "{accept}");
        }
    }

    #[test]
    fn function_names_run_nothing() {
        for name in ["cb", "$", "_x1", "jQuery.cb_1"] {
            assert!(is_function_name(name), "{name}");
        }
        let long = "x".repeat(129);
        for name in [
            "",
            "1a",
            ".a",
            "a(b)",
            "a b",
            "a;b",
            "é",
            "</script>",
            &long,
        ] {
            assert!(!is_function_name(name), "{name}");
        }
    }
}
