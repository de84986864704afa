//! A connection that several short reads use at once. Each is said without
//! waiting for the answers to those before it, so the server and this program
//! read, write and wake each other once for many of them.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use crate::failure::{Failure, Kind};
use crate::pool::{Client, put_back};

/// How many share a connection at most: so many answers may stand before one's
/// own, and each takes some ten microseconds.
const AT_ONCE: usize = 16;
/// How many share it before it goes back to its pool, where somebody may be
/// waiting for one of his own.
const IN_ALL: usize = 256;

/// A connection in use; goes back to its pool with the last who uses it.
#[derive(Debug)]
pub struct Shared {
    /// `None`: only while it is dropped.
    client: Option<Client>,
    /// How many have joined.
    joined: AtomicUsize,
    /// Why it may not be in order any more.
    broken: OnceLock<Failure>,
}

impl Shared {
    /// Tells what became of a read on it.
    pub fn failed(&self, failure: &Failure) {
        if failure.kind != Kind::Conflict {
            self.broken.get_or_init(|| failure.clone());
        }
    }

    fn is_open(&self) -> bool {
        self.broken.get().is_none() && !self.is_closed()
    }
}

impl Deref for Shared {
    type Target = Client;

    fn deref(&self) -> &Client {
        let client = self.client.as_ref();
        client.expect("it is there until it is dropped")
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            put_back(client, self.broken.get());
        }
    }
}

/// Where those who read find each other.
#[derive(Clone, Debug, Default)]
pub struct Meeting(Arc<Mutex<Weak<Shared>>>);

impl Meeting {
    /// A connection that others are using, unless they are too many.
    pub fn join(&self) -> Option<Arc<Shared>> {
        let shared = self.lock().upgrade()?;
        let others = Arc::strong_count(&shared) - 1;
        let is_welcome = others < AT_ONCE
            && shared.is_open()
            && shared.joined.fetch_add(1, Ordering::Relaxed) < IN_ALL;
        is_welcome.then_some(shared)
    }

    /// Lets others join.
    pub fn open(&self, client: Client) -> Arc<Shared> {
        let shared = Arc::new(Shared {
            client: Some(client),
            joined: AtomicUsize::new(1),
            broken: OnceLock::new(),
        });
        *self.lock() = Arc::downgrade(&shared);
        shared
    }

    fn lock(&self) -> MutexGuard<'_, Weak<Shared>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
