//! `didww` against its simulator.

use carriers::{Failure, Filters, GiveBack, OrderId, Query, Registry, Verdict};
use numbers::carrier::CarrierName;
use serde_json::{Map, Value, json};
use simulators::Fault;
use simulators::didww::{API_KEY, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "didww",
    wire: WIRE,
    settings: || json!({"api_key": API_KEY}),
    secret: "api_key",
    lists_owned: true,
    settles: true,
};

crate::contract!(KIND);

fn query(prefix: &str, country: &str, filters: Filters) -> Query {
    Query {
        prefix: prefix.to_owned(),
        country: country.to_owned(),
        national: prefix[2..].to_owned(),
        quantity: 100,
        filters,
        ..Query::default()
    }
}

fn order_id() -> OrderId {
    OrderId("1".repeat(32))
}

#[tokio::test]
async fn an_offer_is_the_cheapest_way_to_buy_that_can_be_called() {
    let world = World::new(KIND).await;
    let offer = world.find(1).await.expect("offers").remove(0);
    assert_eq!(
        Value::Object(offer.data().clone()),
        json!({
            "available_did_id": offer.number().digits(),
            "sku_id": "sku-2",
            "did_group_id": "group-1",
            "features": ["voice", "sms"],
            "locality": "San Rafael",
        })
    );
    let cost = offer.cost().expect("a cost");
    let cost = (
        cost.setup.map(|setup| setup.to_string()),
        cost.monthly.to_string(),
    );
    assert_eq!(cost, (Some("0.5".to_owned()), "2.2".to_owned()));
    let more = World::with(KIND, json!({"channels": 3})).await;
    assert_eq!(more.find(1).await.expect("offers"), [], "none has three");
}

#[tokio::test]
async fn numbers_that_need_documents_are_offered_when_they_are_wanted() {
    for (wanted, count) in [(false, 5), (true, 6)] {
        let world = World::with(KIND, json!({"needs_registration": wanted})).await;
        world.vendor().add_stock(["+14155550109".to_owned()]);
        assert_eq!(world.find(10).await.expect("offers").len(), count);
    }
}

#[tokio::test]
async fn only_what_was_looked_for_is_offered() {
    let world = World::new(KIND).await;
    // Holds the digits, but doesn't begin with them.
    world.vendor().add_stock(["+12121415555".to_owned()]);
    assert_eq!(world.find(10).await.expect("offers").len(), 5);
    let nobody = query("+3361", "FR", Filters::default());
    assert_eq!(world.ask(&nobody).await.expect("an answer"), []);
    let sms = Filters {
        features: vec!["sms".to_owned()],
        ends_with: Some("3".to_owned()),
        ..Filters::default()
    };
    let sms = world.ask(&query("+1415", "US", sms)).await;
    assert_eq!(sms.expect("offers").len(), 1);
}

#[tokio::test]
async fn what_an_order_did_not_bring_is_refused() {
    let world = World::new(KIND).await;
    let offers = world.find(2).await.expect("offers");
    world.vendor().faults.script([Fault::Partial]);
    let standing = world.order(&order_id(), &offers).await.expect("ordered");
    assert!(matches!(standing.numbers[0].1, Verdict::Ours(_)));
    assert!(matches!(standing.numbers[1].1, Verdict::Refused(_)));
}

#[tokio::test]
async fn an_answer_about_another_order_is_not_kept() {
    let world = World::new(KIND).await;
    let offers = world.find(1).await.expect("offers");
    world.vendor().faults.script([Fault::WrongNumber]);
    let error = world.order(&order_id(), &offers).await;
    assert_eq!(error.expect_err("no answer").failure, Failure::Unknown);
}

#[tokio::test]
async fn terminated_numbers_are_ours_no_more_and_can_be_bought_again() {
    let world = World::new(KIND).await;
    let orders = world.carrier().orders().expect("it orders");
    let offer = world.find(1).await.expect("offers").remove(0);
    let (number, data) = world.buy(&order_id(), offer).await;
    world.vendor().faults.script([Fault::Refuse]);
    let refused = world.give_back(&number, &data).await;
    assert_eq!(refused.expect_err("refused").failure, Failure::Refused);
    assert!(orders.holds(&number).await.expect("an answer").is_some());
    world.give_back(&number, &data).await.expect("given back");
    assert_eq!(orders.holds(&number).await.expect("an answer"), None);
    let again = world.find(1).await.expect("offers").remove(0);
    assert_eq!(*again.number(), number);
    world.buy(&OrderId("2".repeat(32)), again).await;
    assert!(orders.holds(&number).await.expect("an answer").is_some());
}

fn registry(settings: Option<Value>) -> Result<Registry, String> {
    let settings = settings.map(|settings| {
        let settings: Map<String, Value> = settings.as_object().expect("an object").clone();
        ("didww".to_owned(), settings)
    });
    let registry = Registry::with_settings(settings.into_iter().collect());
    registry.map_err(|error| error.to_string())
}

#[test]
fn it_is_a_label_until_it_is_configured() {
    let name = CarrierName::new("didww");
    let give_back = |registry: &Registry| registry.get(&name).expect("didww").give_back();
    let label = registry(None).expect("a registry");
    assert_eq!(give_back(&label), GiveBack::ByHand);
    assert!(label.get(&name).expect("didww").offers().is_none());
    let vendor = registry(Some(json!({"api_key": "x"}))).expect("a registry");
    assert_eq!(give_back(&vendor), GiveBack::ByOrder);
    assert!(vendor.get(&name).expect("didww").offers().is_some());
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    for (settings, problem) in [
        (json!({}), "'api_key' is missing"),
        (json!({"api_key": "x", "key": "y"}), "`key`"),
    ] {
        let error = registry(Some(settings)).err().expect("bad settings");
        assert!(error.contains(problem), "{error}");
    }
}
