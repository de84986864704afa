//! `telnyx` against its simulator.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carriers::{Failure, Filters, Hooks, Notice, NumberKind, OrderId, Query, Registry};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use simulators::Fault;
use simulators::telnyx::{TOKEN, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "telnyx",
    wire: WIRE,
    settings: || json!({"token": TOKEN}),
    secret: "token",
    lists_owned: true,
    settles: true,
};

crate::contract!(KIND);

fn query(prefix: &str, filters: Filters) -> Query {
    Query {
        prefix: prefix.to_owned(),
        country: "US".to_owned(),
        national: prefix[2..].to_owned(),
        quantity: 100,
        filters,
        ..Query::default()
    }
}

async fn found(world: &World, query: &Query) -> Vec<String> {
    let offers = world.ask(query).await.expect("offers");
    let numbers = offers.iter().map(|offer| offer.number().to_string());
    numbers.collect()
}

async fn configured(more: Value) -> World {
    World::with(KIND, more).await
}

#[tokio::test]
async fn costs_are_exact_and_data_is_under_common_names() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let cost = offer.cost().expect("a cost");
    assert_eq!(cost.monthly.to_string(), "1.00");
    assert_eq!(cost.currency, "USD");
    assert_eq!(
        Value::Object(offer.data().clone()),
        json!({
            "best_effort": false,
            "features": ["sms", "voice"],
            "rate_center": {"name": "SAN RAFAEL", "state": "CA"},
            "locality": "San Rafael",
        })
    );
}

#[tokio::test]
async fn kazoos_keys_mean_what_they_meant() {
    let stock = ["+14155550108", "+14155550109"].map(str::to_owned);
    let all = query("+141555501", Filters::default());
    // The simulator's number with a 9 at its end is of best effort, the one
    // with a 5 costs more.
    for (settings, kept) in [
        (json!({}), ["5", "8"].as_slice()),
        (json!({"should_keep_best_effort": true}), &["5", "8", "9"]),
        (json!({"should_filter_rates": true}), &["8"]),
        (
            json!({"should_filter_rates": true, "monthly_recurring_cost": 2.0, "upfront_cost": "1"}),
            &["5"],
        ),
        (json!({"user": "api-v1", "debug": true}), &["5", "8"]),
    ] {
        let world = configured(settings.clone()).await;
        world.vendor().add_stock(stock.clone());
        let numbers = found(&world, &all).await;
        for end in ["5", "8", "9"] {
            let is_kept = numbers.iter().any(|number| number.ends_with(end));
            assert_eq!(is_kept, kept.contains(&end), "{settings} {end}");
        }
    }
}

#[tokio::test]
async fn rates_that_are_not_wanted_leave_room_for_those_that_are() {
    let settings = json!({"should_filter_rates": true, "monthly_recurring_cost": "2"});
    let world = configured(settings).await;
    // The only one of that rate is the last.
    let offer = world.find(1).await.expect("offers").remove(0);
    assert_eq!(offer.number().as_str(), "+14155550105");
}

#[tokio::test]
async fn prefixes_and_filters_reach_the_vendor_in_its_form() {
    let world = World::new(KIND).await;
    let stock = ["+14155560102", "+18555550101", "+18505550101"];
    world.vendor().add_stock(stock.map(str::to_owned));
    let none = Filters::default;
    assert_eq!(found(&world, &query("+1415556", none())).await, [stock[0]]);
    let ends = Filters {
        ends_with: Some("0102".to_owned()),
        contains: Some("556".to_owned()),
        ..none()
    };
    assert_eq!(found(&world, &query("+1415", ends)).await, [stock[0]]);
    // Longer than the vendor takes beside an area code, so it is applied here.
    let long = Filters {
        ends_with: Some("5560102".to_owned()),
        ..none()
    };
    assert_eq!(found(&world, &query("+1415", long)).await, [stock[0]]);
    assert_eq!(found(&world, &query("+1855", none())).await, [stock[1]]);
    let wildcard = Filters {
        kind: Some(NumberKind::TollFree),
        ..none()
    };
    let wildcard = found(&world, &query("+185", wildcard)).await;
    assert!(wildcard.contains(&stock[1].to_owned()), "{wildcard:?}");
}

#[tokio::test]
async fn blocks_are_picked_from_what_is_found() {
    let world = World::new(KIND).await;
    let block = world.search(2, Some(2)).await.expect("offers");
    let numbers: Vec<_> = block.iter().map(|offer| offer.number().as_str()).collect();
    assert_eq!(numbers, ["+14155550101", "+14155550102"]);
}

#[tokio::test]
async fn a_number_that_holds_the_digits_of_another_is_not_that_one() {
    let world = World::new(KIND).await;
    // The vendor finds digits anywhere in a number.
    world.vendor().add_stock(["+141555501012".to_owned()]);
    let longer = query(
        "+14155550101",
        Filters {
            ends_with: Some("2".to_owned()),
            ..Filters::default()
        },
    );
    let offer = world.ask(&longer).await.expect("offers").remove(0);
    world.buy(&OrderId("1".repeat(32)), offer).await;
    let orders = world.carrier().orders().expect("it orders");
    let shorter = "+14155550101".parse().expect("a number");
    assert_eq!(orders.holds(&shorter).await.expect("an answer"), None);
}

#[tokio::test]
async fn an_answer_about_another_order_is_not_kept() {
    let world = World::new(KIND).await;
    let found = world.find(1).await.expect("offers");
    world.vendor().faults.script([Fault::WrongNumber]);
    let id = OrderId("1".repeat(32));
    let error = world.order(&id, &found).await.expect_err("no answer to it");
    assert_eq!(error.failure, Failure::Unknown);
}

fn problem(settings: &Value) -> String {
    let settings = settings.as_object().expect("an object").clone();
    let settings = [("telnyx".to_owned(), settings)].into();
    let error = Registry::with_settings(settings).err();
    error.expect("bad settings").to_string()
}

#[test]
fn settings_that_cannot_work_are_named() {
    assert_eq!(problem(&json!({})), "[carriers.telnyx]: 'token' is missing");
    let short = problem(&json!({"token": "x", "public_key": "AAAA"}));
    assert!(short.contains("'public_key'"), "{short}");
    let price = problem(&json!({"token": "x", "upfront_cost": "cheap"}));
    assert!(price.contains("'cheap' is no price"), "{price}");
    let unknown = problem(&json!({"token": "x", "tokn": "y"}));
    assert!(unknown.contains("tokn"), "{unknown}");
}

const NOW: u64 = 1_764_000_000;

/// A webhook as the vendor signs it with the seed's key.
struct Signed {
    timestamp: String,
    signature: String,
    body: Vec<u8>,
}

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a key")
}

fn signed(seed: u8, at: u64, body: &Value) -> Signed {
    let body = body.to_string().into_bytes();
    let timestamp = at.to_string();
    let text = [timestamp.as_bytes(), b"|", &body].concat();
    Signed {
        signature: STANDARD.encode(key(seed).sign(&text)),
        timestamp,
        body,
    }
}

fn told(hooks: &dyn Hooks, hook: &Signed) -> Result<Notice, String> {
    let header = |name: &str| match name {
        "telnyx-timestamp" => Some(hook.timestamp.clone()),
        "telnyx-signature-ed25519" => Some(hook.signature.clone()),
        _ => None,
    };
    hooks.notice(NOW, &header, &hook.body)
}

fn completed() -> Value {
    json!({"data": {
        "event_type": "number_order.complete",
        "payload": {"id": "7", "customer_reference": "0a", "status": "success"},
    }})
}

#[tokio::test]
async fn signed_webhooks_name_the_order() {
    let public = STANDARD.encode(key(1).public_key());
    let world = configured(json!({"public_key": public})).await;
    let hooks = world.carrier().hooks().expect("webhooks");
    for at in [NOW, NOW - 300, NOW + 300] {
        let notice = told(hooks, &signed(1, at, &completed())).expect("believed");
        assert_eq!(notice.id, Some(OrderId("0a".to_owned())));
        assert_eq!(notice.vendor_id.as_deref(), Some("7"));
    }
}

#[tokio::test]
async fn forged_old_and_foreign_webhooks_are_not_believed() {
    let public = STANDARD.encode(key(1).public_key());
    let world = configured(json!({"public_key": public})).await;
    let hooks = world.carrier().hooks().expect("webhooks");
    let mut changed = signed(1, NOW, &completed());
    changed.body.push(b' ');
    let mut later = signed(1, NOW, &completed());
    later.timestamp = (NOW + 1).to_string();
    let mut unsigned = signed(1, NOW, &completed());
    unsigned.signature = "no base64!".to_owned();
    for (hook, why) in [
        (signed(2, NOW, &completed()), "signature"),
        (changed, "signature"),
        (later, "signature"),
        (unsigned, "base64"),
        (signed(1, NOW - 301, &completed()), "time"),
        (signed(1, NOW + 301, &completed()), "time"),
        (signed(1, NOW, &json!([])), "number order"),
        (
            signed(
                1,
                NOW,
                &json!({"data": {"event_type": "number_order.complete"}}),
            ),
            "names no order",
        ),
    ] {
        let error = told(hooks, &hook).expect_err(why);
        assert!(error.contains(why), "{error}");
    }
    let nothing = hooks.notice(NOW, &|_| None, b"{}");
    assert!(nothing.is_err());
    // Without a key there are none.
    assert!(World::new(KIND).await.carrier().hooks().is_none());
}
