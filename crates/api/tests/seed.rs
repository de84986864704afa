//! The document that the API began with (2016): every line and every example
//! of it, with the placeholders filled.

mod common;

use api::dialect::Dialect;
use axum::body::Body;
use axum::http::Request;
use common::{Answer, Harness};
use serde_json::{Value, json};

/// Every member of the example is there, with a value of the same kind; lists
/// are as long, member by member. Members beyond the example are allowed.
fn assert_like(example: &Value, actual: &Value, path: &str) {
    match (example, actual) {
        (Value::Object(example), Value::Object(actual)) => {
            for (key, value) in example {
                let found = actual.get(key);
                let found = found.unwrap_or_else(|| panic!("{path}.{key} is missing"));
                assert_like(value, found, &format!("{path}.{key}"));
            }
        }
        (Value::Array(example), Value::Array(actual)) => {
            assert_eq!(example.len(), actual.len(), "{path}");
            for (index, (example, actual)) in example.iter().zip(actual).enumerate() {
                assert_like(example, actual, &format!("{path}[{index}]"));
            }
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Null, Value::Null) => {}
        _ => panic!("{path}: {actual} is not of the kind of {example}"),
    }
}

/// The members of an object, sorted.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// The envelope of a success without a revision.
fn assert_undefined_revision(answer: &Answer) {
    assert_eq!(answer.body["revision"], "undefined", "{}", answer.text);
    assert_eq!(answer.body["status"], "success");
}

#[tokio::test]
async fn every_line_of_the_document_is_a_route() {
    let text = document();
    let mut lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("> "))
        .map(str::trim)
        .collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 19, "{lines:?}");
    let server = Harness::new().await;
    for line in lines {
        let (method, template) = line.split_once(' ').expect("a verb and a path");
        let path = template
            .replace("{PREFIX}", "415")
            .replace("{QUANTITY}", "2")
            .replace("{OFFSET}", "0")
            .replace("{ACCOUNT_ID}", server.child.id())
            .replace("{PHONENUMBER}", "%2B14155555555");
        let token = Some(server.child.token.as_str());
        let answer = server.call(method, &path, token, None).await;
        let message = answer.body["message"].as_str();
        let is_routed = answer.status.as_u16() != 405 && message != Some("not_found");
        assert!(is_routed, "{line}: {}", answer.text);
        // The same under the version before.
        let old = path.replacen("/v2/", "/v1/", 1);
        let again = server.call(method, &old, token, None).await;
        assert_ne!(again.status.as_u16(), 405, "{line}: {}", again.text);
    }
}

fn document() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/phone_numbers_2016.md"
    );
    std::fs::read_to_string(path).expect("the document is in the repository")
}

#[tokio::test]
async fn search_for_numbers() {
    let server = Harness::new().await;
    let numbers = ["+14152338397", "+14152338421", "+14152338500"];
    server.stock("local", &numbers).await;
    let path = "/v2/phone_numbers?prefix=415&quantity=2&offset=0";
    let answer = server.get(&server.child, path).await;
    assert_eq!(answer.status, 200);
    assert_undefined_revision(&answer);
    let row = |number: &str, formatted: &str| {
        json!({
            "e164": number,
            "formatted_number": formatted,
            "npa_nxx": "415233",
            "number": number,
            "number_id": "4AA418FB-3409-4340-8210-E7EAFE2AB118",
            "rate_center": {"lata": "722", "name": "SAN RAFAEL", "state": "CA"},
            "status": "Available",
            "ten_digit": &number[2..],
        })
    };
    let example = json!([
        row(numbers[0], "1-415-233-8397"),
        row(numbers[1], "1-415-233-8421"),
    ]);
    assert_like(&example, answer.data(), "data");
    for (example, actual) in example
        .as_array()
        .into_iter()
        .flatten()
        .zip(answer.data().as_array().into_iter().flatten())
    {
        for (key, value) in example.as_object().expect("a row") {
            if key != "number_id" {
                assert_eq!(&actual[key], value, "{key}");
            }
        }
        assert_eq!(actual["number_id"].as_str().map(str::len), Some(36));
    }
    let next = "/v2/phone_numbers?prefix=415&quantity=2&offset=2";
    let next = server.get(&server.child, next).await;
    assert_eq!(next.data()[0]["number"], numbers[2]);
    assert_eq!(next.data().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn list_an_accounts_numbers() {
    let server = Harness::new().await;
    for number in ["/+14155555555", "/+14158865100"] {
        let path = server.child.numbers(number);
        let data = json!({"create_with_state": "in_service"});
        let made = server.write("PUT", &server.child, &path, data).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let answer = server.get(&server.child, &server.child.numbers("")).await;
    assert_eq!(answer.status, 200);
    let row = json!({
        "assigned_to": server.child.id(), "created": 63_602_230_185_u64, "features": {},
        "state": "in_service", "updated": 63_602_230_212_u64, "used_by": "",
    });
    let example = json!({
        "casquade_quantity": 0,
        "cascade_quantity": 0,
        "numbers": {"+14155555555": row, "+14158865100": row},
    });
    assert_like(&example, answer.data(), "data");
    assert_eq!(
        keys(&answer.data()["numbers"]),
        ["+14155555555", "+14158865100"]
    );
    let first = &answer.data()["numbers"]["+14155555555"];
    assert_eq!(first["assigned_to"], server.child.id());
    assert_eq!(first["used_by"], "");
    let revision = answer.body["revision"].as_str().expect("a revision");
    assert_ne!(revision, "undefined");
    // The filters that the document names.
    let none = server.child.numbers("?filter_state=reserved");
    let none = server.get(&server.child, &none).await;
    assert_eq!(none.data()["numbers"], json!({}));
    let all = server.child.numbers("?created_from=63627345744");
    let all = server.get(&server.child, &all).await;
    assert_eq!(keys(&all.data()["numbers"]).len(), 2);
    // The other dialect.
    let (path, token) = (server.child.numbers(""), Some(server.child.token.as_str()));
    let newer = server.call_in("4.3", "GET", &path, token, None).await;
    let row = &newer.data()["numbers"]["+14155555555"];
    assert!(row["features"].is_array(), "{row}");
    assert_eq!(row.get("used_by"), None);
}

#[tokio::test]
async fn one_number() {
    let server = Harness::new().await;
    let path = server.child.numbers("/%2B14155555555");
    let token = Some(server.child.token.as_str());
    let absent = server.get(&server.child, &path).await;
    let not_found = json!({
        "message": "bad identifier", "not_found": "The number could not be found",
    });
    assert_eq!(absent.refusal(), (404, "bad_identifier", &not_found));
    let data = json!({"my_own_field": {}});
    let made = server.write("PUT", &server.child, &path, data).await;
    assert_eq!(made.status, 201);
    let answer = server.get(&server.child, &path).await;
    assert_eq!(answer.status, 200);
    assert_undefined_revision(&answer);
    assert_eq!(answer.body["auth_token"], server.child.token.as_str());
    let example = json!({
        "id": "+14155555555", "my_own_field": {}, "assigned_to": "x", "created": 1,
        "features": {}, "state": "in_service", "updated": 1,
    });
    assert_like(&example, answer.data(), "data");
    assert_eq!(answer.data()["id"], "+14155555555");
    assert_eq!(answer.data()["my_own_field"], json!({}));
    // Not for those who may not read it.
    let other = server.stranger.numbers("/%2B14155555555");
    let other = server.get(&server.stranger, &other).await;
    assert_eq!(other.refusal(), (404, "bad_identifier", &not_found));
    // The other dialect.
    let newer = server.call_in("4.3", "GET", &path, token, None).await;
    assert!(newer.data()["features"].is_array());
    assert_eq!(newer.body.get("revision"), None);
    assert_eq!(
        newer.data()["_read_only"]["created"],
        newer.data()["created"]
    );
}

#[tokio::test]
async fn add_a_number() {
    let server = Harness::new().await;
    // As the document's curl sends it: JSON under a form's content type.
    let path = server.child.numbers("/%2B14242424248");
    let request = Request::put(&path)
        .header("X-Auth-Token", &server.child.token)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(Body::from(r#"{"data": {"my_field": "my value"}}"#))
        .expect("a good request");
    let answer = server.send(request).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_undefined_revision(&answer);
    let data = answer.data();
    let example = json!({
        "assigned_to": "x", "created": 1, "my_field": "my value", "id": "+14242424248",
        "state": "reserved", "updated": 1,
    });
    assert_like(&example, data, "data");
    assert_eq!(data["assigned_to"], server.child.id());
    assert_eq!(data["my_field"], "my value");
    assert_eq!(data["id"], "+14242424248");
    assert_eq!(data["state"], "reserved");
    assert_eq!(data["created"], data["updated"]);
    let created = data["created"].as_u64().expect("Gregorian seconds");
    assert!((63_900_000_000..66_000_000_000).contains(&created));

    let again = server.write("PUT", &server.child, &path, json!({})).await;
    let exists = json!({
        "cause": "+14242424248", "code": 409, "error": "number_exists",
        "message": "number +14242424248 already exists",
    });
    assert_eq!(again.refusal(), (409, "number_exists", &exists));
}

#[tokio::test]
async fn add_a_number_without_the_right_to() {
    let server = Harness::new().await;
    let path = server.stranger.numbers("/%2B14242424246");
    let token = Some(server.stranger.token.as_str());
    let answer = server.call("PUT", &path, token, None).await;
    let data = json!({
        "message": "unknown failure",
        "unauthorized": "Not authorized to perform requested number operation",
    });
    assert_eq!(answer.refusal(), (500, "unauthorized", &data));
    let newer = server.call_in("4.3", "PUT", &path, token, None).await;
    assert_eq!(newer.status, 403);
    assert_eq!(newer.body["message"], "forbidden");
    assert_eq!(newer.data()["code"], 403);
    assert_eq!(newer.data()["error"], "forbidden");
}

#[tokio::test]
async fn check_locality_and_prefix() {
    let server = Harness::new().await;
    server.stock("local", &["+14159383408"]).await;
    let numbers = json!({"numbers": ["+14159383408", "+14156715576"]});
    let path = server.child.numbers("/check");
    let answer = server
        .write("POST", &server.child, &path, numbers.clone())
        .await;
    assert_eq!(answer.status, 200);
    assert_undefined_revision(&answer);
    assert_eq!(
        answer.data(),
        &json!({"+14159383408": "success", "+14156715576": "error"})
    );

    let path = server.child.numbers("/locality");
    let answer = server.write("POST", &server.child, &path, numbers).await;
    assert_eq!(answer.status, 200);
    assert_eq!(keys(answer.data()), ["+14156715576", "+14159383408"]);
    let example = json!({
        "country": "US", "number": "x", "e164_number": "x",
        "geocode": {"locality": "California"},
        "locality": {
            "locality": "San Francisco", "province": "CA", "postal_code": null,
            "extended_postal_code": null,
        },
        "carrier": {"company": null},
        "status": "success",
    });
    assert_like(&example, &answer.data()["+14159383408"], "data");

    let path = server.child.numbers("/prefix?city=san%20rafael");
    let answer = server.get(&server.child, &path).await;
    let cities = json!({"San Rafael": {"state": "CA", "prefixes": ["415"]}});
    assert_eq!(answer.data(), &cities, "{}", answer.text);
    let without = server.child.numbers("/prefix");
    let without = server.get(&server.child, &without).await;
    assert_eq!(
        (without.status.as_u16(), &without.body["message"]),
        (404, &json!("bad_identifier"))
    );
}

#[tokio::test]
async fn classifiers() {
    let server = Harness::new().await;
    let path = server.child.numbers("/classifiers");
    let answer = server.get(&server.child, &path).await;
    assert_eq!(answer.status, 200);
    let order: Vec<&String> = answer.data().as_object().expect("a map").keys().collect();
    assert_eq!(
        order,
        [
            "tollfree_us",
            "toll_us",
            "emergency",
            "caribbean",
            "did_us",
            "international",
            "unknown"
        ]
    );
    let rule = |regex: &str, name: &str| json!({"regex": regex, "friendly_name": name});
    let mut did = rule(r"^\+?1?([2-9][0-9]{2}[2-9][0-9]{6})$", "US DID");
    did["pretty_print"] = "SS(###) ### - ####".into();
    assert_eq!(answer.data()["did_us"], did);
    assert_eq!(answer.data()["emergency"]["regex"], "^(911)$");
    assert_eq!(answer.data()["unknown"], rule("^(.*)$", "Unknown"));
    assert_eq!(
        answer.data()["international"],
        rule(r"^(011\d*)$|^(00\d*)$", "International")
    );
    let expected = json!({
        "regex": r"^\+?1?([2-9][0-9]{2}[2-9][0-9]{6})$",
        "friendly_name": "US DID",
        "pretty_print": "SS(###) ### - ####",
        "e164": "+14158867900",
        "number": "4158867900",
        "name": "did_us",
    });
    let path = server.child.numbers("/classifiers/4158867900");
    let one = server.get(&server.child, &path).await;
    assert_eq!(one.data(), &expected);
    // As the document's curl asks it: no account, no token.
    let request = Request::get("/v2/phone_numbers/classifiers/4158867900")
        .header("Content-Type", "application/json")
        .body(Body::empty())
        .expect("a good request");
    let open = server.send(request).await;
    assert_eq!(open.status, 200);
    assert_eq!(open.data(), &expected);
    assert_eq!(open.body["auth_token"], "");
    assert_undefined_revision(&open);
    let path = "/v2/phone_numbers/classifiers/4158867900";
    let newer = server.call_in("4.3", "GET", path, None, None).await;
    assert_eq!(newer.body.get("auth_token"), None);
    assert_eq!(
        newer.data()["regex"],
        r"^(\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})$"
    );
}

#[tokio::test]
async fn fix() {
    let server = Harness::new().await;
    let number = server.child.numbers("/+14155555555");
    server.write("PUT", &server.child, &number, json!({})).await;
    let path = server.child.numbers("/fix");
    let token = Some(server.child.token.as_str());
    let answer = server.call("POST", &path, token, None).await;
    assert_eq!((answer.status.as_u16(), answer.data()), (200, &json!({})));
    assert_eq!(answer.body["status"], "success");
    let listing = server.get(&server.child, &path).await;
    assert_eq!(listing.status, 200);
    let plain = server.get(&server.child, &server.child.numbers("")).await;
    assert_eq!(listing.data(), plain.data());
    assert_eq!(keys(&listing.data()["numbers"]), ["+14155555555"]);
    let newer = server.call_in("4.3", "POST", &path, token, None).await;
    assert_eq!(keys(&newer.data()["numbers"]), ["+14155555555"]);
}

#[tokio::test]
async fn activate_reserve_identify_and_remove() {
    let server = Harness::new().await;
    let child = &server.child;
    let token = Some(child.token.as_str());
    let numbers = ["+14155550001", "+14155550002"];
    server.stock("inventory", &numbers).await;
    // `-d '{}'`: an envelope without data.
    let path = child.numbers("/+14155550001/activate");
    let answer = server.call("PUT", &path, token, Some(json!({}))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.data()["state"], "in_service");
    assert_eq!(answer.data()["assigned_to"], child.id());

    let path = child.numbers("/+14155550002/reserve");
    let answer = server.call("PUT", &path, token, None).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.data()["state"], "reserved");

    let path = child.numbers("/+14155550001/identify");
    let answer = server.get(child, &path).await;
    let holder = json!({"account_id": child.id(), "number": "+14155550001"});
    assert_eq!((answer.status.as_u16(), answer.data()), (200, &holder));

    let path = child.numbers("/+14155550001");
    let answer = server.call("DELETE", &path, token, None).await;
    assert_eq!((answer.status.as_u16(), answer.data()), (200, &json!({})));
    assert_undefined_revision(&answer);
    let path = child.numbers("/+14155550002");
    let newer = server.call_in("4.3", "DELETE", &path, token, None).await;
    assert_eq!(newer.data()["id"], "+14155550002");
    assert_eq!(newer.data()["state"], "available");
}

#[tokio::test]
async fn emergency_address_without_a_provider() {
    let server = Harness::new().await;
    server.stock("inventory", &["+14155550001"]).await;
    let path = server.child.numbers("/+14155550001");
    let activate = format!("{path}/activate");
    server
        .write("PUT", &server.child, &activate, json!({}))
        .await;
    let address = json!({
        "postal_code": "94105", "street_address": "116 NATOMA ST",
        "extended_address": "APT 116", "locality": "SAN FRANCISCO", "region": "CA",
    });
    let data = json!({"used_by": "callflow", "id": "+14155550001", "dash_e911": address});
    let token = Some(server.child.token.as_str());
    let body = Some(json!({"data": data, "accept_charges": true}));
    let answer = server.call("POST", &path, token, body.clone()).await;
    let (status, message, data) = answer.refusal();
    assert_eq!((status, message), (400, "invalid data"), "{}", answer.text);
    let invalid = &data["address"]["invalid"];
    assert_eq!(invalid["cause"], address);
    assert_eq!(invalid["provider"], "dash_e911");
    assert!(invalid["message"].is_string());
    let newer = server.call_in("4.3", "POST", &path, token, body).await;
    assert_eq!(newer.refusal().1, "validation error");
    // Nothing was stored.
    let number = server.get(&server.child, &path).await;
    assert_eq!(number.data().get("dash_e911"), None);
}

#[tokio::test]
async fn collections() {
    let server = Harness::new().await;
    let child = &server.child;
    let path = child.numbers("/collection");
    let numbers = json!(["+14155550001", "4155550002"]);
    let both = ["+14155550001", "+14155550002"];
    let made = server
        .write("PUT", child, &path, json!({"numbers": numbers, "note": 1}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(keys(made.data()), ["success"]);
    assert_eq!(keys(&made.data()["success"]), both);
    let document = &made.data()["success"]["+14155550001"];
    assert_eq!(document["state"], "reserved");
    assert_eq!(document["note"], 1);
    let changed = server
        .write(
            "POST",
            child,
            &path,
            json!({"numbers": numbers, "name": "x"}),
        )
        .await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.data()["success"][both[1]]["name"], "x");
    assert_eq!(changed.data()["success"][both[1]].get("note"), None);
    let activate = child.numbers("/collection/activate");
    let active = server
        .write("PUT", child, &activate, json!({"numbers": numbers}))
        .await;
    assert_eq!(active.status, 201);
    assert_eq!(active.data()["success"][both[0]]["state"], "in_service");
    let merged = server
        .write(
            "PATCH",
            child,
            &path,
            json!({"numbers": numbers, "more": 2}),
        )
        .await;
    assert_eq!(merged.status, 200);
    assert_eq!(merged.data()["success"][both[0]]["more"], 2);
    let removed = server
        .write("DELETE", child, &path, json!({"numbers": numbers}))
        .await;
    assert_eq!(removed.status, 200);
    assert_eq!(keys(&removed.data()["success"]), both);
    let listing = server.get(child, &child.numbers("")).await;
    assert_eq!(listing.data()["numbers"], json!({}));
}

#[tokio::test]
async fn the_default_dialect_is_configurable() {
    let settings = api::ApiSettings {
        dialect: Dialect::V43,
        ..api::ApiSettings::default()
    };
    let server = Harness::with(engine::Settings::default(), settings).await;
    let path = server.child.numbers("/+14155555555");
    let made = server.write("PUT", &server.child, &path, json!({})).await;
    assert!(made.data()["features"].is_array());
    let token = Some(server.child.token.as_str());
    let older = server.call_in("2016", "GET", &path, token, None).await;
    assert!(older.data()["features"].is_object());
}
