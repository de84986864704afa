//! `hooks`: what carriers tell us by themselves.

use std::sync::Arc;

use engine::orders::NoticeError;
use engine::{Caller, Context};
use numbers::account::AccountId;
use serde_json::json;

use crate::Api;
use crate::call::OpenCall;
use crate::error::ApiError;
use crate::reply::Reply;

/// A carrier's word that an order moved, in its own format, with its own
/// signature in place of a token. The order is asked for soon; what the body
/// says besides isn't believed.
#[utoipa::path(
    post,
    path = "/v2/hooks/carriers/{carrier}",
    tag = "orders",
    params(("carrier" = String, Path)),
    responses(
        (status = 200, description = "Taken"),
        (status = 403, description = "Not signed by the carrier, or not about an order"),
        (status = 404, description = "No such carrier, or its webhooks aren't set up"),
    )
)]
pub async fn carrier(api: Arc<Api>, call: OpenCall) -> Result<Reply, ApiError> {
    take(&api, &call, None).await
}

/// The same from a reseller's own account at a carrier: verified with what the
/// reseller set there (`/accounts/{account_id}/carriers/{carrier}`), and believed
/// of orders that were sent with that.
#[utoipa::path(
    post,
    path = "/v2/hooks/carriers/{carrier}/{account_id}",
    tag = "orders",
    params(("carrier" = String, Path), ("account_id" = String, Path, description = "The reseller")),
    responses(
        (status = 200, description = "Taken"),
        (status = 403, description = "Not signed by the carrier, or not about an order"),
        (status = 404, description = "No such carrier, or the account has no webhooks of it set up"),
    )
)]
pub async fn reseller(api: Arc<Api>, call: OpenCall) -> Result<Reply, ApiError> {
    let id = call.incoming.tokens.last().map_or("", String::as_str);
    let reseller = AccountId::parse(id).map_err(|_| ApiError::bad_identifier(id))?;
    take(&api, &call, Some(&reseller)).await
}

async fn take(api: &Api, call: &OpenCall, reseller: Option<&AccountId>) -> Result<Reply, ApiError> {
    let incoming = &call.incoming;
    let context = Context {
        caller: Caller::System,
        request_id: incoming.id.clone(),
        now: incoming.now,
        making: None,
    };
    let name = call.after("carriers");
    let header = |name: &str| {
        let value = incoming.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let body = &incoming.raw_body;
    let taken = api
        .engine
        .take_notice(&context, name, reseller, &header, body);
    match taken.await {
        Ok(()) => Reply::new(&json!({})),
        Err(NoticeError::Unknown(_)) => Err(ApiError::bad_identifier(name)),
        Err(NoticeError::NotBelieved(reason)) => {
            tracing::warn!(carrier = name, reason, "a webhook isn't believed");
            Err(ApiError::forbidden())
        }
        Err(NoticeError::Store(error)) => Err(error.into()),
    }
}
