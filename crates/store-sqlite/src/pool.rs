//! Connections for reading, lent for a look-up.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::connection::{self, Role};
use crate::failure::{Failure, Result};

/// A fixed number of connections. Borrowers hold one for microseconds, so
/// waiting for one is short.
#[derive(Debug)]
pub struct Pool {
    idle: Mutex<Idle>,
    returned: Condvar,
}

#[derive(Debug)]
struct Idle {
    /// `None` once the pool is closed.
    connections: Option<Vec<Connection>>,
    /// Those who wait for one: waking nobody would cost a system call, too.
    waiting: usize,
}

impl Pool {
    pub fn open(path: &Path, size: usize) -> Result<Self> {
        let connections = (0..size)
            .map(|_| connection::open(path, Role::Reader))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            idle: Mutex::new(Idle {
                connections: Some(connections),
                waiting: 0,
            }),
            returned: Condvar::new(),
        })
    }

    /// Runs `read` on a connection.
    pub fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let lent = self.borrow()?;
        read(lent.connection.as_ref().expect("lent until dropped"))
    }

    /// Closes the connections; those that are lent close when they come back.
    pub fn close(&self) {
        self.lock().connections.take();
        self.returned.notify_all();
    }

    fn borrow(&self) -> Result<Lent<'_>> {
        let mut idle = self.lock();
        loop {
            let Some(connections) = idle.connections.as_mut() else {
                return Err(Failure::unavailable("it is closed"));
            };
            if let Some(connection) = connections.pop() {
                return Ok(Lent {
                    pool: self,
                    connection: Some(connection),
                });
            }
            idle.waiting += 1;
            idle = self
                .returned
                .wait(idle)
                .unwrap_or_else(PoisonError::into_inner);
            idle.waiting -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes back to the pool when dropped, also by a panic.
struct Lent<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.lock();
        if let Some(connections) = idle.connections.as_mut() {
            connections.extend(self.connection.take());
        }
        let is_awaited = idle.waiting > 0;
        drop(idle);
        if is_awaited {
            self.pool.returned.notify_one();
        }
    }
}
