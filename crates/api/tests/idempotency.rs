//! Calls that are repeated, and calls on the condition that nothing moved.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use api::ApiSettings;
use axum::body::Body;
use axum::http::Request;
use common::{Answer, Harness, Holder};
use engine::Settings;
use numbers::price::{NumberPrice, PriceList};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const N: &str = "/+14155550001";

/// A call with headers of the test's own.
struct Asked<'a> {
    method: &'a str,
    holder: &'a Holder,
    path: String,
    body: Value,
    headers: Vec<(&'a str, &'a str)>,
}

impl Asked<'_> {
    async fn of(&self, server: &Harness) -> Answer {
        let mut request = Request::builder()
            .method(self.method)
            .uri(&self.path)
            .header("x-auth-token", &self.holder.token)
            .header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(self.body.to_string());
        server.send(request.body(body).unwrap()).await
    }
}

fn asked<'a>(
    method: &'a str,
    holder: &'a Holder,
    rest: &str,
    data: &Value,
    key: &'a str,
) -> Asked<'a> {
    Asked {
        method,
        holder,
        path: holder.url(rest),
        body: json!({ "data": data }),
        headers: vec![("idempotency-key", key)],
    }
}

/// Status, and the body without what differs from token to token.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("auth_token");
    (answer.status.as_u16(), body)
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

async fn events(server: &Harness, holder: &Holder) -> usize {
    let answer = server.get(holder, &holder.numbers("/events")).await;
    answer.data()["events"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_number_is_changed_once_and_answered_twice() {
    let server = Harness::new().await;
    let child = &server.child;
    for dialect in ["2016", "4.3"] {
        for (index, (method, rest, data)) in [
            ("PUT", "", json!({"note": 1})),
            ("PATCH", "", json!({"note": 2})),
            ("POST", "", json!({"note": 3})),
            ("PUT", "/activate", json!({})),
            ("PUT", "/reserve", json!({})),
            ("DELETE", "", json!({})),
        ]
        .into_iter()
        .enumerate()
        {
            let key = format!("{dialect}-{index}");
            let path = format!("/phone_numbers{N}{rest}");
            let mut call = asked(method, child, &path, &data, &key);
            call.headers.push(("x-numberd-dialect", dialect));
            let before = events(&server, child).await;
            let first = call.of(&server).await;
            assert!(first.status.is_success(), "{key}: {}", first.text);
            assert!(!is_replayed(&first));
            let second = call.of(&server).await;
            assert!(is_replayed(&second), "{key}: {}", second.text);
            assert_eq!(told(&second), told(&first), "{key}");
            assert_eq!(second.header("etag"), first.header("etag"), "{key}");
            assert_eq!(events(&server, child).await, before + 1, "{key}");
        }
    }
}

/// The number was taken by somebody else meanwhile: repeating doesn't take it
/// back.
#[tokio::test]
async fn an_answer_stays_what_it_was() {
    let server = Harness::new().await;
    let (reseller, child) = (&server.reseller, &server.child);
    let path = format!("/phone_numbers{N}");
    let create = asked("PUT", child, &path, &json!({"note": 1}), "a");
    let first = create.of(&server).await;
    let active = child.numbers(&format!("{N}/activate"));
    let activate = Asked {
        path: active,
        ..asked("PUT", child, "", &json!({}), "b")
    };
    // Nothing changes, and that is an answer too.
    let nothing = activate.of(&server).await;
    assert_eq!(nothing.status, 201);
    let taken = reseller.numbers(&format!("{N}/activate"));
    let taken = server.write("PUT", reseller, &taken, json!({})).await;
    assert_eq!(taken.status, 201);
    assert_eq!(told(&create.of(&server).await), told(&first));
    assert_eq!(told(&activate.of(&server).await), told(&nothing));
    assert_eq!(server.get(child, &child.numbers(N)).await.status, 404);
}

#[tokio::test]
async fn a_collection_is_done_once_with_each_outcome() {
    let server = Harness::new().await;
    let child = &server.child;
    server
        .write("PUT", child, &child.numbers("/+14155550002"), json!({}))
        .await;
    let data = json!({"numbers": ["+14155550001", "+14155550002", "abc", "+14155550003"]});
    let put = asked("PUT", child, "/phone_numbers/collection", &data, "c");
    let first = put.of(&server).await;
    assert_eq!(first.status, 201);
    let success = first.data()["success"].as_object().unwrap();
    assert_eq!(success.len(), 2);
    assert_eq!(first.data()["error"]["+14155550002"]["code"], 409);
    let again = put.of(&server).await;
    assert_eq!(told(&again), told(&first));
    assert!(is_replayed(&again));
    assert_eq!(events(&server, child).await, 3);
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_account() {
    let server = Harness::new().await;
    let (child, reseller) = (&server.child, &server.reseller);
    let path = format!("/phone_numbers{N}");
    let first = asked("PUT", child, &path, &json!({"note": 1}), "k");
    assert_eq!(first.of(&server).await.status, 201);
    let other_body = asked("PUT", child, &path, &json!({"note": 2}), "k");
    let other_path = asked(
        "PUT",
        child,
        "/phone_numbers/+14155550002",
        &json!({"note": 1}),
        "k",
    );
    let other_verb = asked("PATCH", child, &path, &json!({"note": 1}), "k");
    let mut other_query = asked("PUT", child, &path, &json!({"note": 1}), "k");
    other_query.path.push_str("?hard=true");
    for call in [other_body, other_path, other_verb, other_query] {
        let answer = call.of(&server).await;
        let (status, message, data) = answer.refusal();
        assert_eq!((status, message), (422, "idempotency_key_reused"));
        assert!(data["message"].as_str().unwrap().contains("new one"));
    }
    // The same key of another account is another key.
    let theirs = asked(
        "PUT",
        reseller,
        "/phone_numbers/+14155550003",
        &json!({}),
        "k",
    );
    assert_eq!(theirs.of(&server).await.status, 201);
    // Quotes are the draft's way of writing it.
    let quoted = asked("PUT", child, &path, &json!({"note": 1}), "\"k\"");
    assert!(is_replayed(&quoted.of(&server).await));
}

#[tokio::test]
async fn bad_keys_are_refused_and_reads_need_none() {
    let server = Harness::new().await;
    let child = &server.child;
    let long = "k".repeat(256);
    let path = format!("/phone_numbers{N}");
    for key in ["", " ", "\"\"", "a b", "a\tb", "é", long.as_str()] {
        let answer = asked("PUT", child, &path, &json!({}), key)
            .of(&server)
            .await;
        let (status, _, data) = answer.refusal();
        assert_eq!(status, 400, "{key:?}");
        assert!(
            data["idempotency_key"]["wrong_format"].is_object(),
            "{data}"
        );
    }
    let mut twice = asked("PUT", child, &path, &json!({}), "a");
    twice.headers.push(("idempotency-key", "b"));
    assert_eq!(twice.of(&server).await.status, 400);
    let longest = asked("PUT", child, &path, &json!({}), &long[..255]);
    assert_eq!(longest.of(&server).await.status, 201);
    let mut read = asked("GET", child, &path, &json!({}), "g");
    let first = read.of(&server).await;
    read.body = json!({"data": {"other": 1}});
    let second = read.of(&server).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert!(!is_replayed(&second));
}

/// What was refused changed nothing, so it may be asked again in another way.
#[tokio::test]
async fn a_refusal_leaves_the_key_free() {
    let price = NumberPrice {
        activation: 5.0,
        monthly: 1.5,
    };
    let prices = PriceList {
        phone_numbers: BTreeMap::from([("did_us".to_owned(), price)]),
        ..PriceList::default()
    };
    let settings = Settings {
        prices,
        ..Settings::default()
    };
    let server = Harness::with(settings, ApiSettings::default()).await;
    server.stock("telnyx", &["+14155550001"]).await;
    let child = &server.child;
    let path = format!("/phone_numbers{N}/activate");
    let mut activate = asked("PUT", child, &path, &json!({}), "k");
    assert_eq!(activate.of(&server).await.status, 402);
    assert_eq!(activate.of(&server).await.status, 402);
    activate.body["accept_charges"] = true.into();
    let done = activate.of(&server).await;
    assert_eq!(done.status, 201, "{}", done.text);
    assert_eq!(told(&activate.of(&server).await), told(&done));
    let wrong = json!({"cnam": {"display_name": 5}});
    let path = format!("/phone_numbers{N}");
    let wrong = asked("PATCH", child, &path, &wrong, "w");
    assert_eq!(wrong.of(&server).await.status, 400);
    let right = asked("PATCH", child, &path, &json!({"note": 1}), "w");
    assert_eq!(right.of(&server).await.status, 200);
}

#[tokio::test]
async fn accounts_and_users_are_made_once() {
    let server = Harness::new().await;
    let reseller = &server.reseller;
    let call = asked("PUT", reseller, "", &json!({"name": "Once"}), "a");
    let first = call.of(&server).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = call.of(&server).await;
    assert_eq!(told(&again), told(&first));
    for header in ["location", "etag"] {
        assert_eq!(again.header(header), first.header(header));
        assert!(first.header(header).is_some());
    }
    let user = json!({"first_name": "A", "last_name": "B"});
    let call = asked("PUT", reseller, "/users", &user, "u");
    let first = call.of(&server).await;
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(told(&call.of(&server).await), told(&first));
    // A name that is taken is refused, and the key is free for another.
    let taken = asked("PUT", reseller, "", &json!({"name": "Once"}), "b");
    assert_eq!(taken.of(&server).await.status, 400);
    let other = asked("PUT", reseller, "", &json!({"name": "Twice"}), "b");
    assert_eq!(other.of(&server).await.status, 201);
}

/// Many at the same moment: one is carried out, the others hear that it runs
/// or what was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn repeated_at_the_same_moment() {
    const CALLS: usize = 16;
    let server = Arc::new(Harness::new().await);
    let barrier = Arc::new(Barrier::new(CALLS));
    let mut tasks = JoinSet::new();
    for _ in 0..CALLS {
        let (server, barrier) = (Arc::clone(&server), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            let path = format!("/phone_numbers{N}");
            let call = asked("PUT", &server.child, &path, &json!({"note": 1}), "k");
            let answer = call.of(&server).await;
            let message = answer.body["message"].as_str().unwrap_or_default();
            (
                answer.status.as_u16(),
                message.to_owned(),
                is_replayed(&answer),
            )
        });
    }
    let answers = tasks.join_all().await;
    let first = answers
        .iter()
        .filter(|(status, _, replayed)| *status == 201 && !replayed);
    assert_eq!(first.count(), 1, "{answers:?}");
    let is_told = |(status, message, replayed): &(u16, String, bool)| {
        *status == 201 || (*status == 409 && message == "call_in_progress" && !replayed)
    };
    assert!(answers.iter().all(is_told), "{answers:?}");
    assert_eq!(events(&server, &server.child).await, 1);
}

/// Two nodes over one store that don't know of each other's calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_node_answers_the_same() {
    let mut server = Harness::new().await;
    let path = format!("/phone_numbers{N}");
    let holder = server.child.clone();
    let create = asked("PUT", &holder, &path, &json!({"note": 1}), "k");
    let first = create.of(&server).await;
    let account = asked("PUT", &holder, "", &json!({"name": "Below"}), "a");
    let made = account.of(&server).await;
    server.service = api::service(server.engine.clone(), ApiSettings::default());
    assert_eq!(told(&create.of(&server).await), told(&first));
    assert_eq!(told(&account.of(&server).await), told(&made));
}

#[tokio::test]
async fn a_number_is_changed_only_as_it_was_seen() {
    let server = Harness::new().await;
    let child = &server.child;
    let path = format!("/phone_numbers{N}");
    let put = asked("PUT", child, &path, &json!({"note": 1}), "p");
    let made = put.of(&server).await;
    let seen = made.header("etag").unwrap().to_owned();
    let read = server.get(child, &child.numbers(N)).await;
    assert_eq!(read.header("etag"), Some(seen.as_str()));
    let on = async |method: &str, rest: &str, tag: &str, data: Value| {
        let call = Asked {
            method,
            holder: child,
            path: child.numbers(&format!("{N}{rest}")),
            body: json!({ "data": data }),
            headers: vec![("if-match", tag)],
        };
        call.of(&server).await
    };
    let changed = on("PATCH", "", &seen, json!({"note": 2})).await;
    assert_eq!(changed.status, 200);
    let now = changed.header("etag").unwrap().to_owned();
    assert_ne!(now, seen);
    for (method, rest) in [
        ("PATCH", ""),
        ("POST", ""),
        ("DELETE", ""),
        ("PUT", "/activate"),
    ] {
        for tag in [seen.as_str(), "\"1\"", "\"\"", "x"] {
            let refused = on(method, rest, tag, json!({"note": 3})).await;
            let (status, message, _) = refused.refusal();
            assert_eq!(
                (status, message),
                (412, "precondition_failed"),
                "{method} {rest} {tag}"
            );
        }
    }
    assert_eq!(server.get(child, &child.numbers(N)).await.data()["note"], 2);
    // Any of a list, and anything that is there.
    let list = format!("\"x\", {now}");
    assert_eq!(on("PATCH", "", &list, json!({"note": 4})).await.status, 200);
    assert_eq!(on("PATCH", "", "*", json!({"note": 5})).await.status, 200);
    // A number that isn't there has no revision to match.
    assert_eq!(on("DELETE", "", "*", json!({})).await.status, 200);
    assert_eq!(on("PUT", "", "*", json!({})).await.status, 412);
    // One that comes back isn't the one that was seen.
    assert_eq!(put_again(&server).await.status, 201);
    assert_eq!(on("PATCH", "", &now, json!({"note": 6})).await.status, 412);
}

async fn put_again(server: &Harness) -> Answer {
    let child = &server.child;
    server
        .write("PUT", child, &child.numbers(N), json!({"note": 1}))
        .await
}

/// All saw the same number, all change it: one does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_who_saw_the_same_changes_it() {
    const CALLS: usize = 16;
    let server = Arc::new(Harness::new().await);
    let seen = put_again(&server).await.header("etag").unwrap().to_owned();
    let barrier = Arc::new(Barrier::new(CALLS));
    let mut tasks = JoinSet::new();
    for index in 0..CALLS {
        let (server, barrier, seen) = (server.clone(), barrier.clone(), seen.clone());
        tasks.spawn(async move {
            barrier.wait().await;
            let call = Asked {
                method: "PATCH",
                holder: &server.child,
                path: server.child.numbers(N),
                body: json!({"data": {"by": index}}),
                headers: vec![("if-match", &seen)],
            };
            call.of(&server).await.status.as_u16()
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_unstable();
    let mut expected = vec![412; CALLS];
    expected[0] = 200;
    assert_eq!(answers, expected);
    assert_eq!(events(&server, &server.child).await, 2);
}
