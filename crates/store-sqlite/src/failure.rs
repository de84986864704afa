//! How SQLite's errors become the store's.

use rusqlite::ErrorCode;
use store::StoreError;

/// A [`StoreError`] that `?` makes of SQLite's errors.
#[derive(Clone, Debug)]
pub struct Failure(pub StoreError);

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A stored row that can't be read, or a program error.
    pub fn fault(text: impl Into<String>) -> Self {
        Self(StoreError::Fault(text.into()))
    }

    pub fn unavailable(text: impl Into<String>) -> Self {
        Self(StoreError::Unavailable(text.into()))
    }

    /// Whether the cause lies in what was asked, not in the state of the disk:
    /// others who shared the commit may still succeed.
    pub fn spares_others(&self) -> bool {
        matches!(self.0, StoreError::Fault(_))
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for Failure {
    /// The text for callers says what happened and keeps SQL and paths out;
    /// the log has them.
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(code, _) = &error else {
            tracing::error!(%error, "a statement failed");
            return Self::fault("a row or a statement is not as expected; the log says more");
        };
        let unavailable = match code.code {
            ErrorCode::DiskFull => "the disk is full",
            ErrorCode::SystemIoFailure => "reading or writing the disk failed",
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied => "the database can't be opened",
            ErrorCode::ReadOnly => "the database is read-only",
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed => "another program holds the database",
            ErrorCode::OutOfMemory => "there is no memory left",
            _ => "",
        };
        if unavailable.is_empty() {
            tracing::error!(%error, code = code.extended_code, "the database failed");
            Self::fault(match code.code {
                ErrorCode::NotADatabase => "the file is not a database",
                ErrorCode::DatabaseCorrupt => "the database file is damaged",
                ErrorCode::TooBig => "a value is too large",
                ErrorCode::ConstraintViolation => "a row is there already, or lacks a value",
                _ => "the database refused a statement; the log says more",
            })
        } else {
            tracing::warn!(%error, code = code.extended_code, "the database is unavailable");
            Self::unavailable(unavailable)
        }
    }
}
