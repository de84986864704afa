//! The documented limits of a number's fields (spec/http.md 6.1, and what
//! emergency services take): each to the letter, and all that is wrong at once.

mod common;

use std::collections::BTreeMap;

use common::Harness;
use serde_json::{Map, Value, json};

/// Fields that take any text.
const TEXTS: [&str; 28] = [
    "e911.activated_time",
    "e911.latitude",
    "e911.legacy_data.house_number",
    "e911.legacy_data.predirectional",
    "e911.legacy_data.streetname",
    "e911.legacy_data.suite",
    "e911.locality",
    "e911.location_id",
    "e911.longitude",
    "e911.plus_four",
    "e911.postal_code",
    "e911.street_address",
    "porting.billing_account_id",
    "porting.billing_extended_address",
    "porting.billing_locality",
    "porting.billing_name",
    "porting.billing_postal_code",
    "porting.billing_region",
    "porting.billing_street_address",
    "porting.billing_telephone_number",
    "porting.customer_contact",
    "porting.port_id",
    "porting.requested_port_date",
    "porting.service_provider",
    "prepend.name",
    "prepend.number",
    "ringback.early",
    "ringback.transfer",
];

/// Path, rule, the most or least that is right, and what is just wrong.
fn limits() -> Vec<(&'static str, &'static str, Value, Value)> {
    let text = |length: usize| Value::String("x".repeat(length));
    let mut limits = vec![
        ("carrier_name", "minLength", text(1), text(0)),
        ("carrier_name", "maxLength", text(30), text(31)),
        ("cnam.display_name", "minLength", text(1), text(0)),
        ("cnam.display_name", "maxLength", text(15), text(16)),
        ("cnam.inbound_lookup", "type", json!(true), json!("yes")),
        ("create_with_state", "enum", json!("reserved"), json!("foo")),
        ("e911.region", "minLength", json!("CA"), json!("C")),
        ("e911.region", "maxLength", json!("CA"), json!("CAL")),
        ("e911.caller_name", "minLength", text(3), text(2)),
        ("e911.extended_address", "maxLength", text(60), text(61)),
        ("e911.status", "enum", json!("GEOCODED"), json!("geocoded")),
        (
            "e911.notification_contact_emails.0",
            "wrong_format",
            json!("a@example.com"),
            json!("nobody"),
        ),
        ("porting.comments.0", "type", json!("soon"), json!(5)),
        (
            "failover.e164",
            "pattern",
            json!("+14155550109"),
            json!("(415) 555-0109"),
        ),
        (
            "failover.sip",
            "pattern",
            json!("sip:desk@example.com"),
            json!("desk@example.com"),
        ),
        ("force_outbound", "type", json!(false), json!("perhaps")),
        ("mms.enabled", "type", json!(true), json!(1)),
        ("sms.enabled", "type", json!(false), json!("on")),
        ("prepend.enabled", "type", json!(true), json!("yes")),
        ("features_allowed.0", "type", json!("sms"), json!({})),
        ("features_denied.0", "type", json!("sms"), json!([])),
    ];
    limits.extend(TEXTS.map(|path| (path, "type", json!("1"), json!({ "a": 1 }))));
    limits
}

/// Puts a value at a path whose parts are members, or the first element.
fn put(data: &mut Value, path: &str, value: Value) {
    let mut place = data;
    let mut parts = path.split('.').peekable();
    while let Some(part) = parts.next() {
        if part == "0" {
            *place = json!([value]);
            return;
        }
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[part];
        if parts.peek().is_none() {
            *place = value;
            return;
        }
    }
}

/// Each fault's path with its rules.
fn faults(data: &Value) -> BTreeMap<String, Vec<String>> {
    let paths = data.as_object().into_iter().flatten();
    let rules = |rules: &Map<String, Value>| rules.keys().cloned().collect();
    paths
        .map(|(path, at)| (path.clone(), at.as_object().map(rules).unwrap_or_default()))
        .collect()
}

fn address() -> Value {
    json!({ "locality": "SF", "postal_code": "94105", "region": "CA", "street_address": "1 A St" })
}

#[tokio::test]
async fn each_limit_is_exact() {
    let server = Harness::new().await;
    let url = server.child.numbers("/+14155550101");
    for (path, rule, right, wrong) in limits() {
        let mut data = json!({ "e911": address() });
        put(&mut data, path, wrong);
        let refused = server.write("PUT", &server.child, &url, data.clone()).await;
        let (status, message, found) = refused.refusal();
        assert_eq!((status, message), (400, "validation error"), "{path}");
        let expected = BTreeMap::from([(path.to_owned(), vec![rule.to_owned()])]);
        assert_eq!(faults(found), expected, "{data}");
        assert!(found[path][rule]["message"].is_string(), "{found}");

        put(&mut data, path, right);
        let taken = server.write("PUT", &server.child, &url, data.clone()).await;
        // Whatever else is refused of it: not its form.
        assert_ne!(taken.body["message"], "validation error", "{data}");
    }
}

/// What switches a feature off is never wrong, however a client says it; and a
/// number in no form but digits is a way to somebody.
#[tokio::test]
async fn what_is_empty_is_within_the_limits() {
    let server = Harness::new().await;
    let url = server.child.numbers("/+14155550101");
    for data in [
        json!({ "failover": null, "force_outbound": null, "mms": null, "prepend": null }),
        json!({ "failover": {}, "mms": {}, "prepend": {}, "ringback": {}, "sms": {} }),
        json!({ "failover": { "e164": "", "sip": null }, "ringback": { "early": "" } }),
        json!({ "failover": { "e164": "4155550109", "sip": "SIPS:[2001:db8::1]:5061" } }),
        json!({ "prepend": { "enabled": "true", "name": null, "mine": [1] } }),
        json!({ "im": [1], "sms": { "enabled": "false" } }),
    ] {
        for method in ["PUT", "POST", "PATCH"] {
            let answer = server
                .write(method, &server.child, &url, data.clone())
                .await;
            assert_ne!(answer.body["message"], "validation error", "{data}");
        }
    }
    for wrong in [
        json!({ "e164": "+1415555010900000" }),
        json!({ "e164": 14_155_550_109_u64 }),
        json!({ "sip": "sip:" }),
        json!({ "sip": "sip:a b" }),
        json!({ "sip": "tel:+14155550109" }),
        json!("+14155550109"),
    ] {
        let data = json!({ "failover": wrong });
        let answer = server.write("PATCH", &server.child, &url, data).await;
        assert_eq!(answer.body["message"], "validation error", "{wrong}");
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_said_at_once() {
    let server = Harness::new().await;
    let (child, master) = (&server.child, &server.master);
    let one = child.numbers("/+14155550101");
    let many = child.numbers("/collection");
    for kind in ["e911", "dash_e911"] {
        let mut data = json!({ "numbers": ["+14155550101", "+14155550102"] });
        let mut expected = BTreeMap::new();
        // The later of two limits of one field stands.
        for (path, rule, _, wrong) in limits() {
            let path = path.replacen("e911", kind, 1);
            put(&mut data, &path, wrong);
            expected.insert(path, vec![rule.to_owned()]);
        }
        for (method, path) in [
            ("PUT", &one),
            ("POST", &one),
            ("PATCH", &one),
            ("PUT", &many),
        ] {
            let mut data = data.clone();
            if *path == one {
                data.as_object_mut().expect("members").remove("numbers");
            }
            let refused = server.write(method, master, path, data).await;
            let (status, message, found) = refused.refusal();
            assert_eq!(
                (status, message),
                (400, "validation error"),
                "{method} {path}"
            );
            assert_eq!(faults(found), expected, "{method} {path}");
        }
        // What is missing, too.
        let data = json!({ kind: { "caller_name": "x" }, "cnam": { "display_name": "" } });
        let refused = server.write("PUT", child, &one, data).await;
        let mut expected: BTreeMap<_, _> = ["locality", "postal_code", "region", "street_address"]
            .map(|name| (format!("{kind}.{name}"), vec!["required".to_owned()]))
            .into();
        expected.insert(format!("{kind}.caller_name"), vec!["minLength".to_owned()]);
        expected.insert("cnam.display_name".to_owned(), vec!["minLength".to_owned()]);
        assert_eq!(faults(refused.data()), expected);
    }
    // Nothing of it was kept.
    let rows = server.get(child, &child.numbers("")).await;
    assert_eq!(rows.data()["numbers"], json!({}));
}
