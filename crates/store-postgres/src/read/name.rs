//! Unique names and settings.

use store::Claim;
use tokio_postgres::Row;

use crate::failure::Result;
use crate::pool::Pool;
use crate::text::{Stored, Text};

pub async fn holder(pool: &Pool, claim: &Claim) -> Result<Option<String>> {
    let sql = "SELECT holder FROM claims WHERE kind = $1 AND name = $2";
    let rows = pool
        .find("claim", sql, &[&claim.kind.as_str(), &Text(&claim.name)])
        .await?;
    first(&rows)
}

pub async fn setting(pool: &Pool, key: &str) -> Result<Option<String>> {
    let sql = "SELECT value FROM settings WHERE key = $1";
    first(&pool.find("setting", sql, &[&Text(key)]).await?)
}

fn first(rows: &[Row]) -> Result<Option<String>> {
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let Stored(text) = row.try_get(0)?;
    Ok(Some(text))
}
