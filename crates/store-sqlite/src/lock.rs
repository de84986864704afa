//! One server for one database: a lock file beside it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Held while the database is open for writing. The file stays: removing it
/// would let two processes lock two files of the same name.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    pub fn acquire(database: &Path) -> Result<Self> {
        let path = beside(database, "-lock");
        let file = private_file(OpenOptions::new().create(true).truncate(false), &path).map_err(
            |error| {
                Failure::unavailable(format!(
                    "can't make the lock file {}: {error}",
                    path.display()
                ))
            },
        )?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Failure::unavailable(format!(
                "another process has the database {} open for writing; a running server must be \
                 stopped for that, what only reads works beside it",
                database.display()
            ))),
            Err(TryLockError::Error(error)) => Err(Failure::unavailable(format!(
                "can't lock {}: {error}",
                path.display()
            ))),
        }
    }
}

/// A file of the database's name and a suffix.
pub fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

/// Opens for writing; only the owner may read or write a file made here.
pub fn private_file(options: &mut OpenOptions, path: &Path) -> std::io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.write(true).open(path)
}
