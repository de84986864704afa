//! Commits that are lost on their way. Nobody who asked knows whether they were
//! kept, so they are reported as such and never sent again.

use std::sync::Arc;

use store::conformance::sample::{creation, key, owned};
use store::{Page, Store, StoreError};
use test_postgres::{Link, Loss, Server};
use tokio::task::JoinSet;

use crate::common::{open, verify};

/// How often a number was made.
async fn times(store: &dyn Store, n: u64) -> usize {
    let is_there = store.number(&key(n)).await.unwrap().is_some();
    let events = store.events(&key(n), &Page::first(9)).await.unwrap();
    assert_eq!(is_there, !events.is_empty(), "{n} is half there");
    events.len()
}

async fn lose_one(loss: Loss, is_kept: bool) {
    let server = Server::start();
    let link = Link::to(&server);
    let store = open(&link.url()).await;
    link.lose_commits([Some(loss)]);
    let written = store.write(creation(owned(&key(1), 1))).await;
    assert_eq!(link.commits_met(), 1, "it was sent once");
    let Err(StoreError::Unavailable(why)) = written else {
        panic!("{loss:?}: {written:?}");
    };
    assert!(why.contains("isn't known"), "{why}");
    assert_eq!(times(&*store, 1).await, usize::from(is_kept));
    // Whoever looks and tries again makes it once.
    let again = store.write(creation(owned(&key(1), 1))).await.unwrap();
    assert_eq!(again.is_err(), is_kept, "{again:?}");
    assert_eq!(times(&*store, 1).await, 1);
    verify(&server.url()).await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_kept_and_not_repeated() {
    lose_one(Loss::Answer, true).await;
}

#[tokio::test]
async fn a_commit_that_never_arrives_is_not_taken_for_done() {
    lose_one(Loss::Request, false).await;
}

/// Many writers share commits, every third of which is lost on one side or the
/// other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_nothing_acknowledged_is_lost_and_nothing_is_done_twice() {
    const TASKS: u64 = 8;
    const EACH: u64 = 20;
    let server = Server::start();
    let link = Link::to(&server);
    let store = open(&link.url()).await;
    let fates = [
        Some(Loss::Answer),
        None,
        None,
        Some(Loss::Request),
        None,
        None,
    ];
    link.lose_commits(fates.into_iter().cycle().take(24));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut told = Vec::new();
            for n in (0..EACH).map(|n| n * TASKS + task) {
                match store.write(creation(owned(&key(n), 1))).await {
                    Ok(outcome) => {
                        outcome.expect("nobody else writes this number");
                        told.push((n, true));
                    }
                    Err(StoreError::Unavailable(_)) => told.push((n, false)),
                    Err(other) => panic!("a lost connection is no fault: {other}"),
                }
            }
            told
        });
    }
    let told: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(link.commits_met(), 24);
    let mut unknown = [0, 0];
    for (n, is_acknowledged) in told {
        let times = times(&*store, n).await;
        if is_acknowledged {
            assert_eq!(times, 1, "{n} was acknowledged");
        } else {
            unknown[times] += 1;
        }
    }
    assert!(unknown[0] > 0 && unknown[1] > 0, "{unknown:?}");
    verify(&server.url()).await;
}
