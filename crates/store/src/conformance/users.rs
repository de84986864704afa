//! Users of accounts.

use std::sync::Arc;

use numbers::revision::Revision;
use serde_json::json;

use super::sample::{account, account_id, down, just, put, put_user, up, user, write};
use crate::{Operation, Page, PrivilegeLevel, Store, User, UserId};

fn id(text: &str) -> UserId {
    UserId(text.to_owned())
}

fn ids(users: &[User]) -> String {
    users
        .iter()
        .map(|user| user.id.0.clone())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Everything, the revision and the hashes too.
pub async fn a_user_comes_back_as_written(store: Arc<dyn Store>) {
    assert_eq!(store.user(&account_id(1), &id("u")).await.unwrap(), None);
    let mut one = user(1, "u");
    write(&store, just([put(account(1, &[])), put_user(one.clone())])).await;
    let read = store
        .user(&account_id(1), &id("u"))
        .await
        .unwrap()
        .expect("it was written");
    assert_eq!(*read, one);
    assert_eq!(
        json!(read.public).to_string(),
        json!(one.public).to_string()
    );
    one.revision = Revision(2);
    one.username = None;
    one.enabled = false;
    one.priv_level = PrivilegeLevel::User;
    one.md5_hash = None;
    write(&store, just([put_user(one.clone())])).await;
    assert_eq!(
        store.user(&account_id(1), &id("u")).await.unwrap(),
        Some(one.into())
    );
    // The same id in another account is another user.
    assert_eq!(store.user(&account_id(2), &id("u")).await.unwrap(), None);
}

/// By id, from one, itself included; of that account only.
pub async fn pages_of_users_go_both_ways(store: Arc<dyn Store>) {
    let of_one = ["a", "b", "d", "e"].map(|id| put_user(user(1, id)));
    let of_two = ["a", "c", "z"].map(|id| put_user(user(2, id)));
    let accounts = [put(account(1, &[])), put(account(2, &[1]))];
    write(
        &store,
        just(accounts.into_iter().chain(of_one).chain(of_two)),
    )
    .await;
    let pages = [
        (up(None, 9), "a b d e"),
        (up(Some(id("b")), 2), "b d"),
        (up(Some(id("c")), 2), "d e"),
        (up(Some(id("f")), 2), ""),
        (down(None, 3), "e d b"),
        (down(Some(id("d")), 2), "d b"),
        (down(Some(id("c")), 9), "b a"),
    ];
    for (page, expected) in pages {
        let users = store.users(&account_id(1), &page).await.unwrap();
        assert_eq!(ids(&users), expected, "{page:?}");
    }
}

/// A deleted account leaves no user who could log in.
pub async fn users_go_with_their_account(store: Arc<dyn Store>) {
    let accounts = [put(account(1, &[])), put(account(2, &[1]))];
    let users = [
        put_user(user(1, "a")),
        put_user(user(2, "a")),
        put_user(user(2, "b")),
    ];
    write(&store, just(accounts.into_iter().chain(users))).await;
    write(&store, just([Operation::DeleteAccount(account_id(2))])).await;
    assert_eq!(
        store.users(&account_id(2), &Page::first(9)).await.unwrap(),
        []
    );
    assert_eq!(store.user(&account_id(2), &id("a")).await.unwrap(), None);
    let left = store.users(&account_id(1), &Page::first(9)).await.unwrap();
    assert_eq!(ids(&left), "a");
}

/// One user, no other; removing nobody is no error.
pub async fn a_user_can_be_removed(store: Arc<dyn Store>) {
    let users = [put_user(user(1, "a")), put_user(user(1, "b"))];
    write(
        &store,
        just([put(account(1, &[]))].into_iter().chain(users)),
    )
    .await;
    for _ in 0..2 {
        write(
            &store,
            just([Operation::DeleteUser(account_id(1), id("a"))]),
        )
        .await;
        let left = store.users(&account_id(1), &Page::first(9)).await.unwrap();
        assert_eq!(ids(&left), "b");
    }
}
