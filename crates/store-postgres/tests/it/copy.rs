//! What a copy takes along is all there is.

use store::copy::TABLES;
use test_postgres::Database;

use crate::common::{connect, open};

/// Columns that a copy makes anew: counters, and what another column tells.
const DERIVED: [&str; 11] = [
    "account_counters.account_id",
    "account_counters.own",
    "account_counters.slot",
    "account_counters.total",
    "account_events.e164",
    "account_events.event_id",
    "schema_migrations.checksum",
    "schema_migrations.name",
    "schema_migrations.version",
    "state_counters.numbers",
    "state_counters.slot",
];

#[tokio::test]
async fn every_column_is_copied_or_made_anew() {
    let database = Database::new();
    open(database.url()).await.close().await;
    let client = connect(database.url()).await;
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns \
         WHERE table_schema = current_schema()";
    let rows = client.query(sql, &[]).await.unwrap();
    let mut there: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let copied = TABLES.iter().flat_map(|table| {
        let columns = table.columns.iter();
        columns.map(|column| format!("{}.{}", table.name, column.name))
    });
    let derived = DERIVED.iter().map(ToString::to_string);
    let mut known: Vec<String> = copied.chain(derived).collect();
    known.push("state_counters.state".to_owned());
    there.sort();
    known.sort();
    assert_eq!(there, known);
}
