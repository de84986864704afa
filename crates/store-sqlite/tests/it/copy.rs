//! What a copy takes along is all there is.

use rusqlite::Connection;
use store::copy::TABLES;

use crate::common::{folder, open};

/// Tables that a copy makes anew.
const DERIVED: [&str; 3] = ["account_counters", "schema_migrations", "state_counters"];

/// Columns that stay at their defaults in a copy: its index has all events.
const LEFT: [&str; 2] = ["number_events.indexed", "numbers.first_event"];

#[test]
fn every_column_is_copied_or_made_anew() {
    let folder = folder();
    drop(open(&folder.database()));
    let connection = Connection::open(folder.database()).unwrap();
    let sql = "SELECT t.name || '.' || c.name, t.name FROM sqlite_schema t, \
         pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let rows = rows.unwrap().map(|row| row.unwrap());
    let mut there: Vec<String> = rows
        .filter(|(_, table): &(String, String)| !DERIVED.contains(&table.as_str()))
        .map(|(column, _)| column)
        .filter(|column| !LEFT.contains(&column.as_str()))
        .collect();
    let copied = TABLES.iter().flat_map(|table| {
        let columns = table.columns.iter();
        columns.map(|column| format!("{}.{}", table.name, column.name))
    });
    let mut known: Vec<String> = copied.collect();
    there.sort();
    known.sort();
    assert_eq!(there, known);
}
