//! A database file, for a copy.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};
use store::StoreError;
use store::copy::{Row, Table, Tables, Value};

use crate::Options;
use crate::connection::{self, Role};
use crate::failure::{Failure, Result};
use crate::lock::{Lock, private_file};
use crate::migrate;

/// What is counted along, from the rows that it counts.
const RECOUNT: &str = "
    DELETE FROM state_counters;
    INSERT INTO state_counters (state, numbers)
        SELECT state, count(*) FROM numbers GROUP BY state;
    DELETE FROM account_counters;
    INSERT INTO account_counters (account_id, own, total)
        SELECT account_id, sum(own), sum(total) FROM (
            SELECT account_id, count(*) AS own, count(*) AS total
            FROM numbers WHERE billable = 1 GROUP BY account_id
            UNION ALL
            SELECT t.ancestor, 0, count(*) FROM numbers n
            JOIN account_tree t ON t.descendant = n.account_id
            WHERE n.billable = 1 GROUP BY t.ancestor)
        GROUP BY account_id;";

/// A database file that nobody else writes meanwhile.
#[derive(Debug)]
pub struct SqliteTables {
    connection: Arc<Mutex<Connection>>,
    _lock: Lock,
}

impl SqliteTables {
    /// Opens a database to copy from; it is not changed.
    pub fn source(path: &Path) -> std::result::Result<Self, StoreError> {
        if !path.is_file() {
            let text = format!("there is no database {}", path.display());
            return Err(StoreError::Unavailable(text));
        }
        let lock = Lock::acquire(path)?;
        let connection = connection::open(path, Role::Reader)?;
        migrate::check(&connection)?;
        Ok(Self::new(connection, lock))
    }

    /// Opens a database to copy to; makes it if there is none.
    pub fn target(path: &Path) -> std::result::Result<Self, StoreError> {
        let lock = Lock::acquire(path)?;
        private_file(OpenOptions::new().create(true).truncate(false), path)
            .map_err(|error| Failure::unavailable(format!("can't open the database: {error}")))?;
        let mut connection = connection::open(path, Role::Writer)?;
        connection::prepare_writer(&connection, &Options::bulk())?;
        // Nobody else moves the log while this writes.
        connection
            .pragma_update(None, "wal_autocheckpoint", 1000)
            .map_err(Failure::from)?;
        migrate::run(&mut connection)?;
        Ok(Self::new(connection, lock))
    }

    fn new(connection: Connection, lock: Lock) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
            _lock: lock,
        }
    }

    /// Runs what blocks where it blocks no other task.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let work = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => Ok(result?),
            Err(error) => Err(StoreError::Fault(format!(
                "a task of the copy ended: {error}"
            ))),
        }
    }
}

/// A value as SQLite binds it.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn read(row: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<Row> {
    (0..columns)
        .map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                other => Value::Text(other.as_str()?.to_owned()),
            })
        })
        .collect()
}

#[async_trait]
impl Tables for SqliteTables {
    async fn rows(
        &self,
        table: &Table,
        after: Option<&[Value]>,
    ) -> std::result::Result<Vec<Row>, StoreError> {
        let (table, after) = (*table, after.unwrap_or_default().to_vec());
        self.with(move |connection| {
            let sql = table.page_sql('?', after.is_empty());
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(after.iter().map(Bound)), |row| {
                read(row, table.columns.len())
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn last_key(&self, table: &Table) -> std::result::Result<Option<Row>, StoreError> {
        let table = *table;
        self.with(move |connection| {
            let mut statement = connection.prepare_cached(&table.last_key_sql())?;
            let key = statement.query_row([], |row| read(row, table.keys));
            Ok(key.optional()?)
        })
        .await
    }

    async fn count(&self, table: &Table) -> std::result::Result<u64, StoreError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        self.with(move |connection| Ok(connection.query_row(&sql, [], |row| row.get(0))?))
            .await
    }

    async fn insert(&self, table: &Table, rows: Vec<Row>) -> std::result::Result<(), StoreError> {
        let sql = table.insert_sql('?');
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            for row in &rows {
                transaction
                    .prepare_cached(&sql)?
                    .execute(params_from_iter(row.iter().map(Bound)))?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn finish(&self) -> std::result::Result<(), StoreError> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute_batch(RECOUNT)?;
            Ok(transaction.commit()?)
        })
        .await
    }
}
