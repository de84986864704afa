//! `numberd copy`: everything from one database into another, of whatever kind.
//!
//! Tables are copied row by row in the order of their keys, so a copy that was
//! interrupted goes on behind the last key that is there. In the end both are
//! read once more and compared.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use store::copy::{Row, TABLES, Table, Tables, Value};
use store_postgres::PostgresTables;
use store_sqlite::SqliteTables;

use crate::cli::{Copy, Global};
use crate::config::Config;
use crate::database::Place;
use crate::exit::{Code, Failure, Outcome};
use crate::{logging, output};

pub async fn run(global: &Global, options: &Copy) -> Outcome {
    let mut config = Config::load(global)?;
    if global.log_level.is_none() {
        "warn".clone_into(&mut config.log.level);
    }
    logging::start(&config.log)?;
    if options.from == options.to {
        let message = "--from and --to are the same database";
        return Err(Failure::new(Code::Usage, message));
    }
    let source = source(&options.from).await?;
    let target = target(&options.to).await?;
    refuse_served(source.as_ref(), target.as_ref()).await?;
    let mut rows = 0;
    for table in &TABLES {
        rows += source.count(table).await?;
    }
    // Each row is written once, and read once more on both sides.
    let bar = bar(rows * 3);
    for table in &TABLES {
        copy(source.as_ref(), target.as_ref(), table, &bar).await?;
    }
    target.finish().await?;
    for table in &TABLES {
        compare(source.as_ref(), target.as_ref(), table, &bar).await?;
    }
    bar.finish_and_clear();
    output::line(&format!(
        "copied and compared: {rows} rows in {} tables",
        TABLES.len()
    ))?;
    Ok(())
}

async fn source(url: &str) -> Outcome<Box<dyn Tables>> {
    Ok(match Place::of(url)? {
        Place::File(path) => Box::new(SqliteTables::source(&path).map_err(|e| named(&path, &e))?),
        Place::Server(url) => Box::new(PostgresTables::source(url).await?),
    })
}

async fn target(url: &str) -> Outcome<Box<dyn Tables>> {
    Ok(match Place::of(url)? {
        Place::File(path) => Box::new(SqliteTables::target(&path).map_err(|e| named(&path, &e))?),
        Place::Server(url) => Box::new(PostgresTables::target(url).await?),
    })
}

fn named(path: &Path, error: &store::StoreError) -> Failure {
    Failure::new(Code::Unavailable, format!("{}: {error}", path.display()))
}

/// A target with settings that the source doesn't have was served: it holds
/// something else. Settings come last, so an interrupted copy has no others.
async fn refuse_served(source: &dyn Tables, target: &dyn Tables) -> Outcome {
    let Some(settings) = TABLES.iter().find(|table| table.name == "settings") else {
        return Ok(());
    };
    let ours = all(source, settings).await?;
    for row in all(target, settings).await? {
        if !ours.contains(&row) {
            return Err(Failure::new(
                Code::Refused,
                "the target is in use already: copy into an empty database, or go on with a copy \
                 of this source that was interrupted",
            ));
        }
    }
    Ok(())
}

async fn all(tables: &dyn Tables, table: &Table) -> Outcome<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map(|row| key(table, row));
        let page = tables.rows(table, after.as_deref()).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

fn key(table: &Table, row: &Row) -> Row {
    row.iter().take(table.keys).cloned().collect()
}

/// Copies what comes after the last row that is there.
async fn copy(
    source: &dyn Tables,
    target: &dyn Tables,
    table: &Table,
    bar: &ProgressBar,
) -> Outcome {
    let mut after = target.last_key(table).await?;
    bar.inc(target.count(table).await?);
    loop {
        let rows = source.rows(table, after.as_deref()).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(key(table, last));
        let copied = u64::try_from(rows.len()).unwrap_or_default();
        target.insert(table, rows).await?;
        bar.inc(copied);
    }
}

async fn compare(
    source: &dyn Tables,
    target: &dyn Tables,
    table: &Table,
    bar: &ProgressBar,
) -> Outcome {
    let ours = digest(source, table, bar).await?;
    let theirs = digest(target, table, bar).await?;
    if ours == theirs {
        return Ok(());
    }
    Err(Failure::new(
        Code::Failure,
        format!(
            "the table {} differs from its source ({} rows there, {} here): it was written to \
             meanwhile. Stop all servers and copy into an empty database",
            table.name, ours.0, theirs.0
        ),
    ))
}

/// How many rows a table has, and a digest of them all.
async fn digest(tables: &dyn Tables, table: &Table, bar: &ProgressBar) -> Outcome<(u64, Vec<u8>)> {
    let (mut count, mut digest) = (0, Sha256::new());
    let mut after: Option<Row> = None;
    loop {
        let rows = tables.rows(table, after.as_deref()).await?;
        let Some(last) = rows.last() else {
            return Ok((count, digest.finalize().to_vec()));
        };
        after = Some(key(table, last));
        let read = u64::try_from(rows.len()).unwrap_or_default();
        count += read;
        bar.inc(read);
        for value in rows.iter().flatten() {
            add(&mut digest, value);
        }
    }
}

/// Values are told apart by a sign and their length.
fn add(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Null => digest.update(b"0"),
        Value::Int(value) => {
            digest.update(b"1");
            digest.update(value.to_be_bytes());
        }
        Value::Text(text) => {
            digest.update(b"2");
            digest.update(text.len().to_be_bytes());
            digest.update(text);
        }
    }
}

/// Hidden unless stderr is a terminal.
fn bar(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    let style = "{bar:40} {human_pos}/{human_len} {elapsed_precise} (left: {eta})";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
