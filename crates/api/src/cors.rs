//! Headers for scripts of other origins (spec/http.md 1.8).

use axum::http::{HeaderMap, HeaderValue, header};

/// What scripts may send, after the names that Kazoo lists.
const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, depth, user-agent, x-http-method-override, x-file-size, x-requested-with, \
     if-modified-since, x-file-name, cache-control, x-auth-token, x-kazoo-cluster-id, if-match, \
     if-none-match, authorization, x-pretty-print, x-request-id, x-auth-account-id, \
     x-numberd-dialect",
);

/// What scripts may read.
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, x-auth-token, x-request-id, x-kazoo-cluster-id, location, etag, retry-after",
);

/// How long a browser may remember all this, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Verbs when the route isn't known.
const ANY_METHODS: HeaderValue =
    HeaderValue::from_static("OPTIONS, GET, PUT, POST, PATCH, DELETE, HEAD");

/// Adds the headers; the verbs, unless the answer names them already.
pub(crate) fn add_headers(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    let methods = match headers.get(header::ALLOW) {
        Some(allow) => allow_methods(allow),
        None => ANY_METHODS,
    };
    headers
        .entry(header::ACCESS_CONTROL_ALLOW_METHODS)
        .or_insert(methods);
}

/// `GET,HEAD` → `OPTIONS, GET, HEAD`.
fn allow_methods(allow: &HeaderValue) -> HeaderValue {
    let verbs = allow.to_str().unwrap_or_default();
    let spaced: Vec<&str> = std::iter::once("OPTIONS")
        .chain(verbs.split(',').map(str::trim))
        .collect();
    HeaderValue::from_str(&spaced.join(", ")).unwrap_or(ANY_METHODS)
}
