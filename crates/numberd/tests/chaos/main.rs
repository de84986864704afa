//! Chaos: many clients buy and give back, at a carrier where things go wrong at
//! random, from a server that is killed about every second. Whatever happened:
//! nothing is lost, nothing is bought twice, and the carrier and we agree.
//!
//! Each seed of a list is a run of its own. `NUMBERD_CHAOS_SEEDS=5,6,7` takes
//! others, each of which makes the same choices again, as far as time lets it;
//! `NUMBERD_CHAOS_DEALS` goes on longer with each.

#[path = "../common/mod.rs"]
mod common;

mod client;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use client::{Buyer, Client, Ledger};
use common::{Place, text};
use numbers::event::Action;
use serde_json::Value;
use server::Killed;
use simulators::{Fault, Simulator, Vendor, played};
use store::{Page, Store};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use test_postgres::Database;
use tokio::runtime::Runtime;

/// Clients, each of an account of its own.
const CLIENTS: usize = 12;
/// The runs of each carrier.
const SEEDS: [u64; 3] = [1, 2, 3];
/// After how many purchases and releases a run ends.
const DEALS: usize = 800;
/// On PostgreSQL, where the same is tried again.
const FEWER_SEEDS: [u64; 1] = [1];
const FEWER_DEALS: usize = 150;
/// How often the server is killed meanwhile, however quick the machine.
const LEAST_KILLS: usize = 3;
/// How many attempts a purchase or release may take, on average.
const MOST_ATTEMPTS: usize = 20;
/// How many requests that order or give back go wrong.
const FAULT_RATE: f64 = 0.3;
/// The longest that settling may take; it ends as soon as nothing is open.
const SETTLED_WITHIN: Duration = Duration::from_mins(2);

#[test]
fn other_and_we_agree_whatever_happens() {
    each_seed("other", &SEEDS, DEALS, None);
}

#[test]
fn vitelity_and_we_agree_whatever_happens() {
    each_seed("vitelity", &SEEDS, DEALS, None);
}

#[test]
fn on_postgresql_we_agree_whatever_happens() {
    each_seed("other", &FEWER_SEEDS, FEWER_DEALS, Some(Database::new));
}

#[test]
fn on_serializable_postgresql_we_agree_whatever_happens() {
    let serializable: fn() -> Database = Database::serializable;
    each_seed("other", &FEWER_SEEDS, FEWER_DEALS, Some(serializable));
}

fn variable<T: FromStr>(name: &str) -> Option<Vec<T>> {
    let text = std::env::var(name).ok()?;
    let read = |part: &str| part.trim().parse().ok();
    let all: Option<Vec<T>> = text.split(',').map(read).collect();
    Some(all.unwrap_or_else(|| panic!("{name}={text} is no list of numbers")))
}

/// On the embedded database, unless there is another.
fn each_seed(carrier: &str, seeds: &[u64], deals: usize, database: Option<fn() -> Database>) {
    let seeds = variable("NUMBERD_CHAOS_SEEDS").unwrap_or_else(|| seeds.to_vec());
    let deals = variable("NUMBERD_CHAOS_DEALS").map_or(deals, |all| all[0]);
    for seed in seeds {
        println!("{carrier}: NUMBERD_CHAOS_SEEDS={seed} NUMBERD_CHAOS_DEALS={deals}");
        chaos(carrier, seed, deals, database.map(|make| make()).as_ref());
    }
}

fn chaos(carrier: &str, seed: u64, deals: usize, database: Option<&Database>) {
    let runtime = Runtime::new().unwrap();
    let simulator = simulated(&runtime, carrier, seed);
    let vendor = &simulator.vendor;
    let place = match database {
        Some(database) => Place::over(database.url()),
        None => Place::new(),
    };
    place.serve(&[]).stop();
    let buyers: Vec<Buyer> = (0..CLIENTS).map(|nth| Buyer::new(&place, nth)).collect();
    place.write("numberd.toml", configuration(carrier, &simulator.url()));

    let server = Killed::start(&place);
    let acknowledged = deal(&server, &buyers, vendor, deals, seed);
    vendor.faults.stop();
    settle(&place);
    let kills = server.stop();
    release_by_hand(&place, vendor);

    assert!(kills >= LEAST_KILLS, "killed {kills} times only");
    let (bought, released) = vendor.dealt();
    println!("{kills} kills, {bought} bought, {released} given back");
    assert!(bought + released >= deals, "only that");
    carrier_and_we_agree(&place, vendor);
    no_order_went_twice(vendor);
    what_was_acknowledged_is_there(&place, &acknowledged);
    runtime.block_on(each_purchase_counts_once(&place, database, vendor));
    place.run(&["check"]).done();
    place.run(&["carrier", "reconcile", carrier]).done();
}

fn stock() -> impl Iterator<Item = String> {
    (0..200).map(|line| format!("+1415555{line:04}"))
}

fn simulated(runtime: &Runtime, carrier: &str, seed: u64) -> Simulator {
    let wire = played(carrier).expect("it can be played").wire;
    let vendor = Vendor::new(stock());
    // Some orders are done only after they were asked for.
    vendor.set_patience(2);
    vendor.faults.random(seed, FAULT_RATE, &Fault::ALL);
    let started = Simulator::start(wire, Arc::new(vendor));
    runtime.block_on(started).unwrap()
}

/// Orders that are asked for soon. Requests end long before a carrier is
/// believed that doesn't know of them.
fn configuration(carrier: &str, url: &str) -> String {
    let known = played(carrier).expect("it can be played");
    let settings = known.carrier.expect("it sells numbers").settings;
    let settings = settings.iter();
    let settings: Vec<String> = settings
        .map(|(key, value)| format!("{key} = {value:?}"))
        .collect();
    let settings = settings.join("\n");
    format!(
        "[number_manager]\ncarrier_modules = [\"{carrier}\"]\n\
         [limits]\nactivation_capacity = 0\nbucket_capacity = 0\n\
         [orders]\nwait_ms = 2000\nlost_after_s = 2\nunheard_after_s = 3\n\
         [carriers.{carrier}]\nbase_url = \"{url}\"\nallow_private_addresses = true\n\
         timeout_ms = 500\n{settings}"
    )
}

/// Lets the clients buy and give back while the server is killed, until both were
/// done so often; answers what they were told is theirs.
fn deal(server: &Killed, buyers: &[Buyer], vendor: &Vendor, deals: usize, seed: u64) -> Ledger {
    let left = AtomicUsize::new(deals * MOST_ATTEMPTS);
    let is_over = || {
        let (bought, released) = vendor.dealt();
        bought + released >= deals && server.kills() >= LEAST_KILLS
    };
    let mut ledger = Ledger::new();
    thread::scope(|scope| {
        let clients: Vec<_> = buyers
            .iter()
            .zip(seed..)
            .map(|(buyer, seed)| {
                let mut client = Client::new(server, buyer, seed);
                let (left, is_over) = (&left, &is_over);
                scope.spawn(move || {
                    while !is_over() && take_one(left) {
                        client.deal();
                    }
                    client.held
                })
            })
            .collect();
        server.kill_until(seed, || clients.iter().all(ScopedJoinHandle::is_finished));
        for client in clients {
            ledger.extend(client.join().unwrap());
        }
    });
    ledger
}

fn take_one(left: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

fn open_orders(place: &Place) -> Vec<Value> {
    let listed = place.run(&["order", "list", "--open", "--limit", "0", "--json"]);
    listed.done().json().as_array().unwrap().clone()
}

/// Waits until everything open is left to a person.
fn settle(place: &Place) {
    let started = Instant::now();
    loop {
        let mut open = open_orders(place);
        open.retain(|order| order["state"] != "by_hand");
        if open.is_empty() {
            return;
        }
        assert!(started.elapsed() < SETTLED_WITHIN, "still open: {open:#?}");
        thread::sleep(Duration::from_millis(500));
    }
}

/// Does what is left to a person.
fn release_by_hand(place: &Place, vendor: &Vendor) {
    for order in open_orders(place) {
        for line in order["numbers"].as_array().unwrap() {
            vendor.release(line["number"].as_str().unwrap());
        }
        let id = order["id"].as_str().unwrap();
        place.run(&["order", "close", id]).done();
    }
}

/// Everything that we have, by number.
fn ours(place: &Place) -> BTreeMap<String, Value> {
    let listed = place.run(&["number", "list", "--limit", "0", "--json"]);
    let listed = listed.done().json();
    let by_id = |number: &Value| (number["id"].as_str().unwrap().to_owned(), number.clone());
    listed.as_array().unwrap().iter().map(by_id).collect()
}

fn carrier_and_we_agree(place: &Place, vendor: &Vendor) {
    let ours = ours(place);
    let theirs: BTreeSet<String> = vendor.owned(None, usize::MAX).into_iter().collect();
    let known: BTreeSet<String> = ours.keys().cloned().collect();
    let orphans: Vec<_> = theirs.difference(&known).collect();
    let phantoms: Vec<_> = known.difference(&theirs).collect();
    assert!(
        orphans.is_empty() && phantoms.is_empty(),
        "paid for and nobody's: {orphans:?}; ours and not paid for: {phantoms:?}"
    );
    for (number, record) in ours {
        assert_eq!(record["state"], "in_service", "{number}: {record}");
        assert!(record["assigned_to"].is_string(), "{number}: {record}");
    }
}

/// Neither the same order, nor a number that we had already.
fn no_order_went_twice(vendor: &Vendor) {
    assert_eq!(vendor.bought_twice(), Vec::<String>::new());
    let mut references = BTreeSet::new();
    for order in vendor.orders() {
        let is_new = order.reference.is_empty() || references.insert(order.reference.clone());
        assert!(is_new, "ordered twice: {order:?}");
    }
}

fn what_was_acknowledged_is_there(place: &Place, acknowledged: &Ledger) {
    let ours = ours(place);
    assert!(!acknowledged.is_empty());
    for (number, account) in acknowledged {
        let owner = ours.get(number).map(|record| &record["assigned_to"]);
        let owner = owner.and_then(Value::as_str);
        let history = || place.run(&["number", "history", number]).out;
        assert!(
            owner == Some(account),
            "{number} isn't {account}'s:\n{}",
            history()
        );
    }
}

/// What accounts are billed for comes from these events: one for each purchase
/// that the carrier made, and one for each number that it took back.
async fn each_purchase_counts_once(place: &Place, database: Option<&Database>, vendor: &Vendor) {
    let store: Box<dyn Store> = if let Some(database) = database {
        let options = store_postgres::Options {
            read_only: true,
            ..store_postgres::Options::default()
        };
        let store = PostgresStore::open(database.url(), &options).await;
        Box::new(store.unwrap())
    } else {
        let options = store_sqlite::Options {
            read_only: true,
            ..store_sqlite::Options::default()
        };
        let path = place.path("numberd.db");
        Box::new(SqliteStore::open(text(&path), &options).unwrap())
    };
    for number in stock() {
        let key = number.parse().unwrap();
        let events = store.events(&key, &Page::first(100_000)).await.unwrap();
        let count = |action| events.iter().filter(|event| event.action == action).count();
        let counted = (count(Action::Activated), count(Action::Disconnected));
        assert_eq!(counted, vendor.times(&number), "{number}: {events:#?}");
    }
}
