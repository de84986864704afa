//! The bounded queue before the writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use store::{Outcomes, StoreError};
use tokio::sync::oneshot;

use crate::prepared::PreparedBatch;

/// A `write_each` call on its way.
#[derive(Debug)]
pub struct Request {
    pub batches: Vec<PreparedBatch>,
    pub answer: oneshot::Sender<Result<Outcomes, StoreError>>,
}

/// Requests in the order of their arrival; counts their batches.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct State {
    requests: VecDeque<Request>,
    batches: usize,
    /// How many batches must be there before the writer is woken.
    wake_at: usize,
    closed: bool,
}

impl Queue {
    pub fn new(capacity: usize) -> Self {
        let state = State {
            requests: VecDeque::new(),
            batches: 0,
            wake_at: 1,
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            arrived: Condvar::new(),
            capacity,
        }
    }

    /// Adds a request, unless it would make the queue longer than allowed. One
    /// that is longer by itself is taken when nothing else waits.
    pub fn push(&self, request: Request) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.closed {
            return Err(StoreError::Unavailable("it is closed".to_owned()));
        }
        let batches = state.batches + request.batches.len();
        if batches > self.capacity && state.batches > 0 {
            metrics::counter!("numberd_store_busy_total").increment(1);
            return Err(StoreError::Busy);
        }
        state.batches = batches;
        state.requests.push_back(request);
        let wake = state.batches >= state.wake_at;
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// What waits, up to `most` batches and at least one request; waits for the
    /// first. Then waits up to `patience` until there are `hoped` batches:
    /// those just answered come back with their next writes, and sharing a
    /// commit with them is cheaper for all. `None` when closed and empty.
    pub fn take(&self, most: usize, hoped: usize, patience: Duration) -> Option<Vec<Request>> {
        let mut state = self.lock();
        while state.requests.is_empty() {
            if state.closed {
                return None;
            }
            state.wake_at = 1;
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state = self.gather(state, hoped.min(most), patience);
        depth(state.batches);
        let mut taken = Vec::new();
        let mut batches = 0;
        while let Some(next) = state.requests.front() {
            if !taken.is_empty() && batches + next.batches.len() > most {
                break;
            }
            batches += next.batches.len();
            taken.extend(state.requests.pop_front());
        }
        state.batches -= batches;
        depth(state.batches);
        Some(taken)
    }

    fn gather<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        hoped: usize,
        patience: Duration,
    ) -> MutexGuard<'a, State> {
        let begun = Instant::now();
        state.wake_at = hoped;
        while state.batches < hoped && !state.closed {
            let Some(left) = patience
                .checked_sub(begun.elapsed())
                .filter(|left| !left.is_zero())
            else {
                break;
            };
            let (woken, _) = self
                .arrived
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
        }
        state
    }

    /// Lets nothing more in; what waits is still taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Lets nothing more in and drops what waits, which answers it.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.batches = 0;
        let dropped = std::mem::take(&mut state.requests);
        drop(state);
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn depth(batches: usize) {
    let batches = u32::try_from(batches).unwrap_or(u32::MAX);
    metrics::gauge!("numberd_store_queue_depth").set(f64::from(batches));
}
