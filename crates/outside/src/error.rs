//! What goes wrong with calls to others.

use crate::Service;

/// Why somebody outside did not do or tell what he was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{service}: {reason}{}", code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct CallError {
    /// Who.
    pub service: Service,
    /// What it means for what was asked.
    pub failure: Failure,
    /// The vendor's own code, if it gave one; for administrators.
    pub code: Option<String>,
    /// What happened, in a sentence without secrets; for administrators.
    pub reason: String,
}

/// What an error means for what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing was done and nobody said no: nothing left this machine (sandbox,
    /// open breaker, no connection), or the carrier wasn't ready to look at it.
    /// It may be sent again later.
    NotSent,
    /// The other side said no: nothing was done.
    Refused,
    /// It is unknown whether it was done; to be settled by asking, never by
    /// sending again.
    Unknown,
}

impl CallError {
    /// An error without a vendor's code.
    pub fn new(service: &Service, failure: Failure, reason: impl Into<String>) -> Self {
        Self {
            service: service.clone(),
            failure,
            code: None,
            reason: reason.into(),
        }
    }

    /// With the vendor's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Whether it is certain that nothing was done.
    pub fn is_definite(&self) -> bool {
        self.failure != Failure::Unknown
    }
}

/// Why a service can't be used as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[{}]: {problem}", service.section())]
pub struct BadSettings {
    /// Whose settings.
    pub service: Service,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl BadSettings {
    /// A problem of one service's settings.
    pub fn new(service: &Service, problem: impl Into<String>) -> Self {
        Self {
            service: service.clone(),
            problem: problem.into(),
        }
    }

    /// A key without which nothing works.
    pub fn missing(service: &Service, key: &str) -> Self {
        Self::new(service, format!("'{key}' is missing"))
    }
}
