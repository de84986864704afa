//! Data sets and their parts.

use store::{DataSet, DataSetId};
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::Pool;
use crate::read::row;
use crate::text::{Stored, Text};

pub async fn all(pool: &Pool) -> Result<Vec<DataSet>> {
    let sql = "SELECT id, name, kind, source, loaded, rows, parts FROM data_sets ORDER BY id";
    let rows = pool.read("data_sets", sql, &[]).await?;
    rows.iter().map(read).collect()
}

pub async fn part(pool: &Pool, id: &DataSetId, part: u32) -> Result<Option<String>> {
    let sql = "SELECT body FROM data_parts WHERE set_id = $1 AND part = $2";
    let rows = pool
        .read("data_part", sql, &[&Text(&id.0), &i64::from(part)])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let Stored(body) = row.try_get(0)?;
    Ok(Some(body))
}

fn read(row: &Row) -> Result<DataSet> {
    let text = |column| -> Result<String> {
        let Stored(text) = row.try_get(column)?;
        Ok(text)
    };
    let id = text(0)?;
    let wrong = |column: &str| Failure::fault(format!("the {column} of data set {id} is damaged"));
    let parts: Option<i64> = row.try_get(6)?;
    let parts = parts.map(|parts| u32::try_from(parts).map_err(|_| wrong("count of parts")));
    Ok(DataSet {
        name: text(1)?,
        kind: text(2)?,
        source: text(3)?,
        loaded: row::time(row, 4)?.ok_or_else(|| wrong("time"))?,
        rows: row::unsigned(row, 5)?,
        parts: parts.transpose()?,
        id: DataSetId(id),
    })
}
