//! Bodies into envelopes (spec/http.md 1.6, 1.7).

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use engine::FieldError;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::query::Query;
use crate::error::ApiError;

/// What a request says in its body.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Envelope {
    /// The payload.
    pub data: Data,
    /// The other members, their names in lower case with underscores.
    pub members: Map<String, Value>,
}

/// The payload of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// What most routes want.
    Object(Map<String, Value>),
    /// No route wants one; schemas refuse it.
    Array(Vec<Value>),
}

impl Default for Data {
    fn default() -> Self {
        Self::Object(Map::new())
    }
}

/// How a body is to be read.
enum Kind {
    Json,
    Form,
    Multipart(String),
    File,
    Unsupported,
}

/// A body that was read.
pub(super) enum Received {
    /// No body at all.
    Nothing,
    /// An envelope.
    Envelope(Envelope),
    /// A body of a content type that nothing here reads; refused after
    /// authentication.
    Unsupported,
}

/// Reads and parses a body, never more than `limit` bytes of it.
pub(super) async fn receive(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Received, ApiError> {
    if body.is_end_stream() {
        return Ok(Received::Nothing);
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(ApiError::body_too_large(limit));
    }
    let bytes = read(body, limit).await?;
    if bytes.is_empty() {
        return Ok(Received::Nothing);
    }
    match kind(headers) {
        Kind::Json => parse_json(&bytes),
        Kind::Form => parse_form(&bytes),
        Kind::Multipart(boundary) => parse_multipart(bytes, boundary).await,
        Kind::File => Ok(Received::Envelope(Envelope::default())),
        Kind::Unsupported => Ok(Received::Unsupported),
    }
}

/// Reads a body as it is.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::body_too_large(limit)),
        Err(error) => Err(ApiError::unreadable(&format!(
            "the body broke off: {error}"
        ))),
    }
}

fn kind(headers: &HeaderMap) -> Kind {
    let encoding = headers.get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        // Nothing here unpacks bodies.
        return Kind::Unsupported;
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Kind::Json;
    };
    let Ok(text) = value.to_str() else {
        return Kind::Unsupported;
    };
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "" | "application/json" | "application/x-json" => Kind::Json,
        "application/x-www-form-urlencoded" => Kind::Form,
        "multipart/form-data" | "multipart/mixed" => match multipart_boundary(text) {
            Some(boundary) => Kind::Multipart(boundary),
            None => Kind::Unsupported,
        },
        "application/octet-stream" | "text/csv" | "text/comma-separated-values" => Kind::File,
        _ => Kind::Unsupported,
    }
}

fn multipart_boundary(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_boundary = name.trim().eq_ignore_ascii_case("boundary");
        let value = value.trim().trim_matches('"');
        (is_boundary && !value.is_empty() && value.len() <= 70).then(|| value.to_owned())
    })
}

fn parse_json(bytes: &[u8]) -> Result<Received, ApiError> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| ApiError::invalid_json(error.to_string()))?;
    match value {
        Value::Object(members) => envelope(members).map(Received::Envelope),
        _ => Err(ApiError::invalid_json("All JSON must be valid")),
    }
}

/// JSON under a form's content type is JSON: that is what `curl -d` sends.
fn parse_form(bytes: &[u8]) -> Result<Received, ApiError> {
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return parse_json(bytes);
    }
    let text =
        std::str::from_utf8(bytes).map_err(|_| ApiError::invalid_json("the body is not UTF-8"))?;
    let mut pairs = Query::parse(text)?.into_pairs();
    if let [(_, None)] = pairs.as_slice() {
        return parse_json(bytes);
    }
    let members = pairs
        .drain(..)
        .map(|(key, value)| (key, value.map_or(Value::Bool(true), Value::String)))
        .collect();
    envelope(members).map(Received::Envelope)
}

/// The first part that is JSON is the envelope; files are passed over.
async fn parse_multipart(bytes: Bytes, boundary: String) -> Result<Received, ApiError> {
    let broken = |error: multer::Error| ApiError::unreadable(&error.to_string());
    let stream = futures::stream::once(async { Ok::<_, std::convert::Infallible>(bytes) });
    let mut parts = multer::Multipart::new(stream, boundary);
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let json = part
            .content_type()
            .is_some_and(|kind| matches!(kind.subtype().as_str(), "json" | "x-json"));
        if json {
            return parse_json(&part.bytes().await.map_err(broken)?);
        }
    }
    Ok(Received::Envelope(Envelope::default()))
}

/// Checks the envelope (spec/http.md 1.6): `data` is an object or an array;
/// `{}` is an envelope with empty data.
fn envelope(sent: Map<String, Value>) -> Result<Envelope, ApiError> {
    if sent.is_empty() {
        return Ok(Envelope::default());
    }
    let mut members = Map::with_capacity(sent.len());
    for (key, value) in sent {
        if !value.is_null() {
            members.insert(normalized_key(key), value);
        }
    }
    let data = match members.shift_remove("data") {
        Some(Value::Object(data)) => Data::Object(data),
        Some(Value::Array(data)) => Data::Array(data),
        Some(other) => {
            let message = "Value did not match type(s): object, array";
            let mut error = FieldError::new("data", "type", message);
            error.target = Some("object, array".into());
            error.value = Some(other);
            return Err(ApiError::validation(vec![error]));
        }
        None => {
            let message = "Field is required but missing";
            let mut error = FieldError::new("data", "required", message);
            error.value = Some(Value::Object(members));
            return Err(ApiError::validation(vec![error]));
        }
    };
    Ok(Envelope { data, members })
}

/// `Auth-Token` and `auth_token` are the same member.
fn normalized_key(key: String) -> String {
    if key
        .bytes()
        .any(|byte| byte == b'-' || byte.is_ascii_uppercase())
    {
        key.to_ascii_lowercase().replace('-', "_")
    } else {
        key
    }
}
