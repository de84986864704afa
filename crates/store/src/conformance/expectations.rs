//! Each expectation, met and unmet. An unmet one is told as it was asked.

use std::sync::Arc;

use numbers::revision::Revision;
use numbers::state::State;

use super::sample::{
    account, account_id, creation, deletion, just, key, number, owned, put, put_user, refuse, user,
    write,
};
use crate::{Batch, Claim, ClaimKind, Expectation, Operation, Store, UserId};

/// The expectation holds, or not, for a batch that does something else.
async fn check(store: &Arc<dyn Store>, expectation: Expectation, holds: bool) {
    let mark = || Operation::Set("mark".to_owned(), format!("{expectation:?}"));
    let before = store.setting("mark").await.unwrap();
    let batch = Batch::new().expect(expectation.clone()).then(mark());
    if holds {
        write(store, batch).await;
        let after = store.setting("mark").await.unwrap();
        assert_eq!(after, Some(format!("{expectation:?}")));
    } else {
        assert_eq!(refuse(store, batch).await, expectation);
        assert_eq!(store.setting("mark").await.unwrap(), before);
    }
}

/// A number's revision, exactly.
pub async fn number_revision(store: Arc<dyn Store>) {
    let mut seven = number(&key(1), State::Available);
    seven.revision = Revision(7);
    write(&store, creation(seven)).await;
    let at = |n, revision| Expectation::Number {
        key: key(n),
        revision: Some(Revision(revision)),
    };
    check(&store, at(1, 7), true).await;
    check(&store, at(1, 6), false).await;
    check(&store, at(1, 8), false).await;
    check(&store, at(2, 1), false).await;
    check(&store, at(2, 0), false).await;
}

/// There is no such number, or no longer.
pub async fn number_absence(store: Arc<dyn Store>) {
    let absent = || Expectation::Number {
        key: key(1),
        revision: None,
    };
    check(&store, absent(), true).await;
    let one = number(&key(1), State::Available);
    write(&store, creation(one.clone())).await;
    check(&store, absent(), false).await;
    // Also as the expectation of the write that would create it.
    let mut other = one.clone();
    other.state = State::Reserved;
    assert_eq!(refuse(&store, creation(other)).await, absent());
    assert_eq!(store.number(&key(1)).await.unwrap(), Some(one.clone()));
    write(&store, deletion(&one, 2)).await;
    check(&store, absent(), true).await;
}

/// An account's revision, or that there is none.
pub async fn account_revision(store: Arc<dyn Store>) {
    let at = |n, revision: Option<u64>| Expectation::Account {
        id: account_id(n),
        revision: revision.map(Revision),
    };
    check(&store, at(1, None), true).await;
    write(&store, just([put(account(1, &[]))])).await;
    check(&store, at(1, None), false).await;
    check(&store, at(1, Some(1)), true).await;
    check(&store, at(1, Some(2)), false).await;
    check(&store, at(2, Some(1)), false).await;
    let mut second = account(1, &[]);
    second.revision = Revision(2);
    write(&store, just([put(second)])).await;
    check(&store, at(1, Some(1)), false).await;
    check(&store, at(1, Some(2)), true).await;
}

/// An account is there, whatever its revision.
pub async fn account_existence(store: Arc<dyn Store>) {
    let exists = || Expectation::AccountExists { id: account_id(1) };
    check(&store, exists(), false).await;
    write(&store, just([put(account(1, &[]))])).await;
    check(&store, exists(), true).await;
    write(&store, just([Operation::DeleteAccount(account_id(1))])).await;
    check(&store, exists(), false).await;
}

/// Nobody below it, no number assigned to it.
pub async fn account_without_use(store: Arc<dyn Store>) {
    let unused = |n| Expectation::AccountUnused { id: account_id(n) };
    check(&store, unused(1), true).await;
    let tree = [account(1, &[]), account(2, &[1]), account(3, &[1, 2])];
    write(&store, just(tree.map(put))).await;
    check(&store, unused(1), false).await;
    check(&store, unused(2), false).await;
    check(&store, unused(3), true).await;
    let one = owned(&key(1), 3);
    write(&store, creation(one.clone())).await;
    check(&store, unused(3), false).await;
    write(&store, deletion(&one, 2)).await;
    check(&store, unused(3), true).await;
    write(&store, just([Operation::DeleteAccount(account_id(3))])).await;
    check(&store, unused(2), true).await;
    check(&store, unused(1), false).await;
}

/// A user's revision within an account, or that there is none.
pub async fn user_revision(store: Arc<dyn Store>) {
    let at = |n, id: &str, revision: Option<u64>| Expectation::User {
        account: account_id(n),
        id: UserId(id.to_owned()),
        revision: revision.map(Revision),
    };
    check(&store, at(1, "u", None), true).await;
    write(&store, just([put(account(1, &[])), put_user(user(1, "u"))])).await;
    check(&store, at(1, "u", None), false).await;
    check(&store, at(1, "u", Some(1)), true).await;
    check(&store, at(1, "u", Some(2)), false).await;
    check(&store, at(2, "u", None), true).await;
    check(&store, at(1, "v", Some(1)), false).await;
}

/// Who holds a name, or that it is free.
pub async fn claim_holder(store: Arc<dyn Store>) {
    let claim = Claim {
        kind: ClaimKind::AccountName,
        name: "acme".to_owned(),
    };
    let held = |holder: Option<&str>| Expectation::Claim {
        claim: claim.clone(),
        holder: holder.map(str::to_owned),
    };
    check(&store, held(None), true).await;
    check(&store, held(Some("a")), false).await;
    write(
        &store,
        just([Operation::Claim(claim.clone(), "a".to_owned())]),
    )
    .await;
    check(&store, held(None), false).await;
    check(&store, held(Some("a")), true).await;
    check(&store, held(Some("b")), false).await;
    check(&store, held(Some("A")), false).await;
}

/// The value of a setting, or that it isn't set.
pub async fn setting_value(store: Arc<dyn Store>) {
    let set = |value: Option<&str>| Expectation::Setting {
        key: "k".to_owned(),
        value: value.map(str::to_owned),
    };
    check(&store, set(None), true).await;
    check(&store, set(Some("")), false).await;
    write(
        &store,
        just([Operation::Set("k".to_owned(), String::new())]),
    )
    .await;
    check(&store, set(None), false).await;
    check(&store, set(Some("")), true).await;
    check(&store, set(Some("x")), false).await;
}
