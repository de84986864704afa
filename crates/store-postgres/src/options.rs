//! How a database is opened.

use std::time::Duration;

/// The bounds of a store; the defaults suit a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections for reading, unless the URL says `pool_size`.
    pub readers: usize,
    /// Connections for writing: as many transactions run at once.
    pub writers: usize,
    /// How long a read waits for a free connection before it is answered with
    /// [`Busy`](store::StoreError::Busy).
    pub wait: Duration,
    /// How long the server may take for a statement, a commit or a new
    /// connection.
    pub deadline: Duration,
    /// How many batches may wait for the writers; one more is answered with
    /// [`Busy`](store::StoreError::Busy).
    pub queue_capacity: usize,
    /// How many batches share a transaction at most; a single call with more
    /// gets one of its own.
    pub max_batches_per_commit: usize,
    /// Only read: nothing is created or migrated.
    pub read_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 16,
            writers: 4,
            wait: Duration::from_secs(2),
            deadline: Duration::from_secs(10),
            queue_capacity: 10_000,
            max_batches_per_commit: 500,
            read_only: false,
        }
    }
}

impl Options {
    /// For a program that writes very many rows and waits for nobody: the queue
    /// holds all that it has under way, and a slow server is given time.
    pub fn bulk() -> Self {
        Self {
            wait: Duration::from_mins(1),
            deadline: Duration::from_mins(1),
            queue_capacity: 100_000,
            ..Self::default()
        }
    }
}
