//! Moving the write-ahead log into the database file.
//!
//! A thread of its own does it in SQLite's passive mode, which waits for nobody
//! and lets nobody wait, on a timer and whenever the log has grown by a part of
//! its bound. The log begins anew at the first commit that finds all of it
//! moved. Under writes without pause that may not happen; then, at the bound,
//! the writer waits for the rest to be moved.

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
    due: bool,
    closing: bool,
}

impl Signal {
    /// Something was committed; `due`: don't wait for the timer.
    pub fn committed(&self, due: bool) {
        let mut state = self.lock();
        state.dirty = true;
        state.due |= due;
        drop(state);
        if due {
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

    /// Waits until there is something to move; `false`: it is over.
    fn wait(&self, every: Duration) -> bool {
        let state = self.lock();
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, every, |state| !state.due && !state.closing)
            .unwrap_or_else(PoisonError::into_inner);
        while !state.dirty && !state.closing {
            let (woken, _) = self
                .changed
                .wait_timeout(state, every)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
        }
        state.dirty = false;
        state.due = false;
        !state.closing
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
}

impl Checkpointer {
    pub fn start(path: &Path, every: Duration) -> Result<Self> {
        let connection = connection::open(path, Role::Checkpointer)?;
        let signal = Arc::new(Signal::default());
        let heard = Arc::clone(&signal);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while heard.wait(every) {
                    match heard.checkpoint(&connection, Mode::Passive) {
                        // Readers or new commits were in the way: once more later.
                        Ok(false) => heard.committed(false),
                        Ok(true) => {}
                        Err(failure) => {
                            tracing::warn!(error = %failure.0, "a checkpoint failed");
                            heard.committed(false);
                        }
                    }
                }
            })
            .map_err(|error| Failure::unavailable(format!("can't start a thread: {error}")))?;
        Ok(Self { signal, thread })
    }

    pub fn signal(&self) -> Arc<Signal> {
        Arc::clone(&self.signal)
    }

    /// Ends the thread and waits for it.
    pub fn stop(self) {
        self.signal.close();
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread panicked");
        }
    }
}
