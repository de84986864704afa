//! `GET /metrics`: what Prometheus reads.

use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::Api;
use crate::observe;

/// Requests by route and status, latencies, the store's queue and commits,
/// numbers by state.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "server",
    responses((status = 200, description = "Metrics in Prometheus' text format"))
)]
pub async fn get(api: Arc<Api>) -> Response {
    // Without the store there are no counts, but all the rest.
    let counts = api.engine.store().state_counts().await.unwrap_or_default();
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    (
        [(header::CONTENT_TYPE, content_type)],
        observe::render(&counts),
    )
        .into_response()
}
