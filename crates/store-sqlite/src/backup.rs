//! Copies of the whole database while it is in use.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use rusqlite::Connection;

use crate::failure::{Failure, Result};
use crate::lock::{beside, private_file};

/// Writes a complete database to `to`, which must not exist: the state of one
/// moment, whatever is written meanwhile. A crash leaves at `to` nothing or an
/// empty file.
pub fn run(connection: &Connection, to: &Path) -> Result<()> {
    // Our empty file keeps the name; the finished copy then takes its place.
    private_file(OpenOptions::new().create_new(true), to).map_err(|error| {
        Failure::unavailable(format!(
            "the backup {} can't be made: {error}",
            to.display()
        ))
    })?;
    let partial = beside(to, ".partial");
    let result = copy(connection, &partial, to);
    if result.is_err() {
        for leftover in [partial.as_path(), to] {
            // The error that is reported is the one that came first.
            let _ = fs::remove_file(leftover);
        }
    }
    result
}

fn copy(connection: &Connection, partial: &Path, to: &Path) -> Result<()> {
    let file = private_file(OpenOptions::new().create(true).truncate(true), partial)
        .map_err(|error| failed(to, &error))?;
    let Some(name) = partial.to_str() else {
        return Err(Failure::unavailable("the backup's name is not UTF-8"));
    };
    connection.execute("VACUUM INTO ?1", [name])?;
    file.sync_all()
        .and_then(|()| fs::rename(partial, to))
        .and_then(|()| sync_folder(to))
        .map_err(|error| failed(to, &error))
}

fn sync_folder(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn failed(to: &Path, error: &std::io::Error) -> Failure {
    Failure::unavailable(format!(
        "the backup {} can't be written: {error}",
        to.display()
    ))
}
