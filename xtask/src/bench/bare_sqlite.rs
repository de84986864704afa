//! Bare SQLite: the rows that numberd wrote, read back from its database, put
//! by one thread into a copy that numberd had made as well: the same tables and
//! indexes, prepared statements, nothing checked, nothing computed.
//!
//! Only new rows are written, not the counters that numberd keeps.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OpenFlags, OptionalExtension, params_from_iter};

use super::dataset;

/// The tables that have rows of a number, and how to find them there.
const TABLES: [(&str, &str); 4] = [
    ("numbers", "e164 = ?1 AND ?2 IS ?2"),
    ("account_numbers", "account_id = ?2 AND e164 = ?1"),
    (
        "number_events",
        "position IN (SELECT first_event FROM numbers WHERE e164 = ?1) AND ?2 IS ?2",
    ),
    (
        "account_events",
        "account_id = ?2 AND position IN (SELECT first_event FROM numbers WHERE e164 = ?1)",
    ),
];

/// Numbers whose rows are held in memory between reading and writing.
const CHUNK: usize = 50_000;
/// Pages in the log at which they are moved into the file: as long as numberd
/// lets its log grow. SQLite's default of 1,000 would make it move the same
/// pages again and again.
const CHECKPOINT_PAGES: u32 = 16_384;

/// A row: its table, its values.
type Row = (usize, Vec<Value>);

/// Reads what numberd wrote.
pub struct Source(Connection);

impl Source {
    pub fn open(database: &Path) -> Result<Self> {
        let source = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let known = TABLES.map(|(table, _)| table);
        let found: Vec<String> = source
            .prepare(
                "SELECT name FROM sqlite_schema AS s WHERE type = 'table' AND EXISTS \
                 (SELECT 1 FROM pragma_table_info(s.name) WHERE name IN ('e164', 'position'))",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        ensure!(
            found.len() == known.len() && found.iter().all(|table| known.contains(&&**table)),
            "tables with numbers are {found:?}, the benchmark knows {known:?}"
        );
        Ok(Self(source))
    }

    /// All rows of a number; an error when there is no such number.
    fn rows(&self, index: u64) -> Result<Vec<Row>> {
        let number = dataset::number(index);
        let owner = self
            .0
            .prepare_cached("SELECT account_id FROM numbers WHERE e164 = ?1")?
            .query_row([&number], |row| row.get::<_, Option<String>>(0))
            .optional()?;
        let owner = owner.with_context(|| format!("{number} was answered but isn't stored"))?;
        let mut rows = Vec::new();
        for (index, (table, condition)) in TABLES.into_iter().enumerate() {
            let sql = format!("SELECT * FROM {table} WHERE {condition}");
            let mut statement = self.0.prepare_cached(&sql)?;
            let columns = statement.column_count();
            let mut found = statement.query((&number, &owner))?;
            while let Some(row) = found.next()? {
                let values: Result<_, _> = (0..columns).map(|column| row.get(column)).collect();
                rows.push((index, values?));
            }
        }
        Ok(rows)
    }
}

/// Writes them again.
pub struct Bare(Connection);

impl Bare {
    /// Opens a database, with so much of it in memory.
    pub fn open(database: &Path, cache_mebibytes: i32) -> Result<Self> {
        let bare = Connection::open(database)?;
        let mode: String =
            bare.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        ensure!(mode == "wal", "no write-ahead log here");
        bare.pragma_update(None, "synchronous", "FULL")?;
        bare.pragma_update(None, "cache_size", -1024 * cache_mebibytes)?;
        let pages = CHECKPOINT_PAGES;
        bare.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?;
        Ok(Self(bare))
    }

    /// Writes the rows of numbers, so many numbers in each transaction; answers
    /// how long the writing took, without the reading.
    pub fn write(
        &self,
        source: &Source,
        numbers: impl Iterator<Item = u64>,
        together: usize,
    ) -> Result<Duration> {
        let mut took = Duration::ZERO;
        let mut numbers = numbers.peekable();
        let mut statements = self.statements()?;
        while numbers.peek().is_some() {
            let chunk = numbers.by_ref().take((CHUNK / together).max(1) * together);
            let rows = chunk
                .map(|index| source.rows(index))
                .collect::<Result<Vec<_>>>()?;
            let begun = Instant::now();
            for group in rows.chunks(together) {
                self.0.execute_batch("BEGIN IMMEDIATE")?;
                for (table, values) in group.iter().flatten() {
                    statements[*table].execute(params_from_iter(values))?;
                }
                self.0.execute_batch("COMMIT")?;
            }
            took += begun.elapsed();
        }
        Ok(took)
    }

    /// Moves the log into the file, as numberd does when it ends; answers how
    /// long it took.
    pub fn checkpoint(&self) -> Result<Duration> {
        let begun = Instant::now();
        self.0
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(begun.elapsed())
    }

    fn statements(&self) -> Result<Vec<CachedStatement<'_>>> {
        let prepare = |(table, _): (&str, &str)| {
            let sql = format!("SELECT * FROM {table}");
            let columns = self.0.prepare(&sql)?.column_count();
            let places = vec!["?"; columns].join(", ");
            let sql = format!("INSERT INTO {table} VALUES ({places})");
            Ok(self.0.prepare_cached(&sql)?)
        };
        TABLES.into_iter().map(prepare).collect()
    }
}

/// An error unless the database has so many numbers.
pub fn expect_numbers(database: &Path, expected: u64) -> Result<()> {
    let source = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found: i64 = source.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0))?;
    ensure!(
        u64::try_from(found) == Ok(expected),
        "there are {found} numbers in place of {expected}"
    );
    Ok(())
}
