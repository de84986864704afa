//! Webhooks of carriers: what is signed makes us ask, and nothing else does
//! anything.

mod common;

use std::collections::BTreeMap;
use std::future::pending;
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
use simulators::{Fault, Hook, Simulator, Vendor, bandwidth2, played, telnyx};
use store::{Batch, Document, DocumentKind, Operation};
use tokio::net::TcpListener;

const NUMBER: &str = "+14155550101";
const FAR: u64 = 100_000;

/// A server with an order at a carrier that takes its time, and nobody will
/// ask for soon.
struct World {
    server: Harness,
    carrier: &'static str,
    order: String,
    vendor: Simulator,
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
        // Whatever is told of the order is told twice.
        vendor.faults.script([Fault::DuplicateHook]);
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
            vendor,
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

    /// One round of the job that asks for orders.
    async fn look_after(&self) {
        let desk = self.server.engine.desk();
        desk.look_after().await.expect("a working store");
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
    World::new("telnyx", json!({"public_key": telnyx::PUBLIC_KEY})).await
}

fn signed(order: &str) -> Hook {
    telnyx::hook(order, now().unix())
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
    let own = json!({"token": telnyx::TOKEN, "public_key": telnyx::PUBLIC_KEY});
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
    let own = json!({"token": telnyx::TOKEN, "public_key": telnyx::PUBLIC_KEY});
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

/// Of both vendors that post: twice, and the first makes us ask at once.
#[tokio::test]
async fn what_a_carrier_posts_settles_an_order_and_again_changes_nothing() {
    let (user, password) = bandwidth2::WEBHOOK;
    for (carrier, more) in [
        ("telnyx", json!({"public_key": telnyx::PUBLIC_KEY})),
        (
            "bandwidth2",
            json!({"webhook_username": user, "webhook_password": password}),
        ),
    ] {
        let mut world = World::new(carrier, more).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let service = world.server.service.clone();
        tokio::spawn(api::serve(listener, service, pending()));
        let url = format!("http://{address}/v2/hooks/carriers/{carrier}");
        let hooks = played(carrier).and_then(|played| played.carrier?.hooks);
        let hooks = hooks.expect("it posts webhooks");
        let mut posted = world.vendor.post_to(&url, hooks).expect("a client");
        assert!(!world.is_due().await);
        let vendor = &world.vendor.vendor;
        let order = vendor.orders().remove(0);
        assert!(vendor.finish(&order.id), "{order:?}");
        for _ in 0..2 {
            let posted = posted.recv().await.expect("it goes on posting");
            assert_eq!((posted.order, posted.answer), (order.id.clone(), Ok(200)));
        }
        assert!(world.is_due().await, "{carrier}");
        world.look_after().await;
        let child = &world.server.child;
        let url = child.numbers(&format!("/{NUMBER}"));
        let number = world.server.get(child, &url).await;
        assert_eq!(number.data()["state"], "in_service", "{}", number.text);
        let settled = world.document().await;
        // Late, when it is settled already.
        let late = match carrier {
            "telnyx" => signed(&world.order),
            _ => bandwidth2::hook(&world.order),
        };
        assert_eq!(world.told(&late).await, 200);
        world.look_after().await;
        assert_eq!(world.document().await, settled);
        let again = world.server.get(child, &url).await;
        assert_eq!(again.data(), number.data());
        assert_eq!(vendor.times(NUMBER), (1, 0));
    }
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
