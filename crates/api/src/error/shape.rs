//! What clients see of the engine's errors, by dialect
//! (spec/http.md 2.4–2.7, 7.3).

use axum::http::StatusCode;
use engine::{EngineError, FieldError};
use numbers::error::NumberError;
use serde_json::{Map, Value, json};
use store::StoreError;

use super::{ApiError, BUSY_RETRY_SECONDS, Shape};
use crate::dialect::Dialect;

/// What the engine's error looks like.
pub(super) fn engine_shape(error: &EngineError, dialect: Dialect) -> Shape {
    let direct = match error {
        EngineError::Number(error) => return number_shape(error, dialect),
        EngineError::Charges(quote) => ApiError::direct(
            StatusCode::PAYMENT_REQUIRED,
            "accept charges",
            dialect.quote(quote),
        ),
        EngineError::Validation(fields) => ApiError::direct(
            StatusCode::BAD_REQUEST,
            "validation error",
            Value::Object(fields_as_data(fields)),
        ),
        EngineError::BadIdentifier(id) => ApiError::bad_identifier(id),
        EngineError::InvalidCredentials => ApiError::invalid_credentials(),
        EngineError::ExpiredToken => ApiError::expired_token(),
        EngineError::Forbidden => ApiError::forbidden(),
        EngineError::MethodNotAllowed => ApiError::invalid_method(),
        EngineError::AccountHasDescendants => ApiError::system(
            StatusCode::INTERNAL_SERVER_ERROR,
            "account_has_descendants",
            "account has descendants",
        ),
        EngineError::AccountHasNumbers { numbers } => ApiError::system(
            StatusCode::BAD_REQUEST,
            "account_has_numbers",
            "the account still holds numbers; release them first",
        )
        .with("numbers", *numbers),
        EngineError::Locked(fields) => ApiError::direct(
            StatusCode::LOCKED,
            "locked",
            Value::Object(fields_as_data(fields)),
        ),
        // Handlers that know the key answer with it; see `bad_identifiers`.
        EngineError::UnknownApiKey => {
            ApiError::direct(StatusCode::NOT_FOUND, "bad identifier", json!([]))
        }
        EngineError::Busy => store_error(&StoreError::Busy),
        EngineError::Conflict => ApiError::conflict(),
        EngineError::Repeated => ApiError::still_running(),
        EngineError::OtherRevision => ApiError::system(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "the document has another revision",
        ),
        EngineError::Store(error) => store_error(error),
    };
    direct.shape(dialect)
}

/// Where the store failed, the client learns no more than that it did.
fn store_error(error: &StoreError) -> ApiError {
    let unavailable = |name, text| ApiError::system(StatusCode::SERVICE_UNAVAILABLE, name, text);
    match error {
        StoreError::Busy | StoreError::Unavailable(_) => {
            unavailable("datastore_unreachable", "datastore timeout")
                .retry_after(BUSY_RETRY_SECONDS)
        }
        StoreError::TooNew { .. } | StoreError::Fault(_) => {
            unavailable("datastore_fault", "datastore fatal error")
        }
    }
}

/// The answer to a failed operation on a single number (spec/http.md 7.3,
/// 7.8).
fn number_shape(error: &NumberError, dialect: Dialect) -> Shape {
    match error {
        NumberError::NotFound(_) => return ApiError::number_not_found().shape(dialect),
        NumberError::AddressInvalid {
            address,
            message,
            provider,
        } => {
            let (message, data) = dialect.address_invalid(address, message, provider);
            return Shape {
                status: StatusCode::BAD_REQUEST,
                message,
                data,
                retry_after: None,
            };
        }
        NumberError::AddressAmbiguous {
            address,
            candidates,
        } => {
            return Shape {
                status: StatusCode::BAD_REQUEST,
                message: error.name(),
                data: dialect.address_ambiguous(address, candidates),
                retry_after: None,
            };
        }
        NumberError::CreationForbidden { .. } => {
            if let Some((code, message, data)) = dialect.creation_forbidden() {
                let status = status(code);
                return Shape {
                    status,
                    message,
                    data,
                    retry_after: None,
                };
            }
        }
        _ => {}
    }
    Shape {
        status: status(error.code()),
        message: error.name(),
        data: Value::Object(dialect.number_error(error)),
        retry_after: None,
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Field errors as the map of spec/http.md 2.6: path → rule → details.
fn fields_as_data(fields: &[FieldError]) -> Map<String, Value> {
    let mut data = Map::new();
    for field in fields {
        let mut details = Map::new();
        details.insert("message".to_owned(), field.message.clone().into());
        let is_format = field.rule == "wrong_format";
        let members = [
            (if is_format { "format" } else { "target" }, &field.target),
            ("cause", &field.cause),
            ("value", &field.value),
        ];
        for (name, member) in members {
            if let Some(value) = member {
                details.insert(name.to_owned(), value.clone());
            }
        }
        let rules = data
            .entry(field.path.clone())
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(rules) = rules {
            rules.insert(field.rule.to_owned(), Value::Object(details));
        }
    }
    data
}
