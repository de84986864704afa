//! What goes wrong with a carrier.

use numbers::carrier::CarrierName;

/// Why a carrier did not do or tell what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{carrier}: {reason}{}", code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct CarrierError {
    /// Which carrier.
    pub carrier: CarrierName,
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
    /// The carrier said no: nothing was done.
    Refused,
    /// It is unknown whether it was done; to be settled by asking, never by
    /// sending again.
    Unknown,
}

impl CarrierError {
    /// An error without a vendor's code.
    pub fn new(carrier: &CarrierName, failure: Failure, reason: impl Into<String>) -> Self {
        Self {
            carrier: carrier.clone(),
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
