//! Names of headers that only this API knows, parsed once.

use axum::http::HeaderName;

/// The token.
pub static AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
/// The account that the client takes the token for.
pub static AUTH_ACCOUNT_ID: HeaderName = HeaderName::from_static("x-auth-account-id");
/// The dialect of the answer.
pub static DIALECT: HeaderName = HeaderName::from_static("x-numberd-dialect");
/// The name under which a browser saves a table.
pub static FILE_NAME: HeaderName = HeaderName::from_static("x-file-name");
/// The addresses that a request came by.
pub static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Whether the answer shall be indented.
pub static PRETTY_PRINT: HeaderName = HeaderName::from_static("x-pretty-print");
/// Names the request.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
