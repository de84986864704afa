//! Probes: whether the process lives, and whether it can work.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::Api;

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "server",
    responses((status = 200, description = "The process answers"))
)]
pub async fn alive() -> Response {
    "ok\n".into_response()
}

/// The store answers as well.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "server",
    responses(
        (status = 200, description = "The store answers"),
        (status = 503, description = "The store does not answer"),
    )
)]
pub async fn ready(api: Arc<Api>) -> Response {
    match api.engine.store().ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer\n",
        )
            .into_response(),
    }
}
