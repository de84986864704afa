//! `other` against its simulator.

use carriers::{Filters, Query};
use serde_json::json;
use simulators::other::{TOKEN, WIRE};

use crate::world::{Kind, World};

const KIND: Kind = Kind {
    name: "other",
    wire: WIRE,
    settings: || json!({"bearer_token": TOKEN}),
    secret: "bearer_token",
    lists_owned: true,
    settles: true,
};

crate::contract!(KIND);

#[tokio::test]
async fn blocks_are_offered_by_their_ends_and_costs_are_exact() {
    let world = World::new(KIND).await;
    let blocks = world.search(10, Some(3)).await.expect("offers");
    let ends: Vec<_> = blocks.iter().map(|offer| offer.number().as_str()).collect();
    assert_eq!(ends, ["+14155550101", "+14155550103"]);
    assert_eq!(blocks[0].data()["bulk"], true);
    assert_eq!(blocks[0].data()["end_number"], "+14155550103");
    let single = world.find(1).await.expect("offers");
    let cost = single[0].cost().expect("a cost");
    assert_eq!(
        cost.setup.map(|setup| setup.to_string()).as_deref(),
        Some("0.50")
    );
}

#[tokio::test]
async fn numbers_are_checked_before_they_are_bought() {
    let world = World::new(KIND).await;
    let offers = world.carrier().offers().expect("it searches");
    let asked = ["+14155550101", "+14155559999"].map(|number| number.parse().expect("a number"));
    assert_eq!(
        offers.check(&asked).await.expect("an answer"),
        [true, false]
    );
}

#[tokio::test]
async fn filters_that_a_phonebook_does_not_know_are_applied_here() {
    let world = World::new(KIND).await;
    let wanted = |ends_with: &str, state: &str| Query {
        prefix: "+1415".to_owned(),
        country: "US".to_owned(),
        national: "415".to_owned(),
        quantity: 10,
        filters: Filters {
            ends_with: Some(ends_with.to_owned()),
            state: Some(state.to_owned()),
            ..Filters::default()
        },
        ..Query::default()
    };
    let found = world.ask(&wanted("0103", "ca")).await.expect("offers");
    let found: Vec<_> = found.iter().map(|offer| offer.number().as_str()).collect();
    assert_eq!(found, ["+14155550103"]);
    assert_eq!(world.ask(&wanted("0103", "NY")).await, Ok(Vec::new()));
}
