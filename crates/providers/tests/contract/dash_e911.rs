//! `dash_e911` against its simulator.

use providers::{Address, Checked, Failure, Standing};
use serde_json::json;
use simulators::Fault;
use simulators::dash_e911::{LOGIN, WIRE};

use crate::world::{Kind, World, address};

pub const KIND: Kind = Kind {
    name: "dash_e911",
    wire: WIRE,
    settings: || json!({"auth_username": LOGIN.0, "auth_password": LOGIN.1, "debug": false}),
    needs: &["auth_username", "auth_password"],
    candidates: 2,
    secret: "auth_password",
    has_gaps: false,
};

crate::contract!(KIND);

/// The address of the API's own document.
fn natoma() -> Address {
    Address {
        caller_name: "Valued Customer".to_owned(),
        street_address: "116 Natoma St".to_owned(),
        extended_address: Some("Apt 116".to_owned()),
        locality: "San Francisco".to_owned(),
        region: "CA".to_owned(),
        postal_code: "94105".to_owned(),
        location_id: None,
    }
}

#[tokio::test]
async fn the_corrected_address_is_what_the_vendor_has() {
    let world = World::new(KIND).await;
    let located = world.place(&natoma(), None).await;
    let wanted = json!({
        "street_address": "116 NATOMA ST",
        "extended_address": "APT 116",
        "caller_name": "Valued Customer",
        "locality": "SAN FRANCISCO",
        "latitude": "37.786861",
        "longitude": "-122.399484",
        "location_id": "27578725",
        "plus_four": "3745",
        "postal_code": "94105",
        "region": "CA",
        "status": "PROVISIONED",
        "legacy_data": {
            "house_number": "116",
            "streetname": "NATOMA ST",
            "suite": "APT 116",
        },
    });
    assert_eq!(json!(located.fields), wanted);
    assert_eq!(json!(located.keys), json!({"location_id": "27578725"}));
}

#[tokio::test]
async fn an_invalid_address_is_told_in_the_vendors_words() {
    let world = World::new(KIND).await;
    let checked = world.check(&address("1 Nowhere Ln")).await;
    let message = "Location is not geocoded".to_owned();
    assert_eq!(checked, Checked::Invalid { message });
}

#[tokio::test]
async fn a_second_line_that_dispatchers_do_not_see_whole_is_invalid() {
    let world = World::new(KIND).await;
    let long = |length| Address {
        extended_address: Some("x".repeat(length)),
        ..natoma()
    };
    assert!(matches!(world.check(&long(60)).await, Checked::Found(_)));
    let before = world.vendor().requests();
    match world.check(&long(61)).await {
        Checked::Invalid { message } => assert!(message.contains("60"), "{message}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.vendor().requests(), before);
}

#[tokio::test]
async fn errors_and_unknown_codes_of_a_check_are_errors_with_their_code() {
    let world = World::new(KIND).await;
    for (fault, code) in [
        (Fault::Refuse, "ERROR"),
        (Fault::UnknownCode, "PERHAPS"),
        (Fault::Unauthorized, "401"),
    ] {
        world.vendor().faults.script([fault]);
        let error = world.provider.check(&natoma()).await.expect_err("no");
        assert_eq!(error.code.as_deref(), Some(code));
        assert_eq!(error.failure, Failure::Refused);
    }
}

#[tokio::test]
async fn a_code_that_nobody_knows_leaves_open_whether_it_is_in_force() {
    let world = World::new(KIND).await;
    let located = world.find(&natoma()).await;
    world.vendor().faults.script_after(1, Fault::UnknownCode);
    let placed = world.try_place(&natoma(), &located, None).await;
    let error = placed.expect_err("perhaps");
    assert_eq!(
        (error.failure, error.code.as_deref()),
        (Failure::Unknown, Some("PERHAPS"))
    );
    assert_eq!(world.standing(&located).await, Standing::Nothing);
}

#[tokio::test]
async fn another_404_than_the_vendors_own_is_no_removal() {
    let world = World::with(KIND, json!({"base_url": "http://127.0.0.1:9/elsewhere"})).await;
    let error = world
        .try_remove(&serde_json::Map::new())
        .await
        .expect_err("nobody there");
    assert_eq!(error.failure, Failure::NotSent);
    // A server that knows nothing of this API.
    let other = World::new(KIND).await;
    let url = other.url("/elsewhere");
    let world = World::with(KIND, json!({ "base_url": url })).await;
    let error = world
        .try_remove(&serde_json::Map::new())
        .await
        .expect_err("not the vendor");
    assert_eq!(error.code.as_deref(), Some("404"));
}

#[tokio::test]
async fn locations_of_placements_that_failed_do_not_pile_up() {
    let world = World::new(KIND).await;
    let before = world.place(&natoma(), None).await;
    let asked = address("301 Marina Blvd");
    let found = world.find(&asked).await;
    for _ in 0..4 {
        world.vendor().faults.script_after(1, Fault::Refuse);
        let placed = world.try_place(&asked, &found, Some(&before)).await;
        assert_eq!(placed.expect_err("locked").failure, Failure::Refused);
        assert_eq!(world.in_force().as_deref(), Some("116 NATOMA ST"));
        assert_eq!(world.vendor().emergency.all(None).len(), 1);
    }
    // Nor those whose answers were lost.
    for _ in 0..4 {
        world.vendor().faults.script([Fault::ErrorAfter]);
        let placed = world.try_place(&asked, &found, Some(&before)).await;
        assert_eq!(placed.expect_err("lost").failure, Failure::Unknown);
    }
    world.place(&asked, Some(&before)).await;
    assert_eq!(world.vendor().emergency.all(None).len(), 1);
}
