//! `twilio` against its simulator.

use carriers::{Failure, Filters, NumberKind, OrderId, Query, Registry};
use serde_json::{Value, json};
use simulators::Fault;
use simulators::twilio::{LOGIN, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "twilio",
    wire: WIRE,
    settings: || json!({"account_sid": LOGIN.0, "auth_token": LOGIN.1}),
    secret: "auth_token",
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

#[tokio::test]
async fn prefixes_and_filters_reach_the_vendor_in_its_form() {
    let world = World::new(KIND).await;
    let stock = ["+14155560102", "+18555550101", "+18005550101"];
    world.vendor().add_stock(stock.map(str::to_owned));
    let none = Filters::default;
    assert_eq!(found(&world, &query("+1415556", none())).await, [stock[0]]);
    assert_eq!(found(&world, &query("+1855", none())).await, [stock[1]]);
    let ends = Filters {
        ends_with: Some("60102".to_owned()),
        ..none()
    };
    assert_eq!(found(&world, &query("+1415", ends)).await, [stock[0]]);
    let able = Filters {
        contains: Some("5560".to_owned()),
        features: vec!["SMS".to_owned(), "voice".to_owned()],
        lata: Some("722".to_owned()),
        state: Some("ca".to_owned()),
        ..none()
    };
    assert_eq!(found(&world, &query("+1415", able)).await, [stock[0]]);
    let fax = Filters {
        features: vec!["fax".to_owned()],
        ..none()
    };
    assert!(found(&world, &query("+1415", fax)).await.is_empty());
    let wildcard = Filters {
        kind: Some(NumberKind::TollFree),
        ..none()
    };
    assert_eq!(found(&world, &query("+185", wildcard)).await, [stock[1]]);
}

#[tokio::test]
async fn a_country_without_such_numbers_has_none() {
    let world = World::new(KIND).await;
    let mobile = Filters {
        kind: Some(NumberKind::Mobile),
        ..Filters::default()
    };
    assert!(found(&world, &query("+1415", mobile)).await.is_empty());
}

#[tokio::test]
async fn refusals_carry_the_vendors_code() {
    let world = World::new(KIND).await;
    let offers = world.find(1).await.expect("offers");
    world.vendor().faults.script([Fault::Refuse]);
    let id = OrderId("1".repeat(32));
    let error = world.order(&id, &offers).await.expect_err("refused");
    assert_eq!(error.code.as_deref(), Some("21422"));
}

#[tokio::test]
async fn an_answer_about_another_number_is_not_kept() {
    let world = World::new(KIND).await;
    let offers = world.find(1).await.expect("offers");
    world.vendor().faults.script([Fault::WrongNumber]);
    let id = OrderId("1".repeat(32));
    let error = world
        .order(&id, &offers)
        .await
        .expect_err("no answer to it");
    assert_eq!(error.failure, Failure::Unknown);
}

#[tokio::test]
async fn it_sells_one_at_a_time() {
    let world = World::new(KIND).await;
    let offers = world.find(2).await.expect("offers");
    let id = OrderId("1".repeat(32));
    let error = world.order(&id, &offers).await.expect_err("two at once");
    assert_eq!(error.failure, Failure::NotSent);
    assert_eq!(world.vendor().orders(), []);
}

#[tokio::test]
async fn numbers_keep_our_order_id_as_their_name() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let id = OrderId("1".repeat(32));
    let (number, data) = world.buy(&id, offer).await;
    assert!(data["sid"].as_str().expect("a sid").starts_with("PN"));
    let orders = world.carrier().orders().expect("it orders");
    let held = orders.holds(&number).await.expect("an answer");
    assert_eq!(held.expect("ours").reference, Some(id.0));
}

#[tokio::test]
async fn a_refused_release_is_no_release() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let id = OrderId("1".repeat(32));
    let (number, data) = world.buy(&id, offer).await;
    world.vendor().faults.script([Fault::Refuse]);
    let error = world.give_back(&number, &data).await;
    assert_eq!(error.expect_err("refused").failure, Failure::Refused);
}

#[tokio::test]
async fn an_api_key_logs_in_too() {
    let settings = json!({"api_key": LOGIN.0, "api_secret": LOGIN.1, "auth_token": ""});
    let world = World::with(KIND, settings).await;
    assert_eq!(world.find(1).await.expect("offers").len(), 1);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let problem = |settings: &Value| {
        let settings = settings.as_object().expect("an object").clone();
        let settings = [("twilio".to_owned(), settings)].into();
        let error = Registry::with_settings(settings).err();
        error.expect("bad settings").to_string()
    };
    for (settings, key) in [
        (json!({}), "account_sid"),
        (json!({"account_sid": "AC1"}), "auth_token"),
        (
            json!({"account_sid": "AC1", "api_key": "SK1"}),
            "api_secret",
        ),
        (json!({"account": "AC1"}), "account"),
    ] {
        let problem = problem(&settings);
        assert!(problem.contains(key), "{problem}");
    }
}
