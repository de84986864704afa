//! From a path to the parts of a running store.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::thread;

use rusqlite::Connection;
use store::StoreError;

use crate::Options;
use crate::checkpoint::Checkpointer;
use crate::connection::{self, Role};
use crate::failure::{Failure, Result};
use crate::lock::{Lock, private_file};
use crate::pool::Pool;
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{migrate, sqlite_store::Pools};

/// What writes; in the order in which it is stopped.
#[derive(Debug)]
pub struct WriteSide {
    pub writer: Writer,
    pub checkpointer: Checkpointer,
    pub lock: Lock,
}

/// Opens the database at `path`; the errors name it.
pub fn open(path: &Path, options: &Options) -> Result<(Option<WriteSide>, Pools)> {
    let opened = if options.read_only {
        read_only(path, options).map(|pools| (None, pools))
    } else {
        read_write(path, options).map(|(side, pools)| (Some(side), pools))
    };
    opened.map_err(|failure| named(failure, path))
}

fn named(failure: Failure, path: &Path) -> Failure {
    let path = path.display();
    Failure(match failure.0 {
        StoreError::Unavailable(text) => StoreError::Unavailable(format!("{path}: {text}")),
        StoreError::Fault(text) => StoreError::Fault(format!("{path}: {text}")),
        other => other,
    })
}

fn read_write(path: &Path, options: &Options) -> Result<(WriteSide, Pools)> {
    refuse_folder(path)?;
    let lock = Lock::acquire(path)?;
    private_file(OpenOptions::new().create(true).truncate(false), path)
        .map_err(|error| Failure::unavailable(format!("can't open the database: {error}")))?;
    let mut writer = connection::open(path, Role::Writer)?;
    connection::prepare_writer(&writer, options)?;
    migrate::run(&mut writer)?;
    bound_size(&writer, options.max_bytes)?;
    let pools = open_pools(path, options)?;
    let checkpointer = Checkpointer::start(path, options.checkpoint_every)?;
    let writer = Writer::start(writer, checkpointer.signal(), options)?;
    Ok((
        WriteSide {
            writer,
            checkpointer,
            lock,
        },
        pools,
    ))
}

fn read_only(path: &Path, options: &Options) -> Result<Pools> {
    refuse_folder(path)?;
    if !path.exists() {
        return Err(Failure::unavailable("there is no such database"));
    }
    migrate::check(&connection::open(path, Role::Reader)?)?;
    open_pools(path, options)
}

/// SQLite would say only that it can't open it.
fn refuse_folder(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            Err(Failure::unavailable("is a folder; the database is a file"))
        }
        _ => Ok(()),
    }
}

fn bound_size(writer: &Connection, max_bytes: Option<u64>) -> Result<()> {
    if let Some(bytes) = max_bytes {
        let page: u64 = writer.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = u32::try_from(bytes / page).unwrap_or(u32::MAX).max(1);
        writer.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(())
}

fn open_pools(path: &Path, options: &Options) -> Result<Pools> {
    // Look-ups run on the threads of the runtime: one for each is enough.
    let threads = thread::available_parallelism().map_or(4, usize::from);
    let readers = options.readers.max(1);
    Ok(Pools {
        lookups: Pool::open(path, threads)?,
        lists: Readers::start(path, readers)?,
    })
}
