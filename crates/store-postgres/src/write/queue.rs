//! The bounded queue before the workers.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::{Batch, Operation, Outcomes, StoreError};
use tokio::sync::{Notify, oneshot};

use crate::failure::{Failure, Result};

/// A batch and the texts of the documents that its operations write.
#[derive(Debug)]
pub struct Prepared {
    pub batch: Batch,
    pub bodies: Vec<Option<String>>,
}

impl Prepared {
    pub fn new(batch: Batch) -> Result<Self> {
        let bodies = batch.operations.iter().map(body).collect::<Result<_>>()?;
        Ok(Self { batch, bodies })
    }
}

fn body(operation: &Operation) -> Result<Option<String>> {
    let text = match operation {
        Operation::ChangeNumber(change) => match &change.after {
            Some(number) => serde_json::to_string(&number.to_document()),
            None => return Ok(None),
        },
        Operation::PutAccount(account) => serde_json::to_string(account),
        Operation::PutUser(user) => serde_json::to_string(user),
        _ => return Ok(None),
    };
    text.map(Some)
        .map_err(|error| Failure::fault(format!("a document can't be written: {error}")))
}

/// A `write_each` call on its way.
#[derive(Debug)]
pub struct Request {
    pub batches: Vec<Prepared>,
    pub answer: oneshot::Sender<std::result::Result<Outcomes, StoreError>>,
}

/// Requests in the order of their arrival; counts their batches.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    arrived: Notify,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    requests: VecDeque<Request>,
    batches: usize,
    closed: bool,
}

impl Queue {
    pub fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::default(),
            arrived: Notify::new(),
            capacity,
        }
    }

    /// Adds a request, unless it would make the queue longer than allowed. One
    /// that is longer by itself is taken when nothing else waits.
    pub fn push(&self, request: Request) -> std::result::Result<(), StoreError> {
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
        depth(batches);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// What waits, up to `most` batches and at least one request; waits for the
    /// first. `None` when closed and empty.
    pub async fn take(&self, most: usize) -> Option<Vec<Request>> {
        loop {
            if let Some(taken) = self.take_now(most) {
                return Some(taken).filter(|taken| !taken.is_empty());
            }
            self.arrived.notified().await;
        }
    }

    /// `None`: nothing is there yet; nothing: nothing will ever be.
    fn take_now(&self, most: usize) -> Option<Vec<Request>> {
        let mut state = self.lock();
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
        let others_are_needed = !state.requests.is_empty() || state.closed;
        let is_over = state.closed && taken.is_empty();
        drop(state);
        if others_are_needed {
            self.arrived.notify_one();
        }
        (!taken.is_empty() || is_over).then_some(taken)
    }

    /// Lets nothing more in; what waits is still taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn depth(batches: usize) {
    let batches = u32::try_from(batches).unwrap_or(u32::MAX);
    metrics::gauge!("numberd_store_queue_depth").set(f64::from(batches));
}
