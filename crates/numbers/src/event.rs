//! What happened to a number: the log behind history, audit and webhooks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::gregorian::GregorianSeconds;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Put into the database.
    Created,
    /// Reserved for an account.
    Reserved,
    /// Given to an account and in service.
    Activated,
    /// Set to come in by a port.
    Porting,
    /// Public fields or features changed.
    Updated,
    /// Being bought from a carrier.
    Ordered,
    /// Not bought after all: the carrier refused.
    Refused,
    /// Given back by its owner.
    Released,
    /// Taken back by the carrier.
    Disconnected,
    /// Removed from the database.
    Deleted,
    /// For sale again after its rest.
    Aged,
    /// A provider confirmed its emergency address.
    AddressSet,
    /// A provider has no emergency address for it any more.
    AddressRemoved,
    /// An emergency call was placed from it; the number itself didn't change.
    EmergencyCalled,
    /// Repaired by `fix`.
    Fixed,
    /// Taken in from a file.
    Imported,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Created,
        Self::Reserved,
        Self::Activated,
        Self::Porting,
        Self::Updated,
        Self::Ordered,
        Self::Refused,
        Self::Released,
        Self::Disconnected,
        Self::Deleted,
        Self::Aged,
        Self::AddressSet,
        Self::AddressRemoved,
        Self::EmergencyCalled,
        Self::Fixed,
        Self::Imported,
    ];

    /// The name in stored events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Reserved => "reserved",
            Self::Activated => "activated",
            Self::Porting => "porting",
            Self::Updated => "updated",
            Self::Ordered => "ordered",
            Self::Refused => "refused",
            Self::Released => "released",
            Self::Disconnected => "disconnected",
            Self::Deleted => "deleted",
            Self::Aged => "aged",
            Self::AddressSet => "address_set",
            Self::AddressRemoved => "address_removed",
            Self::EmergencyCalled => "emergency_called",
            Self::Fixed => "fixed",
            Self::Imported => "imported",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| format!("'{text}' is not an action"))
    }
}

/// Who did something, when, in answer to which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The account of the caller's token; `None` for the system's own jobs.
    pub account: Option<AccountId>,
    /// The user of the token, where a user logged in.
    pub user: Option<String>,
    /// The id of the request.
    pub request_id: String,
    /// When.
    pub at: GregorianSeconds,
}
