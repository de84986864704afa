//! A server that goes away, and a store that has too much to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use store::conformance::sample::{creation, key, owned};
use store::{Page, Store, StoreError};
use store_postgres::{Options, PostgresStore};
use test_postgres::{Database, Server};
use tokio::task::JoinSet;

use crate::common::{connect, open, options, until_somebody_waits, verify};

const TASKS: u64 = 8;

/// Writers that note what they were told is done, until `enough`.
fn write_on(store: &Arc<PostgresStore>, enough: &Arc<AtomicBool>) -> JoinSet<(Vec<u64>, u32)> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, enough) = (Arc::clone(store), Arc::clone(enough));
        tasks.spawn(async move {
            let (mut acknowledged, mut failed) = (Vec::new(), 0);
            for n in 0.. {
                if enough.load(Ordering::Relaxed) {
                    break;
                }
                let n = n * TASKS + task;
                match store.write(creation(owned(&key(n), 1))).await {
                    Ok(outcome) => {
                        outcome.expect("nobody else writes this number");
                        acknowledged.push(n);
                    }
                    Err(StoreError::Unavailable(_) | StoreError::Busy) => failed += 1,
                    Err(other) => panic!("a server that goes away is no fault: {other}"),
                }
            }
            (acknowledged, failed)
        });
    }
    tasks
}

/// Waits until this many numbers are there.
async fn until_written(store: &PostgresStore, count: u64) {
    loop {
        if let Ok(counts) = store.state_counts().await
            && counts.iter().map(|(_, count)| count).sum::<u64>() >= count
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A crash of the server and one orderly restart under load: what was
/// acknowledged is there, nothing is half there, and it goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_the_server() {
    let server = Server::start();
    let store = open(&server.url()).await;
    let enough = Arc::new(AtomicBool::new(false));
    let writers = write_on(&store, &enough);
    until_written(&store, 200).await;
    server.crash();
    server.start_again();
    let after_crash = store.state_counts().await.unwrap()[0].1;
    until_written(&store, after_crash + 200).await;
    server.stop();
    server.start_again();
    let after_stop = store.state_counts().await.unwrap()[0].1;
    until_written(&store, after_stop + 200).await;
    enough.store(true, Ordering::Relaxed);
    let told = writers.join_all().await;
    for n in told.into_iter().flat_map(|(acknowledged, _)| acknowledged) {
        let stored = store.number(&key(n)).await.unwrap();
        assert!(stored.is_some(), "{n} was acknowledged and is lost");
        let events = store.events(&key(n), &Page::first(9)).await.unwrap();
        assert_eq!(events.len(), 1);
    }
    verify(&server.url()).await;
}

/// While there is no server, calls are answered in time; afterwards they work.
#[tokio::test]
async fn a_server_that_is_down_is_unavailable() {
    let server = Server::start();
    let store = open(&server.url()).await;
    store.ping().await.unwrap();
    server.stop();
    for answer in [
        store.ping().await,
        store.number(&key(1)).await.map(|_| ()),
        store.write(creation(owned(&key(1), 1))).await.map(|_| ()),
    ] {
        assert!(
            matches!(answer, Err(StoreError::Unavailable(_))),
            "{answer:?}"
        );
    }
    server.start_again();
    store.ping().await.unwrap();
    let written = store.write(creation(owned(&key(1), 1))).await.unwrap();
    assert_eq!(written, Ok(()));
}

/// A full queue turns away, and what was taken in is written.
#[tokio::test]
async fn too_much_at_once_is_busy() {
    let database = Database::new();
    let few = Options {
        writers: 1,
        queue_capacity: 3,
        ..options()
    };
    let store = PostgresStore::open(database.url(), &few).await.unwrap();
    let store = Arc::new(store);
    // Somebody holds the counter that every write needs.
    let client = connect(database.url()).await;
    client
        .batch_execute("BEGIN; LOCK TABLE state_counters")
        .await
        .unwrap();
    let mut tasks = JoinSet::new();
    let mut begin = |n| {
        let store = Arc::clone(&store);
        tasks.spawn(async move { (n, store.write(creation(owned(&key(n), 1))).await) });
    };
    begin(0);
    until_somebody_waits(&client).await;
    (1..=20).for_each(begin);
    // One is at work, three wait; the others are turned away at once.
    for _ in 0..17 {
        let (n, written) = tasks.join_next().await.unwrap().unwrap();
        assert_eq!(written, Err(StoreError::Busy), "{n}");
    }
    client.batch_execute("ROLLBACK").await.unwrap();
    let rest = tasks.join_all().await;
    assert_eq!(rest.len(), 4);
    for (n, written) in rest {
        assert_eq!(written, Ok(Ok(())), "{n}");
        assert!(store.number(&key(n)).await.unwrap().is_some());
    }
}

/// A server that takes longer than the deadline is given up, and what it was
/// asked to write isn't there.
#[tokio::test]
async fn a_write_that_takes_too_long_is_undone() {
    let database = Database::new();
    let hasty = Options {
        deadline: Duration::from_millis(500),
        ..options()
    };
    let store = PostgresStore::open(database.url(), &hasty).await.unwrap();
    let client = connect(database.url()).await;
    client
        .batch_execute("BEGIN; LOCK TABLE state_counters")
        .await
        .unwrap();
    let written = store.write(creation(owned(&key(1), 1))).await;
    assert!(
        matches!(written, Err(StoreError::Unavailable(_))),
        "{written:?}"
    );
    client.batch_execute("ROLLBACK").await.unwrap();
    let written = store.write(creation(owned(&key(1), 2))).await.unwrap();
    assert_eq!(written, Ok(()), "nothing was kept of the first");
    verify(database.url()).await;
}
