//! Databases that can't be opened, and why.

use store::conformance::sample::{creation, key, owned};
use store::{Store, StoreError};
use store_postgres::{Options, PostgresStore};
use test_postgres::Database;

use crate::common::{connect, open, options};

async fn refused(url: &str, options: &Options) -> StoreError {
    let opened = PostgresStore::open(url, options).await;
    opened.expect_err("it must not be opened")
}

fn read_only() -> Options {
    Options {
        read_only: true,
        ..options()
    }
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    let database = Database::new();
    let (_, name) = database.url().rsplit_once("numberd_test_").unwrap();
    let name = name.split('?').next().unwrap();
    let url = database.url().replace(name, "elsewhere");
    let error = refused(&url, &options()).await;
    assert!(error.to_string().contains("no such database"), "{error}");
    let nobody = "postgres://u:secret@127.0.0.1:1/d?connect_timeout=1";
    let error = refused(nobody, &options()).await;
    assert!(error.to_string().contains("can't be reached"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn one_that_was_never_prepared_is_not_only_read() {
    let database = Database::new();
    let error = refused(database.url(), &read_only()).await;
    assert!(error.to_string().contains("numberd migrate"), "{error}");
    open(database.url()).await.close().await;
    let store = PostgresStore::open(database.url(), &read_only()).await;
    let store = store.unwrap();
    assert_eq!(store.number(&key(1)).await, Ok(None));
    let written = store.write(creation(owned(&key(1), 1))).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn one_of_another_program() {
    let database = Database::new();
    let client = connect(database.url()).await;
    client
        .batch_execute("CREATE TABLE t (id INT)")
        .await
        .unwrap();
    let error = refused(database.url(), &options()).await;
    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn one_of_a_newer_program_or_a_changed_one() {
    let database = Database::new();
    open(database.url()).await.close().await;
    let client = connect(database.url()).await;
    client
        .batch_execute("INSERT INTO schema_migrations VALUES (99, 'later', 'x')")
        .await
        .unwrap();
    for options in [options(), read_only()] {
        let error = refused(database.url(), &options).await;
        assert!(
            matches!(error, StoreError::TooNew { found: 99, .. }),
            "{error}"
        );
    }
    client
        .batch_execute(
            "DELETE FROM schema_migrations WHERE version = 99; \
             UPDATE schema_migrations SET checksum = 'x' WHERE version = 1",
        )
        .await
        .unwrap();
    let error = refused(database.url(), &options()).await;
    assert!(error.to_string().contains("0001_initial"), "{error}");
}

#[tokio::test]
async fn snapshots_are_too_little() {
    let settings = [("default_transaction_isolation", "repeatable read")];
    let database = Database::with(&settings);
    let error = refused(database.url(), &options()).await;
    assert!(error.to_string().contains("serializable"), "{error}");
}

#[tokio::test]
async fn citus_needs_its_extension() {
    let database = Database::new();
    let store = open(database.url()).await;
    let error = store.distribute().await.unwrap_err();
    assert!(
        error.to_string().contains("CREATE EXTENSION citus"),
        "{error}"
    );
}

/// What is closed writes what waited, and then nothing more.
#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let database = Database::new();
    let store = open(database.url()).await;
    store.close().await;
    store.close().await;
    let written = store.write(creation(owned(&key(1), 1))).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))));
    let read = store.number(&key(1)).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))));
}
