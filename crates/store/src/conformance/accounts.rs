//! Accounts and their tree.

use std::sync::Arc;

use numbers::account::Account;
use numbers::revision::Revision;
use serde_json::json;

use super::sample::{account, account_id, down, just, object, put, up, write};
use crate::{Operation, Page, Store};

fn ids(accounts: &[Account]) -> String {
    let ids = accounts
        .iter()
        .map(|account| account.id.as_str().trim_start_matches('0'));
    ids.collect::<Vec<_>>().join(" ")
}

/// 1 over 2 and 5; 2 over 3; 3 over 4.
async fn plant_tree(store: &Arc<dyn Store>) {
    let accounts = [
        account(5, &[1]),
        account(4, &[1, 2, 3]),
        account(2, &[1]),
        account(3, &[1, 2]),
        account(1, &[]),
    ];
    write(store, just(accounts.map(put))).await;
}

/// Everything, the revision too.
pub async fn an_account_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    assert_eq!(store.account(&account_id(1)).await.unwrap(), None);
    let mut one = account(1, &[7, 8]);
    one.revision = Revision(12);
    "Zoë's \"Büro\"".clone_into(&mut one.name);
    one.enabled = false;
    one.is_reseller = true;
    one.number_manager = object(json!({"features": {"allow": ["cnam"]}, "a": 1}));
    one.public = object(json!({"timezone": "Europe/Zurich", "b": {"z": null, "a": [1]}}));
    write(&store, just([put(one.clone())])).await;
    let read = store
        .account(&one.id)
        .await
        .unwrap()
        .expect("it was written");
    assert_eq!(*read, one);
    assert_eq!(
        json!(read.public).to_string(),
        json!(one.public).to_string()
    );
    one.revision = Revision(13);
    "another".clone_into(&mut one.name);
    write(&store, just([put(one.clone())])).await;
    assert_eq!(store.account(&one.id).await.unwrap(), Some(one.into()));
}

/// Answers stand where the ids stood.
pub async fn many_accounts_come_in_the_order_asked_for(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    assert_eq!(store.accounts(&[]).await.unwrap(), []);
    for times in [1, 50] {
        let asked: Vec<_> = [4, 9, 1, 4]
            .repeat(times)
            .into_iter()
            .map(account_id)
            .collect();
        let answers = store.accounts(&asked).await.unwrap();
        assert_eq!(answers.len(), asked.len());
        for (id, answer) in asked.iter().zip(answers) {
            let expected = (*id != account_id(9)).then_some(id);
            assert_eq!(answer.as_ref().map(|account| &account.id), expected);
        }
    }
}

/// Not those further down.
pub async fn children_are_those_directly_below(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    let children = async |n| {
        ids(&store
            .children(&account_id(n), &Page::first(9))
            .await
            .unwrap())
    };
    assert_eq!(children(1).await, "2 5");
    assert_eq!(children(2).await, "3");
    assert_eq!(children(4).await, "");
    assert_eq!(children(9).await, "");
}

/// At any depth, never itself.
pub async fn descendants_are_all_below(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    let below = async |n| {
        ids(&store
            .descendants(&account_id(n), &Page::first(9))
            .await
            .unwrap())
    };
    assert_eq!(below(1).await, "2 3 4 5");
    assert_eq!(below(2).await, "3 4");
    assert_eq!(below(3).await, "4");
    assert_eq!(below(4).await, "");
}

/// By id, from one, itself included.
pub async fn pages_of_accounts_go_both_ways(store: Arc<dyn Store>) {
    let accounts = (2..=9).map(|n| put(account(n, &[1])));
    write(
        &store,
        just(std::iter::once(put(account(1, &[]))).chain(accounts)),
    )
    .await;
    let pages = [
        (up(None, 3), "2 3 4"),
        (up(Some(account_id(4)), 3), "4 5 6"),
        (up(Some(account_id(1)), 1), "2"),
        (up(Some(account_id(10)), 3), ""),
        (up(None, 0), ""),
        (down(None, 3), "9 8 7"),
        (down(Some(account_id(4)), 9), "4 3 2"),
        (down(Some(account_id(10)), 1), "9"),
        (down(Some(account_id(1)), 3), ""),
    ];
    for (page, expected) in pages {
        let children = store.children(&account_id(1), &page).await.unwrap();
        let descendants = store.descendants(&account_id(1), &page).await.unwrap();
        assert_eq!(
            [ids(&children), ids(&descendants)],
            [expected, expected],
            "{page:?}"
        );
    }
}

/// The tree in the account's own record is what counts.
pub async fn a_moved_account_is_below_its_new_ancestors_only(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    let moved = [account(3, &[1, 5]), account(4, &[1, 5, 3])];
    write(&store, just(moved.map(put))).await;
    let below = async |n| {
        ids(&store
            .descendants(&account_id(n), &Page::first(9))
            .await
            .unwrap())
    };
    let children = async |n| {
        ids(&store
            .children(&account_id(n), &Page::first(9))
            .await
            .unwrap())
    };
    assert_eq!([below(1).await, children(1).await], ["2 3 4 5", "2 5"]);
    assert_eq!([below(2).await, children(2).await], ["", ""]);
    assert_eq!([below(5).await, children(5).await], ["3 4", "3"]);
    assert_eq!([below(3).await, children(3).await], ["4", "4"]);
}

/// Deleting what isn't there is no error.
pub async fn a_deleted_account_is_gone_from_the_tree(store: Arc<dyn Store>) {
    plant_tree(&store).await;
    for _ in 0..2 {
        write(&store, just([Operation::DeleteAccount(account_id(4))])).await;
        assert_eq!(store.account(&account_id(4)).await.unwrap(), None);
        let below = store
            .descendants(&account_id(1), &Page::first(9))
            .await
            .unwrap();
        assert_eq!(ids(&below), "2 3 5");
        assert_eq!(
            store
                .children(&account_id(3), &Page::first(9))
                .await
                .unwrap(),
            []
        );
    }
}
