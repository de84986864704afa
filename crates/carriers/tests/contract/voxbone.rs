//! `voxbone` against its simulator. It offers no certain number, so that the
//! contract of vendors that sell doesn't hold; what it does is tried here.

use std::collections::{BTreeMap, BTreeSet};

use carriers::{
    CarrierError, Failure, OrderId, Orders, OwnStock, Placed, Registry, Release, Verdict,
};
use numbers::e164::E164;
use serde_json::{Map, Value, json};
use simulators::Fault;
use simulators::voxbone::{LOGIN, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "voxbone",
    wire: WIRE,
    settings: || json!({"api_username": LOGIN.0, "api_password": LOGIN.1, "max_page_size": 2}),
    secret: "api_password",
    lists_owned: true,
    settles: true,
};

const BOUGHT: [&str; 3] = ["+14155550101", "+14155550102", "+14155550103"];

/// A world where an operator has bought of a group.
async fn stocked(more: Value) -> World {
    let world = World::with(KIND, more).await;
    let bought = BOUGHT.map(str::to_owned);
    world.vendor().order_at_once("", &bought).expect("bought");
    world
}

fn orders(world: &World) -> &dyn Orders {
    world.carrier().orders().expect("it gives back")
}

fn number(text: &str) -> E164 {
    text.parse().expect("a number")
}

async fn release(world: &World, text: &str) -> Result<Release, CarrierError> {
    let id = OrderId("1".repeat(32));
    orders(world).release(&id, &number(text), &Map::new()).await
}

#[tokio::test]
async fn a_search_asks_nobody_and_finds_our_own_stock() {
    for more in [json!({}), json!({"sandbox": true})] {
        let world = stocked(more).await;
        assert!(world.carrier().offers().is_none());
        assert_eq!(world.carrier().stock(), OwnStock::Available);
    }
}

#[tokio::test]
async fn what_is_ours_is_listed_page_by_page() {
    let world = stocked(json!({})).await;
    let first = orders(&world).owned(None).await.expect("a page");
    assert_eq!(first.numbers.len(), 2);
    let second = orders(&world).owned(first.next.as_deref()).await;
    let second = second.expect("a page");
    assert_eq!(second.next, None);
    let all = first.numbers.iter().chain(&second.numbers);
    let all: BTreeSet<&str> = all.map(|owned| owned.number.as_str()).collect();
    assert_eq!(all, BTreeSet::from(BOUGHT));
    let known = json!({
        "didId": 5_550_101, "didGroupId": 6523, "orderReference": "9000001DS9000001",
        "countryCodeA3": "USA", "areaCode": "415", "locality": "SAN RAFAEL", "type": "local",
    });
    assert_eq!(json!(first.numbers[0].data), known);
}

#[tokio::test]
async fn only_the_very_number_counts_as_held() {
    let world = stocked(json!({})).await;
    let held = orders(&world).holds(&number(BOUGHT[0])).await;
    assert_eq!(
        held.expect("an answer").expect("ours").number.as_str(),
        BOUGHT[0]
    );
    // The vendor finds it by a part of it too.
    let part = orders(&world).holds(&number("+1415555010")).await;
    assert_eq!(part, Ok(None));
    let asked = [number(BOUGHT[1]), number("+14155550104")];
    let placed = Placed {
        id: &OrderId("1".repeat(32)),
        vendor: &Map::new(),
        numbers: &asked,
    };
    let standing = orders(&world).status(&placed).await.expect("a standing");
    assert!(matches!(standing.numbers[0].1, Verdict::Ours(_)));
    assert_eq!(standing.numbers[1].1, Verdict::Unheard);
}

#[tokio::test]
async fn a_release_cancels_that_number_and_gone_is_given_back() {
    let world = stocked(json!({})).await;
    assert_eq!(release(&world, BOUGHT[1]).await, Ok(Release::Done));
    assert_eq!(world.vendor().owned(None, 10), [BOUGHT[0], BOUGHT[2]]);
    assert_eq!(release(&world, BOUGHT[1]).await, Ok(Release::Done));
}

#[tokio::test]
async fn a_refused_release_is_an_error_also_within_a_200() {
    let world = stocked(json!({})).await;
    world.vendor().faults.script([Fault::Refuse]);
    let error = release(&world, BOUGHT[0]).await.expect_err("refused");
    assert_eq!(
        (error.failure, error.reason.as_str()),
        (Failure::Refused, "not now")
    );
    world.vendor().faults.script([Fault::TooMany]);
    let error = release(&world, BOUGHT[0]).await.expect_err("not now");
    assert_eq!(error.failure, Failure::NotSent);
    assert_eq!(world.vendor().owned(None, 10), BOUGHT);
}

#[tokio::test]
async fn a_release_that_may_have_been_done_is_unknown_and_settled_by_asking() {
    for fault in [
        Fault::ErrorAfter,
        Fault::DropAfter,
        Fault::Hang,
        Fault::Drip,
        Fault::Malformed,
        Fault::Bomb,
        Fault::Deep,
        Fault::Huge,
    ] {
        let world = stocked(json!({"timeout_ms": 300})).await;
        world.vendor().faults.script([fault]);
        let error = release(&world, BOUGHT[0]).await.expect_err("lost");
        assert_eq!(error.failure, Failure::Unknown, "{fault:?} {error:?}");
        let held = orders(&world).holds(&number(BOUGHT[0])).await;
        assert_eq!(held, Ok(None), "{fault:?}");
        assert_eq!(release(&world, BOUGHT[0]).await, Ok(Release::Done));
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused() {
    let world = stocked(json!({"api_password": "wrong"})).await;
    let error = orders(&world).owned(None).await.expect_err("refused");
    assert_eq!(error.failure, Failure::Refused);
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn no_release_leaves_a_sandbox() {
    let world = stocked(json!({"sandbox": true})).await;
    assert_eq!(release(&world, BOUGHT[0]).await, Ok(Release::Done));
    assert_eq!(world.vendor().owned(None, 10), BOUGHT);
    let off = json!({"enable_provisioning": false});
    let world = stocked(off).await;
    let error = release(&world, BOUGHT[0]).await.expect_err("off");
    assert_eq!(error.failure, Failure::NotSent);
    assert_eq!(world.vendor().owned(None, 10), BOUGHT);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let problem = |key: &str, value: Value| {
        let mut settings = (KIND.settings)();
        settings[key] = value;
        let settings = settings.as_object().cloned().unwrap_or_default();
        let blocks = BTreeMap::from([("voxbone".to_owned(), settings)]);
        let registry = Registry::with_settings(blocks);
        registry.err().map(|error| error.to_string())
    };
    for (key, value) in [
        ("api_username", json!("")),
        ("api_password", json!("")),
        ("max_page_size", json!(0)),
        ("max_page_size", json!(1_000_000)),
        ("password", json!("x")),
    ] {
        let problem = problem(key, value).expect(key);
        assert!(problem.contains(key), "{problem}");
    }
    assert!(problem("environment", json!("moon")).is_some());
    assert_eq!(problem("environment", json!("production")), None);
}
