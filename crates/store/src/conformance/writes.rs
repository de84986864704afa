//! Batches: all or nothing, each on its own terms.

use std::sync::Arc;

use numbers::revision::Revision;
use numbers::state::State;
use serde_json::json;

use super::sample::{
    account, account_id, change, creation, deletion, just, key, keys, number, object, origin,
    owned, put, put_user, refuse, update, user, write, write_all,
};
use crate::{Batch, Claim, ClaimKind, Expectation, Operation, Page, Store, Unmet, UserId};

fn absent(n: u64) -> Expectation {
    Expectation::Number {
        key: key(n),
        revision: None,
    }
}

fn set(key: &str, value: &str) -> Operation {
    Operation::Set(key.to_owned(), value.to_owned())
}

/// A readiness probe of a store that is ready.
pub async fn the_store_answers(store: Arc<dyn Store>) {
    store.ping().await.expect("the store answers");
}

/// No batches, and batches of nothing.
pub async fn nothing_to_write_is_fine(store: Arc<dyn Store>) {
    assert_eq!(store.write_each(Vec::new()).await.unwrap(), []);
    assert_eq!(
        store
            .write_each(vec![Batch::new(), Batch::new()])
            .await
            .unwrap(),
        [Ok(()), Ok(())]
    );
    write(&store, Batch::new().expect(absent(1))).await;
    let there = Expectation::AccountExists { id: account_id(1) };
    assert_eq!(
        refuse(&store, Batch::new().expect(there.clone())).await,
        there
    );
}

/// Wherever the unmet expectation stands, no operation is done.
pub async fn an_unmet_expectation_undoes_nothing_else(store: Arc<dyn Store>) {
    let taken = number(&key(9), State::Available);
    write(&store, creation(taken.clone())).await;
    let operations = || {
        vec![
            Operation::ChangeNumber(Box::new(change(None, Some(owned(&key(1), 1)), 1))),
            put(account(1, &[])),
            put_user(user(1, "u")),
            Operation::Claim(
                Claim {
                    kind: ClaimKind::ApiKey,
                    name: "n".to_owned(),
                },
                "h".to_owned(),
            ),
            set("k", "v"),
            Operation::ChangeNumber(Box::new(change(Some(taken.clone()), None, 2))),
        ]
    };
    let orders = [
        vec![absent(9), absent(1)],
        vec![absent(1), absent(9)],
        vec![absent(9)],
    ];
    for expectations in orders {
        let batch = Batch {
            expectations,
            operations: operations(),
        };
        assert_eq!(refuse(&store, batch).await, absent(9));
        assert_eq!(store.number(&key(1)).await.unwrap(), None);
        assert_eq!(store.account(&account_id(1)).await.unwrap(), None);
        assert_eq!(
            store
                .user(&account_id(1), &UserId("u".to_owned()))
                .await
                .unwrap(),
            None
        );
        let claim = Claim {
            kind: ClaimKind::ApiKey,
            name: "n".to_owned(),
        };
        assert_eq!(store.claimed(&claim).await.unwrap(), None);
        assert_eq!(store.setting("k").await.unwrap(), None);
        assert_eq!(store.number(&key(9)).await.unwrap(), Some(taken.clone()));
        assert_eq!(store.events(&key(1), &Page::first(9)).await.unwrap(), []);
        assert_eq!(
            store.events(&key(9), &Page::first(9)).await.unwrap().len(),
            1
        );
        assert_eq!(store.state_counts().await.unwrap(), [(State::Available, 1)]);
    }
}

/// Expectations are about what was there before the batch, also when its
/// operations change just that.
pub async fn expectations_see_the_state_before_the_batch(store: Arc<dyn Store>) {
    let unset = Expectation::Setting {
        key: "k".to_owned(),
        value: None,
    };
    let batch = Batch::new().then(set("k", "v")).expect(unset.clone());
    write(&store, batch.clone()).await;
    assert_eq!(refuse(&store, batch).await, unset);
    // Two numbers, each expected to be absent and written.
    let both = |first, second| {
        let operation = |n| {
            Operation::ChangeNumber(Box::new(change(
                None,
                Some(number(&key(n), State::Available)),
                1,
            )))
        };
        Batch {
            expectations: vec![absent(first), absent(second)],
            operations: vec![operation(first), operation(second)],
        }
    };
    write(&store, both(1, 2)).await;
    // The first is free, the second isn't: neither is written.
    assert_eq!(refuse(&store, both(3, 2)).await, absent(2));
    assert_eq!(refuse(&store, both(2, 3)).await, absent(2));
    assert_eq!(store.number(&key(3)).await.unwrap(), None);
    assert_eq!(store.events(&key(3), &Page::first(9)).await.unwrap(), []);
}

/// Every kind of operation in one batch.
pub async fn a_batch_does_all_its_operations(store: Arc<dyn Store>) {
    let old = number(&key(1), State::Available);
    write(&store, creation(old.clone())).await;
    let claim = Claim {
        kind: ClaimKind::AccountRealm,
        name: "r".to_owned(),
    };
    let gone = Claim {
        kind: ClaimKind::AccountRealm,
        name: "gone".to_owned(),
    };
    let batch = Batch::new()
        .expect(Expectation::Number {
            key: key(1),
            revision: Some(Revision(1)),
        })
        .expect(absent(2))
        .then(put(account(1, &[])))
        .then(put_user(user(1, "u")))
        .then(Operation::Claim(claim.clone(), "1".to_owned()))
        .then(Operation::Claim(gone.clone(), "1".to_owned()))
        .then(Operation::Unclaim(gone.clone()))
        .then(set("k", "v"))
        .then(Operation::ChangeNumber(Box::new(change(
            Some(old),
            None,
            2,
        ))))
        .then(Operation::ChangeNumber(Box::new(change(
            None,
            Some(owned(&key(2), 1)),
            3,
        ))));
    write(&store, batch).await;
    assert_eq!(
        store.account(&account_id(1)).await.unwrap(),
        Some(account(1, &[]).into())
    );
    let stored = store
        .user(&account_id(1), &UserId("u".to_owned()))
        .await
        .unwrap();
    assert_eq!(stored, Some(user(1, "u").into()));
    assert_eq!(store.claimed(&claim).await.unwrap(), Some("1".to_owned()));
    assert_eq!(store.claimed(&gone).await.unwrap(), None);
    assert_eq!(store.setting("k").await.unwrap(), Some("v".to_owned()));
    assert_eq!(store.number(&key(1)).await.unwrap(), None);
    assert_eq!(
        store.number(&key(2)).await.unwrap(),
        Some(owned(&key(2), 1))
    );
}

/// The batches of one call come one after the other.
pub async fn later_batches_see_earlier_ones(store: Arc<dyn Store>) {
    let one = number(&key(1), State::Available);
    let (second, two) = update(&one, 2, |number| number.assign(Some(account_id(1))));
    let (third, three) = update(&two, 3, |number| number.assign(Some(account_id(2))));
    let stale = update(&one, 4, |number| number.assign(Some(account_id(3)))).0;
    let outcomes = store
        .write_each(vec![
            creation(one.clone()),
            second,
            stale,
            third,
            creation(one.clone()),
        ])
        .await
        .unwrap();
    let was = |revision: Option<u64>| {
        Err(Unmet(Expectation::Number {
            key: key(1),
            revision: revision.map(Revision),
        }))
    };
    assert_eq!(outcomes, [Ok(()), Ok(()), was(Some(1)), Ok(()), was(None)]);
    assert_eq!(store.number(&key(1)).await.unwrap(), Some(three));
    let list = store
        .account_numbers(&account_id(2), &Page::first(9))
        .await
        .unwrap();
    assert_eq!(keys(&list), ["+10000000001"]);
    assert_eq!(
        store.events(&key(1), &Page::first(9)).await.unwrap().len(),
        3
    );
}

/// Each batch's outcome stands at its place; a refused one spoils no other.
pub async fn outcomes_come_in_order(store: Arc<dyn Store>) {
    write_all(
        &store,
        (0..100).map(|n| creation(number(&key(n * 3), State::Available))),
    )
    .await;
    let again = (0..300).map(|n| creation(owned(&key(n), 1))).collect();
    let outcomes = store.write_each(again).await.unwrap();
    assert_eq!(outcomes.len(), 300);
    for (n, outcome) in (0..).zip(outcomes) {
        assert_eq!(
            outcome,
            if n % 3 == 0 {
                Err(Unmet(absent(n)))
            } else {
                Ok(())
            }
        );
    }
    let list = store
        .account_numbers(&account_id(1), &Page::first(999))
        .await
        .unwrap();
    assert_eq!(list.len(), 200);
    assert_eq!(
        store.state_counts().await.unwrap(),
        [(State::Available, 100), (State::InService, 200)]
    );
}

/// The second change of a number in a batch builds on the first.
pub async fn one_number_can_change_twice_in_a_batch(store: Arc<dyn Store>) {
    let one = owned(&key(1), 1);
    let (_, two) = update(&one, 2, |number| {
        number.assign(Some(account_id(2)));
        number.public = object(json!({"note": "second"}));
    });
    let batch = Batch::new()
        .expect(absent(1))
        .then(Operation::ChangeNumber(Box::new(change(
            None,
            Some(one.clone()),
            1,
        ))))
        .then(Operation::ChangeNumber(Box::new(change(
            Some(one.clone()),
            Some(two.clone()),
            2,
        ))));
    write(&store, batch).await;
    assert_eq!(store.number(&key(1)).await.unwrap(), Some(two.clone()));
    assert_eq!(
        store
            .account_numbers(&account_id(1), &Page::first(9))
            .await
            .unwrap(),
        []
    );
    let list = store
        .account_numbers(&account_id(2), &Page::first(9))
        .await
        .unwrap();
    assert_eq!(list, std::slice::from_ref(&two));
    let batch = Batch::new()
        .expect(Expectation::Number {
            key: key(1),
            revision: Some(two.revision),
        })
        .then(Operation::ChangeNumber(Box::new(change(
            Some(two.clone()),
            None,
            3,
        ))))
        .then(Operation::ChangeNumber(Box::new(change(
            None,
            Some(one.clone()),
            4,
        ))));
    write(&store, batch).await;
    assert_eq!(store.number(&key(1)).await.unwrap(), Some(one.clone()));
    let events = store.events(&key(1), &Page::first(9)).await.unwrap();
    let before: Vec<_> = events.iter().map(|event| event.before.clone()).collect();
    let [one, two] = [one.to_document(), two.to_document()];
    assert_eq!(before, [None, Some(one), Some(two), None]);
    assert_eq!(store.state_counts().await.unwrap(), [(State::InService, 1)]);
}

/// An import's call.
pub async fn a_thousand_batches_in_one_call(store: Arc<dyn Store>) {
    write_all(&store, (0..5_000).map(|n| creation(owned(&key(n), 1)))).await;
    assert_eq!(
        store.state_counts().await.unwrap(),
        [(State::InService, 5_000)]
    );
    let last = store.number(&key(4_999)).await.unwrap();
    assert_eq!(last, Some(owned(&key(4_999), 1)));
}

/// Created and deleted in one call, and what isn't there deleted again.
pub async fn a_change_back_and_forth_leaves_no_trace_in_lists(store: Arc<dyn Store>) {
    let one = owned(&key(1), 1);
    write_all(&store, [creation(one.clone()), deletion(&one, 2)]).await;
    assert_eq!(
        store
            .account_numbers(&account_id(1), &Page::first(9))
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.state_counts().await.unwrap(), []);
    assert_eq!(
        refuse(&store, deletion(&one, 3)).await,
        Expectation::Number {
            key: key(1),
            revision: Some(Revision(1))
        }
    );
    let events = store.events(&key(1), &Page::first(9)).await.unwrap();
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.origin == origin()));
}

/// Accounts, users and settings may be kept in memory; never longer than they
/// are true.
pub async fn what_was_read_before_a_write_is_read_anew_after_it(store: Arc<dyn Store>) {
    let (id, user_id) = (account_id(1), user(1, "u").id);
    for revision in [1, 2] {
        let mut changed = account(1, &[]);
        changed.revision = Revision(revision);
        let mut holder = user(1, "u");
        holder.revision = Revision(revision);
        let operations = [
            Operation::PutAccount(changed.into()),
            Operation::PutUser(holder.into()),
            set("k", &revision.to_string()),
        ];
        write(&store, just(operations)).await;
        let read = store.account(&id).await.unwrap();
        assert_eq!(read.map(|read| read.revision), Some(Revision(revision)));
        let read = store.user(&id, &user_id).await.unwrap();
        assert_eq!(read.map(|read| read.revision), Some(Revision(revision)));
        let read = store.setting("k").await.unwrap();
        assert_eq!(read, Some(revision.to_string()));
    }
    write(&store, just([Operation::DeleteAccount(id.clone())])).await;
    assert_eq!(store.account(&id).await.unwrap(), None);
    assert_eq!(store.user(&id, &user_id).await.unwrap(), None);
}
