//! The schema's versions.
//!
//! Migrations are numbered from 1, run once each, all of a start in one
//! transaction, and never edited afterwards: the database remembers a checksum
//! of each.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use store::migration::{Migration, Migrations};

use crate::failure::{Failure, Result};

/// In order; the first has version 1.
const MIGRATIONS: Migrations = Migrations(&[
    Migration {
        name: "0001_initial",
        sql: include_str!("../migrations/0001_initial.sql"),
    },
    Migration {
        name: "0002_data_sets",
        sql: include_str!("../migrations/0002_data_sets.sql"),
    },
    Migration {
        name: "0003_documents",
        sql: include_str!("../migrations/0003_documents.sql"),
    },
    Migration {
        name: "0004_event_log",
        sql: include_str!("../migrations/0004_event_log.sql"),
    },
    Migration {
        name: "0005_first_events",
        sql: include_str!("../migrations/0005_first_events.sql"),
    },
]);

/// "numb": tells tools like `file` whose database it is.
const APPLICATION_ID: i32 = 0x6e75_6d62;

/// The newest version that this program knows.
pub fn known() -> u32 {
    MIGRATIONS.known()
}

/// Brings the schema up to date; returns how many migrations ran.
pub fn run(connection: &mut Connection) -> Result<usize> {
    if !is_empty(connection)? && !is_ours(connection)? {
        return Err(not_ours());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
            version  INTEGER NOT NULL PRIMARY KEY,
            name     TEXT NOT NULL,
            checksum TEXT NOT NULL
        ) STRICT;",
    )?;
    let applied = verify(&transaction)?;
    let mut ran = 0;
    for (version, migration) in MIGRATIONS.versions().skip(applied) {
        transaction.execute_batch(migration.sql)?;
        transaction.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (?1, ?2, ?3)",
            params![version, migration.name, migration.checksum()],
        )?;
        tracing::info!(migration = migration.name, "the schema was migrated");
        ran += 1;
    }
    if ran > 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()?;
    Ok(ran)
}

/// Checks that the schema is the one this program knows, without a change.
pub fn check(connection: &Connection) -> Result<()> {
    if !is_ours(connection)? {
        return Err(not_ours());
    }
    let applied = verify(connection)?;
    if applied < MIGRATIONS.0.len() {
        return Err(Failure::unavailable(format!(
            "the database is at schema version {applied}, this program needs {}: \
             start the server once to migrate it",
            known()
        )));
    }
    Ok(())
}

/// Compares what was applied with what is known; returns how many were.
fn verify(connection: &Connection) -> Result<usize> {
    let mut statement =
        connection.prepare("SELECT version, checksum FROM schema_migrations ORDER BY version")?;
    let applied = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    MIGRATIONS.verify(&applied).map_err(Failure)
}

fn is_empty(connection: &Connection) -> Result<bool> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(tables == 0)
}

fn is_ours(connection: &Connection) -> Result<bool> {
    let found = connection
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
            [],
            |_| Ok(()),
        )
        .optional()?;
    Ok(found.is_some())
}

fn not_ours() -> Failure {
    Failure::fault("the file is a database of another program")
}

#[cfg(test)]
mod tests {
    use numbers::e164::E164;
    use store::Page;

    use super::*;
    use crate::event;

    const OWNER: &str = "00000000000000000000000000000003";

    fn at_version(version: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS.0[..version] {
            connection.execute_batch(migration.sql).unwrap();
        }
        connection
    }

    /// Events written before there was a log are in it, in their order, for
    /// their owners and the accounts above.
    #[test]
    fn old_events_come_into_the_log() {
        let connection = at_version(3);
        connection
            .execute_batch(&format!(
                "INSERT INTO account_tree VALUES ('{OWNER}', 'top'), ('{OWNER}', 'middle'), \
                 ('middle', 'top');
                 INSERT INTO number_events VALUES \
                 ('+12', 'b', 'created', NULL, NULL, 'r', 1, NULL, '{{}}', NULL), \
                 ('+11', 'a', 'reserved', NULL, NULL, 'r', 2, '{{}}', \
                  '{{\"pvt_assigned_to\":\"{OWNER}\"}}', NULL);"
            ))
            .unwrap();
        connection.execute_batch(MIGRATIONS.0[3].sql).unwrap();
        let rows = |sql: &str| -> Vec<(String, i64)> {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.unwrap().map(std::result::Result::unwrap).collect()
        };
        let log = rows("SELECT e164, position FROM number_events ORDER BY position");
        assert_eq!(log, [("+12".to_owned(), 1), ("+11".to_owned(), 2)]);
        let of_accounts = rows("SELECT account_id, position FROM account_events ORDER BY 1");
        let expected = [(OWNER.to_owned(), 2), ("middle".to_owned(), 2)];
        assert_eq!(of_accounts, expected);
    }
    /// Histories from before rows led to their first events are whole, and stay
    /// so without the row.
    #[test]
    fn old_histories_are_whole() {
        let connection = at_version(4);
        connection
            .execute_batch(
                "INSERT INTO numbers VALUES \
                 ('+12065550100', 2, 'reserved', NULL, 'local', NULL, 0, NULL, '{}');
                 INSERT INTO number_events VALUES \
                 (3, '+12065550100', 'a', 'created', NULL, NULL, 'r', 1, NULL, '{}', NULL), \
                 (7, '+12065550100', 'b', 'reserved', NULL, NULL, 'r', 2, '{}', '{}', 'n');",
            )
            .unwrap();
        connection.execute_batch(MIGRATIONS.0[4].sql).unwrap();
        let key = E164::try_from("+12065550100").unwrap();
        let history = || event::page(&connection, &key, &Page::first(9)).unwrap();
        let before = history();
        let ids: Vec<&str> = before.iter().map(|event| event.id.0.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
        event::outlive(&connection, &key).unwrap();
        connection.execute_batch("DELETE FROM numbers").unwrap();
        assert_eq!(history(), before);
    }
}
