//! A database on a server, for a copy.

use async_trait::async_trait;
use store::StoreError;
use store::copy::{Column, ColumnKind, Row, Table, Tables, Value};
use tokio_postgres::types::ToSql;

use crate::failure::{Failure, Result};
use crate::pool::{Bounds, Pool, put_back};
use crate::read::row;
use crate::target::Target;
use crate::text::{Stored, Text};
use crate::write::statement::{Param, Statement, execute};
use crate::{Options, migrate, tls};

type Answer<T> = std::result::Result<T, StoreError>;

/// What is counted along, from the rows that it counts, and where the positions
/// of new events go on.
const FINISH: &str = "
    BEGIN;
    DELETE FROM state_counters;
    INSERT INTO state_counters (state, slot, numbers)
        SELECT state, 0, count(*) FROM numbers GROUP BY state;
    DELETE FROM account_counters;
    INSERT INTO account_counters (account_id, slot, own, total)
        SELECT account_id, 0, sum(own), sum(total) FROM (
            SELECT account_id, count(*) AS own, count(*) AS total
            FROM numbers WHERE billable GROUP BY account_id
            UNION ALL
            SELECT t.ancestor, 0, count(*) FROM numbers n
            JOIN account_tree t ON t.descendant = n.account_id
            WHERE n.billable GROUP BY t.ancestor) counted
        GROUP BY account_id;
    SELECT setval('event_positions', greatest(max(position), 1)) FROM number_events;
    COMMIT;";

/// A database on a server.
#[derive(Debug)]
pub struct PostgresTables {
    pool: Pool,
}

impl PostgresTables {
    /// Opens a database to copy from; it is not changed.
    pub async fn source(url: &str) -> Answer<Self> {
        let tables = Self::connect(url)?;
        migrate::check(&tables.pool).await?;
        Ok(tables)
    }

    /// Opens a database to copy to, and prepares it.
    pub async fn target(url: &str) -> Answer<Self> {
        let tables = Self::connect(url)?;
        migrate::run(&tables.pool).await?;
        Ok(tables)
    }

    fn connect(url: &str) -> Result<Self> {
        let target = Target::parse(url)?;
        let options = Options::default();
        let bounds = Bounds {
            size: 2,
            wait: options.wait,
            deadline: options.deadline,
        };
        let pool = Pool::new(&target, tls::connector(&target)?, bounds)?;
        Ok(Self { pool })
    }
}

/// A value as the column's type wants it.
fn bound<'a>(column: &Column, value: &'a Value) -> Param<'a> {
    match (column.kind, value) {
        (ColumnKind::Text, Value::Text(text)) => Box::new(Text(text)),
        (ColumnKind::Int, Value::Int(value)) => Box::new(*value),
        (ColumnKind::Bool, Value::Int(value)) => Box::new(*value != 0),
        (ColumnKind::Text, _) => Box::new(None::<&str>),
        (ColumnKind::Int, _) => Box::new(None::<i64>),
        (ColumnKind::Bool, _) => Box::new(None::<bool>),
    }
}

fn read(row: &tokio_postgres::Row, columns: &[Column]) -> Result<Row> {
    let values = columns.iter().enumerate().map(|(at, column)| {
        Ok(match column.kind {
            ColumnKind::Text => row
                .try_get::<_, Option<Stored>>(at)?
                .map(|Stored(text)| Value::Text(text)),
            ColumnKind::Int => row.try_get::<_, Option<i64>>(at)?.map(Value::Int),
            ColumnKind::Bool => row
                .try_get::<_, Option<bool>>(at)?
                .map(|is| Value::Int(is.into())),
        }
        .unwrap_or(Value::Null))
    });
    values.collect()
}

/// As [`Table::insert_sql`]; an account's log names the events themselves, too.
fn insert_sql(table: &Table) -> String {
    if table.name != "account_events" {
        return table.insert_sql('$');
    }
    "INSERT INTO account_events (account_id, position, e164, event_id) \
     SELECT $1, position, e164, event_id FROM number_events WHERE position = $2 \
     ON CONFLICT DO NOTHING"
        .to_owned()
}

#[async_trait]
impl Tables for PostgresTables {
    async fn rows(&self, table: &Table, after: Option<&[Value]>) -> Answer<Vec<Row>> {
        let after = after.unwrap_or_default();
        let sql = table.page_sql('$', after.is_empty());
        let key = table.key().iter().zip(after);
        let params: Vec<Param<'_>> = key.map(|(column, value)| bound(column, value)).collect();
        let params: Vec<&(dyn ToSql + Sync)> =
            params.iter().map(|param| param.as_ref() as _).collect();
        let rows = self.pool.read("copy", &sql, &params).await?;
        let rows = rows.iter().map(|row| read(row, table.columns));
        Ok(rows.collect::<Result<_>>()?)
    }

    async fn last_key(&self, table: &Table) -> Answer<Option<Row>> {
        let rows = self.pool.read("copy", &table.last_key_sql(), &[]).await?;
        let key = rows.first().map(|row| read(row, table.key()));
        Ok(key.transpose()?)
    }

    async fn count(&self, table: &Table) -> Answer<u64> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let rows = self.pool.read_long("copy", &sql, &[]).await?;
        let row = rows
            .first()
            .ok_or_else(|| Failure::fault("a count has no row"))?;
        Ok(row::unsigned(row, 0)?)
    }

    async fn insert(&self, table: &Table, rows: Vec<Row>) -> Answer<()> {
        let sql = insert_sql(table);
        let statements: Vec<Statement<'_>> = rows
            .iter()
            .map(|row| {
                let values = table.columns.iter().zip(row);
                values.fold(
                    Statement::new(sql.as_str()),
                    |statement, (column, value)| statement.with_boxed(bound(column, value)),
                )
            })
            .collect();
        let client = self.pool.get().await?;
        let work = async {
            client.batch_execute("BEGIN").await?;
            execute(&client, &statements).await?;
            Ok(client.batch_execute("COMMIT").await?)
        };
        let written = self.pool.in_time(work).await;
        // Also after a conflict: the transaction is still open.
        let closed = written
            .as_ref()
            .err()
            .map(|failure| Failure::from(failure.error.clone()));
        put_back(client, closed.as_ref());
        Ok(written?)
    }

    async fn finish(&self) -> Answer<()> {
        let client = self.pool.get().await?;
        let counted = client.batch_execute(FINISH).await.map_err(Failure::from);
        put_back(client, counted.as_ref().err());
        Ok(counted?)
    }
}
