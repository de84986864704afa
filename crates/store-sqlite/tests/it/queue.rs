//! The bounded queue: too much is refused at once, whole, and nothing else.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::common::{folder, hold_writer, options};
use numbers::state::State;
use store::conformance::sample::{creation, key, number};
use store::{Batch, Outcomes, Page, Store, StoreError};
use store_sqlite::{Options, SqliteStore};

type Write<'a> = Pin<Box<dyn Future<Output = Result<Outcomes, StoreError>> + Send + 'a>>;

fn batches(first: u64, count: u64) -> Vec<Batch> {
    (first..first + count)
        .map(|n| creation(number(&key(n), State::Aging)))
        .collect()
}

/// Starts a write; it is in the queue, or refused, when this returns.
fn start(store: &SqliteStore, batches: Vec<Batch>) -> (Write<'_>, Option<StoreError>) {
    let mut write = store.write_each(batches);
    match write.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => (write, None),
        Poll::Ready(outcome) => (write, Some(outcome.unwrap_err())),
    }
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_takes_again_later() {
    let folder = folder();
    let options = Options {
        queue_capacity: 10,
        ..options()
    };
    let store = SqliteStore::open(folder.database(), &options).unwrap();
    let (holder, hold) = hold_writer(&folder.database());
    // The writer takes some of these and waits for the lock; the rest fill the
    // queue. It can take only while it holds nothing, so this ends.
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    let mut next = 0;
    while refused.len() < 20 {
        let (write, refusal) = start(&store, batches(next, 3));
        match refusal {
            None => accepted.push((next, write)),
            Some(error) => {
                assert_eq!(error, StoreError::Busy);
                refused.push(next);
            }
        }
        next += 3;
        assert!(next < 300, "the queue has no end");
    }
    assert!(accepted.len() >= 3, "{}", accepted.len());
    // Reads don't wait for the writer.
    assert_eq!(store.all_numbers(&Page::first(9)).await.unwrap(), []);
    hold.release();
    holder.join().unwrap();
    for (first, write) in accepted {
        assert_eq!(write.await.unwrap(), [Ok(()), Ok(()), Ok(())]);
        for n in first..first + 3 {
            assert!(store.number(&key(n)).await.unwrap().is_some());
        }
    }
    for first in refused {
        for n in first..first + 3 {
            assert_eq!(store.number(&key(n)).await.unwrap(), None);
        }
        assert_eq!(store.write_each(batches(first, 3)).await.unwrap().len(), 3);
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn more_than_the_capacity_at_once_is_taken_by_an_empty_queue() {
    let folder = folder();
    let options = Options {
        queue_capacity: 10,
        max_batches_per_commit: 4,
        ..options()
    };
    let store = SqliteStore::open(folder.database(), &options).unwrap();
    let outcomes = store.write_each(batches(0, 500)).await.unwrap();
    assert_eq!(outcomes, vec![Ok(()); 500]);
    assert_eq!(store.state_counts().await.unwrap(), [(State::Aging, 500)]);
}

#[tokio::test]
async fn a_write_nobody_waits_for_is_done_whole() {
    let folder = folder();
    let store = Arc::new(SqliteStore::open(folder.database(), &options()).unwrap());
    let (holder, hold) = hold_writer(&folder.database());
    let (write, refusal) = start(&store, batches(0, 5));
    assert_eq!(refusal, None);
    drop(write);
    hold.release();
    holder.join().unwrap();
    // Written behind it, so both are done when this is answered.
    let last = pin!(store.write_each(batches(5, 1)));
    last.await.unwrap();
    assert_eq!(store.state_counts().await.unwrap(), [(State::Aging, 6)]);
}
