//! What a request leaves behind: one line in the log and its metrics. Never a
//! path or a query, which may hold tokens: the route's template stands for
//! them.

use axum::http::StatusCode;

use crate::request::Incoming;

/// Tells of a request that was answered.
pub(crate) fn request(incoming: &Incoming, status: StatusCode) {
    let route = incoming.route.get().map_or("", |route| route.as_str());
    let elapsed = incoming.started.elapsed();
    tracing::info!(
        request_id = incoming.id,
        method = incoming.method.as_str(),
        route,
        status = status.as_u16(),
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
}
