//! Headers for scripts of other origins (spec/http.md 1.8).

use axum::http::{HeaderMap, HeaderValue, header};

/// What scripts may send, after the names that Kazoo lists.
const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, depth, user-agent, x-http-method-override, x-file-size, x-requested-with, \
     if-modified-since, x-file-name, cache-control, x-auth-token, x-kazoo-cluster-id, if-match, \
     if-none-match, authorization, x-pretty-print, x-request-id, x-auth-account-id, \
     x-numberd-dialect, idempotency-key",
);

/// What scripts may read.
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, x-auth-token, x-request-id, x-kazoo-cluster-id, location, etag, retry-after, \
     x-next-start-key, idempotency-replayed",
);

/// How long a browser may remember all this, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Verbs when the route isn't known.
const ANY_METHODS: HeaderValue =
    HeaderValue::from_static("OPTIONS, GET, PUT, POST, PATCH, DELETE, HEAD");

/// Adds the headers to an answer. The verb that a browser asks for is among the
/// allowed ones even if the route doesn't have it: so the script gets to read the
/// 405.
pub(crate) fn add_headers(headers: &mut HeaderMap, request: &HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    let asked = request.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let methods = match headers.get(header::ALLOW) {
        Some(allow) => allow_methods(allow, asked),
        None => ANY_METHODS,
    };
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
}

/// `GET,HEAD` → `OPTIONS, GET, HEAD`, and the one that was asked for.
fn allow_methods(allow: &HeaderValue, asked: Option<&HeaderValue>) -> HeaderValue {
    let verbs = allow.to_str().unwrap_or_default();
    let mut allowed: Vec<&str> = std::iter::once("OPTIONS")
        .chain(verbs.split(',').map(str::trim))
        .collect();
    let asked = asked.and_then(|asked| asked.to_str().ok());
    let known = ["GET", "PUT", "POST", "PATCH", "DELETE"];
    if let Some(asked) = asked
        && known.contains(&asked)
        && !allowed.contains(&asked)
    {
        allowed.push(asked);
    }
    HeaderValue::from_str(&allowed.join(", ")).unwrap_or(ANY_METHODS)
}
