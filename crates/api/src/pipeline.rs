//! The way of a request through the API, in the order of spec/http.md 1.1:
//! path, query and body are read, the token is looked at, the router picks the
//! route, [`crate::call`] loads the account and checks rights, the handler
//! runs, the envelope is written.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Uri, header};
use axum::response::Response;
use engine::EngineError;
use futures::FutureExt;
use numbers::account::AccountId;
use tower::Service;

use crate::Api;
use crate::buckets::Decision;
use crate::call::Asked;
use crate::envelope;
use crate::error::ApiError;
use crate::idempotency::{self, Begun};
use crate::reply::{Answer, Outcome};
use crate::request::{Envelope, Incoming, UNKNOWN_PEER, account_in};
use crate::table::{Answering, Table};
use crate::{observe, router};

/// Stands for any account where only the route counts.
const ANY_ACCOUNT: &str = "00000000000000000000000000000000";

/// The longest body of a webhook: vendors send a kilobyte or two.
const MAX_HOOK_BYTES: usize = 256 << 10;

/// The API as a service: takes HTTP requests, answers them, never fails.
#[derive(Clone)]
pub struct ApiService {
    api: Arc<Api>,
    table: Arc<Table>,
}

impl ApiService {
    pub(crate) fn new(api: Arc<Api>, table: Table) -> Self {
        let table = Arc::new(table);
        Self { api, table }
    }

    /// What handlers share.
    pub fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// Answers a request that `peer` sent.
    pub(crate) fn respond(
        &self,
        peer: IpAddr,
        request: Request,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        self.clone().answer(peer, request).map(Ok)
    }

    async fn answer(self, peer: IpAddr, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        let mut incoming = Incoming::new(&mut parts, peer, &self.api.settings);
        let prepared = prepare(&self.api, &mut incoming, &parts.uri, body).await;
        if prepared.is_ok() {
            let path = incoming.path_for_router(&parts.uri);
            let path = path.as_deref().unwrap_or(parts.uri.path());
            incoming.route = self.table.find(path).cloned();
        }
        let incoming = Arc::new(incoming);
        let outcome = match prepared {
            Ok(envelope) => self.carry_out(&incoming, envelope).await,
            Err(error) => Err(error),
        };
        let response = envelope::finish(&incoming, &self.api.node, outcome);
        observe::request(&incoming, response.status());
        response
    }

    /// Runs the handler, unless the call was carried out before.
    async fn carry_out(&self, incoming: &Arc<Incoming>, body: Option<Envelope>) -> Outcome {
        let Some(route) = &incoming.route else {
            return Err(router::not_found(incoming));
        };
        if incoming.method == Method::OPTIONS {
            // No token and no `Origin` is needed (spec/http.md 1.9).
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert(header::ALLOW, route.allow());
            return Ok(Answer::Document(response));
        }
        let Some(run) = route.handler(&incoming.method) else {
            return Err(ApiError::invalid_method());
        };
        let claim = match idempotency::begin(&self.api, incoming, body.as_ref()).await? {
            Begun::Plain => None,
            Begun::Claimed(claim) => Some(claim),
            Begun::Answered(reply) => return Ok(Answer::Reply(*reply)),
        };
        let asked = Asked {
            incoming: incoming.clone(),
            body,
            claim: claim.clone(),
        };
        let answering = run(self.api.clone(), asked);
        let ended = match claim {
            None => self.await_answer(incoming, answering).await,
            Some(claim) => {
                let settled = async move { claim.settle(answering.await).await };
                self.await_answer(incoming, Box::pin(settled)).await
            }
        };
        ended.unwrap_or_else(|| {
            tracing::error!(request_id = incoming.id, "a handler panicked");
            Err(ApiError::unspecified_fault())
        })
    }

    /// Waits for a handler; `None` where it panics, which is a fault of this
    /// request only. What may write is finished even if the client goes away
    /// meanwhile, so that nothing is left half-done.
    async fn await_answer(&self, incoming: &Incoming, answering: Answering) -> Option<Outcome> {
        if incoming.method == Method::GET {
            return AssertUnwindSafe(answering).catch_unwind().await.ok();
        }
        let in_flight = self.api.in_flight.subscribe();
        let task = tokio::spawn(async move {
            let outcome = answering.await;
            drop(in_flight);
            outcome
        });
        task.await.ok()
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
        Box::pin(self.respond(UNKNOWN_PEER, request))
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
