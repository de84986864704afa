//! Opening connections, each for its role.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::Options;
use crate::failure::{Failure, Result};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Every change; there is one.
    Writer,
    /// Moves the log into the database file.
    Checkpointer,
    /// Reads.
    Reader,
}

/// How long a statement waits for a lock that another program holds.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page cache of a reader in KiB. Commits of the writer empty it, so it is
/// small; the pages themselves are in the operating system's cache.
const READER_CACHE_KIB: i64 = 1024;

/// That of a reader which goes through the whole database, in KiB: the inner
/// pages of its indexes fit in, which it reads again for each row.
const LARGE_CACHE_KIB: i64 = 64 * 1024;

/// Prepared statements a connection keeps; there are about 40 in all.
const STATEMENTS: usize = 64;

/// Opens an existing file.
pub fn open(path: &Path, role: Role) -> Result<Connection> {
    // Neither URI names, which give '?' and '%' in a path a meaning, nor
    // SQLite's own mutexes, as one thread at a time has the connection.
    let access = match role {
        Role::Reader => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Role::Writer | Role::Checkpointer => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // Else a statement whose plan could depend on its parameters is compiled
    // anew whenever they change.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if role != Role::Reader {
        durable(&connection)?;
    }
    Ok(connection)
}

fn durable(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Where fsync doesn't reach the platter (macOS), these make it.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // Checkpoints are the checkpointer's; a commit never waits for one.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(())
}

/// Reads the whole database with memory that a reader doesn't keep.
pub fn with_large_cache<T>(
    reader: &Connection,
    read: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    reader.pragma_update(None, "cache_size", -LARGE_CACHE_KIB)?;
    let result = read(reader);
    reader.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    result
}

/// Switches the database to a write-ahead log, and gives the writer its memory.
pub fn prepare_writer(writer: &Connection, options: &Options) -> Result<()> {
    let mode: String =
        writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Failure::unavailable(
            "the file system doesn't allow a write-ahead log; the database needs a local disk",
        ));
    }
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let limit = signed(options.wal_limit_bytes);
    writer.pragma_update_and_check(None, "journal_size_limit", limit, |_| Ok(()))?;
    // In KiB, as it is negative.
    let cache = -signed(options.writer_cache_bytes / 1024);
    writer.pragma_update(None, "cache_size", cache)?;
    Ok(())
}
