//! How PostgreSQL's errors become the store's, and which may be tried again.

use std::error::Error as _;
use std::io;

use deadpool_postgres::{PoolError, TimeoutType};
use store::StoreError;
use tokio_postgres::error::{DbError, SqlState};

/// What a failure allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody else was there at the same time; nothing was done, and another
    /// try may well succeed.
    Conflict,
    /// The connection or the server is gone. What was asked and not yet
    /// committed is undone; a new connection may do better.
    Lost,
    /// Another try would end the same.
    Final,
}

/// A [`StoreError`] that `?` makes of the driver's errors.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    pub error: StoreError,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A stored row that can't be read, or a program error.
    pub fn fault(text: impl Into<String>) -> Self {
        Self::of(Kind::Final, StoreError::Fault(text.into()))
    }

    /// Something that isn't there now and won't be at the next try.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self::of(Kind::Final, StoreError::Unavailable(text.into()))
    }

    /// The server can't be reached, or doesn't answer in time.
    pub fn lost(text: impl Into<String>) -> Self {
        Self::of(Kind::Lost, StoreError::Unavailable(text.into()))
    }

    /// Somebody else wrote what this transaction had taken for absent.
    pub fn conflict() -> Self {
        Self::of(Kind::Conflict, StoreError::Busy)
    }

    fn of(kind: Kind, error: StoreError) -> Self {
        Self { kind, error }
    }

    /// Whether the cause lies in what was asked, not in the state of the
    /// server: others who shared the transaction may still succeed.
    pub fn spares_others(&self) -> bool {
        matches!(self.error, StoreError::Fault(_))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::of(Kind::Final, error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    /// The text for callers says what happened and keeps SQL and addresses out;
    /// the log has them.
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(told) = error.as_db_error() {
            return of_server(told);
        }
        if let Some(cause) = distrust(&error) {
            tracing::error!(error = %with_cause(&error), "the database's server isn't trusted");
            return Self::unavailable(format!("its server isn't trusted: {cause}"));
        }
        if error.is_closed() || io_error(&error).is_some() {
            tracing::warn!(error = %with_cause(&error), "the database's server can't be reached");
            return Self::lost("the database's server can't be reached");
        }
        tracing::error!(error = %with_cause(&error), "a statement failed");
        Self::fault("a row or a statement is not as expected; the log says more")
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => {
                metrics::counter!("numberd_store_busy_total").increment(1);
                StoreError::Busy.into()
            }
            PoolError::Timeout(_) => Self::lost("the database's server doesn't answer in time"),
            PoolError::Closed => Self::unavailable("it is closed"),
            other => {
                tracing::error!(error = %other, "the connection pool failed");
                Self::fault("there is no connection; the log says more")
            }
        }
    }
}

/// What the server itself says.
fn of_server(told: &DbError) -> Failure {
    let code = told.code();
    if is_conflict(code) {
        return Failure::conflict();
    }
    if let Some(text) = is_lost(code) {
        tracing::warn!(error = %told, code = code.code(), "the database's server turned away");
        return Failure::lost(text);
    }
    let unavailable = match code.code() {
        "53100" => "the database's disk is full",
        "53200" => "the database's server has no memory left",
        "3D000" => "there is no such database on the server",
        "42501" => "the database's user lacks a right; the log says which",
        "57014" => "the database's server stopped a statement",
        other if other.starts_with("28") => "the database's server refuses the user",
        _ => "",
    };
    if unavailable.is_empty() {
        tracing::error!(error = %told, code = code.code(), detail = told.detail(), "the database failed");
        Failure::fault("the database refused a statement; the log says more")
    } else {
        tracing::warn!(error = %told, code = code.code(), "the database is unavailable");
        Failure::unavailable(unavailable)
    }
}

/// Whether a transaction failed because of another one, and left nothing.
fn is_conflict(code: &SqlState) -> bool {
    *code == SqlState::T_R_SERIALIZATION_FAILURE
        || *code == SqlState::T_R_DEADLOCK_DETECTED
        || *code == SqlState::LOCK_NOT_AVAILABLE
}

/// Why the server sent the connection away, if it did.
fn is_lost(code: &SqlState) -> Option<&'static str> {
    match code.code() {
        "57P01" | "57P02" | "57P03" => Some("the database's server is going down or coming up"),
        "53300" => Some("the database's server takes no more connections"),
        "25006" => Some("the database's server is only read from"),
        "25P03" | "57P05" => Some("the database's server ended a connection that was silent"),
        // After a migration, or behind a proxy that forgets: a new connection
        // prepares its statements anew.
        "26000" | "0A000" => Some("the database's server forgot a statement"),
        other if other.starts_with("08") => Some("the connection to the database's server broke"),
        _ => None,
    }
}

fn io_error(error: &tokio_postgres::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        source = cause.source();
    }
    None
}

/// Why the server isn't what `sslmode` asks for, if that is the trouble: its
/// certificate, or that it has none.
fn distrust(error: &tokio_postgres::Error) -> Option<String> {
    if let Some(io) = io_error(error) {
        let tls = io.get_ref()?.downcast_ref::<rustls::Error>()?;
        return Some(tls.to_string());
    }
    let is_about_tls = error.to_string().contains("TLS");
    let cause = error.source().filter(|_| is_about_tls);
    cause.map(ToString::to_string)
}

fn with_cause(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
