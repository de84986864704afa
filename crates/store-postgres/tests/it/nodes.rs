//! Several nodes over one database: what one transaction decides for many
//! callers of a node, PostgreSQL decides between nodes.

use std::sync::Arc;

use numbers::account::AccountId;
use numbers::revision::Revision;
use numbers::state::State;
use store::conformance::sample::{
    account, account_id, billable, change, creation, deletion, just, key, keys, number, owned, put,
    update, write,
};
use store::{Batch, Claim, ClaimKind, Expectation, NumberChange, Operation, Page, Store};
use test_postgres::Database;
use tokio::task::JoinSet;

use crate::common::{nodes, open, verify};

/// Runs each test at both isolation levels.
macro_rules! at_both_levels {
    ($($test:ident,)*) => {
        mod read_committed {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(test_postgres::Database::new()).await;
            })*
        }
        mod serializable {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(test_postgres::Database::serializable()).await;
            })*
        }
    };
}

at_both_levels! {
    nodes_that_start_at_once_migrate_once,
    one_node_wins_a_new_number,
    one_node_wins_a_revision,
    one_node_wins_a_name,
    an_account_in_use_is_not_removed_meanwhile,
    counts_follow_a_move_among_changes,
    nodes_see_each_others_writes,
}

/// Runs one write for each of `count` at once, node by node; which succeeded.
async fn race(nodes: &[Arc<dyn Store>], count: u32, batch: impl Fn(u32) -> Batch) -> Vec<u32> {
    let mut tasks = JoinSet::new();
    for (i, node) in (0..count).zip(nodes.iter().cycle()) {
        let (node, batch) = (Arc::clone(node), batch(i));
        tasks.spawn(async move { (i, node.write(batch).await.expect("the store takes it")) });
    }
    let outcomes = tasks.join_all().await;
    let won = outcomes.into_iter().filter(|(_, outcome)| outcome.is_ok());
    won.map(|(i, _)| i).collect()
}

async fn nodes_that_start_at_once_migrate_once(database: Database) {
    let mut starts = JoinSet::new();
    for _ in 0..6 {
        let url = database.url().to_owned();
        starts.spawn(async move { open(&url).await });
    }
    let opened = starts.join_all().await;
    for store in &opened {
        store.ping().await.unwrap();
    }
    let unset = Expectation::Setting {
        key: "master".to_owned(),
        value: None,
    };
    let stores: Vec<Arc<dyn Store>> = opened.into_iter().map(|store| store as _).collect();
    let won = race(&stores, 12, |i| {
        Batch::new()
            .expect(unset.clone())
            .then(Operation::Set("master".to_owned(), i.to_string()))
    })
    .await;
    assert_eq!(won.len(), 1);
    let value = stores[0].setting("master").await.unwrap();
    assert_eq!(value, Some(won[0].to_string()));
}

async fn one_node_wins_a_new_number(database: Database) {
    let nodes = nodes(database.url(), 4).await;
    for round in 0..5 {
        let key = key(round);
        let won = race(&nodes, 40, |i| creation(owned(&key, i))).await;
        assert_eq!(won.len(), 1);
        let stored = nodes[0].number(&key).await.unwrap().expect("somebody won");
        assert_eq!(stored.owner, Some(account_id(won[0])));
        let events = nodes[1].events(&key, &Page::first(9)).await.unwrap();
        assert_eq!(events.len(), 1);
    }
    verify(database.url()).await;
}

async fn one_node_wins_a_revision(database: Database) {
    let nodes = nodes(database.url(), 4).await;
    let mut current = number(&key(1), State::Available);
    write(&nodes[0], creation(current.clone())).await;
    for round in 1..8 {
        let won = race(&nodes, 40, |i| {
            update(&current, round * 100 + i, |number| {
                number.assign(Some(account_id(i)));
            })
            .0
        })
        .await;
        assert_eq!(won.len(), 1);
        let next = nodes[1]
            .number(&key(1))
            .await
            .unwrap()
            .expect("it is there");
        assert_eq!(next.revision, current.revision.next());
        assert_eq!(next.owner, Some(account_id(won[0])));
        current = next;
    }
    verify(database.url()).await;
}

async fn one_node_wins_a_name(database: Database) {
    let nodes = nodes(database.url(), 4).await;
    let claim = Claim {
        kind: ClaimKind::AccountName,
        name: "acme".to_owned(),
    };
    let won = race(&nodes, 40, |i| {
        Batch::new()
            .expect(Expectation::Claim {
                claim: claim.clone(),
                holder: None,
            })
            .then(Operation::Claim(claim.clone(), i.to_string()))
    })
    .await;
    assert_eq!(won.len(), 1);
    let holder = nodes[3].claimed(&claim).await.unwrap();
    assert_eq!(holder, Some(won[0].to_string()));
}

/// One removes an account that nobody uses while another gives it a number:
/// either comes first, never both.
async fn an_account_in_use_is_not_removed_meanwhile(database: Database) {
    let nodes = nodes(database.url(), 2).await;
    for n in 1..=30 {
        let id = account_id(n);
        write(&nodes[0], just([put(account(n, &[]))])).await;
        let give = Batch::new()
            .expect(Expectation::AccountExists { id: id.clone() })
            .joined(creation(owned(&key(n.into()), n)));
        let remove = Batch::new()
            .expect(Expectation::AccountUnused { id: id.clone() })
            .then(Operation::DeleteAccount(id.clone()));
        let (given, removed) = tokio::join!(nodes[0].write(give), nodes[1].write(remove));
        let (given, removed) = (given.unwrap().is_ok(), removed.unwrap().is_ok());
        assert_ne!(given, removed, "round {n}");
        let there = nodes[0].account(&id).await.unwrap();
        assert_eq!(there.is_some(), given, "round {n}");
    }
    verify(database.url()).await;
}

/// Numbers come and go in an account that moves back and forth meanwhile.
async fn counts_follow_a_move_among_changes(database: Database) {
    let nodes = nodes(database.url(), 3).await;
    let tree = [account(1, &[]), account(2, &[1]), account(3, &[1])];
    write(&nodes[0], just(tree.map(put))).await;
    write(&nodes[0], just([put(account(4, &[1, 2]))])).await;
    let mut tasks = JoinSet::new();
    for (task, node) in (0..2).zip(&nodes) {
        let node = Arc::clone(node);
        tasks.spawn(async move {
            for n in 0..60 {
                let key = key(task * 100 + n);
                write(&node, creation(billable(&key, 4))).await;
                if n % 3 == 0 {
                    write(&node, deletion(&billable(&key, 4), 2)).await;
                }
            }
        });
    }
    let mover = Arc::clone(&nodes[2]);
    tasks.spawn(async move {
        for round in 0..30 {
            let mut four = account(4, &[1, 2 + round % 2]);
            four.revision = Revision(u64::from(round) + 2);
            write(&mover, just([put(four)])).await;
        }
    });
    tasks.join_all().await;
    for (n, expected) in [(1, 80), (2, 0), (3, 80), (4, 80)] {
        let found = nodes[0].billable_quantity(&account_id(n)).await.unwrap();
        assert_eq!(found, expected, "account {n}");
    }
    verify(database.url()).await;
}

/// What one node was told is done, another reads.
async fn nodes_see_each_others_writes(database: Database) {
    let nodes = nodes(database.url(), 3).await;
    let mut current = owned(&key(1), 0);
    write(&nodes[0], creation(current.clone())).await;
    for round in 1..40_u32 {
        let mut after = current.clone();
        after.revision = after.revision.next();
        let owner: AccountId = account_id(round);
        after.assign(Some(owner.clone()));
        let change: NumberChange = change(Some(current), Some(after.clone()), round + 1);
        let (writer, reader) = (round as usize % 3, (round as usize + 1) % 3);
        write(&nodes[writer], Batch::change_number(change)).await;
        let read = nodes[reader].number(&after.id).await.unwrap();
        assert_eq!(read, Some(after.clone()));
        let list = nodes[reader].account_numbers(&owner, &Page::first(9)).await;
        assert_eq!(keys(&list.unwrap()), [after.id.as_str()]);
        current = after;
    }
}
