//! How a command ends: one line on stderr, and a code that means something.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use engine::{EngineError, FieldError};
use numbers::error::NumberError;
use store::StoreError;

/// Exit codes; `--help` tells them too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It was done.
    Done = 0,
    /// It failed, or a check found something.
    Failure = 1,
    /// The command line, the configuration or a value is wrong.
    Usage = 2,
    /// There is no such account, user or number.
    NotFound = 3,
    /// It was refused, wholly or in part: it exists already, it is in use.
    Refused = 4,
    /// The database can't be opened or doesn't answer.
    Unavailable = 5,
}

/// Why a command ends without having done everything.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    message: String,
}

/// What every command answers.
pub type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure with a line for stderr; an empty one says nothing.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Something that isn't there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// Everything was said already.
    pub fn silent(code: Code) -> Self {
        Self::new(code, "")
    }

    /// A file that can't be worked with.
    pub fn file(path: &std::path::Path, error: &io::Error) -> Self {
        Self::new(Code::Failure, format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Tells people, and answers the code.
pub fn report(outcome: Outcome) -> ExitCode {
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    if !failure.message.is_empty() {
        // Without a stderr there is nobody to tell.
        let _ = writeln!(io::stderr(), "numberd: {failure}");
    }
    ExitCode::from(failure.code as u8)
}

impl From<io::Error> for Failure {
    /// Whoever reads our output may stop reading: that is no failure.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::silent(Code::Done),
            _ => Self::new(Code::Failure, error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Fault(_) => Code::Failure,
            StoreError::Busy | StoreError::Unavailable(_) | StoreError::TooNew { .. } => {
                Code::Unavailable
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Validation(errors) | EngineError::Locked(errors) => {
                let taken = errors.iter().all(|error| error.rule == "unique");
                let code = if taken { Code::Refused } else { Code::Usage };
                Self::new(code, sentences(&errors))
            }
            EngineError::BadIdentifier(id) => Self::not_found(format!("there is no '{id}'")),
            EngineError::Number(
                error @ (NumberError::NotFound(_) | NumberError::NotReconcilable(_)),
            ) => Self::not_found(error.to_string()),
            EngineError::Number(NumberError::Invalid { cause }) => Self::new(Code::Usage, cause),
            other => Self::new(Code::Refused, other.to_string()),
        }
    }
}

fn sentences(errors: &[FieldError]) -> String {
    let sentence = |error: &FieldError| match error.path.as_str() {
        "" => error.message.clone(),
        path => format!("{path}: {}", error.message),
    };
    let all: Vec<String> = errors.iter().map(sentence).collect();
    all.join("; ")
}
