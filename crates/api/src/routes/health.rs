//! Probes: whether the process lives, and whether it can work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::Api;

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "server",
    responses((status = 200, description = "The process answers"))
)]
pub async fn alive() -> &'static str {
    "ok\n"
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
pub async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, &'static str) {
    match api.engine.store().ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer\n",
        ),
    }
}
