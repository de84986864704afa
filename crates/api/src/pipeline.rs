//! The way of a request through the API, in the order of spec/http.md 1.1:
//! path, query and body are read, the token is looked at, the router picks the
//! route, [`crate::call`] loads the account and checks rights, the handler
//! runs, the envelope is written.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Uri, header};
use axum::response::{IntoResponse, Response};
use engine::EngineError;
use futures::FutureExt;
use numbers::account::AccountId;
use tower::{Service, ServiceExt};

use crate::Api;
use crate::buckets::Decision;
use crate::envelope;
use crate::error::ApiError;
use crate::idempotency::{self, Begun, Claim};
use crate::request::{Envelope, Incoming, account_in};
use crate::{observe, router};

/// Stands for any account where only the route counts.
const ANY_ACCOUNT: &str = "00000000000000000000000000000000";

/// The longest body of a webhook: vendors send a kilobyte or two.
const MAX_HOOK_BYTES: usize = 256 << 10;

/// The API as a service: takes HTTP requests, answers them, never fails.
#[derive(Clone)]
pub struct ApiService {
    api: Arc<Api>,
    router: Router,
}

impl ApiService {
    pub(crate) fn new(api: Arc<Api>, table: Router<Arc<Api>>) -> Self {
        let router = table
            .fallback(router::not_found)
            .method_not_allowed_fallback(router::invalid_method)
            .with_state(api.clone());
        Self { api, router }
    }

    /// What handlers share.
    pub fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// Answers a request.
    pub(crate) fn respond(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        self.clone().answer(request).map(Ok)
    }

    async fn answer(self, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let mut incoming = Incoming::new(&mut parts, &self.api.settings);
        let prepared = prepare(&self.api, &mut incoming, &parts.uri, body).await;
        let incoming = Arc::new(incoming);
        let response = match prepared {
            Ok(_) if parts.method == Method::OPTIONS => self.options(&incoming, &parts.uri).await,
            Ok(envelope) => {
                if let Some(path) = incoming.path_for_router(&parts.uri) {
                    // Written by percent-encoding, so that it is a path.
                    parts.uri = Uri::try_from(path).unwrap_or_default();
                }
                parts.method = incoming.method.clone();
                let mut request = Request::from_parts(parts, Body::empty());
                request.extensions_mut().insert(incoming.clone());
                self.carry_out(&incoming, envelope, request).await
            }
            Err(error) => error.into_response(),
        };
        let response = envelope::finish(&incoming, &self.api.node, response);
        observe::request(&incoming, response.status());
        response
    }

    /// Runs the handler, unless the call was carried out before.
    async fn carry_out(
        &self,
        incoming: &Arc<Incoming>,
        envelope: Option<Envelope>,
        mut request: Request,
    ) -> Response {
        let begun = idempotency::begin(&self.api, incoming, envelope.as_ref()).await;
        match begun {
            Ok(Begun::Plain) => {}
            Ok(Begun::Claimed(claim)) => {
                request.extensions_mut().insert(claim);
            }
            Ok(Begun::Answered(response)) => return response,
            Err(error) => return error.into_response(),
        }
        if let Some(envelope) = envelope {
            request.extensions_mut().insert(envelope);
        }
        self.dispatch(incoming, request).await
    }

    /// Runs the handler. What may write is finished even if the client goes
    /// away meanwhile, so that nothing is left half-done; and a handler that
    /// panics is a fault of this request only.
    async fn dispatch(&self, incoming: &Arc<Incoming>, request: Request) -> Response {
        let claim = request.extensions().get::<Arc<Claim>>().cloned();
        let run = self.router.clone().oneshot(request);
        let ended = if incoming.method == Method::GET {
            std::panic::AssertUnwindSafe(run).catch_unwind().await.ok()
        } else {
            let in_flight = self.api.in_flight.subscribe();
            let task = tokio::spawn(async move {
                let response = match claim {
                    None => run.await,
                    Some(claim) => {
                        let Ok(response) = run.await;
                        Ok(claim.settle(response).await)
                    }
                };
                drop(in_flight);
                response
            });
            task.await.ok()
        };
        match ended {
            Some(Ok(response)) => response,
            Some(Err(never)) => match never {},
            None => {
                tracing::error!(request_id = incoming.id, "a handler panicked");
                ApiError::unspecified_fault().into_response()
            }
        }
    }

    /// `OPTIONS` needs no token and no `Origin`: 200 and the verbs of the route
    /// (spec/http.md 1.9).
    async fn options(&self, incoming: &Arc<Incoming>, uri: &Uri) -> Response {
        let path = incoming.path_for_router(uri);
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::OPTIONS;
        *request.uri_mut() = path.map_or_else(
            || uri.clone(),
            |path| Uri::try_from(path).unwrap_or_default(),
        );
        request.extensions_mut().insert(incoming.clone());
        let routed = self.dispatch(incoming, request).await;
        if routed.headers().contains_key(header::ALLOW) {
            let mut response = Response::new(Body::empty());
            if let Some(allow) = routed.headers().get(header::ALLOW) {
                response.headers_mut().insert(header::ALLOW, allow.clone());
            }
            return response;
        }
        routed
    }
}

impl Service<Request> for ApiService {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.respond(request))
    }
}

/// Everything before routing.
async fn prepare(
    api: &Api,
    incoming: &mut Incoming,
    uri: &Uri,
    body: Body,
) -> Result<Option<Envelope>, ApiError> {
    let limits = &api.settings.limits;
    incoming.read_uri(uri, limits.max_path_bytes)?;
    incoming.read_dialect()?;
    if incoming.version.is_none() {
        return Ok(None);
    }
    if incoming.method == Method::OPTIONS {
        // Browsers ask without a token, so that no account is known; the verbs
        // are the same for all of them.
        if is_account_alias(&incoming.tokens) {
            expand_account_alias(incoming, ANY_ACCOUNT);
        }
        return Ok(None);
    }
    let patience = Duration::from_secs(limits.receive_timeout_s);
    if is_hook(&incoming.tokens) {
        // A vendor's own format and signature in place of envelope and token.
        let limit = limits.max_body_bytes.min(MAX_HOOK_BYTES);
        incoming.read_raw_body(body, limit, patience).await?;
        draw(api, incoming).await?;
        return Ok(None);
    }
    let envelope = incoming
        .read_body(body, limits.max_body_bytes, patience)
        .await?;
    incoming.read_options(envelope.as_ref())?;
    if !is_known(&incoming.method) {
        return Err(ApiError::not_implemented());
    }
    identify(api, incoming).await?;
    if is_account_alias(&incoming.tokens) {
        let holder = incoming
            .holder
            .as_ref()
            .ok_or_else(ApiError::expired_token)?;
        let id = holder.account.id.to_string();
        expand_account_alias(incoming, &id);
    }
    if incoming.holder.is_none() {
        draw(api, incoming).await?;
    }
    Ok(envelope)
}

fn is_known(method: &Method) -> bool {
    [
        Method::GET,
        Method::PUT,
        Method::POST,
        Method::PATCH,
        Method::DELETE,
    ]
    .contains(method)
}

/// Looks at the token, before anything is known of the route: an expired one
/// ends the request, so that clients log in again; except where they do just
/// that. One that was never good counts as none.
async fn identify(api: &Api, incoming: &mut Incoming) -> Result<(), ApiError> {
    let Some(token) = &incoming.token else {
        return Ok(());
    };
    match api.engine.authenticate(token).await {
        Ok(holder) => incoming.holder = Some(holder),
        Err(EngineError::InvalidCredentials) => {}
        Err(EngineError::ExpiredToken) if is_login(&incoming.tokens) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn is_login(tokens: &[String]) -> bool {
    tokens
        .first()
        .is_some_and(|noun| noun == "user_auth" || noun == "api_auth")
}

/// `/v2/hooks/…`: what vendors tell us.
fn is_hook(tokens: &[String]) -> bool {
    tokens.first().is_some_and(|noun| noun == "hooks")
}

/// `/v2/account/…` means the token's own account (spec/http.md 1.3).
fn is_account_alias(tokens: &[String]) -> bool {
    tokens.first().is_some_and(|token| token == "account")
}

fn expand_account_alias(incoming: &mut Incoming, id: &str) {
    let account = ["accounts".to_owned(), id.to_owned()];
    incoming.tokens.splice(0..1, account);
}

/// Calls without a valid token draw from the bucket of their address and
/// account (spec/http.md 8.1). Only accounts that exist have a bucket, so that
/// inventing ids gains nothing.
async fn draw(api: &Api, incoming: &mut Incoming) -> Result<(), ApiError> {
    if let Some(Ok(id)) = account_in(&incoming.tokens).map(AccountId::parse) {
        incoming.url_account = api.engine.store().account(&id).await?;
    }
    let account = incoming.url_account.as_ref().map(|account| &account.id);
    match api.buckets.draw(incoming.client, account) {
        Decision::Granted(tokens) => {
            incoming.bucket = Some(tokens);
            Ok(())
        }
        Decision::Refused {
            tokens,
            retry_after,
        } => {
            incoming.bucket = Some(tokens);
            Err(ApiError::too_many_requests(retry_after))
        }
    }
}
