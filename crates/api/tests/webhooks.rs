//! Webhooks over real HTTP: what is made, what is delivered, what happens when
//! a receiver fails.

mod common;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::ApiSettings;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Harness, Holder};
use engine::import::ImportRow;
use engine::webhooks::WebhookSettings;
use engine::{Context, Engine, Settings};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

const N: &str = "/+14155550001";
/// No delivery takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that is told of events.
#[derive(Clone, Default)]
struct Receiver {
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    /// What it answers next; 200 at the end.
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    /// A receiver and its URL; it ends with the test.
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let routes = Router::new().fallback(receive).with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (receiver, url)
    }

    fn fails(&self, statuses: &[u16]) {
        self.answers.lock().unwrap().extend(statuses);
    }

    fn bodies(&self) -> Vec<Value> {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    /// Types and numbers of what came.
    fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let bodies = self.bodies();
        bodies
            .iter()
            .map(|body| (text(&body["type"]), text(&body["data"]["number"])))
            .collect()
    }

    fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    receiver.received.lock().unwrap().push((headers, body));
    let status = receiver.answers.lock().unwrap().pop_front();
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    (status.unwrap_or(StatusCode::OK), "a secret of the receiver")
}

fn settings() -> Settings {
    Settings {
        webhooks: WebhookSettings {
            allow_private_addresses: true,
            rest_s: 0,
            ..WebhookSettings::default()
        },
        ..Settings::default()
    }
}

async fn server() -> Harness {
    Harness::with(settings(), ApiSettings::default()).await
}

/// Runs passes until it is so.
async fn until(engine: &Arc<Engine>, so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !so().await {
        engine.deliver_events().await.unwrap();
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Makes a webhook; its id and its secret.
async fn hook(server: &Harness, holder: &Holder, uri: &str, more: Value) -> (String, String) {
    let mut data = json!({"name": "test", "uri": uri, "hook": "number.*"});
    for (key, value) in more.as_object().unwrap() {
        data[key] = value.clone();
    }
    let made = server
        .write("PUT", holder, &holder.url("/webhooks"), data)
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let text = |key: &str| made.data()[key].as_str().unwrap_or_default().to_owned();
    (text("id"), text("secret"))
}

async fn read(server: &Harness, holder: &Holder, id: &str) -> Value {
    let answer = server
        .get(holder, &holder.url(&format!("/webhooks/{id}")))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.data().clone()
}

async fn step(server: &Harness, method: &str, holder: &Holder, rest: &str, data: Value) {
    let answer = server
        .write(method, holder, &holder.numbers(rest), data)
        .await;
    assert!(answer.status.is_success(), "{}", answer.text);
}

#[tokio::test]
async fn events_are_told_signed_and_in_order() {
    let server = server().await;
    let child = &server.child;
    step(&server, "PUT", child, "/+14155550009", json!({})).await;
    let (receiver, url) = Receiver::start().await;
    let (_, secret) = hook(&server, child, &url, json!({})).await;
    step(&server, "PUT", child, N, json!({"note": "not told"})).await;
    step(&server, "PUT", child, &format!("{N}/activate"), json!({})).await;
    step(&server, "DELETE", child, N, json!({})).await;
    until(&server.engine, async || receiver.count() >= 3).await;
    let types: Vec<String> = receiver.told().into_iter().map(|(told, _)| told).collect();
    assert_eq!(
        types,
        ["number.created", "number.activated", "number.released"]
    );
    let body = &receiver.bodies()[1];
    assert_eq!(body["data"]["state"], "in_service");
    assert_eq!(body["data"]["previous_state"], "reserved");
    assert_eq!(body["data"]["assigned_to"], child.id());
    let deliveries = receiver.received.lock().unwrap();
    let mut ids = Vec::new();
    for (headers, body) in deliveries.iter() {
        let text = |name: &str| headers[name].to_str().unwrap();
        let key = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{}.{}.", text("webhook-id"), text("webhook-timestamp")).as_bytes());
        mac.update(body);
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(text("webhook-signature"), signature);
        assert_eq!(text("content-type"), "application/json");
        assert!(!String::from_utf8_lossy(body).contains("not told"));
        ids.push(text("webhook-id").to_owned());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn each_is_told_of_its_own_numbers() {
    let server = server().await;
    let (child, reseller) = (&server.child, &server.reseller);
    let (own, own_url) = Receiver::start().await;
    let (tree, tree_url) = Receiver::start().await;
    let (some, some_url) = Receiver::start().await;
    hook(&server, reseller, &own_url, json!({})).await;
    hook(
        &server,
        reseller,
        &tree_url,
        json!({"include_subaccounts": true}),
    )
    .await;
    hook(
        &server,
        child,
        &some_url,
        json!({"hook": "number.activated"}),
    )
    .await;
    let other = &server.stranger;
    server.stock("inventory", &["+14155550005"]).await;
    step(&server, "PUT", other, "/+14155550005/activate", json!({})).await;
    step(&server, "PUT", child, N, json!({})).await;
    step(&server, "PUT", child, &format!("{N}/activate"), json!({})).await;
    step(&server, "PUT", reseller, "/+14155550002", json!({})).await;
    until(&server.engine, async || {
        (own.count(), tree.count(), some.count()) == (1, 3, 1)
    })
    .await;
    assert_eq!(own.told()[0].1, "+14155550002");
    assert_eq!(some.told()[0].0, "number.activated");
    let numbers: Vec<String> = tree.told().into_iter().map(|(_, number)| number).collect();
    assert!(!numbers.contains(&"+14155550005".to_owned()), "{numbers:?}");
}

#[tokio::test]
async fn what_fails_is_tried_again_and_nothing_is_lost() {
    let server = server().await;
    let child = &server.child;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = hook(&server, child, &url, json!({})).await;
    receiver.fails(&[500, 302, 404]);
    step(&server, "PUT", child, N, json!({})).await;
    step(&server, "PATCH", child, N, json!({"note": 1})).await;
    let is_through = async || {
        let webhook = read(&server, child, &id).await;
        webhook["_read_only"]["failures"] == 0 && receiver.count() >= 5
    };
    until(&server.engine, is_through).await;
    let types: Vec<String> = receiver.told().into_iter().map(|(told, _)| told).collect();
    let first = "number.created";
    assert_eq!(types, [first, first, first, first, "number.updated"]);
    let path = child.url(&format!("/webhooks/{id}/attempts"));
    let attempts = server.get(child, &path).await;
    let attempts = attempts.data().as_array().unwrap();
    let codes: Vec<&Value> = attempts.iter().map(|one| &one["response_code"]).collect();
    assert_eq!(codes, [200, 200, 404, 302, 500]);
    assert_eq!(attempts[4]["reason"], "HTTP 500");
    assert_eq!(attempts[0]["result"], "success");
    // What the receiver says besides is nobody's business.
    assert!(!json!(attempts).to_string().contains("secret"));
    let all = server.get(child, &child.url("/webhooks/attempts")).await;
    assert_eq!(all.data().as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn who_fails_again_and_again_is_disabled_and_says_why() {
    let server = server().await;
    let child = &server.child;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = hook(&server, child, &url, json!({"retries": 1})).await;
    receiver.fails(&[500, 503]);
    step(&server, "PUT", child, N, json!({})).await;
    let is_disabled = async || read(&server, child, &id).await["enabled"] == false;
    until(&server.engine, is_disabled).await;
    let webhook = read(&server, child, &id).await;
    let reason = webhook["disable_message"].as_str().unwrap();
    assert!(
        reason.contains("2 failures") && reason.contains("HTTP 503"),
        "{reason}"
    );
    assert_eq!(receiver.count(), 2);
    // What happens meanwhile is told when it is enabled again.
    step(&server, "PATCH", child, N, json!({"note": 1})).await;
    let path = child.url("/webhooks");
    let enabled = server
        .write("PATCH", child, &path, json!({"re-enable": true}))
        .await;
    assert_eq!(enabled.data()[0]["id"], json!(id));
    until(&server.engine, async || receiver.count() >= 4).await;
    let types: Vec<String> = receiver.told().into_iter().map(|(told, _)| told).collect();
    assert_eq!(types[2..], ["number.created", "number.updated"]);
    let webhook = read(&server, child, &id).await;
    assert_eq!(webhook["disable_message"], Value::Null);
}

#[tokio::test]
async fn events_are_told_again_from_a_place() {
    let server = server().await;
    let child = &server.child;
    let (receiver, url) = Receiver::start().await;
    let (id, _) = hook(&server, child, &url, json!({})).await;
    for note in 1..=3 {
        let method = if note == 1 { "PUT" } else { "PATCH" };
        step(&server, method, child, N, json!({ "note": note })).await;
    }
    until(&server.engine, async || receiver.count() >= 3).await;
    let first = receiver.bodies()[0]["data"]["cursor"].clone();
    let path = child.url(&format!("/webhooks/{id}"));
    let moved = server
        .write("PATCH", child, &path, json!({ "after": first }))
        .await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    until(&server.engine, async || receiver.count() >= 5).await;
    let moved = server
        .write("PATCH", child, &path, json!({"after": ""}))
        .await;
    assert_eq!(moved.status, 200);
    until(&server.engine, async || receiver.count() >= 8).await;
    let ids: Vec<Value> = receiver
        .bodies()
        .iter()
        .map(|body| body["data"]["id"].clone())
        .collect();
    assert_eq!([&ids[1..3], &ids[..3]].concat(), ids[3..]);
}

/// As Kazoo's hook of that name: a form, with what was done to which document.
#[tokio::test]
async fn objects_are_told_as_forms() {
    let server = server().await;
    let child = &server.child;
    let (receiver, url) = Receiver::start().await;
    let (json_receiver, json_url) = Receiver::start().await;
    let object = json!({"hook": "object", "custom_data": {"type": "number", "action": "all"}});
    hook(&server, child, &url, object).await;
    let edited = json!({
        "hook": "object", "format": "json", "http_verb": "put",
        "custom_data": {"type": "number", "action": "doc_edited"},
    });
    hook(&server, child, &json_url, edited).await;
    step(&server, "PUT", child, N, json!({})).await;
    step(&server, "PATCH", child, N, json!({"note": 1})).await;
    step(&server, "DELETE", child, N, json!({})).await;
    until(&server.engine, async || {
        (receiver.count(), json_receiver.count()) == (3, 1)
    })
    .await;
    let deliveries = receiver.received.lock().unwrap();
    let actions: Vec<String> = deliveries
        .iter()
        .map(|(headers, body)| {
            assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
            let pairs: HashMap<String, String> = form(body);
            assert_eq!(pairs["id"], "+14155550001");
            assert_eq!(pairs["account_id"], child.id());
            assert_eq!(pairs["type"], "number");
            assert!(pairs["timestamp"].parse::<u64>().unwrap() > 62_167_219_200);
            pairs["action"].clone()
        })
        .collect();
    assert_eq!(actions, ["doc_created", "doc_edited", "doc_deleted"]);
    assert_eq!(json_receiver.bodies()[0]["action"], "doc_edited");
}

fn form(body: &[u8]) -> HashMap<String, String> {
    let text = std::str::from_utf8(body).unwrap();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.replace("%2B", "+")))
        .collect()
}

#[tokio::test]
async fn private_addresses_are_not_called() {
    let server = Harness::new().await;
    let child = &server.child;
    let path = child.url("/webhooks");
    for uri in [
        "http://127.0.0.1/",
        "https://10.0.0.1/x",
        "http://[::1]:8000/",
        "http://169.254.169.254/",
        "http://2130706433/",
    ] {
        let data = json!({"name": "x", "uri": uri, "hook": "number.*"});
        let refused = server.write("PUT", child, &path, data).await;
        assert_eq!(refused.status, 400, "{uri}");
        let text = refused.data()["uri"]["wrong_format"]["message"]
            .as_str()
            .unwrap();
        assert!(text.contains("private address"), "{uri}: {text}");
    }
    // A name that leads there is found out when it is called.
    let (receiver, url) = Receiver::start().await;
    let url = url.replace("127.0.0.1", "localhost");
    let (id, _) = hook(&server, child, &url, json!({"retries": 0})).await;
    step(&server, "PUT", child, N, json!({})).await;
    until(&server.engine, async || {
        read(&server, child, &id).await["enabled"] == false
    })
    .await;
    let webhook = read(&server, child, &id).await;
    let reason = webhook["disable_message"].as_str().unwrap();
    assert!(reason.contains("private addresses"), "{reason}");
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn secrets_are_shown_once_and_what_is_wrong_is_said() {
    let server = server().await;
    let child = &server.child;
    let (id, secret) = hook(&server, child, "https://example.com/", json!({})).await;
    assert!(secret.starts_with("whsec_"));
    let own = format!("whsec_{}", STANDARD.encode([7; 32]));
    let (_, shown) = hook(
        &server,
        child,
        "https://example.com/",
        json!({ "secret": own }),
    )
    .await;
    assert_eq!(shown, "");
    let path = child.url(&format!("/webhooks/{id}"));
    let list = server.get(child, &child.url("/webhooks")).await;
    let read = server.get(child, &path).await;
    for text in [&list.text, &read.text] {
        assert!(!text.contains("whsec_"), "{text}");
    }
    assert_eq!(list.data().as_array().unwrap().len(), 2);
    for (wrong, field) in [
        (json!({"uri": "ftp://example.com"}), "uri"),
        (json!({"uri": "https://u:p@example.com"}), "uri"),
        (json!({"uri": "nonsense"}), "uri"),
        (json!({"hook": "number.eaten"}), "hook"),
        (json!({"hook": "fax"}), "hook"),
        (json!({"secret": "short"}), "secret"),
        (json!({"after": "x"}), "after"),
        (json!({"retries": 21}), "retries"),
        (json!({"http_verb": "get"}), "http_verb"),
        (json!({"format": "xml"}), "format"),
        (
            json!({"custom_data": {"type": "account"}}),
            "custom_data.type",
        ),
        (json!({"name": ""}), "name"),
    ] {
        let refused = server.write("PATCH", child, &path, wrong.clone()).await;
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(
            refused.data()[field].is_object(),
            "{wrong}: {}",
            refused.text
        );
    }
    // What a client reads it sends back.
    let mut document = read.data().clone();
    document["name"] = "other".into();
    let saved = server.write("POST", child, &path, document).await;
    assert_eq!(saved.data()["name"], "other", "{}", saved.text);
    let gone = server.call("DELETE", &path, Some(&child.token), None).await;
    assert_eq!(gone.status, 200);
    assert_eq!(server.get(child, &path).await.status, 404);
}

/// Two nodes over one store: each event is sent by one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_do_not_send_side_by_side() {
    const EVENTS: usize = 120;
    let server = server().await;
    let child = &server.child;
    let other = Arc::new(Engine::new(server.store.clone(), settings()).unwrap());
    let (receiver, url) = Receiver::start().await;
    hook(&server, child, &url, json!({})).await;
    for n in 0..EVENTS {
        step(
            &server,
            "PUT",
            child,
            &format!("/+1415556{n:04}"),
            json!({}),
        )
        .await;
    }
    let done = async || receiver.count() >= EVENTS;
    tokio::join!(until(&server.engine, done), until(&other, done));
    let mut numbers: Vec<String> = receiver.told().into_iter().map(|(_, n)| n).collect();
    assert_eq!(numbers.len(), EVENTS);
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), EVENTS);
}

#[tokio::test]
async fn an_emergency_call_is_told_at_once_and_changes_nothing() {
    let (_dash, with_dash) = common::dash::played().await;
    let settings = Settings {
        webhooks: settings().webhooks,
        ..with_dash
    };
    let server = Harness::with(settings, ApiSettings::default()).await;
    let (receiver, uri) = Receiver::start().await;
    let child = &server.child;
    step(&server, "PUT", child, N, json!({})).await;
    let objects = json!({"hook": "object", "custom_data": {"type": "number", "action": "all"}});
    let (edits, edits_uri) = Receiver::start().await;
    hook(&server, child, &edits_uri, objects).await;
    let only = json!({"hook": "number.emergency_called"});
    hook(&server, child, &uri, only).await;
    let path = child.numbers(N);
    let before = server.get(child, &path).await;

    let call = json!({"called": "933", "device": "Room 12", "test": true});
    let report = format!("{N}/emergency_call");
    step(&server, "POST", child, &report, call.clone()).await;

    until(&server.engine, async || receiver.count() == 1).await;
    let told = &receiver.bodies()[0];
    assert_eq!(told["type"], "number.emergency_called");
    assert_eq!(told["data"]["number"], &N[1..]);
    assert_eq!(told["data"]["call"], call);
    assert_eq!(told["data"]["e911"], Value::Null, "it has no address");
    assert_eq!(told["data"]["notification_contact_emails"], json!([]));
    let after = server.get(child, &path).await;
    assert_eq!(after.header("etag"), before.header("etag"));
    assert_eq!(after.data(), before.data());
    // No document was edited: the first that the other webhook tells is this.
    step(&server, "PATCH", child, N, json!({"note": "edited"})).await;
    until(&server.engine, async || edits.count() > 0).await;
    server.engine.deliver_events().await.unwrap();
    assert_eq!((edits.count(), receiver.count()), (1, 1));

    let wrong = json!({"data": {"called": "help", "device": "", "room": 12, "test": "no"}});
    let path = child.numbers(&report);
    let refused = server
        .call("POST", &path, Some(&child.token), Some(wrong))
        .await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    for field in ["called", "device", "room", "test"] {
        assert!(refused.data().get(field).is_some(), "{}", refused.text);
    }

    // With the address that the provider has, and whom to notify.
    let contacts = json!(["desk@example.com"]);
    let address = json!({
        "street_address": "116 Natoma St", "locality": "San Francisco", "region": "CA",
        "postal_code": "94105", "notification_contact_emails": contacts,
    });
    let fields = json!({"e911": address});
    step(&server, "PATCH", child, N, fields).await;
    step(&server, "POST", child, &report, json!({})).await;
    until(&server.engine, async || receiver.count() == 2).await;
    let told = &receiver.bodies()[1]["data"];
    assert_eq!(told["e911"]["street_address"], "116 NATOMA ST");
    assert_eq!(told["e911"]["status"], "PROVISIONED");
    assert_eq!(told["unconfirmed_e911"], Value::Null);
    assert_eq!(told["notification_contact_emails"], contacts);

    // One that was only imported isn't passed off as one.
    let imported = "/+14155550002";
    let row = ImportRow {
        e164: imported[1..].to_owned(),
        account_id: Some(child.id().to_owned()),
        public: json!({"e911": address}).as_object().cloned().unwrap(),
        ..ImportRow::default()
    };
    let made = server
        .engine
        .import_batch(&Context::system("test"), vec![row])
        .await;
    assert!(made.unwrap()[0].is_ok());
    let report = format!("{imported}/emergency_call");
    step(&server, "POST", child, &report, json!({})).await;
    until(&server.engine, async || receiver.count() == 3).await;
    let told = &receiver.bodies()[2]["data"];
    assert_eq!(told["e911"], Value::Null);
    assert_eq!(told["unconfirmed_e911"], address);
    assert_eq!(told["notification_contact_emails"], contacts);
}
