//! `simwood` against its simulator.

use std::collections::BTreeMap;

use carriers::{Failure, Filters, OrderId, Query, Registry};
use serde_json::{Value, json};
use simulators::Fault;
use simulators::simwood::{ACCOUNT, LOGIN, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "simwood",
    wire: WIRE,
    settings: || {
        json!({
            "simwood_account_id": ACCOUNT,
            "auth_username": LOGIN.0,
            "auth_password": LOGIN.1,
        })
    },
    secret: "auth_password",
    lists_owned: true,
    settles: true,
};

crate::contract!(KIND);

fn query(prefix: &str, filters: Filters) -> Query {
    Query {
        prefix: prefix.to_owned(),
        national: prefix[2..].to_owned(),
        quantity: 100,
        filters,
        ..Query::default()
    }
}

async fn found(world: &World, query: &Query) -> Vec<String> {
    let offers = world.ask(query).await.expect("offers");
    offers
        .iter()
        .map(|offer| offer.number().to_string())
        .collect()
}

#[tokio::test]
async fn a_country_is_named_so_that_no_other_is_searched() {
    let world = World::new(KIND).await;
    // What a pattern without its country code would find.
    let british = ["+44415555010", "+442079460101"];
    world.vendor().add_stock(british.map(str::to_owned));
    let american = found(&world, &query("+1415", Filters::default())).await;
    assert!(american.iter().all(|number| number.starts_with("+1415")));
    assert_eq!(american.len(), 5);
    let london = Query {
        national: "20".to_owned(),
        ..query("+4420", Filters::default())
    };
    assert_eq!(found(&world, &london).await, ["+442079460101"]);
    let french = query("+331", Filters::default());
    assert!(found(&world, &french).await.is_empty());
}

#[tokio::test]
async fn ends_are_sent_and_features_sorted_out_here() {
    let world = World::new(KIND).await;
    // More than the vendor gives at once stand before what is looked for.
    let many = (0..=100).map(|n| format!("+1415555{n:04}"));
    world.vendor().add_stock(many);
    let end = Filters {
        ends_with: Some("0104".to_owned()),
        ..Filters::default()
    };
    assert_eq!(found(&world, &query("+1415", end)).await, ["+14155550104"]);
    let sms = Filters {
        features: vec!["sms".to_owned()],
        ends_with: Some("101".to_owned()),
        ..Filters::default()
    };
    assert_eq!(found(&world, &query("+1415", sms)).await, ["+14155550101"]);
}

#[tokio::test]
async fn a_refusal_in_the_body_of_a_200_is_a_refusal() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    world.vendor().faults.script([Fault::Refuse]);
    let id = OrderId("1".repeat(32));
    let error = world.order(&id, &[offer]).await.expect_err("refused");
    assert_eq!(error.failure, Failure::Refused);
    assert_eq!(error.reason, "Told");
}

#[tokio::test]
async fn a_refused_release_of_a_number_of_ours_is_an_error() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, data) = world.buy(&OrderId("1".repeat(32)), offer).await;
    world.vendor().faults.script([Fault::Refuse]);
    let error = world.give_back(&number, &data).await;
    let error = error.expect_err("refused");
    assert_eq!(
        (error.failure, error.reason.as_str()),
        (Failure::Refused, "not now")
    );
}

fn problem(change: impl FnOnce(&mut Value)) -> Option<String> {
    let mut settings = (KIND.settings)();
    change(&mut settings);
    let settings = settings.as_object().cloned().unwrap_or_default();
    let blocks = BTreeMap::from([("simwood".to_owned(), settings)]);
    let registry = Registry::with_settings(blocks);
    registry.err().map(|error| error.to_string())
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for key in ["simwood_account_id", "auth_username", "auth_password"] {
        let problem = problem(|settings| settings[key] = json!("")).expect(key);
        assert!(problem.contains(key), "{problem}");
    }
    let unknown = problem(|settings| settings["account"] = json!("1"));
    assert!(unknown.expect("unknown").contains("account"));
    let place = problem(|settings| settings["numbers_api_url"] = json!("https://example.com"));
    assert!(place.expect("no /numbers").contains("numbers_api_url"));
    let kazoo = "https://api.simwood.com/v3/numbers";
    assert_eq!(
        problem(|settings| settings["numbers_api_url"] = json!(kazoo)),
        None
    );
    assert_eq!(problem(|settings| settings["tier"] = json!("gold")), None);
}
