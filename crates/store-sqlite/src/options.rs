//! How a database is opened.

use std::thread;
use std::time::Duration;

/// The bounds of a store; the defaults suit a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many batches may wait for the writer; one more is answered with
    /// [`Busy`](store::StoreError::Busy).
    pub queue_capacity: usize,
    /// How many batches share a commit at most; a single call with more gets a
    /// commit of its own.
    pub max_batches_per_commit: usize,
    /// Threads for lists and searches, each with its connection.
    pub readers: usize,
    /// How often the write-ahead log is moved into the database file.
    pub checkpoint_every: Duration,
    /// Length in bytes at which the write-ahead log is kept. A long read, like
    /// a backup, can make it longer for as long as it takes.
    pub wal_limit_bytes: u64,
    /// Page cache of the writer in bytes: what a commit changes fits in best.
    pub writer_cache_bytes: u64,
    /// Largest size of the database file in bytes; `None`: the disk's.
    pub max_bytes: Option<u64>,
    /// Only read, beside a process that has the database open for writing or
    /// without one. Nothing is created, migrated or locked.
    pub read_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue_capacity: 10_000,
            max_batches_per_commit: 2_000,
            readers: thread::available_parallelism()
                .map_or(4, usize::from)
                .clamp(2, 16),
            checkpoint_every: Duration::from_secs(1),
            wal_limit_bytes: 64 << 20,
            writer_cache_bytes: 16 << 20,
            max_bytes: None,
            read_only: false,
        }
    }
}

impl Options {
    /// For a program that writes very many rows and does nothing else. A page
    /// of an index is written once a commit, however many of its rows change:
    /// the more rows a commit has, the less there is to write for each.
    pub fn bulk() -> Self {
        Self {
            queue_capacity: 100_000,
            max_batches_per_commit: 100_000,
            wal_limit_bytes: 256 << 20,
            writer_cache_bytes: 128 << 20,
            ..Self::default()
        }
    }
}
