//! The recorded answers of a running Kazoo (spec/http.md 12), one test each.
//! Where the specification rules otherwise, the ruling is what is tested.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Answer, Harness};
use serde_json::{Value, json};

const NUMBER: &str = "/%2B14155550000";

/// Asks in the dialect of the recordings, with the body as it stands.
async fn ask(server: &Harness, method: &str, rest: &str, body: Option<Value>) -> Answer {
    let path = server.child.numbers(rest);
    let token = Some(server.child.token.as_str());
    server.call_in("4.3", method, &path, token, body).await
}

async fn get(rest: &str) -> Answer {
    ask(&Harness::new().await, "GET", rest, None).await
}

fn refused(answer: &Answer, data: &Value) {
    assert_eq!(answer.refusal(), (400, "validation error", data));
}

#[tokio::test]
async fn get_absent_number() {
    let answer = get(NUMBER).await;
    let data = json!({"message": "bad identifier", "not_found": "The number could not be found"});
    assert_eq!(answer.refusal(), (404, "bad_identifier", &data));
}

#[tokio::test]
async fn search_with_short_prefix() {
    let server = Harness::new().await;
    let path = "/v2/phone_numbers?prefix=41";
    let token = Some(server.child.token.as_str());
    let answer = server.call_in("4.3", "GET", path, token, None).await;
    let message = "String must be at least 3 characters";
    let fault = json!({"message": message, "target": 3, "cause": "41", "value": "41"});
    refused(&answer, &json!({"prefix": {"minLength": fault}}));
}

#[tokio::test]
async fn search_with_long_prefix() {
    let answer = get("?prefix=41555512345").await;
    let message = "String must not be more than 10 characters";
    let text = "41555512345";
    let fault = json!({"message": message, "target": 10, "cause": text, "value": text});
    refused(&answer, &json!({"prefix": {"maxLength": fault}}));
}

#[tokio::test]
async fn search_with_long_country() {
    let answer = get("?prefix=415&country=USA").await;
    let message = "String must not be more than 2 characters";
    let fault = json!({"message": message, "target": 2, "cause": "USA", "value": "USA"});
    refused(&answer, &json!({"country": {"maxLength": fault}}));
}

#[tokio::test]
async fn search_with_quantity_that_is_no_number() {
    let server = Harness::new().await;
    let stock = ["+14155550001", "+14155550002"];
    server.stock("local", &stock).await;
    let answer = ask(&server, "GET", "?prefix=415&quantity=abc", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let rows = answer.data().as_array().expect("a list");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["number"], stock[0]);
}

#[tokio::test]
async fn empty_prefix_is_a_listing() {
    let answer = get("?prefix=").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.data()["numbers"], json!({}));
    assert_eq!(answer.body["page_size"], 0);
}

#[tokio::test]
async fn check_with_a_number_twice() {
    let numbers = json!({"data": {"numbers": ["+14155550001", "4155550001"]}});
    let answer = ask(&Harness::new().await, "POST", "/check", Some(numbers)).await;
    let fault = json!({"message": "some numbers appear twice"});
    refused(&answer, &json!({"numbers": {"uniqueItems": fault}}));
}

#[tokio::test]
async fn check_without_a_list() {
    let numbers = json!({"data": {"numbers": "x"}});
    let answer = ask(&Harness::new().await, "POST", "/check", Some(numbers)).await;
    let fault = json!({"message": "numbers must be a list"});
    refused(&answer, &json!({"numbers": {"type": fault}}));
}

#[tokio::test]
async fn put_with_every_fault_at_once() {
    let data = json!({
        "cnam": {"display_name": "sixteen letters!", "inbound_lookup": "yes"},
        "e911": {"region": "CAL"},
        "create_with_state": "foo",
    });
    let body = Some(json!({ "data": data }));
    let answer = ask(&Harness::new().await, "PUT", NUMBER, body).await;
    let states = [
        "aging",
        "available",
        "deleted",
        "discovery",
        "in_service",
        "port_in",
        "port_out",
        "released",
        "reserved",
    ];
    let missing =
        |key| json!({"required": {"message": "Field is required but missing", "value": key}});
    let faults = json!({
        "cnam.display_name": {"maxLength": {
            "message": "String must not be more than 15 characters",
            "target": 15, "cause": "sixteen letters!", "value": "sixteen letters!",
        }},
        "cnam.inbound_lookup": {"type": {
            "message": "Value did not match type(s): boolean",
            "target": "boolean", "value": "yes",
        }},
        "create_with_state": {"enum": {
            "message": "Value not found in enumerated list of values",
            "target": states, "value": "foo",
        }},
        "e911.region": {"maxLength": {
            "message": "String must not be more than 2 characters",
            "target": 2, "cause": "CAL", "value": "CAL",
        }},
        "e911.locality": missing("locality"),
        "e911.postal_code": missing("postal_code"),
        "e911.street_address": missing("street_address"),
    });
    refused(&answer, &faults);
}

/// Kazoo takes the text apart as a form and misses `data`; here JSON is JSON
/// (spec/http.md 1.7, RULE).
#[tokio::test]
async fn put_json_that_looks_like_a_form() {
    let server = Harness::new().await;
    let request = Request::put(server.child.numbers(NUMBER))
        .header("x-auth-token", &server.child.token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(r#"{"data":{"my_field":"a=b&c"}}"#))
        .expect("a good request");
    let answer = server.send(request).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.data()["my_field"], "a=b&c");
    // What is a form has no data, and the answer shows what was read.
    let request = Request::put(server.child.numbers(NUMBER))
        .header("x-auth-token", &server.child.token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("my_field=a&c"))
        .expect("a good request");
    let fault = json!({
        "message": "Field is required but missing", "value": {"my_field": "a", "c": true},
    });
    refused(
        &server.send(request).await,
        &json!({"data": {"required": fault}}),
    );
}

#[tokio::test]
async fn reserve_without_body() {
    let server = Harness::new().await;
    server.stock("local", &["+14155550000"]).await;
    let answer = ask(&server, "PUT", &format!("{NUMBER}/reserve"), None).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.data()["id"], "+14155550000");
    assert_eq!(answer.data()["state"], "reserved");
    assert_eq!(answer.data()["_read_only"]["state"], "reserved");
    assert_eq!(answer.data()["assigned_to"], server.child.id());
}

#[tokio::test]
async fn collection_with_one_that_exists() {
    let server = Harness::new().await;
    let there = json!({"data": {}});
    let made = ask(&server, "PUT", "/%2B14155550409", Some(there)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let body = json!({
        "data": {"numbers": ["+14155550001", "+14155550409"]}, "accept_charges": true,
    });
    let answer = ask(&server, "PUT", "/collection", Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.body["status"], "success");
    let mut data = answer.data().clone();
    let success = data["success"].take();
    assert_eq!(success["+14155550001"]["id"], "+14155550001");
    assert_eq!(success.as_object().map(serde_json::Map::len), Some(1));
    let exists = json!({
        "code": 409, "error": "number_exists", "cause": "+14155550409",
        "message": "number +14155550409 already exists",
    });
    let expected = json!({"success": null, "error": {"+14155550409": exists}});
    assert_eq!(data, expected);
}

#[tokio::test]
async fn classify_a_number() {
    let answer = get("/classifiers/4158867900").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let data = json!({
        "regex": "^(\\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})$",
        "friendly_name": "US DID",
        "pretty_print": "SS(###) ### - ####",
        "e164": "+14158867900",
        "number": "4158867900",
        "name": "did_us",
    });
    let mut answered = answer.data().clone();
    // What Kazoo has not: libphonenumber's view.
    let metadata = answered.as_object_mut().unwrap().remove("metadata");
    assert_eq!(metadata.unwrap()["country"], "US");
    assert_eq!(answered, data);
}

/// Kazoo wants `data`; the document of 2016 sends `{}` (spec/http.md 1.6,
/// RULE).
#[tokio::test]
async fn activate_with_an_empty_object() {
    let server = Harness::new().await;
    server.stock("local", &["+14155550000"]).await;
    let rest = format!("{NUMBER}/activate");
    let answer = ask(&server, "PUT", &rest, Some(json!({}))).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.data()["state"], "in_service");
    assert_eq!(answer.data()["assigned_to"], server.child.id());
    // An object that says something but has no data is none.
    let answer = ask(&server, "PUT", &rest, Some(json!({"a": 1}))).await;
    let fault = json!({"message": "Field is required but missing", "value": {"a": 1}});
    refused(&answer, &json!({"data": {"required": fault}}));
}

#[tokio::test]
async fn a_page_of_numbers() {
    let server = Harness::new().await;
    let made = ask(&server, "PUT", NUMBER, Some(json!({"data": {}}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let answer = ask(&server, "GET", "", None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["page_size"], 1);
    let revision = answer.body["revision"].as_str().expect("a revision");
    assert_eq!(
        answer.header("etag"),
        Some(format!("\"{revision}\"").as_str())
    );
    assert_eq!(
        answer.data()["numbers"]["+14155550000"]["state"],
        "reserved"
    );
    assert_eq!(answer.data()["cascade_quantity"], 0);
    // The first page of one.
    for key in ["start_key", "next_start_key"] {
        assert_eq!(answer.body.get(key), None, "{key}");
    }
}

#[tokio::test]
async fn account_id_of_another_length() {
    let server = Harness::new().await;
    for id in ["X", &"a".repeat(31), &"a".repeat(33)] {
        let path = format!("/v2/accounts/{id}/phone_numbers");
        let token = Some(server.child.token.as_str());
        let answer = server.call_in("4.3", "GET", &path, token, None).await;
        let data = json!({"message": format!("invalid account_id '{id}'")});
        assert_eq!(answer.refusal(), (404, "bad identifier", &data));
    }
}
