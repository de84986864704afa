//! The client of one service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use tokio::sync::Semaphore;

use super::address::{self, PublicOnly};
use super::breaker::Breaker;
use super::call::{Answer, Call};
use super::reads::Reads;
use super::redact::Secrets;
use crate::settings::{Common, Spending};
use crate::{BadSettings, CallError, Failure, Kind, Service, patience};

/// Sends requests to one service.
pub struct Client {
    service: Service,
    inner: reqwest::Client,
    base: Url,
    spending: Spending,
    reads: Reads,
    secrets: Secrets,
    permits: Semaphore,
    breaker: Breaker,
    timeout: Duration,
    max_body_bytes: usize,
    allow_private: bool,
}

/// What a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Changes nothing and costs nothing.
    Look,
    /// The same, and the answer is a secret that no log may hold.
    LogIn,
    /// Orders, gives back or changes something.
    Spend,
    /// Tells one of many receivers what happened. Where and what is his, so no
    /// log has it, and his failures are nobody else's.
    Tell,
}

impl Client {
    /// A client for a service at `default_url` unless its settings name another
    /// place. `secrets` are kept out of the log.
    pub fn new(
        service: &Service,
        common: &Common,
        default_url: &str,
        spending: Spending,
        secrets: &[&str],
    ) -> Result<Self, BadSettings> {
        common.check_limits(service)?;
        let base = match &common.base_url {
            Some(url) => url.clone(),
            None => {
                Url::parse(default_url).map_err(|_| BadSettings::missing(service, "base_url"))?
            }
        };
        check_base(service, common, &base)?;
        // Both crypto providers may be compiled in by others; ours is ring.
        // It is set once a process, whoever is first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("numberd/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_millis(common.connect_timeout_ms))
            .redirect(Policy::none())
            .no_proxy();
        if !common.allow_private_addresses {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        let inner = builder
            .build()
            .map_err(|error| BadSettings::new(service, error.to_string()))?;
        Ok(Self {
            service: service.clone(),
            inner,
            base,
            spending,
            reads: Reads::default(),
            secrets: Secrets::new(secrets),
            permits: Semaphore::new(common.max_concurrency.max(1)),
            breaker: Breaker::default(),
            timeout: Duration::from_millis(common.timeout_ms),
            max_body_bytes: common.max_body_bytes,
            allow_private: common.allow_private_addresses,
        })
    }

    /// The same, with the words of the service's interface that only look
    /// although they aren't a GET: actions of SOAP, `cmd` of a form, last
    /// segments of a path. Nothing else can [`Self::look`].
    #[must_use]
    pub fn with_reads(mut self, words: &'static [&'static str]) -> Self {
        self.reads = Reads(words);
        self
    }

    /// Whose client it is.
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// Whether requests that spend may leave.
    pub const fn spending(&self) -> Spending {
        self.spending
    }

    /// A URL below the service's base; each segment is percent-encoded, so that
    /// a `+` arrives as one.
    pub fn url<'s>(&self, segments: impl IntoIterator<Item = &'s str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        // Path segments leave '+' as it is, which some servers read as a blank.
        let path = url.path().replace('+', "%2B");
        url.set_path(&path);
        url
    }

    /// A request that changes nothing and costs nothing. `operation` names it
    /// in metrics and the log: `search`, `status`.
    pub fn look(&self, operation: &'static str, method: Method, url: Url) -> Call<'_> {
        Call::new(self, Purpose::Look, operation, method, url)
    }

    /// A request for a token: as [`Self::look`], but its answer isn't logged.
    pub fn log_in(&self, url: Url) -> Call<'_> {
        Call::new(self, Purpose::LogIn, "token", Method::POST, url)
    }

    /// A request that orders, gives back or changes something: sent once.
    pub fn spend(&self, operation: &'static str, method: Method, url: Url) -> Call<'_> {
        Call::new(self, Purpose::Spend, operation, method, url)
    }

    /// A request that tells a receiver something: sent once, wherever he is.
    pub fn tell(&self, method: Method, url: Url) -> Call<'_> {
        Call::new(self, Purpose::Tell, "deliver", method, url)
    }

    /// An error of this service.
    pub fn error(&self, failure: Failure, reason: impl Into<String>) -> CallError {
        CallError::new(&self.service, failure, reason)
    }

    pub(super) async fn run(
        &self,
        purpose: Purpose,
        operation: &'static str,
        request: reqwest::Request,
    ) -> Result<Answer, CallError> {
        self.refuse_leaving(purpose)?;
        if purpose == Purpose::Look && !self.reads.allow(&request) {
            let reason = "it was to look only, and the request may do more";
            return Err(self.error(Failure::NotSent, reason));
        }
        self.refuse_private(request.url())?;
        let mut under_way = UnderWay {
            service: &self.service,
            operation,
            started: Instant::now(),
            outcome: None,
        };
        let result = self.bounded(purpose, operation, request).await;
        under_way.outcome = Some(match &result {
            Ok(answer) => answer.status_text(),
            Err(error) if error.failure == Failure::NotSent => "not_sent".to_owned(),
            Err(_) => "no_answer".to_owned(),
        });
        result
    }

    /// Keeps what may not leave. Looking at what a carrier sells tells it
    /// nothing; asking a provider about an address tells where somebody lives,
    /// so that nothing at all leaves a provider's sandbox.
    fn refuse_leaving(&self, purpose: Purpose) -> Result<(), CallError> {
        let kind = self.service.kind();
        match (self.spending, purpose, kind) {
            (Spending::Allowed, ..) | (_, Purpose::Look | Purpose::LogIn, Kind::Carrier) => Ok(()),
            (Spending::Sandbox, _, Kind::Carrier) => Err(self.error(
                Failure::NotSent,
                "the carrier is set to sandbox: nothing that orders or releases leaves",
            )),
            (Spending::Sandbox, _, Kind::Provider | Kind::Receiver) => Err(self.error(
                Failure::NotSent,
                "the provider is set to sandbox: nothing leaves",
            )),
            (Spending::Disabled, ..) => Err(self.error(Failure::NotSent, "provisioning_disabled")),
        }
    }

    fn refuse_private(&self, url: &Url) -> Result<(), CallError> {
        let private = address::literal(url).is_some_and(address::is_private);
        if private && !self.allow_private {
            let reason =
                "the URL names a private address; allow_private_addresses lets it be called";
            return Err(self.error(Failure::NotSent, reason));
        }
        Ok(())
    }

    /// One attempt, or two of a request that only looks, within the time; and
    /// before that, at most as long again for its turn.
    async fn bounded(
        &self,
        purpose: Purpose,
        operation: &'static str,
        request: reqwest::Request,
    ) -> Result<Answer, CallError> {
        let again = match purpose {
            Purpose::Look | Purpose::LogIn => request.try_clone(),
            Purpose::Spend | Purpose::Tell => None,
        };
        let permit = tokio::time::timeout(self.timeout, self.permits.acquire());
        let Ok(_permit) = permit.await else {
            let reason = "too many requests to it are under way";
            return Err(self.error(Failure::NotSent, reason));
        };
        let attempts = async {
            let first = self.attempt(purpose, operation, request).await;
            match (first, again) {
                (Err(error), Some(again)) if error.failure != Failure::Refused => {
                    tracing::debug!(service = self.service.section(), operation, %error, "asking again");
                    self.attempt(purpose, operation, again).await
                }
                (first, _) => first,
            }
        };
        let mut waiting = Waiting {
            client: self,
            purpose,
            since: tokio::time::Instant::now(),
            end: patience::end(),
            is_over: false,
        };
        let result = tokio::time::timeout(self.timeout, attempts).await;
        waiting.is_over = true;
        let Ok(result) = result else {
            self.note(purpose, false);
            let reason = format!("no answer within {} ms", self.timeout.as_millis());
            return Err(self.error(Failure::Unknown, reason));
        };
        result
    }

    async fn attempt(
        &self,
        purpose: Purpose,
        operation: &'static str,
        request: reqwest::Request,
    ) -> Result<Answer, CallError> {
        if purpose != Purpose::Tell && !self.breaker.lets_through(Instant::now()) {
            let reason = "it failed again and again and is left alone for some seconds";
            return Err(self.error(Failure::NotSent, reason));
        }
        if purpose != Purpose::Tell {
            self.log_request(operation, &request);
        }
        let result = self.exchange(purpose, request).await;
        let works = result.as_ref().is_ok_and(|answer| answer.status < 500);
        self.note(purpose, works);
        if let Ok(answer) = &result {
            tracing::debug!(
                service = self.service.section(),
                operation,
                status = answer.status,
                body = %self.shown(purpose, &answer.body),
                "answer of a service"
            );
        }
        result
    }

    /// Tells the breaker whether the service works.
    fn note(&self, purpose: Purpose, works: bool) {
        match (purpose, works) {
            (Purpose::Tell, _) => {}
            (_, true) => self.breaker.succeeded(),
            (_, false) => self.breaker.failed(Instant::now()),
        }
    }

    async fn exchange(
        &self,
        purpose: Purpose,
        request: reqwest::Request,
    ) -> Result<Answer, CallError> {
        let credentials = credentials(&request);
        let mut response = self
            .inner
            .execute(request)
            .await
            .map_err(|error| self.broken(&error))?;
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.broken(&error))?
        {
            if body.len() + chunk.len() > self.max_body_bytes {
                let reason = format!("the answer is longer than {} bytes", self.max_body_bytes);
                return Err(self.error(Failure::Unknown, reason));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            service: self.service.clone(),
            spent: purpose == Purpose::Spend,
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            // What a service says ends up in errors, orders and the log.
            body: self.secrets.out_of_answer(body, credentials.as_deref()),
        })
    }

    /// What a failure on the way means. Only where connecting itself failed is
    /// it sure that nothing arrived.
    fn broken(&self, error: &reqwest::Error) -> CallError {
        let failure = if error.is_connect() || error.is_builder() {
            Failure::NotSent
        } else {
            Failure::Unknown
        };
        // The message of reqwest names the URL, which may hold credentials.
        let mut reason = match error {
            error if error.is_connect() => "can't connect".to_owned(),
            error if error.is_timeout() => "no answer in time".to_owned(),
            error if error.is_body() || error.is_decode() => "the answer broke off".to_owned(),
            _ => "the connection broke".to_owned(),
        };
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        self.error(failure, self.redacted(reason.as_bytes()))
    }

    fn log_request(&self, operation: &'static str, request: &reqwest::Request) {
        let body = request.body().and_then(reqwest::Body::as_bytes);
        tracing::debug!(
            service = self.service.section(),
            operation,
            method = %request.method(),
            url = %self.redacted(request.url().as_str().as_bytes()),
            body = %self.redacted(body.unwrap_or_default()),
            "request to a service"
        );
    }

    /// What the log shows of an answer.
    fn shown(&self, purpose: Purpose, body: &[u8]) -> String {
        match purpose {
            Purpose::LogIn | Purpose::Tell => "***".to_owned(),
            Purpose::Look | Purpose::Spend => self.redacted(body),
        }
    }

    /// Text for the log: bounded, without the service's secrets.
    fn redacted(&self, text: &[u8]) -> String {
        const MOST: usize = 4096;
        /// Longer than any secret, so that none is cut before it is found.
        const BEYOND: usize = 1024;
        let text = &text[..text.len().min(MOST + BEYOND)];
        let text = self.secrets.out_of_log(text.to_vec());
        let mut text = String::from_utf8_lossy(&text).into_owned();
        text.truncate(text.floor_char_boundary(MOST));
        text
    }
}

/// How long a service must have kept us waiting before it counts as its failure
/// that our patience ended: a search may be in a greater hurry than a service
/// that works has to be.
const FAILED_AFTER: Duration = Duration::from_millis(1500);

/// An answer that is waited for. When it isn't any more, because our patience
/// ended, the service has failed; when the client left for whom we asked, that
/// tells nothing of the service, however long he waited.
struct Waiting<'c> {
    client: &'c Client,
    purpose: Purpose,
    since: tokio::time::Instant,
    /// When our patience ends.
    end: Option<tokio::time::Instant>,
    is_over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = tokio::time::Instant::now();
        let ended = self.end.is_some_and(|end| end <= now);
        if !self.is_over && ended && now - self.since >= FAILED_AFTER {
            self.client.note(self.purpose, false);
        }
    }
}

/// What a request says of who asks: `user:secret` in base64, or a token.
fn credentials(request: &reqwest::Request) -> Option<String> {
    let said = request.headers().get(reqwest::header::AUTHORIZATION)?;
    let (_, credentials) = said.to_str().ok()?.split_once(' ')?;
    Some(credentials.to_owned())
}

/// A request that is measured when it ends, also when nobody waits for its end
/// any more, as when the time of a search is over.
struct UnderWay<'c> {
    service: &'c Service,
    operation: &'static str,
    started: Instant,
    /// `None` until there is one.
    outcome: Option<String>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let outcome = self.outcome.take();
        let outcome = outcome.unwrap_or_else(|| "given_up".to_owned());
        let service = self.service;
        let (noun, seconds, total) = metric_names(service.kind());
        let labels = [
            (noun, service.to_string()),
            ("operation", self.operation.to_owned()),
        ];
        metrics::histogram!(seconds, &labels).record(took.as_secs_f64());
        let [service, operation] = labels;
        let labels = [service, operation, ("outcome", outcome)];
        metrics::counter!(total, &labels).increment(1);
    }
}

/// The label, the histogram and the counter of requests to a kind of service.
const fn metric_names(kind: Kind) -> (&'static str, &'static str, &'static str) {
    match kind {
        Kind::Carrier => (
            "carrier",
            "numberd_carrier_request_seconds",
            "numberd_carrier_requests_total",
        ),
        Kind::Provider => (
            "provider",
            "numberd_provider_request_seconds",
            "numberd_provider_requests_total",
        ),
        Kind::Receiver => (
            "receiver",
            "numberd_webhook_request_seconds",
            "numberd_webhook_requests_total",
        ),
    }
}

fn check_base(service: &Service, common: &Common, base: &Url) -> Result<(), BadSettings> {
    let local = common.allow_private_addresses
        && address::literal(base).is_some_and(|address| address.is_loopback());
    match base.scheme() {
        "https" => Ok(()),
        "http" if common.allow_plain_http || local => Ok(()),
        "http" => Err(BadSettings::new(
            service,
            "'base_url' would send credentials in clear: use https, or set allow_plain_http",
        )),
        _ => Err(BadSettings::new(service, "'base_url' is no https URL")),
    }
}
