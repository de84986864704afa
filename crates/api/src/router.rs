//! Every route, on one page (spec/http.md 3, 4.1, 7.1).
//!
//! Paths outside of this table are 404, verbs outside of it 405, both with an
//! envelope. `/v1` and other versions, trailing slashes and
//! `/v2/account/…` have been brought to the spelling of this table before.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::routing::get;

use crate::Api;
use crate::error::ApiError;
use crate::request::Incoming;
use crate::routes::health;

/// The whole table.
pub fn routes() -> Router<Arc<Api>> {
    Router::new().merge(about_the_server())
}

/// Outside of the versioned API, without envelopes or tokens.
fn about_the_server() -> Router<Arc<Api>> {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}

/// No such route (spec/http.md 1.3).
pub(crate) async fn not_found(request: Request) -> ApiError {
    let Some(incoming) = request.extensions().get::<Arc<Incoming>>() else {
        return ApiError::not_found();
    };
    match incoming.tokens.as_slice() {
        [noun, id, ..] if noun == "accounts" && id.is_empty() => ApiError::missing_account_id(),
        [] if incoming.version.is_some() && incoming.holder.is_none() => {
            ApiError::invalid_credentials()
        }
        _ => ApiError::not_found(),
    }
}

/// The route is there, but not for this verb.
pub(crate) async fn invalid_method(request: Request) -> ApiError {
    let extensions = request.extensions();
    if let (Some(incoming), Some(route)) =
        (extensions.get::<Arc<Incoming>>(), extensions.get::<MatchedPath>())
    {
        // The first to know the route; nothing else sets it here.
        let _ = incoming.route.set(route.clone());
    }
    ApiError::invalid_method()
}
