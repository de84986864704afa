//! Webhooks of carriers: what is signed makes us ask, and nothing else does
//! anything.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use api::ApiSettings;
use axum::body::Body;
use axum::http::Request;
use common::{Answer, Harness};
use engine::Settings;
use engine::context::now;
use engine::credentials::SecretsKey;
use engine::orders::Timing;
use engine::settings::NumberManager;
use numbers::gregorian::GregorianSeconds;
use outside::settings::AllSettings;
use serde_json::{Map, Value, json};
use simulators::{Hook, Simulator, Vendor, bandwidth2, played, telnyx};
use store::{Batch, Document, DocumentKind, Operation};

const NUMBER: &str = "+14155550101";
const FAR: u64 = 100_000;

/// A server with an order at a carrier that takes its time, and nobody will
/// ask for soon.
struct World {
    server: Harness,
    carrier: &'static str,
    order: String,
    _vendor: Simulator,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

impl World {
    async fn new(carrier: &'static str, more: Value) -> Self {
        Self::with(carrier, more, None).await
    }

    /// The same, where the reseller may have settings of its own.
    async fn with(carrier: &'static str, more: Value, own: Option<Value>) -> Self {
        let played = played(carrier).expect("it can be played");
        let vendor = Vendor::new([NUMBER.to_owned()]);
        vendor.set_patience(1000);
        let started = Simulator::start(played.wire, Arc::new(vendor)).await;
        let vendor = started.expect("a port");
        let mut settings = object(json!({
            "base_url": vendor.url(), "allow_private_addresses": true,
        }));
        let known = played.carrier.expect("it sells numbers");
        for (key, value) in known.settings {
            settings.insert((*key).to_owned(), json!(value));
        }
        settings.extend(object(more));
        let settings = Settings {
            carriers: AllSettings(BTreeMap::from([(carrier.to_owned(), settings)])),
            number_manager: NumberManager {
                carrier_modules: vec![carrier.to_owned()],
                ..NumberManager::default()
            },
            orders: Timing {
                wait_ms: 0,
                ..Timing::default()
            },
            secrets_key: SecretsKey::from_hex(&"ab".repeat(32)).ok(),
            ..Settings::default()
        };
        let api = ApiSettings::default();
        let server = Harness::with(settings, api).await;
        if let Some(own) = own {
            let reseller = &server.reseller;
            let path = reseller.url(&format!("/carriers/{carrier}"));
            let set = server.write("POST", reseller, &path, own).await;
            assert_eq!(set.status, 200);
        }
        let child = &server.child;
        server.get(child, &child.numbers("?prefix=415")).await;
        let activate = child.numbers(&format!("/{NUMBER}/activate"));
        server.write("PUT", child, &activate, json!({})).await;
        let orders = server.get(child, &child.url("/orders")).await;
        let order = orders.data()[0]["id"].as_str().expect("an order");
        let world = Self {
            order: order.to_owned(),
            server,
            carrier,
            _vendor: vendor,
        };
        world.put_off().await;
        world
    }

    async fn document(&self) -> Document {
        let kind = DocumentKind::Order;
        let stored = self.server.store.document(kind, &self.order).await;
        stored.expect("a working store").expect("the order")
    }

    /// Waits until the order is taken, and puts the next question off.
    async fn put_off(&self) {
        for _ in 0..1000 {
            let mut document = self.document().await;
            let body: Value = serde_json::from_str(&document.body).expect("JSON");
            if body["vendor"]["order_id"].is_string() {
                document.due = Some(GregorianSeconds::new(now().get() + FAR));
                document.revision = document.revision.next();
                let put = Operation::PutDocument(Box::new(document));
                let written = self.server.store.write(Batch::new().then(put)).await;
                written.expect("a working store").expect("no expectations");
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("not taken: {:?}", self.document().await);
    }

    async fn is_due(&self) -> bool {
        self.document().await.due.is_some_and(|due| due <= now())
    }

    /// `carrier` may go on with the account whose it is.
    async fn post(&self, carrier: &str, hook: &Hook) -> Answer {
        let path = format!("/v2/hooks/carriers/{carrier}");
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in &hook.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(hook.body.clone()));
        self.server.send(request.expect("a good request")).await
    }

    async fn told(&self, hook: &Hook) -> u16 {
        self.post(self.carrier, hook).await.status.as_u16()
    }
}

async fn telnyx_world() -> World {
    let key = telnyx::public_key().expect("a key");
    World::new("telnyx", json!({"public_key": key})).await
}

fn signed(order: &str) -> Hook {
    telnyx::hook(order, now().unix()).expect("signed")
}

#[tokio::test]
async fn a_signed_notice_makes_us_ask_and_no_more_than_once() {
    let world = telnyx_world().await;
    let hook = signed(&world.order);
    assert!(!world.is_due().await);
    assert_eq!(world.told(&hook).await, 200);
    assert!(world.is_due().await);
    let before = world.document().await;
    assert_eq!(world.told(&hook).await, 200, "again");
    assert_eq!(world.document().await, before);
}

#[tokio::test]
async fn forged_and_foreign_notices_do_nothing() {
    let world = telnyx_world().await;
    let good = signed(&world.order);
    let mut changed = good.clone();
    changed.body.push(' ');
    let unsigned = Hook {
        headers: Vec::new(),
        ..good.clone()
    };
    let before = world.document().await;
    for forged in [changed, unsigned] {
        assert_eq!(world.told(&forged).await, 403);
    }
    // Signed, and about nothing of ours.
    for other in ["", "nothing", &"0".repeat(32)] {
        assert_eq!(world.told(&signed(other)).await, 200, "{other}");
    }
    for carrier in ["other", "acme", "local", "telnyx%2Fx"] {
        let answer = world.post(carrier, &good).await;
        assert_eq!(answer.status.as_u16(), 404, "{carrier}");
    }
    assert_eq!(world.document().await, before);
}

#[tokio::test]
async fn a_resellers_own_account_is_believed_of_its_own_orders() {
    let key = telnyx::public_key().expect("a key");
    let own = json!({"token": telnyx::TOKEN, "public_key": key});
    let world = World::with("telnyx", json!({}), Some(own)).await;
    let hook = signed(&world.order);
    let reseller = world.server.reseller.account.id.clone();
    let at = format!("telnyx/{reseller}");
    let mut forged = hook.clone();
    forged.body.push(' ');
    let child = &world.server.child.account.id;
    for (path, hook, status) in [
        ("telnyx".to_owned(), &hook, 404),
        (format!("telnyx/{child}"), &hook, 404),
        ("telnyx/nobody".to_owned(), &hook, 404),
        (format!("other/{reseller}"), &hook, 404),
        (at.clone(), &forged, 403),
        (at.clone(), &signed("nothing"), 200),
    ] {
        let answer = world.post(&path, hook).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(!world.is_due().await, "{path}");
    }
    // Orders stay open beyond the credentials that they were sent with.
    let (server, path) = (&world.server, "/carriers/telnyx");
    let changed = json!({"token": "another", "public_key": ""});
    let path = server.reseller.url(path);
    let set = server.write("POST", &server.reseller, &path, changed);
    assert_eq!(set.await.status, 200);
    assert_eq!(world.post(&at, &hook).await.status, 200);
    assert!(world.is_due().await);
}

#[tokio::test]
async fn a_reseller_moves_nobody_elses_orders() {
    let world = telnyx_world().await;
    let key = telnyx::public_key().expect("a key");
    let own = json!({"token": telnyx::TOKEN, "public_key": key});
    let (server, reseller) = (&world.server, &world.server.reseller);
    let path = reseller.url("/carriers/telnyx");
    let set = server.write("POST", reseller, &path, own);
    assert_eq!(set.await.status, 200);
    let at = format!("telnyx/{}", reseller.account.id);
    assert_eq!(world.post(&at, &signed(&world.order)).await.status, 200);
    assert!(!world.is_due().await);
    assert_eq!(world.told(&signed(&world.order)).await, 200);
    assert!(world.is_due().await);
}

#[tokio::test]
async fn notices_in_xml_are_taken_with_their_own_credentials() {
    let (user, password) = bandwidth2::WEBHOOK;
    let more = json!({"webhook_username": user, "webhook_password": password});
    let world = World::new("bandwidth2", more).await;
    let hook = bandwidth2::hook(&world.order);
    let wrong = Hook {
        headers: vec![("authorization", "Basic eDp5".to_owned())],
        ..hook.clone()
    };
    assert_eq!(world.told(&wrong).await, 403);
    assert!(!world.is_due().await);
    assert_eq!(world.told(&hook).await, 200);
    assert!(world.is_due().await);
}

#[tokio::test]
async fn long_and_many_notices_are_refused() {
    let world = telnyx_world().await;
    let mut long = signed(&world.order);
    long.body = " ".repeat((256 << 10) + 1);
    assert_eq!(world.told(&long).await, 400);
    let hook = signed("nothing");
    let mut refused = false;
    for _ in 0..200 {
        refused = refused || world.told(&hook).await == 429;
    }
    assert!(refused);
    let get = world
        .server
        .call("GET", "/v2/hooks/carriers/telnyx", None, None);
    assert!(matches!(get.await.status.as_u16(), 405 | 429));
}
