//! `api_auth`: logging in with an API key (spec/http.md 3.4).

use std::sync::Arc;

use engine::EngineError;

use super::user_auth::{answer, draw};
use crate::Api;
use crate::call::OpenCall;
use crate::error::ApiError;
use crate::reply::Reply;

/// Logs an account in.
#[utoipa::path(
    put,
    path = "/v2/api_auth",
    tag = "auth",
    responses(
        (status = 201, description = "`auth_token` in the envelope, and what an interface needs", body = ref("Login")),
        (status = 400, description = "No API key, or the account is disabled"),
        (status = 404, description = "Nobody's API key"),
        (status = 429, description = "Too many tries"),
    )
)]
pub async fn log_in(api: Arc<Api>, mut call: OpenCall) -> Result<Reply, ApiError> {
    draw(&api, &call)?;
    let data = call.take_data()?;
    let key = data
        .get("api_key")
        .and_then(|key| key.as_str())
        .unwrap_or_default()
        .to_owned();
    match api.engine.api_auth(data).await {
        Ok(login) => answer(login),
        Err(EngineError::UnknownApiKey) => Err(ApiError::bad_identifiers(&key)),
        Err(error) => Err(error.into()),
    }
}
