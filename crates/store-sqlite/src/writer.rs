//! The one thread that writes.
//!
//! It takes what waits in the queue, applies every batch in one transaction,
//! commits, and answers all of them: many writers share the price of one
//! fsync.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use store::{Outcomes, StoreError};

use crate::Options;
use crate::apply::apply;
use crate::cache::Caches;
use crate::checkpoint::{Due, Mode, Signal};
use crate::connection::BUSY_TIMEOUT;
use crate::failure::{Failure, Result};
use crate::queue::{Queue, Request};
use crate::unwritten::Unwritten;

/// Longest wait for company before a commit.
const MAX_PATIENCE: Duration = Duration::from_millis(2);
/// How long the writer waits for readers when the log is at its bound, and how
/// long it leaves the log alone after it waited in vain.
const RESTART_WAIT: Duration = Duration::from_secs(1);
/// Part of the log's bound at which the checkpointer is called.
const DUE_PARTS: u64 = 4;

/// The thread and its queue.
#[derive(Debug)]
pub struct Writer {
    queue: Arc<Queue>,
    caches: Arc<Caches>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub fn start(
        mut connection: Connection,
        signal: Arc<Signal>,
        options: &Options,
    ) -> Result<Self> {
        let queue = Arc::new(Queue::new(options.queue_capacity));
        let caches = Arc::new(Caches::default());
        let mut work = Work {
            log: Log::watch(&mut connection, signal, options.wal_limit_bytes)?,
            connection,
            queue: Arc::clone(&queue),
            caches: Arc::clone(&caches),
            most: options.max_batches_per_commit,
            committing: Duration::ZERO,
        };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work.run())
            .map_err(|error| Failure::unavailable(format!("can't start a thread: {error}")))?;
        Ok(Self {
            queue,
            caches,
            thread,
        })
    }

    pub fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// What is kept in memory of what this writer writes.
    pub fn caches(&self) -> Arc<Caches> {
        Arc::clone(&self.caches)
    }

    /// Writes what waits, lets nothing more in, and ends.
    pub fn stop(self) {
        self.queue.close();
        if self.thread.join().is_err() {
            tracing::error!("the writer thread panicked");
        }
    }
}

struct Work {
    connection: Connection,
    queue: Arc<Queue>,
    caches: Arc<Caches>,
    log: Log,
    most: usize,
    /// How long the last commit took, without what it commits: what company
    /// saves.
    committing: Duration,
}

impl Drop for Work {
    /// Also after a panic: those who wait get an answer.
    fn drop(&mut self) {
        self.queue.abandon();
    }
}

impl Work {
    fn run(&mut self) {
        let mut hoped = 0;
        let mut patience = Duration::ZERO;
        while let Some(requests) = self.queue.take(self.most, hoped, patience) {
            hoped = requests.iter().map(|request| request.batches.len()).sum();
            let begun = Instant::now();
            self.write(requests);
            let took = begun.elapsed();
            patience = (self.committing / 2).min(MAX_PATIENCE);
            metrics::histogram!("numberd_store_commit_batches")
                .record(f64::from(u32::try_from(hoped).unwrap_or(u32::MAX)));
            metrics::histogram!("numberd_store_commit_seconds").record(took.as_secs_f64());
            self.log.keep_short(&self.connection);
        }
        if let Err(failure) = self.log.signal.checkpoint(&self.connection, Mode::Truncate) {
            tracing::warn!(error = %failure.0, "the last checkpoint failed");
        }
    }

    /// Commits and answers. When one request is the cause of an error, each is
    /// tried alone, so that it spoils nobody else's.
    fn write(&mut self, requests: Vec<Request>) {
        match self.commit(&requests) {
            Err(failure) if failure.spares_others() && requests.len() > 1 => {
                for request in requests {
                    let one = std::slice::from_ref(&request);
                    let result = self
                        .commit(one)
                        .map(|mut all| all.pop().unwrap_or_default());
                    answer(request, result.map_err(StoreError::from));
                }
            }
            Err(failure) => {
                for request in requests {
                    answer(request, Err(failure.0.clone()));
                }
            }
            Ok(outcomes) => {
                for (request, outcomes) in requests.into_iter().zip(outcomes) {
                    answer(request, Ok(outcomes));
                }
            }
        }
    }

    /// One transaction; on an error nothing of it remains.
    fn commit(&mut self, requests: &[Request]) -> Result<Vec<Outcomes>> {
        self.run_sql("BEGIN IMMEDIATE")?;
        let result = self.apply_all(requests).and_then(|outcomes| {
            let begun = Instant::now();
            self.run_sql("COMMIT")?;
            self.committing = begun.elapsed();
            Ok(outcomes)
        });
        // After an error too: what became of a commit that failed is only in
        // the file.
        for batch in requests.iter().flat_map(|request| &request.batches) {
            self.caches.forget(batch);
        }
        // Some errors have ended the transaction already.
        if result.is_err() && !self.connection.is_autocommit() {
            self.run_sql("ROLLBACK")?;
        }
        result
    }

    fn apply_all(&self, requests: &[Request]) -> Result<Vec<Outcomes>> {
        let mut unwritten = Unwritten::default();
        let mut outcomes = Vec::with_capacity(requests.len());
        for request in requests {
            let mut own = Outcomes::with_capacity(request.batches.len());
            for batch in &request.batches {
                own.push(apply(&self.connection, batch, &mut unwritten)?);
            }
            outcomes.push(own);
        }
        unwritten.flush(&self.connection)?;
        Ok(outcomes)
    }

    fn run_sql(&self, sql: &str) -> Result<()> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

fn answer(request: Request, result: std::result::Result<Outcomes, StoreError>) {
    // Nobody listens when the asking task was cancelled; the write stands.
    let _ = request.answer.send(result);
}

/// Watches the length of the write-ahead log.
struct Log {
    pages: Arc<AtomicU32>,
    signal: Arc<Signal>,
    /// Pages at which the checkpointer is called, and by which the next call
    /// comes later.
    due_step: u32,
    due_at: u32,
    most: u32,
    /// When restarting the log was last tried in vain.
    tried: Option<Instant>,
}

impl Log {
    fn watch(connection: &mut Connection, signal: Arc<Signal>, limit: u64) -> Result<Self> {
        let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages_of = |bytes: u64| u32::try_from((bytes / page).max(1)).unwrap_or(u32::MAX);
        let pages = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&pages);
        connection.wal_hook(Some(move |_: &mut Wal, count| {
            counted.store(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let due_step = pages_of(limit / DUE_PARTS);
        Ok(Self {
            pages,
            signal,
            due_step,
            due_at: due_step,
            most: pages_of(limit),
            tried: None,
        })
    }

    /// Called after each commit.
    fn keep_short(&mut self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.due_step {
            self.due_at = self.due_step;
        }
        let mut due = Due::ByTimer;
        if pages >= self.due_at {
            self.due_at = pages.saturating_add(self.due_step);
            due = if self.due_at < self.most {
                Due::Now
            } else {
                Due::BeforeBound
            };
        }
        self.signal.committed(due);
        let resting = self.tried.is_some_and(|at| at.elapsed() < RESTART_WAIT);
        if pages >= self.most && !resting {
            self.tried = self.restart(connection).err();
        }
    }

    /// Moves the rest of the log and lets the next commit begin it anew.
    fn restart(&self, connection: &Connection) -> std::result::Result<(), Instant> {
        let result = connection
            .busy_timeout(RESTART_WAIT)
            .map_err(Failure::from)
            .and_then(|()| self.signal.checkpoint(connection, Mode::Restart));
        let restored = connection.busy_timeout(BUSY_TIMEOUT);
        match (result, restored) {
            (Ok(true), Ok(())) => Ok(()),
            (Ok(_), _) => Err(Instant::now()),
            (Err(failure), _) => {
                tracing::warn!(error = %failure.0, "the write-ahead log can't be restarted");
                Err(Instant::now())
            }
        }
    }
}
