//! Leaves a service alone that fails again and again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open; the first request after that is the probe.
const REST: Duration = Duration::from_secs(5);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether a request may leave. Once its rest is over, one may; the others
    /// wait for what becomes of it.
    pub fn lets_through(&self, now: Instant) -> bool {
        let mut state = self.lock();
        match state.open_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.open_until = Some(now + REST);
                true
            }
        }
    }

    /// The service answered sensibly.
    pub fn succeeded(&self) {
        *self.lock() = State::default();
    }

    /// It didn't.
    pub fn failed(&self, now: Instant) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.open_until = Some(now + REST);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_probes_after_its_rest() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 1..FAILURES {
            breaker.failed(start);
        }
        breaker.succeeded();
        breaker.failed(start);
        assert!(breaker.lets_through(start), "one success began anew");
        for _ in 1..FAILURES {
            breaker.failed(start);
        }
        assert!(!breaker.lets_through(start));
        let rested = start + REST;
        assert!(breaker.lets_through(rested), "the probe");
        assert!(!breaker.lets_through(rested), "only one");
        breaker.succeeded();
        assert!(breaker.lets_through(rested));
    }
}
