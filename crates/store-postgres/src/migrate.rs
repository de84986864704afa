//! The schema's versions.
//!
//! Migrations are numbered from 1, run once each, each in a transaction of its
//! own, and never edited afterwards: the database remembers a checksum of each.
//! Of several nodes that start at once, one runs a migration: its row in
//! `schema_migrations` is written first, and the others wait for it there.

use sha2::{Digest, Sha256};
use store::StoreError;
use tokio_postgres::error::SqlState;

use crate::failure::{Failure, Kind, Result};
use crate::patience::Patience;
use crate::pool::{Client, Pool, put_back};

struct Migration {
    name: &'static str,
    sql: &'static str,
}

/// In order; the first has version 1.
const MIGRATIONS: [Migration; 4] = [
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
];

/// Spreads the tables over a Citus cluster.
const CITUS: &str = include_str!("../migrations/citus.sql");

/// The newest version that this program knows.
pub fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
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
    let Some(migration) = MIGRATIONS.get(applied) else {
        return Ok(None);
    };
    client.batch_execute("BEGIN").await?;
    match apply(client, applied, migration).await {
        Ok(()) => Ok(Some(migration.name)),
        Err(failure) => {
            client.batch_execute("ROLLBACK").await?;
            Err(failure)
        }
    }
}

async fn apply(client: &Client, index: usize, migration: &Migration) -> Result<()> {
    let sql = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3) \
         ON CONFLICT DO NOTHING";
    let version = i64::from(version(index));
    let checksum = checksum(migration.sql);
    let mine = client
        .execute(sql, &[&version, &migration.name, &checksum])
        .await?;
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
    if applied < MIGRATIONS.len() {
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
    let rows = client.query(sql, &[]).await?;
    for (index, row) in rows.iter().enumerate() {
        let (found, stored): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
        let Some(migration) = MIGRATIONS.get(index) else {
            let newest: i64 = rows.last().map_or(Ok(0), |row| row.try_get(0))?;
            let found = u32::try_from(newest).unwrap_or(u32::MAX);
            let known = known();
            return Err(StoreError::TooNew { found, known }.into());
        };
        if found != i64::from(version(index)) {
            return Err(Failure::fault(format!(
                "the database lacks migration {}: restore a backup",
                version(index)
            )));
        }
        if stored != checksum(migration.sql) {
            return Err(Failure::fault(format!(
                "migration {} is not the one this database was made with: use the program \
                 that made it, or restore a backup",
                migration.name
            )));
        }
    }
    Ok(rows.len())
}

fn version(index: usize) -> u32 {
    u32::try_from(index + 1).expect("there are few migrations")
}

fn checksum(sql: &str) -> String {
    // Line ends may change on the way through version control.
    let digest = Sha256::digest(sql.replace("\r\n", "\n"));
    let hex = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    digest
        .iter()
        .flat_map(|byte| [hex(byte >> 4), hex(byte & 15)])
        .collect()
}

async fn is_ours(client: &Client) -> Result<bool> {
    let sql = "SELECT 1 FROM information_schema.tables \
         WHERE table_schema = current_schema() AND table_name = 'schema_migrations'";
    Ok(!client.query(sql, &[]).await?.is_empty())
}

fn not_ours() -> Failure {
    Failure::fault("the database has tables of another program: give numberd one of its own")
}
