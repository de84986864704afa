//! Caller names that their provider hasn't taken yet: the number says so.

mod common;

use std::collections::BTreeMap;

use api::ApiSettings;
use common::{Harness, Holder};
use engine::Settings;
use engine::settings::NumberManager;
use numbers::gregorian::GregorianSeconds;
use numbers::price::PriceList;
use serde_json::{Value, json};

const NUMBER: &str = "/+14155550101";
const LATER: GregorianSeconds = GregorianSeconds::new(99_000_000_000);

async fn world(provider: &str) -> Harness {
    world_with(provider, PriceList::default()).await
}

async fn world_with(provider: &str, prices: PriceList) -> Harness {
    let settings = Settings {
        prices,
        number_manager: NumberManager {
            available_module_name: "inventory".to_owned(),
            cnam_provider: provider.to_owned(),
            ..NumberManager::default()
        },
        ..Settings::default()
    };
    let server = Harness::with(settings, ApiSettings::default()).await;
    let made = json!({ "create_with_state": "in_service" });
    let url = server.child.numbers(NUMBER);
    let made = server.write("PUT", &server.child, &url, made).await;
    assert_eq!(made.status, 201, "{:?}", made.data());
    server
}

impl Harness {
    /// What a change of the number answers of its caller names.
    async fn change(&self, fields: Value) -> Value {
        let url = self.child.numbers(NUMBER);
        let changed = self.write("PATCH", &self.child, &url, fields).await;
        assert_eq!(changed.status, 200, "{:?}", changed.data());
        changed.data()["_read_only"]["cnam"].clone()
    }

    /// What the number says of them, in both dialects alike.
    async fn shown(&self, who: &Holder) -> Value {
        let mut shown = Vec::new();
        for dialect in ["2016", "4.3"] {
            let url = self.child.numbers(NUMBER);
            let token = Some(&who.token);
            let seen = self.call_in(dialect, "GET", &url, token.map(String::as_str), None);
            shown.push(seen.await.data()["_read_only"]["cnam"].clone());
        }
        assert_eq!(shown[0], shown[1]);
        shown.remove(0)
    }

    async fn job(&self) {
        let desk = self.engine.caller_names();
        desk.look_after(LATER).await.expect("a round");
    }
}

#[tokio::test]
async fn a_name_that_no_provider_has_taken_is_not_shown_as_set() {
    let server = world("telnyx_cnam").await;
    let (child, master) = (&server.child, &server.master);
    assert_eq!(server.shown(child).await, Value::Null);
    let pending = json!({ "state": "pending" });
    let asked = server.change(json!({ "cnam": { "display_name": "ACME" } }));
    assert_eq!(asked.await, pending);
    assert_eq!(server.shown(child).await, pending);

    // Its provider isn't there: told in vain.
    server.job().await;
    assert_eq!(server.shown(child).await, json!({ "state": "failed" }));
    let reason = "'telnyx_cnam' is not configured, so it can't be told";
    let known = json!({ "state": "failed", "reason": reason });
    assert_eq!(server.shown(master).await, known);
    // What has nothing to do with it leaves it so; another name is asked anew.
    assert_eq!(
        server.change(json!({ "note": 1 })).await,
        json!({ "state": "failed" })
    );
    let asked = server.change(json!({ "cnam": { "display_name": "B" } }));
    assert_eq!(asked.await, pending);
    // Switched off, it may be at the provider still.
    let removing = json!({ "state": "removing" });
    assert_eq!(server.change(json!({ "cnam": {} })).await, removing);
    server.job().await;
    assert_eq!(server.shown(child).await, removing);
    let known = json!({ "state": "removing", "reason": reason });
    assert_eq!(server.shown(master).await, known);
}

#[tokio::test]
async fn a_name_that_a_person_must_set_says_so() {
    let server = world("cnam_notifier").await;
    server
        .change(json!({ "cnam": { "inbound_lookup": true } }))
        .await;
    server.job().await;
    let by_hand = json!({ "state": "by_hand" });
    assert_eq!(server.shown(&server.child).await, by_hand);
}

#[tokio::test]
async fn a_name_costs_what_its_provider_does() {
    let both = ["cnam", "telnyx_cnam"].map(str::to_owned).into_iter();
    let prices = PriceList {
        number_services: both.zip([1.0, 2.0]).collect::<BTreeMap<_, _>>(),
        ..PriceList::default()
    };
    for (provider, name, rate) in [
        ("cnam_notifier", "cnam", 1.0),
        ("knm_telnyx_cnam", "telnyx_cnam", 2.0),
    ] {
        let server = world_with(provider, prices.clone()).await;
        let url = server.child.numbers(NUMBER);
        let asked = json!({ "cnam": { "display_name": "ACME" } });
        let quote = server.write("PATCH", &server.child, &url, asked).await;
        assert_eq!(quote.status, 402, "{}", quote.text);
        let services = quote.data()["number_services"].as_object().unwrap();
        assert_eq!(services.keys().collect::<Vec<_>>(), [name]);
        assert_eq!(services[name]["rate"], rate);
    }
}
