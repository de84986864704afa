//! Why the engine refuses. Which type to use where:
//!
//! - [`NumberError`] for one number; collections carry one per number.
//! - [`EngineError`] for a whole request. The API turns each variant into
//!   status, message and data (spec/http.md 2.4–2.7).

use numbers::error::NumberError;
use numbers::price::Quote;
use serde_json::Value;
use store::StoreError;

/// A request that can't be done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The only number of the request was refused.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// It would cost something, and the caller hasn't agreed yet.
    #[error("accept charges")]
    Charges(Quote),
    /// Fields of the request are wrong; all of them.
    #[error("validation error")]
    Validation(Vec<FieldError>),
    /// Nothing by that id, or nothing that the caller may know of.
    #[error("bad identifier")]
    BadIdentifier(String),
    /// No, wrong or outdated credentials.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// A token that was good once and has expired.
    #[error("the token has expired")]
    ExpiredToken,
    /// The caller may not do this.
    #[error("forbidden")]
    Forbidden,
    /// The route exists, but not for this thing.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The account has accounts below it.
    #[error("account has descendants")]
    AccountHasDescendants,
    /// The account holds numbers; they must be released first.
    #[error("account still holds {numbers} numbers")]
    AccountHasNumbers {
        /// How many; counting stops at
        /// [`COUNTED_NUMBERS`](crate::accounts::COUNTED_NUMBERS).
        numbers: usize,
    },
    /// A log-in to an account that is disabled, for clients that expect a
    /// status of its own (423) for it (spec/http.md 3.3).
    #[error("locked")]
    Locked(Vec<FieldError>),
    /// No account has that API key (404, spec/http.md 3.4). The key isn't
    /// carried along: errors are logged.
    #[error("bad identifier")]
    UnknownApiKey,
    /// Too many log-ins are being checked already (503); try again soon.
    #[error("busy, try again in a moment")]
    Busy,
    /// The record moved while this request was working on it.
    #[error("conflicting documents")]
    Conflict,
    /// The document isn't at the revision that the client means to change (412).
    #[error("the document has another revision")]
    OtherRevision,
    /// The same call, by its idempotency key, was carried out meanwhile.
    #[error("the call was carried out meanwhile")]
    Repeated,
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One field that is wrong (spec/http.md 2.6).
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Path to the field, keys joined with dots; empty for the whole document.
    pub path: String,
    /// The rule that it breaks: `required`, `unique`, `maxLength`, ….
    pub rule: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// What the rule demands, where that says more.
    pub target: Option<Value>,
    /// What stands in the way or was sent.
    pub cause: Option<Value>,
    /// The value that was sent.
    pub value: Option<Value>,
}

impl FieldError {
    /// A field error without more members than its message.
    pub fn new(path: impl Into<String>, rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            rule,
            message: message.into(),
            target: None,
            cause: None,
            value: None,
        }
    }

    /// A text below its least length (spec/http.md 2.6).
    pub fn too_short(path: &str, least: usize, value: &str) -> Self {
        let message = format!("String must be at least {least} characters");
        Self::new(path, "minLength", message)
            .with_target(least)
            .with_cause(value)
            .with_value(value)
    }

    /// A text above its greatest length.
    pub fn too_long(path: &str, most: usize, value: &str) -> Self {
        let message = format!("String must not be more than {most} characters");
        Self::new(path, "maxLength", message)
            .with_target(most)
            .with_cause(value)
            .with_value(value)
    }

    /// Adds what the rule demands.
    #[must_use]
    pub fn with_target(mut self, target: impl Into<Value>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Adds the value that was sent.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Adds what stands in the way.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Value>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}
