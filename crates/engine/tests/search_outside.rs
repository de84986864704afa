//! Searches over carriers outside.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::change::ChangeRequest;
use engine::import::ImportRow;
use engine::search::{Found, SearchQuery};
use engine::settings::NumberManager;
use engine::{Engine, Settings};
use numbers::account::Account;
use numbers::carrier::CarrierName;
use numbers::gregorian::GregorianSeconds;
use numbers::life::Operation;
use numbers::plan::Command;
use numbers::revision::Revision;
use numbers::state::State;
use outside::settings::AllSettings;
use serde_json::{Map, json};
use simulators::other::{TOKEN, WIRE};
use simulators::{Simulator, Vendor, simwood};
use store::{Batch, Document, DocumentKind, Page};
use support::{World, key_of, object, world_with};
use tokio::net::TcpListener;

/// `other` sells these; `telnyx` is where nobody listens; `simwood` takes
/// connections and never answers.
async fn market() -> (World, Simulator, TcpListener) {
    let stock = (101..=120).map(|line| format!("+14155550{line}"));
    let vendor = Arc::new(Vendor::new(stock));
    let other = Simulator::start(WIRE, vendor).await.unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}", silent.local_addr().unwrap());
    let private = json!(true);
    let carriers = BTreeMap::from([
        (
            "other".to_owned(),
            object(json!({
                "base_url": other.url(), "bearer_token": TOKEN,
                "allow_private_addresses": private,
            })),
        ),
        (
            "telnyx".to_owned(),
            object(json!({
                "base_url": "http://127.0.0.1:1", "token": "x",
                "allow_private_addresses": private,
            })),
        ),
        (
            "simwood".to_owned(),
            object(json!({
                "base_url": hanging, "simwood_account_id": "1", "auth_username": "x",
                "auth_password": "x", "allow_private_addresses": private,
            })),
        ),
    ]);
    let modules = ["local", "telnyx", "simwood", "other"];
    let settings = Settings {
        carriers: AllSettings(carriers),
        number_manager: NumberManager {
            carrier_modules: modules.map(str::to_owned).to_vec(),
            number_search_timeout_ms: 300,
            ..NumberManager::default()
        },
        ..Settings::default()
    };
    (world_with(settings).await, other, silent)
}

async fn search(world: &World, account: &Account, quantity: usize, offset: usize) -> Found {
    let query = SearchQuery {
        prefix: Some("4155550".to_owned()),
        country: Some("US".to_owned()),
        quantity,
        offset,
        ..SearchQuery::default()
    };
    let engine = &world.engine;
    let found = engine
        .search(Some(&account.id), Some(account), &query)
        .await;
    found.unwrap()
}

#[tokio::test]
async fn dead_and_hanging_carriers_cost_the_others_nothing_and_are_named() {
    let (world, _other, _silent) = market().await;
    let found = search(&world, world.master(), 5, 0).await;
    assert_eq!(found.rows.len(), 5);
    for row in &found.rows {
        assert_eq!(row.state, State::Discovery);
        assert_eq!(row.status, "Available");
        let center = row.rate_center.as_ref().unwrap();
        assert_eq!(center["name"], "SAN RAFAEL");
    }
    let silent: Vec<&str> = found.silent.keys().map(CarrierName::as_str).collect();
    assert_eq!(silent, ["simwood", "telnyx"]);
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let (world, other, _silent) = market().await;
    let mut seen = Vec::new();
    for offset in [0, 8, 16] {
        let found = search(&world, world.master(), 8, offset).await;
        seen.extend(found.rows.into_iter().map(|row| row.number.to_string()));
        // What others buy meanwhile doesn't move what was found.
        other.vendor.order("elsewhere", &seen[..1]).ok();
    }
    let mut distinct = seen.clone();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (20, 20));
}

/// One carrier sells more than is kept, and comes first.
#[tokio::test]
async fn no_carrier_pushes_another_out() {
    let many = Vendor::new((0..1200).map(|line| format!("+1415555{line:04}")));
    let few = Vendor::new((0..100).map(|line| format!("+1415444{line:04}")));
    let other = Simulator::start(WIRE, Arc::new(many)).await.unwrap();
    let simwood = Simulator::start(simwood::WIRE, Arc::new(few)).await;
    let simwood = simwood.unwrap();
    let carriers = BTreeMap::from([
        (
            "other".to_owned(),
            object(json!({
                "base_url": other.url(), "bearer_token": TOKEN, "allow_private_addresses": true,
            })),
        ),
        (
            "simwood".to_owned(),
            object(json!({
                "base_url": simwood.url(), "simwood_account_id": simwood::ACCOUNT,
                "auth_username": simwood::LOGIN.0, "auth_password": simwood::LOGIN.1,
                "allow_private_addresses": true,
            })),
        ),
    ]);
    let modules = ["local", "other", "simwood"];
    let world = world_with(Settings {
        carriers: AllSettings(carriers),
        number_manager: NumberManager {
            carrier_modules: modules.map(str::to_owned).to_vec(),
            maximum_search_quantity: 2000,
            ..NumberManager::default()
        },
        ..Settings::default()
    })
    .await;
    let query = SearchQuery {
        prefix: Some("415".to_owned()),
        quantity: 2000,
        ..SearchQuery::default()
    };
    let account = world.master();
    let found = world
        .engine
        .search(Some(&account.id), Some(account), &query);
    let found = found.await.unwrap();
    assert!(found.silent.is_empty(), "{:?}", found.silent);
    let of = |beginning: &str| {
        let rows = found.rows.iter();
        rows.filter(|row| row.number.as_str().starts_with(beginning))
            .count()
    };
    assert_eq!((of("+1415555"), of("+1415444")), (900, 100));
    assert!(found.rows[0].number.as_str().starts_with("+1415555"));
}

#[tokio::test]
async fn a_search_never_buys() {
    let (world, other, _silent) = market().await;
    search(&world, world.master(), 20, 0).await;
    assert_eq!(other.vendor.orders(), []);
}

/// Another engine over the same store: another node.
fn other_node(world: &World) -> Engine {
    let settings = world.engine.settings().clone();
    Engine::new(Arc::clone(&world.store), settings).unwrap()
}

async fn page(engine: &Engine, account: &Account, quantity: usize, offset: usize) -> Vec<String> {
    let query = SearchQuery {
        prefix: Some("4155550".to_owned()),
        quantity,
        offset,
        ..SearchQuery::default()
    };
    let found = engine.search(Some(&account.id), Some(account), &query);
    let rows = found.await.unwrap().rows.into_iter();
    rows.map(|row| row.number.to_string()).collect()
}

async fn kept(world: &World, kind: DocumentKind) -> Vec<Document> {
    let account = &world.master().id;
    let page = Page::first(100);
    world
        .store
        .documents(kind, Some(account), &page)
        .await
        .unwrap()
}

#[tokio::test]
async fn any_node_pages_and_orders_what_one_has_found() {
    let (world, other, _silent) = market().await;
    let account = Arc::new(world.master().clone());
    let first = page(&world.engine, &account, 8, 0).await;
    let node = other_node(&world);
    // The carrier sells something before all else meanwhile: nothing moves.
    other.vendor.add_stock(["+14155550001".to_owned()]);
    let mut seen = first.clone();
    seen.extend(page(&node, &account, 8, 8).await);
    seen.extend(page(&world.engine, &account, 8, 16).await);
    let all: Vec<String> = (101..=120).map(|line| format!("+14155550{line}")).collect();
    assert_eq!(seen, all);
    // What no page has shown yet was offered too.
    let request = ChangeRequest {
        target: Some(&account),
        command: Command::new(Operation::Activate, Map::new()),
        accept_charges: true,
    };
    let bought = [all[0].clone(), all[19].clone()];
    let outcomes = node.change(&key_of(&account), &request, &bought).await;
    for outcome in outcomes.unwrap() {
        assert_eq!(outcome.result.unwrap().number.state, State::InService);
    }
    assert_eq!(other.vendor.owned(None, 10), bought);
    assert_eq!(other.vendor.orders().len(), 1);
    // Offset 0 begins anew, for every node.
    let anew = page(&node, &account, 8, 0).await;
    assert_eq!(anew[0], "+14155550001");
    assert_eq!(page(&world.engine, &account, 1, 8).await, [all[8].clone()]);
}

#[tokio::test]
async fn a_search_is_written_once_and_holds_from_the_carriers_answer_on() {
    let (world, _other, _silent) = market().await;
    let account = world.master().clone();
    page(&world.engine, &account, 8, 0).await;
    let (searches, offers) = (
        kept(&world, DocumentKind::Search).await,
        kept(&world, DocumentKind::Offer).await,
    );
    assert_eq!((searches.len(), offers.len()), (1, 20));
    let end = searches[0].expires;
    assert!(end.is_some());
    assert!(offers.iter().all(|offer| offer.expires == end));
    page(&world.engine, &account, 8, 8).await;
    page(&other_node(&world), &account, 8, 16).await;
    assert_eq!(kept(&world, DocumentKind::Search).await, searches);
    assert_eq!(kept(&world, DocumentKind::Offer).await, offers);
    // A search that has expired is run anew.
    let mut late = searches[0].clone();
    late.expires = Some(GregorianSeconds::new(1));
    let batch = Batch::new().then(store::Operation::PutDocument(Box::new(late)));
    world.store.write(batch).await.unwrap().unwrap();
    assert_eq!(page(&world.engine, &account, 8, 16).await.len(), 4);
    assert!(kept(&world, DocumentKind::Search).await[0].expires >= end);
}

#[tokio::test]
async fn an_account_keeps_a_bounded_number_of_searches() {
    let (world, _other, silent) = market().await;
    // Who refuses is not waited for, a hundred times.
    drop(silent);
    let account = world.master().clone();
    for line in 0..100 {
        let query = SearchQuery {
            prefix: Some("415".to_owned()),
            ends_with: Some(format!("{line:03}")),
            quantity: 1,
            ..SearchQuery::default()
        };
        let found = world
            .engine
            .search(Some(&account.id), Some(&account), &query);
        found.await.unwrap();
    }
    assert!(kept(&world, DocumentKind::Search).await.len() <= 64);
}

#[tokio::test]
async fn nobody_is_asked_where_our_own_stock_is_enough_and_nothing_is_written() {
    let (world, other, _silent) = market().await;
    let account = world.master().clone();
    stock(&world, 130..140).await;
    let first = page(&world.engine, &account, 5, 0).await;
    assert_eq!(first[0], "+14155550130");
    assert_eq!(kept(&world, DocumentKind::Search).await, []);
    // Another node reads the stock itself, up to the page.
    let node = other_node(&world);
    assert_eq!(page(&node, &account, 5, 5).await[4], "+14155550139");
    assert_eq!(kept(&world, DocumentKind::Search).await, []);
    // The page after that is the carriers', and then all of it is kept.
    let mixed = page(&node, &account, 5, 8).await;
    assert_eq!(mixed[1..3], ["+14155550139", "+14155550101"]);
    assert_eq!(page(&world.engine, &account, 5, 8).await, mixed);
    assert_eq!(kept(&world, DocumentKind::Search).await.len(), 1);
    // Who begins anew and finds enough doesn't leave that to be paged.
    page(&world.engine, &account, 5, 0).await;
    assert_eq!(kept(&world, DocumentKind::Search).await, []);
    assert_eq!(other.vendor.orders(), []);
}

/// Available numbers of our own, by their last three digits.
async fn stock(world: &World, lines: impl IntoIterator<Item = u32>) {
    let row = |line| ImportRow {
        e164: format!("+14155550{line}"),
        state: Some(State::Available),
        carrier_module: Some("local".to_owned()),
        ..ImportRow::default()
    };
    let rows = lines.into_iter().map(row).collect();
    let cx = support::system();
    world.engine.import_batch(&cx, rows).await.unwrap();
}

/// One of many nodes over the same store.
fn one_of_many(world: &World) -> Engine {
    let settings = Settings {
        many_nodes: true,
        ..world.engine.settings().clone()
    };
    Engine::new(Arc::clone(&world.store), settings).unwrap()
}

#[tokio::test]
async fn our_own_stock_too_is_paged_by_any_of_many_nodes() {
    let world = support::world().await;
    let account = world.master().clone();
    stock(&world, (120..140).filter(|line| line % 2 == 0)).await;
    let nodes = [(); 3].map(|()| one_of_many(&world));
    let mut seen = page(&nodes[0], &account, 4, 0).await;
    let end = kept(&world, DocumentKind::Search).await[0].expires;
    assert!(end.is_some());
    // What was shown is sold, and what comes before it is new: nothing moves.
    let request = ChangeRequest {
        target: Some(&Arc::new(account.clone())),
        command: Command::new(Operation::Activate, Map::new()),
        accept_charges: true,
    };
    let bought = nodes[1]
        .change(&key_of(&account), &request, &seen[..2])
        .await;
    assert!(bought.unwrap().iter().all(|outcome| outcome.result.is_ok()));
    stock(&world, [119, 121]).await;
    seen.extend(page(&nodes[1], &account, 4, 4).await);
    // Nor do pages that were seen, where their numbers are sold by now.
    assert_eq!(page(&nodes[2], &account, 4, 0).await[0], "+14155550119");
    // That began anew; the older run is gone for everybody.
    let anew = page(&nodes[0], &account, 4, 4).await;
    assert_eq!(anew[0], "+14155550128");
    let rows = page(&nodes[1], &account, 8, 0).await;
    assert_eq!(page(&nodes[2], &account, 4, 4).await, rows[4..]);
    // The last page of the stock stays as it was shown, too.
    let last = page(&nodes[2], &account, 8, 8).await;
    stock(&world, [141]).await;
    assert_eq!(page(&nodes[0], &account, 8, 8).await, last);
    let shown: Vec<String> = (120..136)
        .step_by(2)
        .map(|line| format!("+14155550{line}"))
        .collect();
    assert_eq!(seen, shown);
    let searches = kept(&world, DocumentKind::Search).await;
    assert_eq!(searches.len(), 1, "each page takes the place of the last");
}

#[tokio::test]
async fn what_is_all_there_is_and_what_nobody_asked_for_is_not_written_down() {
    let world = support::world().await;
    let account = world.master().clone();
    stock(&world, 120..124).await;
    let node = one_of_many(&world);
    assert_eq!(page(&node, &account, 5, 0).await.len(), 4);
    let query = SearchQuery {
        prefix: Some("4155550".to_owned()),
        quantity: 2,
        ..SearchQuery::default()
    };
    assert_eq!(node.search(None, None, &query).await.unwrap().rows.len(), 2);
    assert_eq!(kept(&world, DocumentKind::Search).await, []);
    assert_eq!(page(&node, &account, 2, 0).await.len(), 2);
    assert_eq!(kept(&world, DocumentKind::Search).await.len(), 1);
    // Who begins anew and finds everything leaves nothing to be paged.
    assert_eq!(page(&node, &account, 5, 0).await.len(), 4);
    assert_eq!(kept(&world, DocumentKind::Search).await, []);
}

#[tokio::test]
async fn everything_that_has_expired_goes_however_much_it_is() {
    let world = support::world().await;
    let document = |id: usize| Document {
        kind: DocumentKind::Offer,
        id: format!("{id:05}"),
        account: Some(world.master().id.clone()),
        revision: Revision::default().next(),
        due: None,
        expires: Some(GregorianSeconds::new(1)),
        body: "{}".to_owned(),
    };
    let put = |id| store::Operation::PutDocument(Box::new(document(id)));
    let batch = (0..2500).fold(Batch::new(), |batch, id| batch.then(put(id)));
    world.store.write(batch).await.unwrap().unwrap();
    world.engine.drop_expired().await.unwrap();
    assert_eq!(kept(&world, DocumentKind::Offer).await, []);
}
