//! How often and how long something is tried again.

use std::time::{Duration, Instant};

use rand::RngExt;

use crate::failure::{Failure, Kind, Result};

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long a server that went away is waited for: the time of a restart, and
/// no longer than a client may be left without an answer.
const LOST: Duration = Duration::from_secs(3);
/// How long others may be in the way.
const CONFLICT: Duration = Duration::from_secs(8);
/// How often others may be in the way.
const MOST_CONFLICTS: u32 = 100;

/// The tries of one named transaction or read.
#[derive(Debug)]
pub struct Patience {
    name: &'static str,
    begun: Instant,
    tries: u32,
}

impl Patience {
    /// Before the first try.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            begun: Instant::now(),
            tries: 0,
        }
    }

    /// After a failed try: waits a moment and lets it be tried again, or hands
    /// the failure back because that is of no use, or has been tried enough.
    pub async fn after(&mut self, failure: Failure) -> Result<()> {
        self.tries += 1;
        let is_over = match failure.kind {
            Kind::Final => true,
            Kind::Lost => self.begun.elapsed() >= LOST,
            Kind::Conflict => self.tries >= MOST_CONFLICTS || self.begun.elapsed() >= CONFLICT,
        };
        if is_over {
            return Err(failure);
        }
        metrics::counter!("numberd_store_retries_total", "transaction" => self.name).increment(1);
        tokio::time::sleep(pause(self.tries)).await;
        Ok(())
    }
}

/// Up to twice as long after each try; random, so that those who met once don't
/// meet again.
fn pause(tries: u32) -> Duration {
    let longest = Duration::from_millis(2).saturating_mul(1 << tries.min(10));
    longest
        .min(LONGEST_PAUSE)
        .mul_f64(rand::rng().random_range(0.1..1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_may_end_otherwise_is_tried_again() {
        let mut patience = Patience::new("test");
        assert!(patience.after(Failure::conflict()).await.is_ok());
        assert!(patience.after(Failure::lost("gone")).await.is_ok());
        assert!(patience.after(Failure::fault("wrong")).await.is_err());
        assert!(patience.after(Failure::unavailable("full")).await.is_err());
    }

    #[tokio::test]
    async fn conflicts_end_after_a_bounded_count() {
        let mut patience = Patience::new("test");
        patience.tries = MOST_CONFLICTS - 1;
        assert!(patience.after(Failure::conflict()).await.is_err());
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        assert!(pause(1) <= Duration::from_millis(4));
        assert!((1..100).all(|tries| pause(tries) <= LONGEST_PAUSE));
    }
}
