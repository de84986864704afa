//! `other` against its simulator.

use std::time::Duration;

use carriers::{Filters, Query};
use outside::patience::within;
use serde_json::json;
use simulators::other::{TOKEN, WIRE};
use tokio::net::TcpListener;

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

/// Who leaves isn't the carrier's fault, however often and however late.
#[tokio::test(start_paused = true)]
async fn clients_who_leave_shut_no_carrier_and_our_own_patience_does() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let world = World::with(KIND, json!({"base_url": url, "timeout_ms": 30_000})).await;
    let long = Duration::from_secs(9);
    for _ in 0..9 {
        let left = tokio::time::timeout(long, world.find(1)).await;
        assert!(left.is_err(), "{left:?}");
        // Nor is it that a search is in a hurry.
        let hurried = within(Duration::from_millis(300), world.find(1)).await;
        assert!(hurried.is_none(), "{hurried:?}");
    }
    for _ in 0..5 {
        let waited = within(long, world.find(1)).await;
        assert!(waited.is_none(), "{waited:?}");
    }
    let shut = within(long, world.find(1))
        .await
        .expect("an answer at once");
    let shut = shut.expect_err("it is left alone");
    assert!(shut.reason.contains("left alone"), "{shut:?}");
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
    // A phonebook keeps countries apart: each is asked about its own.
    let (london, paris) = ("+442079460001", "+33199000001");
    world.vendor().add_stock([london.to_owned()]);
    let asked = [paris, "+14155550101", london].map(|number| number.parse().expect("a number"));
    assert_eq!(
        offers.check(&asked).await.expect("an answer"),
        [false, true, true]
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
