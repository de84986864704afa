//! Many numbers in one request, each with its own outcome.

mod common;

use api::ApiSettings;
use common::{Answer, Harness};
use engine::Settings;
use serde_json::{Map, Value, json};

/// The keys of one of the two maps.
fn keys<'a>(answer: &'a Answer, map: &str) -> Vec<&'a str> {
    answer.data()[map]
        .as_object()
        .map(|members| members.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

async fn put(server: &Harness, data: Value) -> Answer {
    let path = server.child.numbers("/collection");
    server.write("PUT", &server.child, &path, data).await
}

#[tokio::test]
async fn each_outcome_its_own() {
    let server = Harness::new().await;
    let child = &server.child;
    let taken = child.numbers("/+14155550409");
    server.write("PUT", child, &taken, json!({})).await;
    let stranger = server.stranger.numbers("/+14155550403/port");
    server
        .write("PUT", &server.stranger, &stranger, json!({}))
        .await;
    let numbers = json!([
        "+14155550001", "+14155550409", "911", "+14155550403", 4_155_550_002_u64, null, ["x"],
        {"a": 1}, true, "", "4155550003",
    ]);
    let answer = put(&server, json!({"numbers": numbers, "note": "all"})).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["status"], "success");
    assert_eq!(
        keys(&answer, "success"),
        ["+14155550001", "+14155550002", "+14155550003"]
    );
    for (number, document) in answer.data()["success"].as_object().into_iter().flatten() {
        assert_eq!(document["id"], number.as_str());
        assert_eq!(document["note"], "all");
        assert_eq!(document.get("numbers"), None);
    }
    let errors = &answer.data()["error"];
    assert_eq!(
        errors["+14155550409"],
        json!({
            "code": 409, "error": "number_exists", "cause": "+14155550409",
            "message": "number +14155550409 already exists",
        })
    );
    assert_eq!(errors["+14155550403"]["code"], 409);
    for text in ["911", "null", "[\"x\"]", "{\"a\":1}", "true", ""] {
        assert_eq!(errors[text]["code"], 404, "{text}: {errors}");
        assert_eq!(errors[text]["error"], "not_reconcilable");
    }
    assert_eq!(keys(&answer, "error").len(), 8);
    // What was said to be stored is, and nothing else.
    let rows = server.get(child, &child.numbers("")).await;
    let rows = rows.data()["numbers"].as_object().map(Map::len);
    assert_eq!(rows, Some(4));
}

#[tokio::test]
async fn all_or_none_succeeding_leaves_the_other_map_out() {
    let server = Harness::new().await;
    let one = put(&server, json!({"numbers": ["+14155550001"]})).await;
    assert_eq!(keys(&one, "success"), ["+14155550001"], "not unwrapped");
    assert_eq!(one.data().get("error"), None);
    let again = put(&server, json!({"numbers": ["+14155550001"]})).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.body["status"], "success");
    assert_eq!(again.data().get("success"), None);
    assert_eq!(keys(&again, "error"), ["+14155550001"]);
    let path = server.child.numbers("/collection");
    let absent = json!({"numbers": ["+14155550009"]});
    for method in ["POST", "PATCH", "DELETE"] {
        let answer = server
            .write(method, &server.child, &path, absent.clone())
            .await;
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.data()["error"]["+14155550009"]["error"], "not_found");
    }
}

#[tokio::test]
async fn lists_that_are_refused_as_a_whole() {
    let server = Harness::new().await;
    let paths = ["/collection", "/collection/activate", "/check", "/locality"];
    for (data, rule, text) in [
        (json!({}), "required", "list of numbers missing"),
        (json!({"numbers": null}), "type", "numbers must be a list"),
        (json!({"numbers": "x"}), "type", "numbers must be a list"),
        (
            json!({"numbers": {"a": 1}}),
            "type",
            "numbers must be a list",
        ),
        (
            json!({"numbers": []}),
            "minimum",
            "minimum 1 number required",
        ),
        (
            json!({"numbers": ["+14155550001", "4155550001"]}),
            "uniqueItems",
            "some numbers appear twice",
        ),
        (
            json!({"numbers": ["x", "x"]}),
            "uniqueItems",
            "some numbers appear twice",
        ),
        (
            json!({"numbers": ["4155550001", 4_155_550_001_u64]}),
            "uniqueItems",
            "some numbers appear twice",
        ),
    ] {
        for path in paths {
            let method = if path.starts_with("/c") && path != "/check" {
                "PUT"
            } else {
                "POST"
            };
            let url = server.child.numbers(path);
            let answer = server
                .write(method, &server.child, &url, data.clone())
                .await;
            let faults = json!({"numbers": {rule: {"message": text}}});
            assert_eq!(
                answer.refusal(),
                (400, "validation error", &faults),
                "{path} {data}"
            );
        }
    }
    // Fields are checked as they are for one number.
    let answer = put(&server, json!({"numbers": ["+14155550001"], "cnam": 1})).await;
    assert!(answer.refusal().2["cnam"]["type"].is_object());
    let rows = server.get(&server.child, &server.child.numbers("")).await;
    assert_eq!(rows.data()["numbers"], json!({}));
}

#[tokio::test]
async fn ten_thousand_at_once_and_no_more() {
    let server = Harness::new().await;
    let numbers = |count: u64| -> Vec<String> {
        (0..count)
            .map(|line| format!("+1{}", 4_155_550_000 + line))
            .collect()
    };
    let answer = put(&server, json!({"numbers": numbers(10_001)})).await;
    let faults = answer.refusal().2;
    assert!(
        faults["numbers"]["maxItems"]["message"].is_string(),
        "{faults}"
    );
    let rows = server.get(&server.child, &server.child.numbers("")).await;
    assert_eq!(rows.data()["numbers"], json!({}));
    let answer = put(&server, json!({"numbers": numbers(10_000)})).await;
    assert_eq!(keys(&answer, "success").len(), 10_000);
    let path = server.child.numbers("?paginate=false");
    let rows = server.get(&server.child, &path).await;
    assert_eq!(
        rows.data()["numbers"].as_object().map(Map::len),
        Some(10_000)
    );
}

#[tokio::test]
async fn the_limit_is_the_operators() {
    let mut settings = ApiSettings::default();
    settings.limits.max_numbers_per_call = 2;
    let server = Harness::with(Settings::default(), settings).await;
    let numbers = ["+14155550001", "+14155550002", "+14155550003"];
    let answer = put(&server, json!({"numbers": numbers})).await;
    assert_eq!(answer.status, 400);
    let answer = put(&server, json!({"numbers": numbers[..2]})).await;
    assert_eq!(keys(&answer, "success"), numbers[..2]);
}

#[tokio::test]
async fn without_the_right_to_create_each_is_refused() {
    let server = Harness::new().await;
    let stranger = &server.stranger;
    let path = stranger.numbers("/collection");
    let token = Some(stranger.token.as_str());
    let body = Some(json!({"data": {"numbers": ["+14155550001", "911"]}}));
    let answer = server
        .call_in("4.3", "PUT", &path, token, body.clone())
        .await;
    assert_eq!(answer.data().get("success"), None);
    for number in ["+14155550001", "911"] {
        assert_eq!(answer.data()["error"][number]["error"], "forbidden");
    }
    let answer = server.call_in("2016", "PUT", &path, token, body).await;
    assert_eq!(
        answer.data()["error"]["+14155550001"]["error"],
        "unauthorized"
    );
}

#[tokio::test]
async fn releasing_many_reads_the_body_and_hard_is_for_administrators() {
    let server = Harness::new().await;
    let (child, master) = (&server.child, &server.master);
    let numbers = ["+14155550001", "+14155550002"];
    server.stock("inventory", &numbers).await;
    let activate = child.numbers("/collection/activate");
    let data = json!({"numbers": numbers});
    server.write("PUT", child, &activate, data.clone()).await;
    let path = child.numbers("/collection?hard=true");
    let soft = server.write("DELETE", child, &path, data.clone()).await;
    assert_eq!(soft.data()["success"][numbers[0]]["state"], "available");
    let hard = server.write("DELETE", master, &path, data).await;
    assert_eq!(hard.data()["success"][numbers[0]]["state"], "deleted");
    let left = server.get(child, &child.numbers("?prefix=415")).await;
    assert_eq!(left.data(), &json!([]));
}
