//! Threads for reads that take a while, each with a connection of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use store::StoreError;
use tokio::sync::oneshot;

use crate::connection::{self, Role};
use crate::failure::{Failure, Result};

/// A read that waits for a thread. Without one, the store is being closed.
type Job = Box<dyn FnOnce(Option<&Connection>) + Send>;

/// A fixed number of threads. Each takes the read that waited longest.
#[derive(Debug)]
pub struct Readers {
    /// `None` once they are closed.
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    jobs: Sender<Job>,
    /// Whether what waits is refused.
    closing: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts `count` threads.
    pub fn start(path: &Path, count: usize) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let closing = Arc::new(AtomicBool::new(false));
        let threads = (1..=count)
            .map(|index| {
                let connection = connection::open(path, Role::Reader)?;
                let (waiting, closing) = (Arc::clone(&waiting), Arc::clone(&closing));
                thread::Builder::new()
                    .name(format!("sqlite-reader-{index}"))
                    .spawn(move || work(&connection, &waiting, &closing))
                    .map_err(|error| Failure::unavailable(format!("can't start a thread: {error}")))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            open: Mutex::new(Some(Open {
                jobs,
                closing,
                threads,
            })),
        })
    }

    /// Runs `read` on one of the threads, to its end also when nobody waits any
    /// more; not at all when nobody waits before it begins.
    pub async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            if answer.is_closed() {
                return;
            }
            let result = match connection {
                Some(connection) => catch_unwind(AssertUnwindSafe(|| read(connection)))
                    .unwrap_or_else(|_| Err(Failure::fault("a read of the store panicked"))),
                None => Err(closed()),
            };
            // Who asked may have gone meanwhile.
            let _ = answer.send(result);
        });
        self.send(job)?;
        answered
            .await
            .unwrap_or_else(|_| Err(closed()))
            .map_err(StoreError::from)
    }

    fn send(&self, job: Job) -> Result<()> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = open.as_ref().map(|open| &open.jobs).ok_or_else(closed)?;
        jobs.send(job).map_err(|_| closed())
    }

    /// Ends the threads and closes their connections; waits for the reads that
    /// are under way, and what waits is refused.
    pub fn close(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Open {
            jobs,
            closing,
            threads,
        }) = open.take()
        else {
            return;
        };
        drop(open);
        closing.store(true, Ordering::Relaxed);
        drop(jobs);
        for thread in threads {
            // A panic was told where it happened.
            let _ = thread.join();
        }
    }
}

fn closed() -> Failure {
    Failure::unavailable("it is closed")
}

/// Takes reads until no more can come.
fn work(connection: &Connection, waiting: &Mutex<Receiver<Job>>, closing: &AtomicBool) {
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        match next {
            Ok(job) => job((!closing.load(Ordering::Relaxed)).then_some(connection)),
            Err(_) => return,
        }
    }
}
