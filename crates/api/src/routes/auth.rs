//! `auth`: tokens renewed and looked at (spec/http.md 3.5).

use std::sync::Arc;

use super::user_auth::{answer, check_action};
use crate::Api;
use crate::call::{Call, OpenCall};
use crate::error::ApiError;
use crate::reply::Reply;

/// A new token for the holder of a good one.
#[utoipa::path(
    put,
    path = "/v2/auth",
    tag = "auth",
    responses(
        (status = 201, description = "As at log-in", body = ref("Login")),
        (status = 401, description = "No good token"),
    )
)]
pub async fn refresh(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let data = call.take_data()?;
    check_action(data.get("action"), "refresh_token")?;
    let holder = call
        .incoming
        .holder
        .as_ref()
        .ok_or_else(ApiError::invalid_credentials)?;
    answer(api.engine.refresh_token(holder).await?)
}

/// What the token in `token` says. Who has a token may know what it says, so the
/// call needs no other.
#[utoipa::path(
    get,
    path = "/v2/auth/tokeninfo",
    tag = "auth",
    params(("token" = String, Query)),
    responses(
        (status = 200, description = "Claims, and the data of the log-in", body = ref("TokenInfo")),
        (status = 401, description = "The token is no good"),
        (status = 404, description = "No token in the parameters"),
    )
)]
pub async fn token_info(api: Arc<Api>, call: OpenCall) -> Result<Reply, ApiError> {
    let Some(token) = call.value("token") else {
        return Err(ApiError::bad_identifiers("missing token in params"));
    };
    let holder = api
        .engine
        .authenticate(token.as_str().unwrap_or_default())
        .await?;
    Reply::new(&api.engine.token_data(&holder).await?)
}

/// The same for clients that post it.
#[utoipa::path(
    post,
    path = "/v2/auth/tokeninfo",
    tag = "auth",
    responses(
        (status = 200, description = "Claims, and the data of the log-in", body = ref("TokenInfo")),
        (status = 401, description = "The token is no good"),
        (status = 404, description = "No token in the parameters"),
    )
)]
pub async fn posted_token_info(api: Arc<Api>, call: OpenCall) -> Result<Reply, ApiError> {
    token_info(api, call).await
}
