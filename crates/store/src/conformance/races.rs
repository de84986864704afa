//! Many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use numbers::number::Number;
use numbers::revision::Revision;
use numbers::state::State;
use tokio::task::JoinSet;

use super::sample::{
    account_id, change, creation, event_id, key, keys, number, owned, up, update, write,
};
use crate::{Batch, Claim, ClaimKind, Expectation, Operation, Page, Store};

/// Runs one write for each of `n` at once; which succeeded.
async fn race(store: &Arc<dyn Store>, n: u32, batch: impl Fn(u32) -> Batch) -> Vec<u32> {
    let mut tasks = JoinSet::new();
    for i in 0..n {
        let (store, batch) = (Arc::clone(store), batch(i));
        tasks.spawn(async move { (i, store.write(batch).await.expect("the store takes it")) });
    }
    let outcomes = tasks.join_all().await;
    let won = outcomes.into_iter().filter(|(_, outcome)| outcome.is_ok());
    won.map(|(i, _)| i).collect()
}

/// Two accounts can't both get a number.
pub async fn one_winner_for_a_new_number(store: Arc<dyn Store>) {
    for round in 0..5 {
        let key = key(round);
        let won = race(&store, 40, |i| creation(owned(&key, i))).await;
        assert_eq!(won.len(), 1);
        let stored = store.number(&key).await.unwrap().expect("somebody won");
        assert_eq!(stored.owner, Some(account_id(won[0])));
        assert_eq!(store.events(&key, &Page::first(9)).await.unwrap().len(), 1);
        for i in 0..40 {
            let list = store
                .account_numbers(&account_id(i), &up(Some(key.clone()), 1))
                .await;
            let expected: &[&str] = if i == won[0] { &[key.as_str()] } else { &[] };
            assert_eq!(keys(&list.unwrap()), expected);
        }
    }
}

/// Of many who read the same revision, one may write.
pub async fn one_winner_for_each_revision(store: Arc<dyn Store>) {
    let mut current: Number = number(&key(1), State::Available);
    write(&store, creation(current.clone())).await;
    for round in 1..6 {
        let won = race(&store, 40, |i| {
            update(&current, round * 100 + i, |number| {
                number.assign(Some(account_id(i)));
            })
            .0
        })
        .await;
        assert_eq!(won.len(), 1);
        let next = store.number(&key(1)).await.unwrap().expect("it is there");
        assert_eq!(next.revision, current.revision.next());
        assert_eq!(next.owner, Some(account_id(won[0])));
        let events = store.events(&key(1), &Page::first(99)).await.unwrap();
        assert_eq!(
            events.last().map(|event| event.id.clone()),
            Some(event_id(round * 100 + won[0]))
        );
        assert_eq!(
            events.len(),
            usize::try_from(round).expect("it is small") + 1
        );
        current = next;
    }
}

/// A name has one holder.
pub async fn one_winner_for_a_name(store: Arc<dyn Store>) {
    let claim = Claim {
        kind: ClaimKind::AccountName,
        name: "acme".to_owned(),
    };
    let won = race(&store, 40, |i| {
        Batch::new()
            .expect(Expectation::Claim {
                claim: claim.clone(),
                holder: None,
            })
            .then(Operation::Claim(claim.clone(), i.to_string()))
    })
    .await;
    assert_eq!(won.len(), 1);
    assert_eq!(
        store.claimed(&claim).await.unwrap(),
        Some(won[0].to_string())
    );
}

/// Nobody is in anybody's way who writes something else.
pub async fn many_keys_at_once_are_all_there(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for task in 0..20_u32 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for n in 0..50_u32 {
                let key = key(u64::from(task * 50 + n));
                write(&store, creation(owned(&key, task))).await;
            }
        });
    }
    tasks.join_all().await;
    let all = store.all_numbers(&Page::first(9_999)).await.unwrap();
    assert_eq!(all.len(), 1_000);
    assert_eq!(
        store.state_counts().await.unwrap(),
        [(State::InService, 1_000)]
    );
    for task in 0..20 {
        let list = store
            .account_numbers(&account_id(task), &Page::first(99))
            .await
            .unwrap();
        assert_eq!(list.len(), 50);
    }
}

/// Each task reads its own writes, by key, in lists and in the counts.
pub async fn reads_see_what_was_acknowledged(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for task in 0..10_u32 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut current = owned(&key(task.into()), task);
            write(&store, creation(current.clone())).await;
            for round in 0..20 {
                let next = task + 10 * (round + 1);
                let owner = Some(account_id(next));
                let mut after = current.clone();
                after.revision = after.revision.next();
                after.assign(owner.clone());
                let change = change(Some(current), Some(after.clone()), round + 2);
                write(&store, Batch::change_number(change)).await;
                let read = store.number(&after.id).await.unwrap();
                assert_eq!(read, Some(after.clone()));
                let list = store
                    .account_numbers(&account_id(next), &Page::first(9))
                    .await;
                assert_eq!(list.unwrap(), std::slice::from_ref(&after));
                let gone = store
                    .account_numbers(&account_id(next - 10), &Page::first(9))
                    .await;
                assert_eq!(gone.unwrap(), []);
                current = after;
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(
        store.state_counts().await.unwrap(),
        [(State::InService, 10)]
    );
}

/// However many read a number while it changes and goes, by key nobody is shown
/// what was there before a write that was acknowledged.
pub async fn nobody_reads_what_was_before_an_acknowledged_write(store: Arc<dyn Store>) {
    let key = key(1);
    // The revision of the last acknowledged write of a number that was there.
    let acknowledged = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let (store, key) = (Arc::clone(&store), key.clone());
        let (acknowledged, done) = (Arc::clone(&acknowledged), Arc::clone(&done));
        readers.spawn(async move {
            while !done.load(Ordering::SeqCst) {
                let before = acknowledged.load(Ordering::SeqCst);
                let read = store.shared_number(&key).await.unwrap();
                if let Some(number) = read {
                    assert!(number.revision.0 >= before, "{before} was acknowledged");
                }
                tokio::task::yield_now().await;
            }
        });
    }
    let mut gone = Revision(0);
    for life in 0..20 {
        let mut current = owned(&key, 1);
        current.revision = gone.next();
        let born = change(None, Some(current.clone()), 10 * life);
        write(&store, Batch::change_number(born)).await;
        for year in 1..=5 {
            let (batch, after) = update(&current, 10 * life + year, |number| {
                number.used_by = Some(format!("application {year}"));
            });
            write(&store, batch).await;
            acknowledged.store(after.revision.0, Ordering::SeqCst);
            let read = store.shared_number(&key).await.unwrap();
            assert_eq!(read.as_deref(), Some(&after));
            current = after;
        }
        gone = current.revision;
        let removed = change(Some(current), None, 10 * life + 9);
        write(&store, Batch::change_number(removed)).await;
        assert_eq!(store.shared_number(&key).await.unwrap(), None);
    }
    done.store(true, Ordering::SeqCst);
    readers.join_all().await;
}
