//! Moving the write-ahead log into the database file.
//!
//! A thread of its own does it in SQLite's passive mode, which waits for nobody
//! and lets nobody wait, on a timer and whenever the log has grown by a part of
//! its bound. The log begins anew at the first commit that finds all of it
//! moved. Under writes without pause that may not happen; then, at the bound,
//! the writer waits for the rest to be moved.
//!
//! While others write, SQLite leaves what a passive checkpoint moved to the
//! operating system; whoever moves the rest would wait until all of it is on the
//! disk. So the thread sees to that itself before the log is at its bound. Doing
//! it more often would write many pages more than once.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use crate::connection::{self, Role};
use crate::failure::{Failure, Result};

/// How a checkpoint goes about it.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// Moves what is in nobody's way.
    Passive,
    /// Waits for readers, so that the next commit begins the log anew.
    Restart,
    /// The same, and empties the file.
    Truncate,
}

impl Mode {
    const fn sql(self) -> &'static str {
        match self {
            Self::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
            Self::Restart => "PRAGMA wal_checkpoint(RESTART)",
            Self::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
        }
    }
}

/// When a checkpoint is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// When its time comes.
    #[default]
    ByTimer,
    /// At once.
    Now,
    /// At once, and it is the last before the log is at its bound.
    BeforeBound,
}

/// What the writer and the checkpointer share.
#[derive(Debug, Default)]
pub struct Signal {
    /// Held during a checkpoint: of two at once SQLite refuses one, without
    /// waiting.
    turn: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Pages in the log since the last checkpoint that moved all of it.
    dirty: bool,
    due: Due,
    closing: bool,
}

impl Signal {
    /// Something was committed.
    pub fn committed(&self, due: Due) {
        let mut state = self.lock();
        state.dirty = true;
        state.due = state.due.max(due);
        drop(state);
        if due > Due::ByTimer {
            self.changed.notify_one();
        }
    }

    /// Runs a checkpoint when it is alone; whether the whole log was moved.
    pub fn checkpoint(&self, connection: &Connection, mode: Mode) -> Result<bool> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (busy, pages, moved): (i64, i64, i64) = connection
            .prepare_cached(mode.sql())?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(busy == 0 && pages == moved)
    }

    fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to move; `None`: it is over.
    fn wait(&self, every: Duration) -> Option<Due> {
        let state = self.lock();
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, every, |state| {
                state.due == Due::ByTimer && !state.closing
            })
            .unwrap_or_else(PoisonError::into_inner);
        while !state.dirty && !state.closing {
            let (woken, _) = self
                .changed
                .wait_timeout(state, every)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
        }
        state.dirty = false;
        let due = std::mem::take(&mut state.due);
        (!state.closing).then_some(due)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread.
#[derive(Debug)]
pub struct Checkpointer {
    signal: Arc<Signal>,
    thread: JoinHandle<()>,
    database: Arc<File>,
}

/// The database file, to be dropped after all connections to it are closed:
/// closing a file ends the locks on it that SQLite has in this process (fcntl,
/// POSIX), and with them what keeps others from removing the log.
#[derive(Debug)]
#[must_use]
pub struct Held(#[expect(dead_code, reason = "held for the locks on it")] Arc<File>);

impl Checkpointer {
    pub fn start(path: &Path, every: Duration) -> Result<Self> {
        let connection = connection::open(path, Role::Checkpointer)?;
        let database = File::open(path)
            .map_err(|error| Failure::unavailable(format!("can't open the database: {error}")))?;
        let database = Arc::new(database);
        let file = Arc::clone(&database);
        let signal = Arc::new(Signal::default());
        let heard = Arc::clone(&signal);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while let Some(due) = heard.wait(every) {
                    match heard.checkpoint(&connection, Mode::Passive) {
                        // Readers or new commits were in the way: once more later.
                        Ok(false) => heard.committed(Due::ByTimer),
                        Ok(true) => {}
                        Err(failure) => {
                            tracing::warn!(error = %failure.0, "a checkpoint failed");
                            heard.committed(Due::ByTimer);
                        }
                    }
                    if due == Due::BeforeBound
                        && let Err(error) = file.sync_data()
                    {
                        tracing::warn!(%error, "the database can't be put on the disk");
                    }
                }
            })
            .map_err(|error| Failure::unavailable(format!("can't start a thread: {error}")))?;
        Ok(Self {
            signal,
            thread,
            database,
        })
    }

    pub fn signal(&self) -> Arc<Signal> {
        Arc::clone(&self.signal)
    }

    /// Ends the thread and waits for it.
    pub fn stop(self) -> Held {
        self.signal.close();
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread panicked");
        }
        Held(self.database)
    }
}
