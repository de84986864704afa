//! One request and its answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{Client, Purpose};
use crate::{CallError, Failure, Service};

/// A request under construction.
#[must_use = "a request does nothing until it is sent"]
pub struct Call<'c> {
    client: &'c Client,
    purpose: Purpose,
    operation: &'static str,
    request: Request,
    /// What couldn't be written into the request.
    broken: Option<&'static str>,
}

impl<'c> Call<'c> {
    pub(super) fn new(
        client: &'c Client,
        purpose: Purpose,
        operation: &'static str,
        method: Method,
        url: Url,
    ) -> Self {
        Self {
            client,
            purpose,
            operation,
            request: Request::new(method, url),
            broken: None,
        }
    }

    /// Adds a parameter to the URL.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.request
            .url_mut()
            .query_pairs_mut()
            .append_pair(name, value);
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                let name = HeaderName::from_static(name);
                self.request.headers_mut().insert(name, value);
            }
            Err(_) => self.broken = Some("a header can't hold what is configured for it"),
        }
        self
    }

    /// HTTP Basic credentials.
    pub fn basic(self, user: &str, password: &str) -> Self {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {pair}"))
    }

    /// A bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        let Ok(body) = serde_json::to_vec(body) else {
            self.broken = Some("a body can't be written as JSON");
            return self;
        };
        self.body("application/json", body)
    }

    /// A form body.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(pairs);
        self.body("application/x-www-form-urlencoded", body.finish().into())
    }

    /// A body of another kind.
    pub fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.request
            .headers_mut()
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(content_type));
        *self.request.body_mut() = Some(body.into());
        self
    }

    /// Sends it, once, and reads the whole answer. Every status is an answer;
    /// see [`Answer::success`].
    pub async fn send(self) -> Result<Answer, CallError> {
        if let Some(broken) = self.broken {
            return Err(self.client.error(Failure::NotSent, broken));
        }
        self.client
            .run(self.purpose, self.operation, self.request)
            .await
    }
}

/// What a service answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) service: Service,
    /// The request changed something.
    pub(super) spent: bool,
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Answer {
    /// The answer, if its status is 2xx. Else the error that the status means:
    /// of a request that spends, a 5xx or a 408 leaves open whether it was
    /// done, and so does a redirect; a 429 means that nobody looked at it, any
    /// other status is a refusal.
    pub fn success(self) -> Result<Self, CallError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let reason = self.excerpt();
        Err(self.status_error(reason).with_code(self.status.to_string()))
    }

    /// The error that the status means, for vendors whose body says more.
    pub fn status_error(&self, reason: impl Into<String>) -> CallError {
        let failure = match self.status {
            429 => Failure::NotSent,
            408 => Failure::Unknown,
            400..500 => Failure::Refused,
            _ => Failure::Unknown,
        };
        CallError::new(&self.service, failure, reason)
    }

    /// An answer that is not what the vendor's documents promise. After a
    /// request that spends it is open what was done.
    pub fn garbled(&self, what: impl std::fmt::Display) -> CallError {
        let reason = format!("an answer that can't be used: {what}");
        CallError::new(&self.service, Failure::Unknown, reason)
    }

    /// The body as JSON of a type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| self.garbled(error))
    }

    /// The body as XML.
    pub fn xml(&self) -> Result<crate::xml::Element, CallError> {
        crate::xml::Element::parse(&self.body).map_err(|error| self.garbled(error))
    }

    /// Whether the request changed something: ordered, released, …
    pub const fn was_spending(&self) -> bool {
        self.spent
    }

    /// The beginning of the body, for errors.
    pub fn excerpt(&self) -> String {
        const MOST: usize = 200;
        let text = String::from_utf8_lossy(&self.body);
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(MOST) {
            Some((at, _)) => format!("HTTP {}: {}…", self.status, &line[..at]),
            None if line.is_empty() => format!("HTTP {}", self.status),
            None => format!("HTTP {}: {line}", self.status),
        }
    }

    pub(super) fn status_text(&self) -> String {
        self.status.to_string()
    }
}
