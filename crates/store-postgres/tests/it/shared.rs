//! Reads that share a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use numbers::e164::E164;
use numbers::number::Number;
use store::conformance::sample::{creation, key, owned};
use store::{Store, StoreError};
use store_postgres::{Options, PostgresStore};
use test_postgres::Database;
use tokio::task::JoinSet;
use tokio_postgres::Client;

use crate::common::{WAITING, connect, options, until_somebody_waits};

/// As many as share one connection.
const READS: u64 = 16;

/// A store that has one connection for reading, and ten numbers.
async fn with_one_reader(database: &Database, wait: Duration) -> Arc<PostgresStore> {
    let options = Options {
        readers: 1,
        wait,
        ..options()
    };
    let store = PostgresStore::open(database.url(), &options).await.unwrap();
    for n in 0..10 {
        let written = store.write(creation(owned(&key(n), 1))).await.unwrap();
        assert_eq!(written, Ok(()));
    }
    Arc::new(store)
}

type Reads = JoinSet<(E164, Result<Option<Number>, StoreError>)>;

/// Reads that all wait for a table that `client` has locked.
async fn begin_reads(store: &Arc<PostgresStore>, client: &Client) -> Reads {
    let lock = "BEGIN; LOCK TABLE numbers IN ACCESS EXCLUSIVE MODE";
    client.batch_execute(lock).await.unwrap();
    let mut reads = JoinSet::new();
    for n in 0..READS {
        let (store, key) = (Arc::clone(store), key(n));
        reads.spawn(async move {
            let read = store.number(&key).await;
            (key, read)
        });
        until_somebody_waits(client).await;
    }
    reads
}

/// Once the lock is gone, each gets his own answer.
async fn all_are_answered(client: &Client, reads: Reads) {
    client.batch_execute("COMMIT").await.unwrap();
    for (asked, read) in reads.join_all().await {
        let found = read.unwrap();
        let is_there = (0..10).any(|n| key(n) == asked);
        assert_eq!(found.map(|found| found.id), is_there.then_some(asked));
    }
}

#[tokio::test]
async fn nobody_waits_for_a_connection_that_others_read_on() {
    let database = Database::new();
    let store = with_one_reader(&database, Duration::from_millis(1)).await;
    let client = connect(database.url()).await;
    let reads = begin_reads(&store, &client).await;
    all_are_answered(&client, reads).await;
}

#[tokio::test]
async fn all_read_again_when_their_connection_breaks() {
    let database = Database::new();
    let store = with_one_reader(&database, Duration::from_secs(5)).await;
    let client = connect(database.url()).await;
    let reads = begin_reads(&store, &client).await;
    let end = format!("SELECT pg_terminate_backend(pid) {WAITING}");
    client.batch_execute(&end).await.unwrap();
    all_are_answered(&client, reads).await;
}

/// However many join, who needs a connection of his own gets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sharing_ends_for_who_waits() {
    let database = Database::new();
    let store = with_one_reader(&database, Duration::from_secs(20)).await;
    let enough = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for _ in 0..READS {
        let (store, enough) = (Arc::clone(&store), Arc::clone(&enough));
        readers.spawn(async move {
            while !enough.load(Ordering::Relaxed) {
                assert!(store.number(&key(1)).await.unwrap().is_some());
            }
        });
    }
    for _ in 0..50 {
        assert_eq!(store.state_counts().await.unwrap()[0].1, 10);
    }
    enough.store(true, Ordering::Relaxed);
    readers.join_all().await;
}
