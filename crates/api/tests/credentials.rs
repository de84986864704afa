//! Resellers' own credentials at carriers: set, used, never shown.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use api::ApiSettings;
use common::{Answer, Harness, Holder};
use engine::credentials::SecretsKey;
use engine::orders::Timing;
use engine::settings::NumberManager;
use engine::{Engine, Settings};
use outside::settings::AllSettings;
use serde_json::{Map, Value, json};
use simulators::other::{TOKEN, WIRE};
use simulators::{Fault, Simulator, Vendor};
use store::{DocumentKind, Page};

const NUMBER: &str = "+14155550101";

/// A carrier where the operator's own credentials are wrong: only a reseller's
/// open it.
struct World {
    server: Harness,
    vendor: Simulator,
    settings: Settings,
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn key(digits: &str) -> SecretsKey {
    SecretsKey::from_hex(&digits.repeat(32)).expect("a key")
}

impl World {
    async fn new(timing: Timing) -> Self {
        Self::with(timing, Some("ab"), "the operator's").await
    }

    async fn with(timing: Timing, digits: Option<&str>, token: &str) -> Self {
        let vendor = Arc::new(Vendor::new([NUMBER.to_owned()]));
        let vendor = Simulator::start(WIRE, vendor).await.expect("a port");
        let operators = object(&json!({
            "base_url": vendor.url(), "allow_private_addresses": true,
            "bearer_token": token, "timeout_ms": 500,
        }));
        let settings = Settings {
            carriers: AllSettings(BTreeMap::from([("other".to_owned(), operators)])),
            number_manager: NumberManager {
                carrier_modules: vec!["other".to_owned()],
                ..NumberManager::default()
            },
            orders: timing,
            secrets_key: digits.map(key),
            ..Settings::default()
        };
        let server = Harness::with(settings.clone(), ApiSettings::default()).await;
        Self {
            server,
            vendor,
            settings,
        }
    }

    /// Goes on as another node over the same database.
    fn move_to_node(&mut self, digits: &str) {
        let settings = Settings {
            secrets_key: Some(key(digits)),
            ..self.settings.clone()
        };
        let engine = Engine::new(self.server.store.clone(), settings).expect("good settings");
        self.server.service = api::service(Arc::new(engine), ApiSettings::default());
    }

    fn url(&self) -> String {
        self.server.reseller.url("/carriers/other")
    }

    async fn set(&self, token: &str) -> Answer {
        let data = json!({"bearer_token": token});
        let reseller = &self.server.reseller;
        self.server.write("POST", reseller, &self.url(), data).await
    }

    async fn remove(&self) {
        let (url, token) = (self.url(), &self.server.reseller.token);
        let removed = self.server.call("DELETE", &url, Some(token), None);
        assert_eq!(removed.await.status, 200);
    }

    /// How many numbers the carrier shows somebody.
    async fn sees(&self, holder: &Holder) -> usize {
        let path = holder.numbers("?prefix=415");
        let found = self.server.get(holder, &path).await;
        found.data().as_array().map_or(0, Vec::len)
    }

    async fn activate(&self) -> Answer {
        let child = &self.server.child;
        let path = child.numbers(&format!("/{NUMBER}/activate"));
        self.server.write("PUT", child, &path, json!({})).await
    }

    async fn release(&self) -> Answer {
        let child = &self.server.child;
        let path = child.numbers(&format!("/{NUMBER}"));
        self.server
            .call("DELETE", &path, Some(&child.token), None)
            .await
    }

    /// The state of the latest order.
    async fn latest(&self) -> Value {
        let master = &self.server.master;
        let orders = self.server.child.url("/orders");
        let orders = self.server.get(master, &orders).await;
        orders
            .data()
            .as_array()
            .and_then(|all| all.last())
            .cloned()
            .expect("an order")
    }

    /// Looks after orders until the latest is in a state.
    async fn settled(&self, state: &str) -> Value {
        for _ in 0..200 {
            self.server
                .engine
                .desk()
                .look_after()
                .await
                .expect("a working store");
            let latest = self.latest().await;
            if latest["state"] == state {
                return latest;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{}", self.latest().await);
    }
}

#[tokio::test]
async fn what_is_set_is_used_below_the_reseller_and_nowhere_else() {
    let world = World::new(Timing::default()).await;
    let server = &world.server;
    for holder in [&server.child, &server.stranger, &server.reseller] {
        assert_eq!(world.sees(holder).await, 0);
    }
    let set = world.set(TOKEN).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(world.sees(&server.child).await, 1);
    assert_eq!(world.sees(&server.reseller).await, 1);
    assert_eq!(world.sees(&server.stranger).await, 0);

    let bought = world.activate().await;
    assert_eq!(
        (bought.status.as_u16(), &bought.data()["state"]),
        (201, &json!("in_service"))
    );
    let order = world.latest().await;
    assert_eq!(order["credentials"]["reseller"], server.reseller.id());
    assert_eq!(world.vendor.vendor.owned(None, 10), [NUMBER]);

    world.remove().await;
    assert_eq!(world.sees(&server.child).await, 0);
    // Given back with what it was bought with.
    assert_eq!(world.release().await.status, 200);
    assert!(world.vendor.vendor.owned(None, 10).is_empty());
}

#[tokio::test]
async fn an_open_order_is_asked_for_with_what_it_was_sent_with() {
    let timing = Timing {
        wait_ms: 100,
        lost_after_s: 0,
        unheard_after_s: 0,
        ..Timing::default()
    };
    let world = World::new(timing).await;
    world.set(TOKEN).await;
    assert_eq!(world.sees(&world.server.child).await, 1);
    world.vendor.vendor.faults.script([Fault::Hang]);
    world.activate().await;
    assert_eq!(world.set("a wrong one").await.status, 200);
    let bought = world.settled("confirmed").await;
    assert_eq!(bought["kind"], "purchase");
    // What is new is used for what is new.
    world.release().await;
    let release = world.settled("by_hand").await;
    assert_eq!(release["kind"], "release");
    assert_ne!(
        release["credentials"]["version"],
        bought["credentials"]["version"]
    );
}

#[tokio::test]
async fn keys_are_shown_and_values_never() {
    let world = World::new(Timing::default()).await;
    let server = &world.server;
    let reseller = &server.reseller;
    assert_eq!(server.get(reseller, &world.url()).await.status, 404);
    let secret = "a secret that nobody shows";
    let data = json!({"bearer_token": secret, "endpoints": "sip.example.com", "timeout_ms": 400});
    let set = server.write("PUT", reseller, &world.url(), data).await;
    assert_eq!(set.status, 201, "{}", set.text);
    for holder in [reseller, &server.master] {
        let shown = server.get(holder, &world.url()).await;
        let keys = json!(["bearer_token", "endpoints", "timeout_ms"]);
        assert_eq!(shown.data()["keys"], keys);
        assert!(!shown.text.contains(secret), "{}", shown.text);
    }
    for holder in [&server.child, &server.stranger] {
        assert_eq!(server.get(holder, &world.url()).await.status, 403);
    }
    let page = Page::first(10);
    let stored = server
        .store
        .documents(DocumentKind::Credentials, None, &page)
        .await;
    let stored = stored.expect("a working store");
    assert_eq!(stored.len(), 1);
    assert!(!stored[0].body.contains(secret));
    world.remove().await;
    assert_eq!(server.get(reseller, &world.url()).await.status, 404);
}

#[tokio::test]
async fn what_can_not_be_used_is_refused_by_name() {
    let world = World::new(Timing::default()).await;
    let server = &world.server;
    let reseller = &server.reseller;
    for (data, named) in [
        (json!({"base_url": "http://127.0.0.1:1"}), "base_url"),
        (
            json!({"phonebook_url": "http://127.0.0.1:1"}),
            "phonebook_url",
        ),
        (
            json!({"allow_private_addresses": true}),
            "allow_private_addresses",
        ),
        (json!({"timeout_ms": 501}), "timeout_ms"),
        (json!({"tokn": "x"}), "tokn"),
        (json!({"bearer_token": "x".repeat(20_000)}), "16384"),
    ] {
        let refused = server.write("POST", reseller, &world.url(), data).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        assert!(refused.text.contains(named), "{named}: {}", refused.text);
    }
    let telnyx = reseller.url("/carriers/telnyx");
    let missing = server.write("POST", reseller, &telnyx, json!({})).await;
    assert!(missing.text.contains("token"), "{}", missing.text);
    for (name, status) in [("acme", 404), ("local", 400)] {
        let path = reseller.url(&format!("/carriers/{name}"));
        let refused = server.write("POST", reseller, &path, json!({})).await;
        assert_eq!(refused.status.as_u16(), status, "{name}: {}", refused.text);
    }
    assert_eq!(server.get(reseller, &world.url()).await.status, 404);
}

#[tokio::test]
async fn every_node_with_the_key_uses_them_and_none_without_it_the_operators() {
    let mut world = World::with(Timing::default(), Some("ab"), TOKEN).await;
    assert_eq!(world.set(TOKEN).await.status, 200);
    for (digits, seen) in [("ab", 1), ("cd", 0)] {
        world.move_to_node(digits);
        let server = &world.server;
        assert_eq!(world.sees(&server.child).await, seen, "{digits}");
        assert_eq!(world.sees(&server.stranger).await, 1, "{digits}");
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_set() {
    let world = World::with(Timing::default(), None, TOKEN).await;
    let refused = world.set(TOKEN).await;
    assert_eq!(refused.status, 501);
    assert!(
        refused.text.contains("NUMBERD_SECRETS_KEY"),
        "{}",
        refused.text
    );
}
