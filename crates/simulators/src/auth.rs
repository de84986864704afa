//! Who may talk to a vendor.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::tokens::Tokens;

/// Lets through who has the bearer token.
pub async fn bearer(token: &str, request: Request, next: Next) -> Response {
    authorized(&format!("Bearer {token}"), request, next).await
}

/// Lets through who has the HTTP Basic credentials.
pub async fn basic_only(pair: (&str, &str), request: Request, next: Next) -> Response {
    authorized(&basic(pair), request, next).await
}

/// Lets through who has the HTTP Basic credentials or a token of the vendor's.
pub async fn basic_or_token(
    pair: (&str, &str),
    tokens: &Tokens,
    request: Request,
    next: Next,
) -> Response {
    if tokens.accepts(request.headers()) {
        return next.run(request).await;
    }
    authorized(&basic(pair), request, next).await
}

/// What `authorization` is with these HTTP Basic credentials.
pub fn basic((user, password): (&str, &str)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Lets through whose `authorization` is this.
async fn authorized(wanted: &str, request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION);
    if sent.is_some_and(|sent| sent.as_bytes() == wanted.as_bytes()) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, "unauthorized").into_response()
    }
}
