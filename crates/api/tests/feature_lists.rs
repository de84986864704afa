//! A number's own lists of features: administrators set them, everybody who sees
//! the number sees them, in both dialects.

mod common;

use api::ApiSettings;
use common::{Answer, Harness, Holder};
use engine::Settings;
use outside::settings::AllSettings;
use serde_json::{Value, json};

const NUMBER: &str = "/+14155550101";

async fn with_number() -> Harness {
    let server = Harness::new().await;
    let made =
        json!({ "create_with_state": "in_service", "carrier_name": "inventory", "note": "x" });
    let url = server.child.numbers(NUMBER);
    let made = server.write("PUT", &server.master, &url, made).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    server
}

async fn patch(server: &Harness, who: &Holder, fields: Value) -> Answer {
    let url = server.child.numbers(NUMBER);
    server.write("PATCH", who, &url, fields).await
}

#[tokio::test]
async fn administrators_set_the_lists_of_one_number() {
    let server = with_number().await;
    let (child, master) = (&server.child, &server.master);
    let lists = json!({ "features_allowed": ["dash_e911", "sms"], "features_denied": ["knm_sms"] });
    let set = patch(&server, master, lists).await;
    assert_eq!(set.status, 200, "{:?}", set.data());
    for (dialect, e911) in [("2016", "dash_e911"), ("4.3", "e911")] {
        let url = child.numbers(NUMBER);
        let seen = server
            .call_in(dialect, "GET", &url, Some(&child.token), None)
            .await;
        let read_only = &seen.data()["_read_only"];
        assert_eq!(read_only["features_allowed"], json!([e911, "sms"]));
        assert_eq!(read_only["features_denied"], json!(["sms"]));
        assert_eq!(read_only["features_available"], json!([e911]));
        // No custom field is left of it, and the others stay.
        assert_eq!(seen.data().get("features_allowed"), None);
        assert_eq!(seen.data()["note"], "x");
        let url = child.numbers("");
        let rows = server
            .call_in(dialect, "GET", &url, Some(&child.token), None)
            .await;
        let row = &rows.data()["numbers"]["+14155550101"];
        assert_eq!(row["features_allowed"], json!([e911, "sms"]));
        assert_eq!(row["features_denied"], json!(["sms"]));
    }
    let prepend = json!({ "prepend": { "enabled": true, "name": "x" } });
    assert_eq!(patch(&server, child, prepend.clone()).await.status, 403);
    // One list goes, the other stays.
    let set = patch(&server, master, json!({ "features_allowed": [] })).await;
    let read_only = &set.data()["_read_only"];
    assert_eq!(read_only.get("features_allowed"), None);
    assert_eq!(read_only["features_denied"], json!(["sms"]));
    assert_eq!(patch(&server, child, prepend).await.status, 200);
}

#[tokio::test]
async fn others_may_send_the_lists_back_and_not_change_them() {
    let server = with_number().await;
    let (child, master) = (&server.child, &server.master);
    patch(
        &server,
        master,
        json!({ "features_denied": ["sms", "mms"] }),
    )
    .await;
    for who in [child, &server.reseller] {
        let same =
            json!({ "features_denied": ["mms", "sms"], "features_allowed": [], "note": who.id() });
        let kept = patch(&server, who, same).await;
        assert_eq!(kept.status, 200, "{:?}", kept.data());
        assert_eq!(kept.data()["note"], who.id());
        for wish in [
            json!({ "features_denied": [] }),
            json!({ "features_allowed": ["sms"], "note": "y" }),
        ] {
            let refused = patch(&server, who, wish).await;
            let (status, message, data) = refused.refusal();
            assert_eq!((status, message), (403, "forbidden"));
            let cause = data["cause"].as_str().expect("a cause");
            assert!(cause.contains("administrators"), "{cause}");
        }
        let kept = server.get(who, &child.numbers(NUMBER)).await;
        assert_eq!(kept.data()["note"], who.id());
    }
}

#[tokio::test]
async fn what_names_no_feature_is_refused() {
    let server = with_number().await;
    let wrong = json!({ "features_denied": ["teleport", "sms", "beam"] });
    let refused = patch(&server, &server.master, wrong).await;
    let (status, _, data) = refused.refusal();
    assert_eq!(status, 400);
    let cause = data["cause"].as_str().expect("a cause");
    assert!(
        cause.contains("'beam', 'teleport'") && cause.contains("outbound_cnam"),
        "{cause}"
    );
    let wrong = json!({ "features_denied": "sms", "features_allowed": [1] });
    let refused = patch(&server, &server.master, wrong).await;
    let (status, message, data) = refused.refusal();
    assert_eq!((status, message), (400, "validation error"));
    for key in ["features_denied", "features_allowed.0"] {
        assert!(data[key]["type"].is_object(), "{key}: {data}");
    }
}

/// What `[carriers.inventory.features]` says, and what the caller then gets.
#[tokio::test]
async fn messages_need_a_carrier_that_has_them() {
    let manual = json!({ "features": {
        "sms": { "enabled": true, "activation": "manual", "activation_notify_to": ["noc@example.com"] },
        "mms": { "enabled": false },
    } });
    let carriers = [("inventory".to_owned(), manual)].map(|(name, settings)| {
        let settings = settings.as_object().cloned().expect("an object");
        (name, settings)
    });
    let settings = Settings {
        carriers: AllSettings(carriers.into()),
        ..Settings::default()
    };
    let server = Harness::with(settings, ApiSettings::default()).await;
    let (child, master) = (&server.child, &server.master);
    let data = json!({ "create_with_state": "in_service", "carrier_name": "inventory" });
    let made = server
        .write("PUT", master, &child.numbers(NUMBER), data)
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    // Administrators can't have them either, whatever the number's own list says.
    let lists = json!({ "features_allowed": ["mms", "sms"] });
    let set = patch(&server, master, lists).await;
    assert_eq!(
        set.data()["_read_only"]["features_available"],
        json!(["sms"])
    );
    let mms = json!({ "mms": { "enabled": true } });
    let refused = patch(&server, master, mms.clone()).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(
        refused.refusal().2["cause"],
        "feature 'mms' is not available for number +14155550101"
    );

    for (sms, word) in [(true, "on"), (false, "off")] {
        let fields = json!({ "sms": { "enabled": sms } });
        assert_eq!(patch(&server, child, fields.clone()).await.status, 200);
        // Said once, not with every later change.
        assert_eq!(patch(&server, child, fields).await.status, 200);
        assert_eq!(
            patch(&server, child, json!({ "note": word })).await.status,
            200
        );
        let history = child.numbers(&format!("{NUMBER}/history"));
        let history = server.get(master, &history).await;
        let notes: Vec<&Value> = history
            .data()
            .as_array()
            .expect("events")
            .iter()
            .filter_map(|event| event.get("note"))
            .collect();
        let expected =
            format!("switch sms {word} for +14155550101 by hand at inventory: noc@example.com");
        assert_eq!(
            notes
                .iter()
                .filter(|note| **note == &json!(expected))
                .count(),
            1,
            "{notes:?}"
        );
    }
    // Of a carrier of which nothing is said, the lists decide alone.
    let moved = json!({ "carrier_name": "telnyx", "mms": { "enabled": true } });
    let moved = patch(&server, master, moved).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    assert_eq!(moved.data()["features"]["mms"], json!({ "enabled": true }));
    // And a number that moves to one without them loses them.
    let back = patch(
        &server,
        master,
        json!({ "carrier_name": "inventory", "mms": null }),
    )
    .await;
    assert_eq!(back.data()["features"].get("mms"), None);
}

#[test]
fn what_is_said_of_messages_is_checked_at_the_start() {
    for (name, features, said) in [
        ("inventory", json!({ "sms": {} }), "missing field `enabled`"),
        ("inventory", json!({ "fax": {} }), "unknown field `fax`"),
        (
            "local",
            json!({ "mms": { "enabled": true, "activation": "later" } }),
            "unknown variant `later`",
        ),
        (
            "teleport",
            json!({ "sms": { "enabled": true } }),
            "'teleport' is not a carrier",
        ),
        ("telnyx", json!("sms"), "in 'features'"),
    ] {
        let settings = json!({ "features": features });
        let settings = settings.as_object().cloned().expect("an object");
        let read = carriers::Registry::with_settings([(name.to_owned(), settings)].into());
        let error = read.err().expect("an error").to_string();
        assert!(error.contains(said) && error.contains(name), "{error}");
    }
}
