//! What rows of every table share: revisions, times, documents, pages.

use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use serde_json::{Map, Value};
use store::{Direction, Page};
use tokio_postgres::Row;

use crate::failure::{Failure, Result};

/// A number as PostgreSQL keeps it; its integers are signed.
pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub fn seconds(at: Option<GregorianSeconds>) -> Option<i64> {
    at.map(|at| signed(at.get()))
}

/// A `LIMIT`.
pub fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A column that is never negative.
pub fn unsigned(row: &Row, column: usize) -> Result<u64> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|_| negative(row, column))
}

pub fn revision(row: &Row, column: usize) -> Result<Revision> {
    unsigned(row, column).map(Revision)
}

pub fn time(row: &Row, column: usize) -> Result<Option<GregorianSeconds>> {
    let value: Option<i64> = row.try_get(column)?;
    let time = value.map(|value| u64::try_from(value).map_err(|_| negative(row, column)));
    Ok(time.transpose()?.map(GregorianSeconds::new))
}

fn negative(row: &Row, column: usize) -> Failure {
    let name = row
        .columns()
        .get(column)
        .map_or("?", |column| column.name());
    Failure::fault(format!("the column {name} of a row is negative"))
}

/// Parses a stored document; `what` names the row in the error.
pub fn document(text: &str, what: impl FnOnce() -> String) -> Result<Map<String, Value>> {
    serde_json::from_str(text)
        .map_err(|error| Failure::fault(format!("the document of {} is damaged: {error}", what())))
}

/// A statement with a keyset: `{keys}` in the text stands for the condition
/// over `column` with the parameter `$1`, `{order}` for the order.
///
/// Without a first key the parameter is an empty text, which every key follows;
/// going down there is no such text, so the condition is always true.
pub fn keyset<K>(sql: &str, column: &str, page: &Page<K>) -> String {
    let (condition, order) = match (page.direction, &page.from) {
        (Direction::Ascending, _) => (format!("{column} >= $1"), "ASC"),
        (Direction::Descending, Some(_)) => (format!("{column} <= $1"), "DESC"),
        (Direction::Descending, None) => ("$1 = ''".to_owned(), "DESC"),
    };
    sql.replace("{keys}", &condition)
        .replace("{order}", &format!("{column} {order}"))
}
