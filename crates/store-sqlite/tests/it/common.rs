//! What the tests of this crate share.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use store_sqlite::{Options, SqliteStore};

/// A temporary folder for one database.
pub struct Folder(tempfile::TempDir);

pub fn folder() -> Folder {
    Folder(tempfile::tempdir().unwrap())
}

impl Folder {
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn database(&self) -> PathBuf {
        self.path().join("numberd.db")
    }
}

pub fn options() -> Options {
    Options::default()
}

pub fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, &options()).unwrap()
}

/// Keeps the store's writer waiting for SQLite's write lock.
pub struct Hold(mpsc::Sender<()>);

impl Hold {
    pub fn release(self) {
        self.0.send(()).unwrap();
    }
}

/// Takes the write lock in a thread until told otherwise.
pub fn hold_writer(path: &Path) -> (JoinHandle<()>, Hold) {
    let (release, released) = mpsc::channel();
    let (held, is_held) = mpsc::channel();
    let connection = Connection::open(path).unwrap();
    let thread = thread::spawn(move || {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        held.send(()).unwrap();
        released.recv().unwrap();
        connection.execute_batch("ROLLBACK").unwrap();
    });
    is_held.recv().unwrap();
    (thread, Hold(release))
}
