//! How long a job waits before it tries in vain again.

/// The longest pause, in seconds.
const LONGEST: u64 = 900;

/// Seconds until the next attempt after so many vain ones: twice as long each
/// time.
pub(crate) fn pause(tries: u32) -> u64 {
    2_u64.saturating_pow(tries.min(10)).min(LONGEST)
}
