//! The schema's versions.
//!
//! Migrations are numbered from 1, run once each, each in a transaction of its
//! own, and never edited afterwards: the database remembers a checksum of each.
//! Of several nodes that start at once, one runs a migration: its row in
//! `schema_migrations` is written first, and the others wait for it there.

use store::migration::{Migration, Migrations};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::failure::{Failure, Kind, Result};
use crate::patience::Patience;
use crate::pool::{Client, Pool, put_back};

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
]);

/// Spreads the tables over a Citus cluster.
const CITUS: &str = include_str!("../migrations/citus.sql");

/// The newest version that this program knows.
pub fn known() -> u32 {
    MIGRATIONS.known()
}

/// Brings the schema up to date; returns how many migrations ran here.
pub async fn run(pool: &Pool) -> Result<usize> {
    let mut patience = Patience::new("migrate");
    let mut ran = 0;
    loop {
        let client = pool.get().await;
        let step = match &client {
            Ok(client) => step(client).await,
            Err(failure) => Err(failure.clone()),
        };
        if let Ok(client) = client {
            put_back(client, step.as_ref().err());
        }
        match step {
            Ok(None) => return Ok(ran),
            Ok(Some(name)) => {
                tracing::info!(migration = name, "the schema was migrated");
                ran += 1;
            }
            Err(failure) => patience.after(failure).await?,
        }
    }
}

/// Runs the next migration, if there is one.
async fn step(client: &Client) -> Result<Option<&'static str>> {
    if !is_ours(client).await? {
        begin_ours(client).await?;
    }
    let applied = verify(client).await?;
    let Some((version, migration)) = MIGRATIONS.versions().nth(applied) else {
        return Ok(None);
    };
    client.batch_execute("BEGIN").await?;
    match apply(client, version, migration).await {
        Ok(()) => Ok(Some(migration.name)),
        Err(failure) => {
            client.batch_execute("ROLLBACK").await?;
            Err(failure)
        }
    }
}

async fn apply(client: &Client, version: u32, migration: &Migration) -> Result<()> {
    let sql = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3) \
         ON CONFLICT DO NOTHING";
    let checksum = migration.checksum();
    let row: [&(dyn ToSql + Sync); 3] = [&i64::from(version), &migration.name, &checksum];
    let mine = client.execute(sql, &row).await?;
    if mine == 0 {
        return Err(Failure::conflict());
    }
    client.batch_execute(migration.sql).await?;
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// Makes the table that remembers migrations, in a database without tables.
async fn begin_ours(client: &Client) -> Result<()> {
    let sql = "SELECT 1 FROM information_schema.tables \
         WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' LIMIT 1";
    if !client.query(sql, &[]).await?.is_empty() && !is_ours(client).await? {
        return Err(not_ours());
    }
    let made = client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                version  BIGINT NOT NULL PRIMARY KEY,
                name     TEXT NOT NULL,
                checksum TEXT NOT NULL
            )",
        )
        .await;
    match made {
        // Another node made it at the same moment.
        Err(error)
            if [
                &SqlState::UNIQUE_VIOLATION,
                &SqlState::DUPLICATE_TABLE,
                // The table's row type, which is made first.
                &SqlState::DUPLICATE_OBJECT,
            ]
            .map(Some)
            .contains(&error.code()) =>
        {
            Err(Failure::conflict())
        }
        made => Ok(made?),
    }
}

/// Checks that the schema is the one this program knows, without a change.
pub async fn check(pool: &Pool) -> Result<()> {
    let mut patience = Patience::new("check_schema");
    loop {
        match check_once(pool).await {
            Err(failure) if failure.kind != Kind::Final => patience.after(failure).await?,
            other => return other,
        }
    }
}

async fn check_once(pool: &Pool) -> Result<()> {
    let client = pool.get().await?;
    if !is_ours(&client).await? {
        return Err(Failure::unavailable(
            "there is nothing of numberd in it: `numberd serve` or `numberd migrate` prepares it",
        ));
    }
    let applied = verify(&client).await?;
    if applied < MIGRATIONS.0.len() {
        return Err(Failure::unavailable(format!(
            "the database is at schema version {applied}, this program needs {}: \
             `numberd migrate` brings it there",
            known()
        )));
    }
    Ok(())
}

/// Spreads the tables over the workers of a Citus cluster.
pub async fn distribute(pool: &Pool) -> Result<()> {
    let client = pool.get().await?;
    let extension = "SELECT 1 FROM pg_extension WHERE extname = 'citus'";
    if client.query(extension, &[]).await?.is_empty() {
        return Err(Failure::unavailable(
            "the extension citus is not in this database: run CREATE EXTENSION citus first, \
             or leave --citus away",
        ));
    }
    let done = "SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'numbers'::regclass";
    if !client.query(done, &[]).await?.is_empty() {
        return Ok(());
    }
    client
        .batch_execute(&format!("BEGIN; {CITUS}; COMMIT"))
        .await?;
    Ok(())
}

/// Compares what was applied with what is known; returns how many were.
async fn verify(client: &Client) -> Result<usize> {
    let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    let mut applied = Vec::new();
    for row in client.query(sql, &[]).await? {
        let version: i64 = row.try_get(0)?;
        applied.push((u32::try_from(version).unwrap_or(u32::MAX), row.try_get(1)?));
    }
    Ok(MIGRATIONS.verify(&applied)?)
}

async fn is_ours(client: &Client) -> Result<bool> {
    let sql = "SELECT 1 FROM information_schema.tables \
         WHERE table_schema = current_schema() AND table_name = 'schema_migrations'";
    Ok(!client.query(sql, &[]).await?.is_empty())
}

fn not_ours() -> Failure {
    Failure::fault("the database has tables of another program: give numberd one of its own")
}
