//! The tasks that write.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use store::{Outcomes, StoreError};
use tokio::task::JoinHandle;

use crate::failure::Result;
use crate::patience::Patience;
use crate::pool::Pool;
use crate::write::counters::SLOTS;
use crate::write::queue::{Prepared, Queue, Request};
use crate::write::transaction;

/// One of the writing tasks.
#[derive(Debug)]
pub struct Worker {
    queue: Arc<Queue>,
    pool: Pool,
    /// Where it counts; other workers of this process count elsewhere.
    slot: i32,
    most: usize,
}

impl Worker {
    /// Starts `count` workers.
    pub fn start(
        queue: &Arc<Queue>,
        pool: &Pool,
        count: usize,
        most: usize,
    ) -> Vec<JoinHandle<()>> {
        let first = rand::random_range(0..SLOTS);
        let slots = (first..SLOTS).chain(0..first).cycle();
        let workers = slots.take(count).map(|slot| Self {
            queue: Arc::clone(queue),
            pool: pool.clone(),
            slot,
            most,
        });
        workers.map(|worker| tokio::spawn(worker.run())).collect()
    }

    async fn run(self) {
        while let Some(requests) = self.queue.take(self.most).await {
            let write = AssertUnwindSafe(self.write(requests));
            if write.catch_unwind().await.is_err() {
                // Those who waited see that their answer is gone.
                tracing::error!("a writing task panicked");
            }
        }
    }

    /// Commits and answers. When one request is the cause of an error, each is
    /// tried alone, so that it spoils nobody else's.
    async fn write(&self, requests: Vec<Request>) {
        let begun = Instant::now();
        let together: Vec<&Prepared> = requests
            .iter()
            .flat_map(|request| &request.batches)
            .collect();
        let count = u32::try_from(together.len()).unwrap_or(u32::MAX);
        match self.commit(&together).await {
            Err(failure) if failure.spares_others() && requests.len() > 1 => {
                for request in requests {
                    let alone: Vec<&Prepared> = request.batches.iter().collect();
                    let result = self.commit(&alone).await;
                    answer(request, result.map_err(StoreError::from));
                }
            }
            Err(failure) => {
                for request in requests {
                    answer(request, Err(failure.error.clone()));
                }
            }
            Ok(outcomes) => {
                let mut outcomes = outcomes.into_iter();
                for request in requests {
                    let own = outcomes.by_ref().take(request.batches.len()).collect();
                    answer(request, Ok(own));
                }
            }
        }
        metrics::histogram!("numberd_store_commit_batches").record(f64::from(count));
        metrics::histogram!("numberd_store_commit_seconds").record(begun.elapsed().as_secs_f64());
    }

    /// The transaction, until it comes through or can't.
    async fn commit(&self, batches: &[&Prepared]) -> Result<Outcomes> {
        let mut patience = Patience::new("write");
        let mut trusting = true;
        loop {
            match transaction::run(&self.pool, batches, self.slot, trusting).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(failure) => patience.after(failure).await?,
            }
            trusting = false;
        }
    }
}

fn answer(request: Request, result: std::result::Result<Outcomes, StoreError>) {
    // Nobody listens when the asking task was cancelled; the write stands.
    let _ = request.answer.send(result);
}
