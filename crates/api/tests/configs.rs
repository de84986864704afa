//! An account's own number manager settings: set by administrators, in force
//! for those below a reseller.

mod common;

use common::Harness;
use serde_json::{Value, json};

const NUMBER: &str = "/+14155550101";

async fn available(server: &Harness) -> Vec<String> {
    let child = &server.child;
    let number = server.get(child, &child.numbers(NUMBER)).await;
    let features = number.data()["_read_only"]["features_available"].as_array();
    let names = features.expect("a list").iter();
    names
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn a_reseller_denies_features_to_those_below() {
    let server = Harness::new().await;
    let (child, master) = (&server.child, &server.master);
    let created = json!({ "create_with_state": "in_service" });
    server
        .write("PUT", child, &child.numbers(NUMBER), created)
        .await;
    assert!(available(&server).await.contains(&"prepend".to_owned()));

    let settings = server.reseller.url("/configs/number_manager");
    let denied = json!({ "features": { "deny": ["prepend", "ringback"] } });
    let set = server
        .write("POST", master, &settings, denied.clone())
        .await;
    assert_eq!((set.status.as_u16(), set.data()), (200, &denied));
    assert_eq!(
        server.get(&server.reseller, &settings).await.data(),
        &denied
    );
    let left = available(&server).await;
    assert!(
        !left
            .iter()
            .any(|name| name == "prepend" || name == "ringback"),
        "{left:?}"
    );
    let asked = json!({ "prepend": { "enabled": true, "name": "x" } });
    let refused = server
        .write("PATCH", child, &child.numbers(NUMBER), asked)
        .await;
    assert_eq!(refused.status, 403);

    let removed = json!({ "features": null, "cnam_provider": "knm_cnam_notifier" });
    let set = server.write("PATCH", master, &settings, removed).await;
    assert_eq!(set.data(), &json!({ "cnam_provider": "knm_cnam_notifier" }));
    assert!(available(&server).await.contains(&"prepend".to_owned()));
    let set = server
        .call("DELETE", &settings, Some(&master.token), None)
        .await;
    assert_eq!(set.data(), &json!({}));
}

#[tokio::test]
async fn what_cannot_be_used_is_named_all_at_once() {
    let server = Harness::new().await;
    let settings = server.reseller.url("/configs/number_manager");
    let wrong = json!({
        "features": { "deny": ["teleport"] }, "e911_provider": "nobody", "colour": 1,
        "carrier_modules": ["lokal"], "prices": { "phone_numbers": 3 },
        "local_feature_override": "yes", "classifiers": 7,
    });
    let refused = server.write("POST", &server.master, &settings, wrong).await;
    let (status, message, data) = refused.refusal();
    assert_eq!((status, message), (400, "validation error"));
    for key in [
        "features",
        "e911_provider",
        "colour",
        "carrier_modules",
        "prices",
        "local_feature_override",
        "",
    ] {
        assert_ne!(
            data.get(key).unwrap_or(&Value::Null),
            &Value::Null,
            "{key}: {data}"
        );
    }
    assert_eq!(
        server.get(&server.master, &settings).await.data(),
        &json!({})
    );
}
