//! A request before it is routed: what of its head every step needs, and the
//! reading of path, query and body (spec/http.md 1).

mod body;
mod format;
pub(crate) mod names;
mod path;
mod query;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, Method, Uri, header, request::Parts};
use engine::tokens::Authenticated;
use numbers::account::Account;
use numbers::gregorian::GregorianSeconds;
use serde_json::Value;

pub use body::{Data, Envelope};
pub use format::{Format, Media};
pub use query::Query;

use crate::dialect::Dialect;
use crate::error::ApiError;
use crate::settings::ApiSettings;
use crate::table::Route;

/// The head of a request, read once and shared by everything that answers it.
pub struct Incoming {
    /// Names the request: the client's `X-Request-ID`, or 32 hex digits.
    pub id: String,
    /// When it came.
    pub now: GregorianSeconds,
    /// The same, for measuring.
    pub started: Instant,
    /// Who sent it, as far as the network knows.
    pub client: IpAddr,
    /// Its headers.
    pub headers: HeaderMap,
    /// The method that is carried out: the tunnelled one, `GET` for `HEAD`.
    pub method: Method,
    /// The method was carried by a `POST` (spec/http.md 1.9).
    pub tunnelled: bool,
    /// The client wants no body in the answer.
    pub head_only: bool,
    /// The `1` of `/v1/…`; `None` for paths outside of the versioned API.
    pub version: Option<u32>,
    /// The path after the version, split and decoded.
    pub tokens: Vec<String>,
    /// The parameters of the URL.
    pub query: Query,
    /// The dialect of the answer.
    pub dialect: Dialect,
    /// How the answer is to be written.
    pub format: Format,
    /// The token that was sent, good or not.
    pub token: Option<String>,
    /// Whose token it is; `None` without a valid token.
    pub holder: Option<Authenticated>,
    /// What the account in the URL turned out to be, where it was looked up
    /// already.
    pub url_account: Option<Arc<Account>>,
    /// Calls taken from and left in the client's bucket (spec/http.md 8.1).
    pub bucket: Option<Tokens>,
    /// The body is of a kind that nothing here reads.
    pub unsupported_body: bool,
    /// The body as it came, where no envelope is read: of webhooks.
    pub raw_body: Bytes,
    /// The route that takes the request, once it is known.
    pub route: Option<Arc<Route>>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers, path, query and token may tell secrets.
        f.debug_struct("Incoming")
            .field("id", &self.id)
            .field("method", &self.method)
            .field("route", &self.template())
            .finish_non_exhaustive()
    }
}

/// What a call took from its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Tokens {
    /// Taken.
    pub consumed: u32,
    /// Left.
    pub remaining: u32,
}

/// Who sent what came over no connection.
pub(crate) const UNKNOWN_PEER: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The longest request id that is taken over from a client.
const MAX_REQUEST_ID: usize = 128;

impl Incoming {
    /// Reads what can't be wrong of a request's head, which `peer` sent; takes its
    /// headers over.
    pub fn new(parts: &mut Parts, peer: IpAddr, settings: &ApiSettings) -> Self {
        let headers = std::mem::take(&mut parts.headers);
        let (method, head_only) = match &parts.method {
            &Method::HEAD => (Method::GET, true),
            other => (other.clone(), false),
        };
        Self {
            id: request_id(&headers),
            now: engine::context::now(),
            started: Instant::now(),
            client: client(peer.to_canonical(), &headers, &settings.reverse_proxies),
            method,
            tunnelled: false,
            head_only,
            version: None,
            tokens: Vec::new(),
            query: Query::default(),
            dialect: settings.dialect,
            format: Format::default(),
            token: None,
            holder: None,
            url_account: None,
            bucket: None,
            unsupported_body: false,
            raw_body: Bytes::new(),
            route: None,
            headers,
        }
    }

    /// The path of the route, with names in place of its parameters; empty while
    /// it isn't known.
    pub fn template(&self) -> &str {
        self.route.as_ref().map_or("", |route| route.template())
    }

    /// Reads the path and the query.
    pub fn read_uri(&mut self, uri: &Uri, limit: usize) -> Result<(), ApiError> {
        let length = uri.path_and_query().map_or(0, |whole| whole.as_str().len());
        if length > limit {
            return Err(ApiError::uri_too_long(limit));
        }
        self.query = Query::parse(uri.query().unwrap_or_default())?;
        if let Some((version, rest)) = path::version(uri.path()) {
            self.version = Some(version);
            self.tokens = path::tokens(rest)?;
        }
        Ok(())
    }

    /// Reads the body as it is, within `limit` bytes and `patience`.
    pub async fn read_raw_body(
        &mut self,
        body: Body,
        limit: usize,
        patience: Duration,
    ) -> Result<(), ApiError> {
        let read = tokio::time::timeout(patience, body::read(body, limit)).await;
        self.raw_body = read.map_err(|_| ApiError::request_timeout())??;
        Ok(())
    }

    /// Reads what the headers ask for: the dialect.
    pub fn read_dialect(&mut self) -> Result<(), ApiError> {
        if let Some(value) = self.headers.get(&names::DIALECT) {
            let text = String::from_utf8_lossy(value.as_bytes());
            self.dialect =
                text.trim()
                    .parse()
                    .map_err(|error: crate::dialect::UnknownDialect| {
                        ApiError::unreadable(&error.to_string())
                    })?;
        }
        Ok(())
    }

    /// Reads the body, within `limit` bytes and `patience`.
    pub async fn read_body(
        &mut self,
        body: Body,
        limit: usize,
        patience: Duration,
    ) -> Result<Option<Envelope>, ApiError> {
        if axum::body::HttpBody::is_end_stream(&body) {
            return Ok(None);
        }
        let received = tokio::time::timeout(patience, body::receive(&self.headers, body, limit))
            .await
            .map_err(|_| ApiError::request_timeout())??;
        Ok(match received {
            body::Received::Nothing => None,
            body::Received::Envelope(envelope) => Some(envelope),
            body::Received::Unsupported => {
                self.unsupported_body = true;
                None
            }
        })
    }

    /// Settles the method, the token and the format, which all may stand in
    /// the body as well.
    pub fn read_options(&mut self, body: Option<&Envelope>) -> Result<(), ApiError> {
        if self.method == Method::POST
            && let Some(verb) = self.text_value(body, "verb")
        {
            self.method = tunnelled(&verb)?;
            self.tunnelled = self.method != Method::POST;
        }
        self.token = self.find_token(body);
        self.format = Format::read(self, body)?;
        Ok(())
    }

    /// A value by its name, from data, query or envelope, in this order
    /// (spec/http.md 1.5).
    pub fn value(&self, body: Option<&Envelope>, key: &str) -> Option<Value> {
        let in_data = match body {
            Some(Envelope {
                data: Data::Object(data),
                ..
            }) => data.get(key),
            _ => None,
        };
        in_data
            .cloned()
            .or_else(|| self.query.get(key).map(Value::from))
            .or_else(|| body.and_then(|body| body.members.get(key).cloned()))
    }

    fn text_value(&self, body: Option<&Envelope>, key: &str) -> Option<String> {
        match self.value(body, key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Where tokens are looked for (spec/http.md 3.1). An empty one is none:
    /// some clients always send the header.
    fn find_token(&self, body: Option<&Envelope>) -> Option<String> {
        let filled = |text: &String| !text.is_empty();
        self.header(&names::AUTH_TOKEN)
            .map(|text| text.trim().to_owned())
            .filter(filled)
            .or_else(|| self.text_value(body, "auth_token").filter(filled))
            .or_else(|| self.header(&header::AUTHORIZATION).and_then(bearer))
            .or_else(|| self.query.get("authorization").and_then(bearer))
    }

    /// A header's text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What a write depends on, of all lines of the header. Bytes that are no
    /// text match nothing: as if the header weren't there, the write would go
    /// through whatever the client meant.
    pub fn if_match(&self) -> Option<String> {
        let lines = self.headers.get_all(header::IF_MATCH).iter();
        let lines: Vec<_> = lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// Whether the client is a browser's script of another origin.
    pub fn is_cors(&self) -> bool {
        self.headers.contains_key(header::ORIGIN)
            || self
                .headers
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
            || self
                .headers
                .contains_key(header::ACCESS_CONTROL_REQUEST_HEADERS)
    }

    /// The path in the one spelling that the router knows; `None` when it has
    /// that spelling already.
    pub fn path_for_router(&self, uri: &Uri) -> Option<String> {
        let path = uri.path();
        let plain = self.version == Some(2)
            && path.starts_with("/v2/")
            && !path.ends_with('/')
            && has_no_other_escape_than_of_a_plus(path)
            && path != "/v2/account"
            && !path.starts_with("/v2/account/");
        (self.version.is_some() && !plain).then(|| path::for_router(&self.tokens))
    }
}

/// `%2B`, as clients write the plus of a number: no route has a plus of its own
/// that it could be taken for.
fn has_no_other_escape_than_of_a_plus(path: &str) -> bool {
    let mut escapes = path.split('%').skip(1);
    escapes.all(|rest| matches!(rest.as_bytes(), [b'2', b'B' | b'b', ..]))
}

/// The id of the account in the URL, if there is one.
pub fn account_in(tokens: &[String]) -> Option<&str> {
    match tokens {
        [noun, id, ..] if noun == "accounts" => Some(id),
        _ => None,
    }
}

fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(&names::REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
            !id.is_empty() && id.len() <= MAX_REQUEST_ID && visible
        })
        .map_or_else(engine::context::new_id, str::to_owned)
}

/// The address of the client: of the peer, or, where the peer is a proxy that
/// is trusted, the last address that no trusted proxy added.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    let mut client = peer;
    let lines = headers
        .get_all(&names::FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    for hop in hops.into_iter().rev() {
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = address.to_canonical();
        if !proxies.contains(&client) {
            break;
        }
    }
    client
}

/// The verbs that a `POST` may carry.
fn tunnelled(verb: &str) -> Result<Method, ApiError> {
    [
        Method::GET,
        Method::PUT,
        Method::POST,
        Method::PATCH,
        Method::DELETE,
    ]
    .into_iter()
    .find(|method| method.as_str().eq_ignore_ascii_case(verb))
    .ok_or_else(ApiError::invalid_method)
}

fn bearer(authorization: &str) -> Option<String> {
    let (scheme, token) = authorization
        .trim()
        .split_once(' ')
        .unwrap_or(("", authorization));
    // An unknown scheme is a token that nothing accepts: 401, not "no token".
    let token = if scheme.eq_ignore_ascii_case("bearer") {
        token.trim()
    } else {
        authorization
    };
    (!token.is_empty()).then(|| token.to_owned())
}
