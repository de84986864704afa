//! Why a request is refused, and what the client sees of it
//! (spec/http.md 2.2, 2.4–2.7, 7.3).
//!
//! # Which error to use where
//!
//! | in | use |
//! |---|---|
//! | the domain, for one number | [`numbers::error::NumberError`] |
//! | the engine, for a whole request | [`engine::EngineError`] |
//! | a handler, passing on what the engine said | `?`: both become an [`ApiError`] |
//! | a handler, refusing by itself | a constructor of [`ApiError`]: [`ApiError::forbidden`], [`ApiError::bad_identifier`], … |
//! | a handler, about fields of the request | [`ApiError::validation`] with [`engine::FieldError`]s, all of them at once |
//! | a collection, about one of its numbers | [`Dialect::number_error`], into its `error` map |
//!
//! An [`ApiError`] knows no dialect: engine errors are kept as they are, and
//! the envelope asks for their shape when it knows for whom it writes.

mod shape;

use axum::http::StatusCode;
use engine::{EngineError, FieldError};
use numbers::error::NumberError;
use serde_json::{Value, json};
use store::StoreError;

use crate::dialect::Dialect;

/// A refused request.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Cause>);

#[derive(Clone, Debug)]
enum Cause {
    /// What the engine or the domain said; the dialect decides its shape.
    Engine(EngineError),
    /// What the API said itself.
    Direct(Shape),
}

/// What a client sees of an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// The HTTP status; `error` is the same as text.
    pub status: StatusCode,
    /// The envelope's `message`.
    pub message: &'static str,
    /// The envelope's `data`.
    pub data: Value,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

/// When to come back after the store was busy, in seconds.
const BUSY_RETRY_SECONDS: u64 = 1;

impl ApiError {
    /// An error of the table in spec/http.md 2.4: `data.message` is the text.
    fn system(status: StatusCode, name: &'static str, text: &str) -> Self {
        Self::direct(status, name, json!({"message": text}))
    }

    /// An error with its own data (spec/http.md 2.5).
    pub fn direct(status: StatusCode, message: &'static str, data: Value) -> Self {
        Self(Box::new(Cause::Direct(Shape {
            status,
            message,
            data,
            retry_after: None,
        })))
    }

    /// Adds a member to the data of an error that the API said itself.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Cause::Direct(Shape {
            data: Value::Object(data),
            ..
        }) = &mut *self.0
        {
            data.insert(key.to_owned(), value.into());
        }
        self
    }

    #[must_use]
    fn retry_after(mut self, seconds: u64) -> Self {
        if let Cause::Direct(shape) = &mut *self.0 {
            shape.retry_after = Some(seconds);
        }
        self
    }

    /// 404 `bad_identifier`, with the id.
    pub fn bad_identifier(id: &str) -> Self {
        Self::system(StatusCode::NOT_FOUND, "bad_identifier", "bad identifier").with("cause", id)
    }

    /// 404 for a number that isn't there or not for this caller.
    pub fn number_not_found() -> Self {
        Self::system(StatusCode::NOT_FOUND, "bad_identifier", "bad identifier")
            .with("not_found", "The number could not be found")
    }

    /// 404 `bad identifier` with a text: an account id that can't be one
    /// (spec/http.md 1.4).
    pub fn invalid_account_id(id: &str) -> Self {
        let text = format!("invalid account_id '{id}'");
        Self::system(StatusCode::NOT_FOUND, "bad identifier", &text)
    }

    /// 404 for a path with an empty account id (spec/http.md 1.3).
    pub fn missing_account_id() -> Self {
        Self::system(
            StatusCode::NOT_FOUND,
            "bad identifier",
            "missing account_id",
        )
    }

    /// 404 `bad identifier` with the id in a list: API keys, tasks.
    pub fn bad_identifiers(id: &str) -> Self {
        Self::direct(StatusCode::NOT_FOUND, "bad identifier", json!([id]))
    }

    /// 404 `not_found`: no such route.
    pub fn not_found() -> Self {
        Self::system(StatusCode::NOT_FOUND, "not_found", "not found")
    }

    /// 404 `faulty request`, with what is wrong about the paging.
    pub fn faulty_request(text: &str) -> Self {
        Self::system(StatusCode::NOT_FOUND, "faulty request", text)
    }

    /// 416: a listing is longer than can be had at once.
    pub fn too_many_rows(limit: usize) -> Self {
        let text = format!(
            "the listing has more than {limit} rows; read it in pages, with page_size and start_key"
        );
        let status = StatusCode::RANGE_NOT_SATISFIABLE;
        Self::system(status, "range not satisfiable", &text)
    }

    /// 404 with a message of its own and empty data: `number search
    /// restricted`, `nonexistent reseller_id`.
    pub fn missing(message: &'static str) -> Self {
        Self::direct(StatusCode::NOT_FOUND, message, json!({}))
    }

    /// 401 `invalid_credentials`: no token, or one that isn't good.
    pub fn invalid_credentials() -> Self {
        Self::system(
            StatusCode::UNAUTHORIZED,
            "invalid_credentials",
            "invalid credentials",
        )
    }

    /// 401 `invalid credentials`: a token that was good once, or none where
    /// the path depends on it.
    pub fn expired_token() -> Self {
        Self::direct(StatusCode::UNAUTHORIZED, "invalid credentials", json!({}))
    }

    /// 403.
    pub fn forbidden() -> Self {
        Self::system(StatusCode::FORBIDDEN, "forbidden", "forbidden")
    }

    /// 405.
    pub fn invalid_method() -> Self {
        Self::system(
            StatusCode::METHOD_NOT_ALLOWED,
            "invalid_method",
            "method not allowed",
        )
    }

    /// 406: none of the media types that the client takes can be had here.
    pub fn not_acceptable() -> Self {
        Self::system(
            StatusCode::NOT_ACCEPTABLE,
            "not_acceptable",
            "not acceptable",
        )
    }

    /// 409.
    pub fn conflict() -> Self {
        Self::system(
            StatusCode::CONFLICT,
            "datastore_conflict",
            "conflicting documents",
        )
    }

    /// 409: a call with the same idempotency key hasn't ended yet.
    pub fn still_running() -> Self {
        let text = "a call with this idempotency key is still running; repeat it in a moment";
        Self::system(StatusCode::CONFLICT, "call_in_progress", text).retry_after(BUSY_RETRY_SECONDS)
    }

    /// 409: a call that is repeated was carried out, and its answer isn't told
    /// twice.
    pub fn secret_told() -> Self {
        let text = "the call was carried out; its answer held a secret, which is told only once";
        Self::system(StatusCode::CONFLICT, "already_answered", text)
    }

    /// 422: the idempotency key belongs to another request.
    pub fn key_reused() -> Self {
        let text = "the idempotency key was used for another request; use a new one for this";
        Self::system(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            text,
        )
    }

    /// 414.
    pub fn uri_too_long(limit: usize) -> Self {
        let text = format!("path and query must not be longer than {limit} bytes");
        Self::system(StatusCode::URI_TOO_LONG, "uri_too_long", &text)
    }

    /// 431.
    pub fn head_too_long() -> Self {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::system(status, "head_too_long", "the request's head is too long")
    }

    /// 415: a body of a kind that no route reads.
    pub fn unsupported_media_type() -> Self {
        let text = "the content type is not supported";
        Self::system(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            text,
        )
    }

    /// 429, with the seconds until the next call may succeed.
    pub fn too_many_requests(retry_after: u64) -> Self {
        Self::system(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "too many requests",
        )
        .retry_after(retry_after)
    }

    /// 400 `parse_error`: the request can't be read; says why.
    pub fn unreadable(cause: &str) -> Self {
        Self::system(
            StatusCode::BAD_REQUEST,
            "parse_error",
            "failed to parse request body",
        )
        .with("cause", cause)
    }

    /// 400 `client error` with data of its own.
    pub fn client_error(data: Value) -> Self {
        Self::direct(StatusCode::BAD_REQUEST, "client error", data)
    }

    /// 400 `validation error`: these fields are wrong.
    pub fn validation(fields: Vec<FieldError>) -> Self {
        EngineError::Validation(fields).into()
    }

    /// 400 `validation error` about one field, with nothing but a text
    /// (collections, spec/http.md 7.9).
    pub fn field(path: &str, rule: &'static str, message: &str) -> Self {
        Self::validation(vec![FieldError::new(path, rule, message)])
    }

    /// 400: the body is longer than allowed (spec/http.md 1.10).
    pub fn body_too_large(limit: usize) -> Self {
        let text = format!("Payload or Files must not be more than {limit} bytes");
        let mut error = FieldError::new("file", "maxSize", text);
        error.target = Some(limit.into());
        Self::validation(vec![error])
    }

    /// 400: the body is no JSON (spec/http.md 1.6).
    pub fn invalid_json(text: impl Into<String>) -> Self {
        let mut error = FieldError::new("json", "invalid", text);
        error.target = Some("body".into());
        Self::validation(vec![error])
    }

    /// 408: the body didn't come in time.
    pub fn request_timeout() -> Self {
        Self::system(StatusCode::REQUEST_TIMEOUT, "timeout", "timeout")
    }

    /// 500 for what shouldn't happen.
    pub fn unspecified_fault() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::system(status, "unspecified_fault", "unspecified fault")
    }

    /// 500 `init failed`, with a text or an object as data (spec/http.md 7.5,
    /// row 20).
    pub fn init_failed(data: Value) -> Self {
        Self::direct(StatusCode::INTERNAL_SERVER_ERROR, "init failed", data)
    }

    /// 501.
    pub fn not_implemented() -> Self {
        Self::system(
            StatusCode::NOT_IMPLEMENTED,
            "not_implemented",
            "not implemented",
        )
    }

    /// 501 for passwords that were forgotten (spec/http.md 3.3): nothing here
    /// can reach a user.
    pub fn no_recovery() -> Self {
        let cause = "no mail is sent from here: an administrator of the account gives a new \
                     password, with POST to the user, or the operator with 'numberd user password'";
        Self::not_implemented().with("cause", cause)
    }

    /// What the store said when it failed, for the log: clients learn less.
    pub(crate) fn store_failure(&self) -> Option<&StoreError> {
        match &*self.0 {
            Cause::Engine(EngineError::Store(error)) => Some(error),
            _ => None,
        }
    }

    /// What a client of this dialect sees.
    pub fn shape(&self, dialect: Dialect) -> Shape {
        match &*self.0 {
            Cause::Direct(shape) => shape.clone(),
            Cause::Engine(error) => shape::engine_shape(error, dialect),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        Self(Box::new(Cause::Engine(error)))
    }
}

impl From<NumberError> for ApiError {
    fn from(error: NumberError) -> Self {
        EngineError::Number(error).into()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        EngineError::Store(error).into()
    }
}

#[cfg(test)]
mod tests;
