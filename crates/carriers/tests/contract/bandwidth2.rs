//! `bandwidth2` against its simulator.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carriers::{Failure, Filters, NumberKind, OrderId, Query, Registry, Verdict};
use futures::future::join_all;
use serde_json::{Map, Value, json};
use simulators::Fault;
use simulators::bandwidth2::{ACCOUNT, CLIENT, USER, WIRE};

use crate::world::{Kind, World};

const OAUTH: Kind = Kind {
    name: "bandwidth2",
    wire: WIRE,
    settings: || {
        json!({
            "account_id": ACCOUNT,
            "client_id": CLIENT.0,
            "client_secret": CLIENT.1,
            "site_id": "1001",
            "sip_peer": "2002",
            "webhook_username": "bandwidth",
            "webhook_password": "hook",
        })
    },
    secret: "client_secret",
    lists_owned: true,
    settles: true,
};

const BASIC: Kind = Kind {
    settings: || {
        json!({
            "account_id": ACCOUNT,
            "api_username": USER.0,
            "api_password": USER.1,
            "site_id": "1001",
        })
    },
    secret: "api_password",
    ..OAUTH
};

mod oauth {
    crate::contract!(super::OAUTH);
}

mod basic {
    crate::contract!(super::BASIC);
}

#[tokio::test]
async fn details_of_numbers_are_kept() {
    let world = World::new(OAUTH).await;
    let found = world.find(1).await.expect("offers");
    let rate_center = json!({"name": "SAN RAFAEL", "lata": "722", "state": "CA"});
    assert_eq!(found[0].data()["rate_center"], rate_center);
}

#[tokio::test]
async fn toll_free_numbers_are_found_by_the_vendors_patterns() {
    let world = World::new(OAUTH).await;
    let stock = ["+18555550101", "+18565550101", "+18005550101"];
    world.vendor().add_stock(stock.map(str::to_owned));
    let found = world.search_for("+1855", 10).await.expect("offers");
    let found: Vec<_> = found.iter().map(|offer| offer.number().as_str()).collect();
    assert_eq!(found, ["+18555550101"]);
    // 856 is no toll-free area code.
    let fit = [stock[0], stock[2]];
    for (prefix, fit) in [("+185", &fit[..1]), ("+18", &fit[..])] {
        let wanted = Query {
            filters: Filters {
                kind: Some(NumberKind::TollFree),
                ..Filters::default()
            },
            ..query(prefix)
        };
        let found = world.ask(&wanted).await.expect("offers");
        let mut found: Vec<_> = found.iter().map(|offer| offer.number().as_str()).collect();
        found.sort_by_key(|number| stock.iter().position(|known| known == number));
        assert_eq!(found, fit, "{prefix}");
    }
}

#[tokio::test]
async fn a_place_is_searched_without_any_digits() {
    let world = World::new(OAUTH).await;
    let of = |filters| {
        let wanted = Query {
            filters: serde_json::from_value(filters).expect("filters"),
            ..query("+1")
        };
        let world = &world;
        async move { world.ask(&wanted).await.expect("offers").len() }
    };
    assert_eq!(
        of(json!({"locality": "San Rafael", "state": "CA"})).await,
        6
    );
    assert_eq!(
        of(json!({"rate_center": "sanrafael", "state": "CA"})).await,
        6
    );
    assert_eq!(of(json!({"lata": "722"})).await, 6);
    // It has no search by a state alone, nor by a city of any state.
    assert_eq!(of(json!({"state": "CA"})).await, 0);
    assert_eq!(of(json!({"locality": "San Rafael"})).await, 0);
}

/// Everything that begins so.
fn query(prefix: &str) -> Query {
    Query {
        prefix: prefix.to_owned(),
        country: "US".to_owned(),
        national: prefix.trim_start_matches("+1").to_owned(),
        quantity: 10,
        ..Query::default()
    }
}

#[tokio::test]
async fn other_countries_and_half_an_area_code_are_not_asked_for() {
    let world = World::new(OAUTH).await;
    for prefix in ["+4420", "+141", "+1"] {
        assert_eq!(
            world.search_for(prefix, 5).await,
            Ok(Vec::new()),
            "{prefix}"
        );
    }
    assert_eq!(world.vendor().tokens.issued(), 0);
}

#[tokio::test]
async fn many_requests_share_one_token() {
    let world = World::new(OAUTH).await;
    let searches = (0..8).map(|_| world.find(1));
    for found in join_all(searches).await {
        assert_eq!(found.expect("offers").len(), 1);
    }
    assert_eq!(world.vendor().tokens.issued(), 1);
}

#[tokio::test]
async fn a_token_that_ends_is_fetched_anew() {
    let world = World::new(OAUTH).await;
    world.vendor().tokens.set_lifetime_s(0);
    world.find(1).await.expect("offers");
    world.find(1).await.expect("offers");
    assert_eq!(world.vendor().tokens.issued(), 2);
}

#[tokio::test]
async fn a_token_that_was_taken_back_costs_one_refusal() {
    let world = World::new(OAUTH).await;
    world.find(1).await.expect("offers");
    world.vendor().tokens.revoke();
    let refused = world.find(1).await.expect_err("refused");
    assert_eq!(refused.failure, Failure::Refused);
    world.find(1).await.expect("a new token");
}

#[tokio::test]
async fn without_a_token_nothing_was_sent() {
    let world = World::new(OAUTH).await;
    world.vendor().tokens.set_lifetime_s(0);
    let found = world.find(1).await.expect("offers");
    world.vendor().tokens.set_broken();
    let error = world.order(&OrderId("1".repeat(32)), &found).await;
    assert_eq!(error.expect_err("no token").failure, Failure::NotSent);
    assert_eq!(world.vendor().orders(), []);
}

#[tokio::test]
async fn a_slow_order_whose_answer_was_lost_is_found_by_our_reference() {
    let world = World::new(OAUTH).await;
    world.vendor().set_patience(3);
    let found = world.find(1).await.expect("offers");
    world.vendor().faults.script([Fault::DropAfter]);
    let id = OrderId("1".repeat(32));
    world.order(&id, &found).await.expect_err("no answer");
    let numbers = [found[0].number().clone()];
    let standing = world.status(&id, &Map::new(), &numbers).await;
    assert_eq!(standing.numbers[0].1, Verdict::Open);
    let order = &world.vendor().orders()[0];
    assert_eq!(standing.vendor["order_id"], json!(order.id));
}

#[tokio::test]
async fn an_answer_about_another_order_says_nothing_of_ours() {
    let world = World::new(OAUTH).await;
    let found = world.find(1).await.expect("offers");
    world.vendor().faults.script([Fault::WrongNumber]);
    // Of digits only, so that the fault changes it too.
    let error = world.order(&OrderId("1".repeat(32)), &found).await;
    assert_eq!(error.expect_err("another's").failure, Failure::Unknown);
}

#[tokio::test]
async fn a_partial_order_says_of_each_number_how_it_went() {
    let world = World::new(OAUTH).await;
    let found = world.find(2).await.expect("offers");
    world.vendor().faults.script([Fault::Partial]);
    let id = OrderId("1".repeat(32));
    let placed = world.order(&id, &found).await.expect("ordered");
    let numbers: Vec<_> = found.iter().map(|offer| offer.number().clone()).collect();
    let standing = world.status(&id, &placed.vendor, &numbers).await;
    let Verdict::Ours(data) = &standing.numbers[0].1 else {
        panic!("{standing:?}");
    };
    assert_eq!(data["order_id"], placed.vendor["order_id"]);
    assert_eq!(data["customer_order_id"], json!(id));
    assert!(matches!(&standing.numbers[1].1, Verdict::Refused(why) if why.contains("PARTIAL")));
}

#[tokio::test]
async fn a_refused_release_of_a_number_of_ours_is_an_error() {
    let world = World::new(OAUTH).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, data) = world.buy(&OrderId("1".repeat(32)), offer).await;
    world.vendor().faults.script([Fault::Refuse]);
    let error = world.give_back(&number, &data).await;
    let error = error.expect_err("refused");
    assert_eq!(error.failure, Failure::Refused);
    assert_eq!(error.code.as_deref(), Some("5013"));
}

#[tokio::test]
async fn owned_numbers_come_in_pages() {
    let world = World::new(OAUTH).await;
    let many: Vec<String> = (0..1100).map(|n| format!("+1628555{n:04}")).collect();
    world.vendor().add_stock(many.clone());
    world.vendor().order("by hand", &many).expect("an order");
    let orders = world.carrier().orders().expect("it orders");
    let mut pages = Vec::new();
    let mut from: Option<String> = None;
    loop {
        let page = orders.owned(from.as_deref()).await.expect("a page");
        pages.push(page.numbers.len());
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(pages, [500, 500, 100]);
}

#[tokio::test]
async fn webhooks_need_the_credentials_of_the_subscription() {
    let world = World::new(OAUTH).await;
    let hooks = world.carrier().hooks().expect("it has webhooks");
    let body = "<Notification><Status>COMPLETE</Status><OrderId>v-1</OrderId>\
                <OrderType>orders</OrderType><CustomerOrderId>c-1</CustomerOrderId></Notification>";
    let told = |pair: &str, body: &str| {
        let sent = format!("Basic {}", STANDARD.encode(pair));
        let header = move |name: &str| (name == "authorization").then(|| sent.clone());
        hooks.notice(0, &header, body.as_bytes())
    };
    let notice = told("bandwidth:hook", body).expect("believed");
    assert_eq!(notice.id, Some(OrderId("c-1".to_owned())));
    assert_eq!(notice.vendor_id.as_deref(), Some("v-1"));
    told("bandwidth:hooK", body).expect_err("a wrong password");
    hooks
        .notice(0, &|_| None, body.as_bytes())
        .expect_err("none");
    let port = body.replace(">orders<", ">portins<");
    told("bandwidth:hook", &port).expect_err("not about an order");
    for broken in [
        "",
        "<Notification>",
        "<!DOCTYPE a []><a/>",
        "<Notification/>",
    ] {
        told("bandwidth:hook", broken).expect_err(broken);
    }
    let silent = World::new(BASIC).await;
    assert!(silent.carrier().hooks().is_none(), "none are wanted");
}

fn configured(blocks: &[(&str, Value)]) -> Result<Registry, String> {
    let blocks = blocks.iter().map(|(name, settings)| {
        let settings: Map<String, Value> = settings.as_object().cloned().unwrap_or_default();
        ((*name).to_owned(), settings)
    });
    let registry = Registry::with_settings(blocks.collect::<BTreeMap<_, _>>());
    registry.map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_old_name_means_the_same_carrier() {
    let mut settings = (BASIC.settings)();
    settings["debug"] = json!(true);
    settings["endpoints"] = json!(["sip.example.com"]);
    let registry = configured(&[("bandwidth", settings.clone())]).expect("settings");
    let carrier = registry.configured("bandwidth").expect("known");
    assert_eq!(carrier.name().as_str(), "bandwidth2");
    assert!(carrier.orders().is_some());
    let twice = configured(&[("bandwidth", settings.clone()), ("bandwidth2", settings)]);
    let problem = twice.err().expect("one of them would be ignored");
    assert!(
        problem.contains("'bandwidth' and 'bandwidth2'"),
        "{problem}"
    );
    let first_api = configured(&[("bandwidth", json!({"developer_key": "k"}))]);
    let problem = first_api.err().expect("that API is gone");
    assert!(
        problem.contains("developer_key") && problem.contains("client_id"),
        "{problem}"
    );
}

#[tokio::test]
async fn what_is_missing_is_named() {
    for key in [
        "account_id",
        "client_id",
        "client_secret",
        "site_id",
        "webhook_password",
    ] {
        let mut settings = (OAUTH.settings)();
        settings.as_object_mut().expect("an object").remove(key);
        let problem = configured(&[("bandwidth2", settings)]).err().expect(key);
        assert!(problem.contains(key), "{problem}");
    }
    let problem = configured(&[("bandwidth2", json!({"acount_id": "1"}))]);
    let problem = problem.err().expect("a typo");
    assert!(problem.contains("acount_id"), "{problem}");
}
