//! The description of the API, for programs and for people.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use crate::openapi;

/// The page; it reads `/openapi.json` and nothing from outside.
const PAGE: &str = include_str!("../../assets/docs.html");

/// What the page may load: only what this server sends.
const CONTENT_POLICY: &str = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; \
                              script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// `GET /docs`: a page that shows the description.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "server",
    responses((status = 200, description = "A page for people"))
)]
pub async fn page() -> Response {
    (
        [(header::CONTENT_SECURITY_POLICY, CONTENT_POLICY)],
        Html(PAGE),
    )
        .into_response()
}

/// `GET /openapi.json`: OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "server",
    responses((status = 200, description = "This description"))
)]
pub async fn openapi() -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        openapi::text(),
    )
        .into_response()
}
