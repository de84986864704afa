//! What rows of every table share: revisions, times, pages.

use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use store::{Direction, Page};

/// A bound for comparisons; SQLite's integers are signed.
pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub fn revision(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Revision> {
    row.get(column).map(Revision)
}

pub fn seconds(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<GregorianSeconds> {
    row.get(column).map(GregorianSeconds::new)
}

/// A `LIMIT`; SQLite takes a negative one for none.
pub fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The parts of a keyset query over `column`: a condition with the parameter
/// `?1`, and the order.
///
/// Without a first key the parameter is an empty text, which every key follows;
/// going down there is no such text, so the condition is always true.
pub fn keyset<K>(page: &Page<K>, column: &str) -> (String, String) {
    match (page.direction, &page.from) {
        (Direction::Ascending, _) => (format!("{column} >= ?1"), format!("{column} ASC")),
        (Direction::Descending, Some(_)) => (format!("{column} <= ?1"), format!("{column} DESC")),
        (Direction::Descending, None) => ("?1 = ''".to_owned(), format!("{column} DESC")),
    }
}
