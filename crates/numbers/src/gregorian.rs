//! Gregorian seconds: the time unit of every stored and shown timestamp.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Seconds since the year 0 (proleptic Gregorian, UTC), as Kazoo's documents
/// carry them: Unix seconds + 62,167,219,200 (spec/http.md, "Time").
///
/// ```
/// use numbers::gregorian::GregorianSeconds;
/// let t = GregorianSeconds::from_unix(0);
/// assert_eq!(t.get(), 62_167_219_200);
/// assert_eq!(t.unix(), 0);
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct GregorianSeconds(u64);

/// Gregorian seconds at 1970-01-01T00:00:00Z.
const UNIX_EPOCH: u64 = 62_167_219_200;

impl GregorianSeconds {
    /// Wraps a count of Gregorian seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// From Unix seconds.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(seconds.saturating_add(UNIX_EPOCH))
    }

    /// The count of Gregorian seconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Unix seconds; 0 for anything before 1970.
    pub const fn unix(self) -> u64 {
        self.0.saturating_sub(UNIX_EPOCH)
    }

    /// This time and `seconds` seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// This time and `days` days.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(days as u64 * 86_400))
    }
}

impl fmt::Display for GregorianSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
