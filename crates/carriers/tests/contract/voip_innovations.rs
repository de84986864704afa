//! `voip_innovations` against its simulator.

use std::collections::BTreeMap;

use carriers::{Failure, OrderId, Registry, Release, Verdict};
use serde_json::{Map, Value, json};
use simulators::Fault;
use simulators::voip_innovations::{ENDPOINT_GROUP, LOGIN, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "voip_innovations",
    wire: WIRE,
    settings: || {
        json!({
            "login": LOGIN.0,
            "password": LOGIN.1,
            "endpoint_group": ENDPOINT_GROUP,
            "debug": false,
        })
    },
    secret: "password",
    lists_owned: true,
    settles: true,
};

crate::contract!(KIND);

fn id(digit: &str) -> OrderId {
    OrderId(digit.repeat(32))
}

#[tokio::test]
async fn what_is_told_of_a_number_is_kept() {
    let world = World::new(KIND).await;
    let found = world.find(1).await.expect("offers");
    let told = json!({
        "rate_center": "SAN RAFAEL", "state": "CA", "tier": "0", "lata": "722",
        "cnam": true, "t38": false,
    });
    assert_eq!(json!(found[0].data()), told);
}

#[tokio::test]
async fn prefixes_of_every_length_are_searched_and_kept_to() {
    let world = World::new(KIND).await;
    for (prefix, count) in [
        ("+14155", 5),
        ("+14155550", 5),
        ("+14155550103", 1),
        ("+1907", 0),
        ("+4420", 0),
    ] {
        let found = world.search_for(prefix, 10).await.expect("offers");
        assert_eq!(found.len(), count, "{prefix}");
    }
}

#[tokio::test]
async fn our_reference_comes_back_with_what_is_ours() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, data) = world.buy(&id("a"), offer).await;
    assert_eq!(data["ref_id"], json!(id("a")));
    let orders = world.carrier().orders().expect("it orders");
    let page = orders.owned(None).await.expect("a page");
    assert_eq!(page.numbers[0].number, number);
    assert_eq!(page.numbers[0].reference, Some(id("a").0));
}

#[tokio::test]
async fn each_number_of_an_order_has_its_own_outcome() {
    let world = World::new(KIND).await;
    let found = world.find(2).await.expect("offers");
    world.vendor().faults.script([Fault::Partial]);
    let standing = world.order(&id("1"), &found).await.expect("ordered");
    assert!(matches!(standing.numbers[0].1, Verdict::Ours(_)));
    let Verdict::Refused(why) = &standing.numbers[1].1 else {
        panic!("{standing:?}");
    };
    assert_eq!(why, "Number not available (106232)");
}

#[tokio::test]
async fn releases_tell_gone_from_refused() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, data) = world.buy(&id("1"), offer).await;
    let orders = world.carrier().orders().expect("it orders");
    world.vendor().faults.script([Fault::Refuse]);
    let error = world.give_back(&number, &data).await;
    let error = error.expect_err("refused");
    assert_eq!(
        (error.failure, error.code.as_deref()),
        (Failure::Refused, Some("110"))
    );
    let unknown = "+19075550100".parse().expect("a number");
    let gone = world.give_back(&unknown, &Map::new()).await;
    assert_eq!(gone, Ok(Release::Done));
    assert_eq!(orders.holds(&unknown).await, Ok(None));
}

fn problem(more: &Value) -> Option<String> {
    let mut settings = (KIND.settings)();
    let settings = settings.as_object_mut().expect("an object");
    settings.extend(more.as_object().cloned().unwrap_or_default());
    settings.retain(|_, value| !value.is_null());
    let blocks = BTreeMap::from([("voip_innovations".to_owned(), settings.clone())]);
    let registry = Registry::with_settings(blocks);
    registry.err().map(|error| error.to_string())
}

#[test]
fn the_vendors_sandbox_is_called_in_clear_only_when_that_is_wanted() {
    let wanted = json!({"sandbox_provisioning": true});
    let refused = problem(&wanted).expect("credentials in clear");
    assert!(refused.contains("vendor's own sandbox"), "{refused}");
    for fine in [
        json!({"sandbox_provisioning": true, "allow_plain_http": true}),
        json!({"sandbox_provisioning": true, "base_url": "https://sandbox.example.com"}),
        json!({"sandbox_provisioning": true, "enable_provisioning": false}),
        json!({"sandbox": true}),
    ] {
        assert_eq!(problem(&fine), None, "{fine}");
    }
}

#[tokio::test]
async fn with_the_vendors_sandbox_orders_are_made() {
    let world = World::with(KIND, json!({"sandbox_provisioning": true})).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    world.buy(&id("1"), offer).await;
    assert_eq!(world.vendor().orders().len(), 1);
    // Ours goes before: nothing leaves.
    let both = json!({"sandbox_provisioning": true, "sandbox": true});
    let world = World::with(KIND, both).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    world.buy(&id("1"), offer).await;
    assert_eq!(world.vendor().orders(), []);
}

#[test]
fn what_is_missing_is_named() {
    for key in ["login", "password", "endpoint_group"] {
        let problem = problem(&json!({key: null})).expect(key);
        assert!(problem.contains(key), "{problem}");
    }
}
