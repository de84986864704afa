//! The envelope around every answer, and the headers that go with it
//! (spec/http.md 1.8, 1.11, 2.1, 2.2).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use md5::{Digest, Md5};
use numbers::gregorian::GregorianSeconds;
use serde_json::Value;

use crate::Api;
use crate::error::{ApiError, Shape};
use crate::idempotency::First;
use crate::reply::{Answer, Outcome, Reply, Revision};
use crate::request::{Incoming, Media, UNKNOWN_PEER, names};
use crate::settings::ApiSettings;
use crate::{cors, csv};

/// Told of an answer that was given before.
static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
static JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What every envelope of this node says.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Hash of the node's name, as JSON text.
    node: String,
    /// Version, as JSON text.
    version: String,
}

impl Node {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        let digest = <sha2::Sha256 as sha2::Digest>::digest(settings.node.as_bytes());
        let node = URL_SAFE_NO_PAD.encode(&digest[..16]);
        Self {
            node: Value::String(node).to_string(),
            version: Value::String(settings.version.clone()).to_string(),
        }
    }
}

/// Writes what came of a request for the client that asked.
pub(crate) fn finish(incoming: &Incoming, node: &Node, outcome: Outcome) -> Response {
    let mut response = match outcome {
        Ok(Answer::Reply(reply)) => success(incoming, node, &reply),
        Ok(Answer::Document(document)) => document,
        Err(error) => failure(incoming, node, &error),
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && let Some(route) = &incoming.route
        && route.handler(&incoming.method).is_none()
    {
        response.headers_mut().insert(header::ALLOW, route.allow());
    }
    // Checked when it was taken over; made here otherwise.
    if let Ok(id) = HeaderValue::from_str(&incoming.id) {
        response.headers_mut().insert(names::REQUEST_ID.clone(), id);
    }
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if incoming.is_cors() || failed {
        cors::add_headers(response.headers_mut(), &incoming.headers);
    }
    if incoming.head_only {
        *response.body_mut() = Body::empty();
    }
    response
}

/// A whole HTTP/1.1 answer, head and all, to what couldn't be read as a request;
/// the connection ends with it.
pub(crate) fn refusal(api: &Api, status: u16) -> Vec<u8> {
    let error = match status {
        414 => ApiError::uri_too_long(api.settings.limits.max_path_bytes),
        431 => ApiError::head_too_long(),
        _ => ApiError::unreadable("the request is not HTTP"),
    };
    let mut parts = Request::new(()).into_parts().0;
    let incoming = Incoming::new(&mut parts, UNKNOWN_PEER, &api.settings);
    let shape = error.shape(incoming.dialect);
    let body = failure_body(&incoming, &api.node, &shape).0;
    let head = format!(
        "HTTP/1.1 {}\r\nx-request-id: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        shape.status,
        incoming.id,
        body.len(),
    );
    [head.into_bytes(), body].concat()
}

fn failure_body(incoming: &Incoming, node: &Node, shape: &Shape) -> Writer {
    let mut body = Writer::new(incoming, None, 256);
    body.member("data", shape.data.to_string().as_bytes());
    body.text("error", shape.status.as_str());
    body.text("message", shape.message);
    body.close(incoming, node, "error", None);
    body
}

/// The answer to a failure.
pub(crate) fn failure(incoming: &Incoming, node: &Node, error: &ApiError) -> Response {
    if let Some(failure) = error.store_failure() {
        tracing::error!(request_id = incoming.id, error = %failure, "the store failed");
    }
    let shape = error.shape(incoming.dialect);
    let body = failure_body(incoming, node, &shape);
    let mut response = body.into_response(incoming, shape.status);
    if let Some(seconds) = shape.retry_after {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn success(incoming: &Incoming, node: &Node, reply: &Reply) -> Response {
    match (incoming.format.media, &reply.csv) {
        (Media::Csv | Media::CsvOrJson, Some(columns)) => {
            return csv::response(incoming, columns.0, reply);
        }
        (Media::Csv, None) => return failure(incoming, node, &ApiError::not_acceptable()),
        _ => {}
    }
    let status = status(incoming, reply);
    let revision = match &reply.revision {
        Revision::Absent => None,
        Revision::Document(revision) => Some(revision.clone()),
        Revision::Listing => Some(digest(reply.data.as_deref().unwrap_or_default())),
    };
    let unchanged = incoming.method == axum::http::Method::GET
        && revision.as_deref().is_some_and(|revision| {
            incoming
                .header(&header::IF_NONE_MATCH)
                .is_some_and(|list| etag_matches(list, revision))
        });
    let mut response = if unchanged {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        success_body(incoming, node, reply, revision.as_deref(), status)
    };
    let headers = response.headers_mut();
    if let Some(revision) = revision {
        insert(headers, header::ETAG, &format!("\"{revision}\""));
    }
    if let Some(etag) = &reply.etag {
        insert(headers, header::ETAG, &format!("\"{etag}\""));
    }
    if reply.first.is_some() {
        headers.insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    }
    if let Some(location) = &reply.location {
        insert(headers, header::LOCATION, location);
    }
    response
}

fn status(incoming: &Incoming, reply: &Reply) -> StatusCode {
    let is_put = incoming.method == axum::http::Method::PUT;
    reply.status.unwrap_or(
        if is_put && (!incoming.tunnelled || reply.location.is_some()) {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        },
    )
}

fn success_body(
    incoming: &Incoming,
    node: &Node,
    reply: &Reply,
    revision: Option<&str>,
    status: StatusCode,
) -> Response {
    let length = reply.data.as_ref().map_or(0, Vec::len);
    let mut body = Writer::new(incoming, reply.auth_token.as_deref(), length);
    if let Some(data) = &reply.data {
        body.member("data", data);
    }
    if let Some(metadata) = &reply.metadata {
        body.member("metadata", metadata);
    }
    if let Some(page) = &reply.page {
        body.member("page_size", page.page_size.to_string().as_bytes());
        if let Some(key) = &page.start_key {
            body.text("start_key", key);
        }
        if let Some(key) = &page.next_start_key {
            body.text("next_start_key", key);
        }
    }
    if let Some(revision) = revision.or(incoming.dialect.absent_revision()) {
        body.text("revision", revision);
    }
    body.close(incoming, node, "success", reply.first.as_ref());
    body.into_response(incoming, status)
}

/// Writes an envelope's members straight into bytes.
struct Writer(Vec<u8>);

impl Writer {
    /// Begins with `auth_token`: the created one, or the one that was sent.
    fn new(incoming: &Incoming, created: Option<&str>, length: usize) -> Self {
        let token = created
            .or(incoming.token.as_deref())
            .or(incoming.dialect.absent_auth_token());
        let mut writer = Self(Vec::with_capacity(length + 512 + token.map_or(0, str::len)));
        writer.0.push(b'{');
        if let Some(token) = token {
            writer.text("auth_token", token);
        }
        writer
    }

    /// A member whose value is JSON already.
    fn member(&mut self, name: &str, json: &[u8]) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self.0.extend_from_slice(json);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.member(name, b"");
        // Writing text into memory can't fail.
        let _ = sonic_rs::to_writer(&mut self.0, text);
    }

    /// What every envelope ends with; an answer that is given again is that of
    /// the first request.
    fn close(&mut self, incoming: &Incoming, node: &Node, status: &str, first: Option<&First>) {
        let (id, now) = match first {
            Some(First { request_id, at }) => (request_id, *at),
            None => (&incoming.id, incoming.now),
        };
        self.member("node", node.node.as_bytes());
        self.text("request_id", id);
        self.text("status", status);
        self.member("timestamp", b"\"");
        // Writing into memory can't fail.
        let _ = DateTimePrinter::new().print_timestamp(&timestamp(now), &mut self.0);
        self.0.push(b'"');
        if let Some(tokens) = incoming.bucket {
            self.member("tokens", b"");
            let _ = serde_json::to_writer(&mut self.0, &tokens);
        }
        self.member("version", node.version.as_bytes());
        self.0.push(b'}');
    }

    fn into_response(self, incoming: &Incoming, status: StatusCode) -> Response {
        let mut bytes = self.0;
        if incoming.format.pretty
            && let Ok(value) = serde_json::from_slice::<Value>(&bytes)
            && let Ok(pretty) = serde_json::to_vec_pretty(&value)
        {
            bytes = pretty;
        }
        let mut content_type = JSON.clone();
        if let Some(function) = &incoming.format.jsonp {
            bytes.splice(0..0, format!("{function}(").into_bytes());
            bytes.extend_from_slice(b");");
            content_type = HeaderValue::from_static("application/javascript");
        }
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        response
    }
}

/// Printed as ISO 8601 in UTC, to the second.
fn timestamp(at: GregorianSeconds) -> Timestamp {
    i64::try_from(at.unix())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or_default()
}

/// The revision of a listing: MD5 of its data, in hex.
fn digest(data: &[u8]) -> String {
    use std::fmt::Write as _;

    Md5::digest(data)
        .iter()
        .fold(String::with_capacity(32), |mut text, byte| {
            // Writing into a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Whether a list of entity tags (`*`, `"a", W/"b"`) has a revision in it.
pub(crate) fn etag_matches(list: &str, revision: &str) -> bool {
    list.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == revision
    })
}

/// Sets a header, unless its text can't be one.
pub(crate) fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
