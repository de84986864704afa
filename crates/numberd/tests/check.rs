//! `numberd check` finds what is planted.

mod common;

use std::sync::Arc;

use common::Place;
use engine::Context;
use engine::context::new_event_id;
use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::event::Action;
use numbers::number::Number;
use numbers::state::State;
use serde_json::json;
use store::{Batch, Claim, ClaimKind, NumberChange, Operation, Store};
use store_sqlite::{Options, SqliteStore};

/// Writes to the database of a place, as a program with a fault would.
fn plant(place: &Place, make: impl AsyncFnOnce(&SqliteStore) -> Batch) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(place.path("numberd.db"), &Options::default()).unwrap();
        let store = Arc::new(store);
        let batch = make(&store).await;
        store.write(batch).await.unwrap().unwrap();
        store.close();
    });
}

fn record(state: State, owner: Option<&str>) -> Batch {
    let cx = Context::system("test");
    let mut number = Number::new(
        "+14155550100".parse().unwrap(),
        state,
        CarrierName::new("inventory"),
        cx.now,
    );
    number.owner = owner.map(|id| AccountId::parse(id).unwrap());
    number.revision = number.revision.next();
    Batch::change_number(NumberChange {
        before: None,
        after: Some(number),
        event: new_event_id(),
        action: Action::Created,
        origin: cx.origin(),
        note: None,
    })
}

/// The check finds something, and says this of it.
#[track_caller]
fn assert_found(place: &Place, says: &[&str]) {
    let run = place.run(&["check"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    for text in says {
        assert!(run.out.contains(text), "no '{text}' in {run:?}");
    }
    let found = place.run(&["check", "--json"]).json();
    assert!(found["found"].as_u64().unwrap() > 0, "{found}");
    assert_eq!(
        found["findings"].as_array().unwrap().len(),
        run.out.lines().count() - 1
    );
}

#[test]
fn a_good_database_has_no_findings() {
    let place = Place::with_database();
    place.account("Acme");
    place.run(&["user", "create", "Acme", "ann"]).done();
    place.run(&["account", "api-key", "Acme"]).done();
    place.write(
        "n.csv",
        "e164,account_name\n+14155550100,Acme\n+14155550101,\n",
    );
    place.run(&["import", "n.csv"]).done();
    let check = place.run(&["check", "--json"]).done().json();
    assert_eq!(
        check,
        json!({"accounts": 2, "numbers": 2, "found": 0, "findings": []})
    );
}

#[test]
fn a_number_for_sale_that_is_somebodys_is_found() {
    let place = Place::with_database();
    let account = place.account("Acme");
    plant(&place, async |_| record(State::Available, Some(&account)));
    assert_found(
        &place,
        &["+14155550100: it was for sale and yet somebody's"],
    );
}

#[test]
fn a_number_in_service_for_nobody_is_found() {
    let place = Place::with_database();
    plant(&place, async |_| record(State::InService, None));
    assert_found(&place, &["+14155550100: "]);
}

#[test]
fn a_number_of_an_account_that_isnt_there_is_found() {
    let place = Place::with_database();
    let nobody = "0123456789abcdef0123456789abcdef";
    plant(&place, async |_| record(State::InService, Some(nobody)));
    assert_found(&place, &[nobody, "isn't there"]);
}

#[test]
fn names_that_somebody_else_holds_are_found() {
    let place = Place::with_database();
    let account = place.account("Acme");
    place.run(&["user", "create", "Acme", "ann"]).done();
    let claim = |kind, name: &str| Claim {
        kind,
        name: name.to_owned(),
    };
    plant(&place, async |_| {
        Batch::new()
            .then(Operation::Unclaim(claim(ClaimKind::AccountName, "acme")))
            .then(Operation::Claim(
                claim(ClaimKind::AccountName, "acme"),
                "somebody".to_owned(),
            ))
            .then(Operation::Unclaim(claim(
                ClaimKind::Username,
                &format!("{account}/ann"),
            )))
    });
    assert_found(
        &place,
        &[
            &format!("the account_name 'acme' of {account} is held by somebody"),
            &format!("the username '{account}/ann' of "),
        ],
    );
}

#[test]
fn an_account_whose_tree_is_wrong_is_found() {
    let place = Place::with_database();
    let account = place.account("Acme");
    plant(&place, async |store| {
        let id = AccountId::parse(&account).unwrap();
        let account = store.account(&id).await.unwrap().unwrap();
        let mut account = Account::clone(&account);
        account
            .tree
            .push(AccountId::parse("0123456789abcdef0123456789abcdef").unwrap());
        account.revision = account.revision.next();
        Batch::new().then(Operation::PutAccount(Box::new(account)))
    });
    assert_found(
        &place,
        &[
            &account,
            "0123456789abcdef0123456789abcdef, which isn't there",
        ],
    );
}

#[test]
fn a_table_without_all_its_parts_is_found() {
    let place = Place::with_database();
    place.write("blocks.csv", "npanxx,company\n415555,Acme\n");
    let load = ["data", "load", "blocks.csv", "--kind", "npa-nxx"];
    place.run(&load).done();
    let connection = rusqlite::Connection::open(place.path("numberd.db")).unwrap();
    connection.execute("DELETE FROM data_parts", []).unwrap();
    drop(connection);
    assert_found(&place, &["is a data set whose parts aren't all there"]);
    // It helps to load it again.
    place.run(&load).done();
    place.run(&["check"]).done();
}

#[test]
fn columns_that_contradict_the_documents_are_found() {
    let place = Place::with_database();
    place.account("Acme");
    place.write("n.csv", "e164,account_name\n+14155550100,Acme\n");
    place.run(&["import", "n.csv"]).done();
    let connection = rusqlite::Connection::open(place.path("numberd.db")).unwrap();
    connection
        .execute("DELETE FROM account_numbers", [])
        .unwrap();
    drop(connection);
    assert_found(
        &place,
        &["+14155550100 is missing in the list of its account"],
    );
}
