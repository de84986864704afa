//! `telnyx_e911` against its simulator.

use providers::{Placed, Removal};
use serde_json::json;
use simulators::telnyx::{TOKEN, WIRE};
use simulators::{Fault, Vendor};

use crate::world::{Kind, NUMBER, World, address};

const KIND: Kind = Kind {
    name: "telnyx_e911",
    wire: WIRE,
    settings: || json!({"token": TOKEN}),
    needs: &["token"],
    candidates: 1,
    secret: "token",
    has_gaps: false,
};

crate::contract!(KIND);

fn streets(vendor: &Vendor) -> Vec<String> {
    let all = vendor.emergency.all(None).into_iter();
    all.map(|kept| kept.place.address.street).collect()
}

#[tokio::test]
async fn the_old_address_stays_until_the_new_one_is_active() {
    let world = World::new(KIND).await;
    let before = world.place(&address("301 Marina Blvd"), None).await;
    world.vendor().emergency.set_patience(3);
    let asked = address("1000 Lincoln Ave");
    let located = world.find(&asked).await;
    let placed = world.try_place(&asked, &located, Some(&before)).await;
    assert!(matches!(placed, Ok(Placed::Pending(_))), "{placed:?}");
    assert_eq!(world.in_force().as_deref(), Some("301 MARINA BLVD"));
    assert_eq!(
        streets(world.vendor()),
        ["301 MARINA BLVD", "1000 LINCOLN AVE"]
    );
    let Ok(Placed::Pending(located)) = placed else {
        return;
    };
    world.settle(located).await;
    assert_eq!(world.in_force().as_deref(), Some("1000 LINCOLN AVE"));
    assert_eq!(streets(world.vendor()), ["1000 LINCOLN AVE"]);
    assert_eq!(world.vendor().emergency.times_bared(NUMBER), 0);
}

#[tokio::test]
async fn an_address_that_could_not_be_bound_is_deleted() {
    let world = World::new(KIND).await;
    let asked = address("301 Marina Blvd");
    let located = world.find(&asked).await;
    world.vendor().faults.script_after(1, Fault::Refuse);
    world
        .try_place(&asked, &located, None)
        .await
        .expect_err("no");
    assert_eq!(streets(world.vendor()), [""; 0]);
}

#[tokio::test]
async fn a_number_that_is_not_the_accounts_is_refused_and_has_nothing_to_remove() {
    let world = World::new(KIND).await;
    world.vendor().release(NUMBER);
    let asked = address("301 Marina Blvd");
    let located = world.find(&asked).await;
    let error = world
        .try_place(&asked, &located, None)
        .await
        .expect_err("no");
    assert!(error.reason.contains(NUMBER), "{error}");
    let removed = world.try_remove(&serde_json::Map::new()).await;
    assert_eq!(removed, Ok(Removal::Done));
}
