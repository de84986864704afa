//! The states of a number (spec/numbers.md 2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a number is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Resting after a release, before it is for sale again.
    Aging,
    /// Ours, for sale.
    Available,
    /// Gone; seen only in the answer that reports the deletion.
    Deleted,
    /// Offered by a carrier, not ours yet.
    Discovery,
    /// An account's, in use.
    InService,
    /// On its way in from another operator.
    PortIn,
    /// On its way out to another operator.
    PortOut,
    /// Given up by its owner, not for sale.
    Released,
    /// An account's, not in use.
    Reserved,
}

/// A text that is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a state of a number; states are aging, available, deleted, discovery, in_service, port_in, port_out, released, reserved"
)]
pub struct UnknownState(pub String);

impl State {
    /// Every state, in the order of the schema's enumeration (spec/http.md 6.1).
    pub const ALL: [Self; 9] = [
        Self::Aging,
        Self::Available,
        Self::Deleted,
        Self::Discovery,
        Self::InService,
        Self::PortIn,
        Self::PortOut,
        Self::Released,
        Self::Reserved,
    ];

    /// The name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aging => "aging",
            Self::Available => "available",
            Self::Deleted => "deleted",
            Self::Discovery => "discovery",
            Self::InService => "in_service",
            Self::PortIn => "port_in",
            Self::PortOut => "port_out",
            Self::Released => "released",
            Self::Reserved => "reserved",
        }
    }

    /// Whether a number in this state belongs to an account, always.
    pub const fn needs_owner(self) -> bool {
        matches!(self, Self::InService | Self::Reserved | Self::PortIn)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}
