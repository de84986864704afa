//! Probes: whether the process lives, and whether it can work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::Api;

/// The process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// The store answers as well.
pub async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, &'static str) {
    match api.engine.store().ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n"),
    }
}
