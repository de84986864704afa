//! Searching for numbers to have.

mod common;

use common::{Answer, Harness};
use engine::Settings;
use serde_json::json;

fn found(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let rows = answer.data().as_array().expect("a list").iter();
    rows.filter_map(|row| row["number"].as_str()).collect()
}

#[tokio::test]
async fn prefixes_are_checked() {
    let server = Harness::new().await;
    let base = server.child.numbers("");
    let fault = |field: &str, rule: &str, text: &str, target: u64, cause: &str| {
        json!({ field: { rule: {
            "message": text, "target": target, "cause": cause, "value": cause,
        }}})
    };
    let short = "String must be at least 3 characters";
    let answer = server
        .get(&server.child, "/v2/phone_numbers?prefix=41")
        .await;
    let faults = fault("prefix", "minLength", short, 3, "41");
    assert_eq!(answer.refusal(), (400, "validation error", &faults));
    let answer = server
        .get(&server.child, &format!("{base}?prefix=41555512345"))
        .await;
    assert_eq!(answer.refusal().2["prefix"]["maxLength"]["target"], 10);
    let answer = server
        .get(&server.child, &format!("{base}?prefix=415&country=USA"))
        .await;
    assert_eq!(answer.refusal().2["country"]["maxLength"]["target"], 2);
    let answer = server.get(&server.child, "/v2/phone_numbers").await;
    assert!(answer.refusal().2["prefix"]["required"].is_object());
    // An empty one is no search.
    let answer = server.get(&server.child, &format!("{base}?prefix=")).await;
    assert_eq!(answer.data()["numbers"], json!({}));
}

#[tokio::test]
async fn pages_are_stable_and_own_reservations_come_first() {
    let server = Harness::new().await;
    let numbers: Vec<String> = (0..10).map(|line| format!("+1415555{line:04}")).collect();
    let stock: Vec<&str> = numbers.iter().map(String::as_str).collect();
    server.stock("inventory", &stock).await;
    let (child, reseller) = (&server.child, &server.reseller);
    let reserve = |holder, line: usize| {
        let server = &server;
        let path = common::Holder::numbers(holder, &format!("/{}/reserve", numbers[line]));
        async move { server.write("PUT", holder, &path, json!({})).await }
    };
    assert_eq!(reserve(child, 7).await.status, 201);
    assert_eq!(reserve(reseller, 8).await.status, 201);
    let page = |holder, offset: usize| {
        let server = &server;
        let path = format!("?prefix=415&quantity=4&offset={offset}");
        let path = common::Holder::numbers(holder, &path);
        async move { server.get(holder, &path).await }
    };
    let first = page(child, 0).await;
    assert_eq!(
        found(&first),
        [&numbers[7], &numbers[8], &numbers[0], &numbers[1]]
    );
    // Somebody takes one meanwhile: what was shown stays in its place.
    assert_eq!(reserve(&server.stranger, 0).await.status, 201);
    let second = page(child, 4).await;
    assert_eq!(
        found(&second),
        [&numbers[2], &numbers[3], &numbers[4], &numbers[5]]
    );
    assert_eq!(found(&page(child, 8).await), [&numbers[6], &numbers[9]]);
    // Others see what is for everybody, and their own.
    let theirs = page(&server.stranger, 0).await;
    assert_eq!(
        found(&theirs),
        [&numbers[0], &numbers[1], &numbers[2], &numbers[3]]
    );
    // Offset 0 asks anew.
    assert!(!found(&page(child, 0).await).contains(&numbers[0].as_str()));
}

#[tokio::test]
async fn what_is_taken_is_not_found_and_not_had() {
    let server = Harness::new().await;
    server.stock("local", &["+14155550001"]).await;
    let path = "/v2/phone_numbers?prefix=415&quantity=5";
    assert_eq!(found(&server.get(&server.stranger, path).await).len(), 1);
    let activate = server.child.numbers("/+14155550001/activate");
    server
        .write("PUT", &server.child, &activate, json!({}))
        .await;
    assert_eq!(found(&server.get(&server.stranger, path).await).len(), 0);
    let check = server.stranger.numbers("/check");
    let data = json!({"numbers": ["+14155550001", "4155550002", "abc"]});
    let answer = server.write("POST", &server.stranger, &check, data).await;
    let word = "error";
    assert_eq!(
        answer.data(),
        &json!({"+14155550001": word, "4155550002": word, "abc": word})
    );
}

#[tokio::test]
async fn public_only_where_configured() {
    let server = Harness::new().await;
    let path = "/v2/phone_numbers?prefix=415";
    assert_eq!(server.call("GET", path, None, None).await.refusal().0, 401);
    let none = format!("{path}&reseller_id={}", "0".repeat(32));
    let answer = server.call("GET", &none, None, None).await;
    assert_eq!(answer.refusal().1, "nonexistent reseller_id");
    let closed = format!("{path}&reseller_id={}", server.reseller.id());
    let answer = server.call("GET", &closed, None, None).await;
    assert_eq!(answer.refusal().1, "number search restricted");
    let mut settings = Settings::default();
    settings.number_manager.public_search = true;
    let server = Harness::with(settings, api::ApiSettings::default()).await;
    server.stock("local", &["+14155550001"]).await;
    let open = server.call("GET", path, None, None).await;
    assert_eq!(found(&open), ["+14155550001"]);
    assert_eq!(open.body["auth_token"], "");
}

#[tokio::test]
async fn quantity_is_cut_to_the_maximum() {
    let mut settings = Settings::default();
    settings.number_manager.maximum_search_quantity = 3;
    let server = Harness::with(settings, api::ApiSettings::default()).await;
    let numbers: Vec<String> = (0..5).map(|line| format!("+1415555{line:04}")).collect();
    let stock: Vec<&str> = numbers.iter().map(String::as_str).collect();
    server.stock("local", &stock).await;
    let path = server.child.numbers("?prefix=415&quantity=100");
    assert_eq!(found(&server.get(&server.child, &path).await).len(), 3);
}
