//! `twilio_e911` against its simulator.

use providers::{Placed, Standing};
use serde_json::json;
use simulators::Fault;
use simulators::twilio::{LOGIN, WIRE};

use crate::world::{Kind, World, address};

const KIND: Kind = Kind {
    name: "twilio_e911",
    wire: WIRE,
    settings: || json!({"account_sid": LOGIN.0, "auth_token": LOGIN.1}),
    needs: &["account_sid", "auth_token"],
    candidates: 1,
    secret: "auth_token",
    has_gaps: true,
};

crate::contract!(KIND);

#[tokio::test]
async fn an_address_that_is_refused_after_the_old_one_went_brings_that_back() {
    let world = World::new(KIND).await;
    let before = world.place(&address("301 Marina Blvd"), None).await;
    let asked = address("1000 Lincoln Ave");
    let located = world.find(&asked).await;
    // The address is made, the old one taken away, and then.
    world.vendor().faults.script_after(2, Fault::Refuse);
    let placed = world.try_place(&asked, &located, Some(&before)).await;
    placed.expect_err("refused");
    assert_eq!(world.in_force().as_deref(), Some("301 MARINA BLVD"));
}

#[tokio::test]
async fn what_is_brought_back_is_not_believed_before_the_vendor_has_it() {
    let world = World::new(KIND).await;
    let before = world.place(&address("301 Marina Blvd"), None).await;
    let asked = address("1000 Lincoln Ave");
    let located = world.find(&asked).await;
    world.vendor().faults.script_after(2, Fault::Refuse);
    world.vendor().emergency.set_patience(4);
    let placed = world.try_place(&asked, &located, Some(&before)).await;
    let Ok(Placed::Pending(mut open)) = placed else {
        panic!("{placed:?}")
    };
    assert_eq!(world.in_force(), None);
    let reason = loop {
        assert_eq!(world.in_force(), None);
        match world.standing(&open).await {
            Standing::Pending(still) => open = still,
            Standing::Failed { reason } => break reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason, "Not now");
    assert_eq!(world.in_force().as_deref(), Some("301 MARINA BLVD"));
    let standing = world.standing(&before).await;
    assert!(matches!(standing, Standing::Provisioned(_)), "{standing:?}");
}
