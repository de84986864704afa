//! `vitelity` against its simulator.

use std::collections::BTreeMap;

use carriers::{Failure, OrderId, Registry};
use serde_json::{Value, json};
use simulators::Fault;
use simulators::vitelity::{LOGIN, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "vitelity",
    wire: WIRE,
    settings: || {
        json!({
            "login": LOGIN.0,
            "pass": LOGIN.1,
            "routesip": ["sip1.example.com", "sip2.example.com"],
            "use_stepswitch_cnam": false,
            "withrates": true,
        })
    },
    secret: "pass",
    lists_owned: true,
    settles: true,
};

crate::contract!(KIND);

#[tokio::test]
async fn what_is_told_of_a_number_is_kept_and_nothing_empty() {
    let world = World::new(KIND).await;
    let found = world.find(1).await.expect("offers");
    let told = json!({"ratecenter": "SANRAFAEL", "state": "CA"});
    assert_eq!(json!(found[0].data()), told);
}

#[tokio::test]
async fn toll_free_numbers_are_listed_and_bought_as_such() {
    let world = World::new(KIND).await;
    let stock = ["+18005550101", "+18885550101", "+18885550102"];
    world.vendor().add_stock(stock.map(str::to_owned));
    let found = world.search_for("+1888", 10).await.expect("offers");
    assert_eq!(found.len(), 2);
    let offer = found.into_iter().next().expect("an offer");
    let (number, _) = world.buy(&OrderId("1".repeat(32)), offer).await;
    assert_eq!(number.as_str(), "+18885550101");
}

#[tokio::test]
async fn nothing_found_is_no_error_and_other_countries_are_not_asked_for() {
    let world = World::new(KIND).await;
    for prefix in ["+1907", "+4420", "+14"] {
        assert_eq!(
            world.search_for(prefix, 5).await,
            Ok(Vec::new()),
            "{prefix}"
        );
    }
}

#[tokio::test]
async fn longer_prefixes_are_kept_to() {
    let world = World::new(KIND).await;
    for (prefix, count) in [("+14155", 5), ("+141555501", 5), ("+14155550103", 1)] {
        let found = world.search_for(prefix, 10).await.expect("offers");
        assert_eq!(found.len(), count, "{prefix}");
    }
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
        (Failure::Refused, "notnow")
    );
}

#[tokio::test]
async fn what_is_ours_says_what_it_costs() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, _) = world.buy(&OrderId("1".repeat(32)), offer).await;
    let orders = world.carrier().orders().expect("it orders");
    let page = orders.owned(None).await.expect("a list");
    let [owned] = &page.numbers[..] else {
        panic!("one number: {page:?}");
    };
    assert_eq!(owned.number, number);
    let cost = owned.cost.as_ref().expect("a cost");
    assert_eq!(json!(cost), json!({"currency": "USD", "monthly": "1.49"}));
}

fn problem(settings: &Value) -> Option<String> {
    let settings = settings.as_object().cloned().unwrap_or_default();
    let blocks = BTreeMap::from([("vitelity".to_owned(), settings)]);
    let registry = Registry::with_settings(blocks);
    registry.err().map(|error| error.to_string())
}

#[test]
fn plain_http_is_refused_unless_it_is_allowed() {
    let mut settings = (KIND.settings)();
    assert_eq!(problem(&settings), None);
    // As Kazoo's schema has it.
    settings["api_uri"] = json!("http://api.vitelity.net/api.php");
    let refused = problem(&settings).expect("credentials in clear");
    assert!(refused.contains("https"), "{refused}");
    settings["allow_plain_http"] = json!(true);
    assert_eq!(problem(&settings), None);
}

#[test]
fn what_is_missing_is_named() {
    for key in ["login", "pass", "routesip"] {
        let mut settings = (KIND.settings)();
        settings.as_object_mut().expect("an object").remove(key);
        let problem = problem(&settings).expect(key);
        assert!(problem.contains(key), "{problem}");
    }
}
