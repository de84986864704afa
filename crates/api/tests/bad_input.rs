//! What no well-meaning client sends. Nothing of it breaks anything, and
//! nothing of it becomes a number.

mod common;

use axum::body::Body;
use axum::http::Request;
use common::{Answer, Harness};
use serde_json::{Value, json};

/// A request about a number with the path's token as it is.
async fn ask(server: &Harness, method: &str, token: &str) -> Answer {
    let path = server.child.numbers(&format!("/{token}"));
    let holder = Some(server.child.token.as_str());
    server.call(method, &path, holder, None).await
}

/// How many numbers the account has.
async fn count(server: &Harness) -> usize {
    let rows = server
        .get(&server.child, &server.child.numbers("?paginate=false"))
        .await;
    rows.data()["numbers"]
        .as_object()
        .map_or(0, serde_json::Map::len)
}

#[tokio::test]
async fn texts_that_are_no_numbers() {
    let server = Harness::new().await;
    for text in [
        "%00",
        "+1415555%00001",
        "+14155550001%00",
        "+14155550001%0A",
        "4155550001%0a",
        "%0D%0A+14155550001",
        "+14155550001%09",
        "%7F4155550001",
        "+14155550001%C2%85",
        "+14155550001%E2%80%8B",
        "%D9%A4%D9%A1%D9%A5%D9%A5%D9%A5%D9%A5%D9%A0%D9%A0%D9%A0%D9%A1",
        "%EF%BC%8B14155550001",
        "(415)%20555-0001",
        "911",
        "+",
        "%2B",
        "abc",
        "..",
        "..%2F..%2Faccounts",
        "+14155550001%2Factivate",
        "'%20OR%201=1%20--",
        "+1415555000100000000000000",
        "0",
        "-1",
        "1e10",
        "%25%30%30",
        "__proto__",
        "constructor",
    ] {
        for method in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
            let answer = ask(&server, method, text).await;
            let (status, ..) = answer.refusal();
            assert_eq!(status, 404, "{method} {text}: {}", answer.text);
        }
        for (method, step) in [("PUT", "activate"), ("PUT", "reserve"), ("GET", "identify")] {
            let answer = ask(&server, method, &format!("{text}/{step}")).await;
            assert_eq!(answer.refusal().0, 404, "{step} {text}: {}", answer.text);
        }
    }
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn bytes_that_are_no_text() {
    let server = Harness::new().await;
    for text in [
        "%ff",
        "+1415555%ff",
        "%c3%28",
        "%ed%a0%80",
        "%",
        "%4",
        "%zz",
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = ask(&server, method, text).await;
            let (status, ..) = answer.refusal();
            assert!(
                matches!(status, 400 | 404),
                "{method} {text}: {}",
                answer.text
            );
        }
    }
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn long_paths() {
    let server = Harness::new().await;
    for length in [20_000, 60_000] {
        let long = "4".repeat(length);
        for method in ["GET", "PUT"] {
            let answer = ask(&server, method, &long).await;
            assert_eq!(answer.refusal().0, 414, "{length}");
        }
    }
    let answer = ask(&server, "PUT", &"4".repeat(10_000)).await;
    assert_eq!(answer.refusal().0, 404);
    // Numbers in a body are texts as well.
    let path = server.child.numbers("/collection");
    let data = json!({"numbers": ["4".repeat(1_000_000)]});
    let answer = server.write("PUT", &server.child, &path, data).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.data().get("success"), None);
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn keys_that_are_the_servers_own() {
    let server = Harness::new().await;
    let path = server.child.numbers("/+14155550001");
    let data = json!({
        "_id": "x", "_rev": "9-x", "_attachments": {}, "_deleted": true, "_read_only": {"a": 1},
        "pvt_state": "in_service", "pvt_assigned_to": server.stranger.id(),
        "pvt_module_name": "knm_telnyx", "pvt_features_allowed": ["e911"],
        "__proto__": {"admin": true}, "constructor": {"prototype": 1}, "": "empty",
        "kept": {"pvt_inside": 1, "_inside": 2, "a.b": {"c%2Ed": 3}, "\u{0}": "\u{1}"},
        "emoji": "\u{1F4DE}", "null": null,
    });
    for method in ["PUT", "POST", "PATCH"] {
        let answer = server
            .write(method, &server.child, &path, data.clone())
            .await;
        assert!(answer.status.is_success(), "{method}: {}", answer.text);
        let document = answer.data();
        for key in [
            "_id",
            "_rev",
            "_attachments",
            "_deleted",
            "pvt_state",
            "pvt_assigned_to",
            "pvt_module_name",
            "pvt_features_allowed",
            "__proto__",
            "null",
        ] {
            assert_eq!(document.get(key), None, "{method} {key}");
        }
        assert_eq!(document["state"], "reserved");
        assert_eq!(document["assigned_to"], server.child.id());
        assert_eq!(document["_read_only"]["carrier_module"], "local");
        assert_eq!(document["_read_only"].get("a"), None);
        assert_eq!(document["kept"], data["kept"], "{method}");
        assert_eq!(document["emoji"], data["emoji"]);
        assert_eq!(document["constructor"], data["constructor"]);
        let stored = server.get(&server.child, &path).await;
        assert_eq!(stored.data(), document);
    }
}

#[tokio::test]
async fn values_of_the_wrong_kind() {
    let server = Harness::new().await;
    let path = server.child.numbers("/+14155550001");
    for (data, field, rule) in [
        (json!({"cnam": "x"}), "cnam", "type"),
        (json!({"cnam": null}), "cnam", "type"),
        (json!({"cnam": []}), "cnam", "type"),
        (
            json!({"cnam": {"display_name": null}}),
            "cnam.display_name",
            "type",
        ),
        (
            json!({"cnam": {"display_name": {"a": 1}}}),
            "cnam.display_name",
            "type",
        ),
        (
            json!({"cnam": {"display_name": ""}}),
            "cnam.display_name",
            "minLength",
        ),
        (json!({"e911": []}), "e911", "type"),
        (json!({"e911": {}}), "e911.locality", "required"),
        (json!({"carrier_name": 5}), "carrier_name", "type"),
        (json!({"carrier_name": ""}), "carrier_name", "minLength"),
        (
            json!({"carrier_name": "x".repeat(31)}),
            "carrier_name",
            "maxLength",
        ),
        (json!({"create_with_state": 1}), "create_with_state", "enum"),
        (
            json!({"porting": {"comments": "x"}}),
            "porting.comments",
            "type",
        ),
    ] {
        for method in ["PUT", "POST", "PATCH"] {
            let answer = server
                .write(method, &server.child, &path, data.clone())
                .await;
            let (status, message, faults) = answer.refusal();
            assert_eq!(
                (status, message),
                (400, "validation error"),
                "{method} {data}"
            );
            assert!(
                faults[field].get(rule).is_some(),
                "{method} {data}: {faults}"
            );
        }
    }
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn bodies_that_are_no_envelope() {
    let server = Harness::new().await;
    let path = server.child.numbers("/+14155550001");
    let send = |body: Vec<u8>| {
        let request = Request::put(&path)
            .header("x-auth-token", &server.child.token)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .expect("a good request");
        server.send(request)
    };
    let deep = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    let nested = [b"{\"data\":{\"a\":".to_vec(), deep(100_000), b"}}".to_vec()].concat();
    for body in [
        b"[]".to_vec(),
        b"null".to_vec(),
        b"1".to_vec(),
        b"{".to_vec(),
        b"{\"data\":".to_vec(),
        b"{\"a\":1}".to_vec(),
        b"{\"data\":\"x\"}".to_vec(),
        b"{\"data\":[1]}".to_vec(),
        b"{\"data\":{\"a\":\xff}}".to_vec(),
        b"{\"data\":{\"a\":\"\xff\"}}".to_vec(),
        b"{\"data\":{\"a\":NaN}}".to_vec(),
        b"{\"data\":{\"a\":1e999}}".to_vec(),
        nested,
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = send(body).await;
        assert_eq!(answer.refusal().0, 400, "{shown}: {}", answer.text);
    }
    let large = vec![b' '; 10_000_000];
    let answer = send(large).await;
    assert!(matches!(answer.refusal().0, 400 | 413), "{}", answer.text);
    assert_eq!(count(&server).await, 0);
}

#[tokio::test]
async fn large_numbers_are_kept_as_they_are() {
    let server = Harness::new().await;
    let path = server.child.numbers("/+14155550001");
    let data = json!({
        "max": u64::MAX, "min": i64::MIN, "float": 1.5e300, "small": 5e-324, "zero": -0.0,
    });
    let answer = server
        .write("PUT", &server.child, &path, data.clone())
        .await;
    assert_eq!(answer.status, 201);
    for (key, value) in data.as_object().expect("an object") {
        assert_eq!(&answer.data()[key], value, "{key}");
    }
    let stored = server.get(&server.child, &path).await;
    assert_eq!(stored.data()["max"], json!(u64::MAX));
}

#[tokio::test]
async fn nulls_inside() {
    let server = Harness::new().await;
    let path = server.child.numbers("/+14155550001");
    let data = json!({"a": {"b": {"c": null, "d": 1}}, "list": [null, {"x": null}], "n": null});
    let answer = server.write("PUT", &server.child, &path, data).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.data()["a"], json!({"b": {"d": 1}}));
    assert_eq!(answer.data().get("n"), None);
    let merged = json!({"a": {"b": null, "e": {"f": null}}});
    let answer = server.write("PATCH", &server.child, &path, merged).await;
    assert_eq!(answer.data()["a"].get("b"), None);
    assert!(!answer.text.contains("\"f\""), "{}", answer.text);
    assert_eq!(server.get(&server.child, &path).await.data(), answer.data());
}

#[tokio::test]
async fn odd_queries() {
    let server = Harness::new().await;
    server.stock("local", &["+14155550001"]).await;
    // What Kazoo makes of them, in the dialect of its clients; others are told
    // what is wrong.
    let ask = async |dialect: &str, query: &str| {
        let path = server.child.numbers(&format!("?{query}"));
        let token = Some(server.child.token.as_str());
        server.call_in(dialect, "GET", &path, token, None).await
    };
    for (query, refused) in [
        ("prefix=415&quantity=99999999999999999999999", false),
        ("prefix=415&quantity=-1", true),
        ("prefix=415&quantity=abc", true),
        ("prefix=415&quantity=", false),
        ("prefix=415&offset=-5", true),
        ("prefix=415&offset=x", true),
        ("prefix=%2B1415", false),
        ("prefix=415*", false),
        ("prefix=4%201%205", false),
        ("prefix=415&country=us", false),
    ] {
        let answer = ask("4.3", query).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(answer.data()[0]["number"], "+14155550001", "{query}");
        let answer = ask("2016", query).await;
        let status = if refused { 400 } else { 200 };
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
    }
    for (query, refused) in [
        ("prefix=415&offset=18446744073709551615", false),
        ("prefix=415&country=ZZ", true),
        ("prefix=abc", true),
        ("prefix=41%00", true),
        ("prefix=%F0%9F%93%9E%F0%9F%93%9E%F0%9F%93%9E", true),
        ("prefix=%25%25%25", true),
        ("prefix=___", true),
    ] {
        let answer = ask("4.3", query).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(answer.data(), &Value::Array(Vec::new()), "{query}");
        let answer = ask("2016", query).await;
        let status = if refused { 400 } else { 200 };
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
    }
}
