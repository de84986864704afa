//! The description of the API says what the router does.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use common::Harness;
use serde_json::Value;

/// With `BLESS=1` the committed copy is written anew.
#[test]
fn the_committed_copy_is_the_description() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(api::openapi::COMMITTED);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, api::openapi::text()).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let same = committed == api::openapi::text();
    assert!(
        same,
        "{} differs; run this test with BLESS=1",
        api::openapi::COMMITTED
    );
}

#[tokio::test]
async fn it_has_every_route_with_its_verbs() {
    let server = Harness::new().await;
    let description: Value = serde_json::from_str(api::openapi::text()).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    for (path, operations) in description["paths"].as_object().unwrap() {
        let url = path
            .replace("{account_id}", server.master.id())
            .replace(['{', '}'], "x");
        let request = Request::options(&url).body(Body::empty()).unwrap();
        let answer = server.send(request).await;
        assert_eq!(answer.status, 200, "{path}");
        let allowed = answer.header("allow").unwrap().split(',').map(str::trim);
        let allowed: BTreeSet<String> = allowed
            .filter(|verb| *verb != "HEAD")
            .map(str::to_lowercase)
            .collect();
        let described: BTreeSet<String> = operations.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed, described, "{path}");
    }
    for path in table() {
        // Without account they are what they are with one.
        let described = match path.strip_prefix("/v2/phone_numbers/") {
            Some(rest) => format!("/v2/accounts/{{account_id}}/phone_numbers/{rest}"),
            None => path.clone(),
        };
        assert!(
            description["paths"].get(&described).is_some(),
            "{path} is not described"
        );
    }
}

/// The paths of the router's table, from its text: a router can't be asked.
fn table() -> Vec<String> {
    let text = include_str!("../src/router.rs");
    let quoted = text.split('"').skip(1).step_by(2);
    let paths: Vec<String> = quoted
        .filter(|text| text.starts_with('/') && !text.contains("any}"))
        .filter(|text| !text.contains("{{"))
        .map(|text| {
            let outside = [
                "/v2", "/docs", "/healthz", "/readyz", "/metrics", "/openapi",
            ];
            if outside.iter().any(|start| text.starts_with(start)) {
                text.to_owned()
            } else {
                format!("/v2/accounts/{{account_id}}/phone_numbers{text}")
            }
        })
        .collect();
    assert!(paths.len() > 40, "{paths:?}");
    paths
}

#[tokio::test]
async fn references_lead_somewhere() {
    let description: Value = serde_json::from_str(api::openapi::text()).unwrap();
    let mut count = 0;
    let mut pending = vec![&description];
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(description.pointer(pointer).is_some(), "{reference}");
                    count += 1;
                }
                pending.extend(members.values());
            }
            Value::Array(items) => pending.extend(items),
            _ => {}
        }
    }
    assert!(count > 50);
}

#[tokio::test]
async fn pages_about_the_server_are_for_everybody() {
    let server = Harness::new().await;
    for (path, kind, part) in [
        (
            "/openapi.json",
            "application/json",
            "\"openapi\": \"3.1.0\"",
        ),
        ("/docs", "text/html; charset=utf-8", "/openapi.json"),
        ("/healthz", "text/plain; charset=utf-8", "ok"),
        ("/readyz", "text/plain; charset=utf-8", "ready"),
        (
            "/metrics",
            "text/plain; version=0.0.4; charset=utf-8",
            "# TYPE numberd_numbers gauge",
        ),
    ] {
        let answer = server.call("GET", path, None, None).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        assert!(answer.text.contains(part), "{path}: {}", answer.text);
        assert!(answer.header("x-request-id").is_some());
    }
    // Nothing from outside.
    let page = server.call("GET", "/docs", None, None).await.text;
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("//cdn"));
    let put = server.call("PUT", "/docs", None, None).await;
    assert_eq!(put.refusal().0, 405);
}

#[tokio::test]
async fn metrics_know_routes_and_no_secrets() {
    api::install_recorder();
    let server = Harness::new().await;
    let path = server.child.numbers("/+14155550009?auth_token=do-not-tell");
    assert_eq!(server.get(&server.child, &path).await.status, 404);
    let number = server.reseller.numbers("/+14155550010");
    server
        .write("PUT", &server.reseller, &number, serde_json::json!({}))
        .await;
    let text = server.call("GET", "/metrics", None, None).await.text;
    let route = "route=\"/v2/accounts/{account_id}/phone_numbers/{number}\"";
    let counted = text.lines().any(|line| {
        line.starts_with("numberd_http_requests_total{")
            && line.contains(route)
            && line.contains("status=\"404\"")
    });
    assert!(counted, "{text}");
    assert!(
        text.contains("numberd_http_request_seconds_bucket"),
        "{text}"
    );
    for part in [
        "numberd_numbers{state=\"reserved\"} 1",
        "# TYPE numberd_store_queue_depth gauge",
        "numberd_store_commit_batches_bucket{le=\"64\"}",
        "numberd_store_commit_seconds_bucket{le=\"0.001\"}",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(!text.contains("do-not-tell") && !text.contains(&server.child.token));
}
