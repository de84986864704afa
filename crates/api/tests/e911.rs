//! Emergency addresses as clients see them: the three answers of the API's
//! document in dialect 2016, their forms in 4.3, and what stands in between.

mod common;

use api::ApiSettings;
use common::{Answer, Harness};
use engine::Context;
use engine::context::now;
use engine::import::ImportRow;
use numbers::state::State;
use serde_json::{Map, Value, json};
use simulators::{Fault, Simulator};

const NUMBER: &str = "+14155550101";

struct World {
    server: Harness,
    dash: Simulator,
}

impl World {
    async fn new() -> Self {
        let (dash, settings) = common::dash::played().await;
        let server = Harness::with(settings, ApiSettings::default()).await;
        let world = Self { server, dash };
        let created = json!({ "create_with_state": "in_service" });
        world.ask("2016", "PUT", created).await;
        world
    }

    async fn ask(&self, dialect: &str, method: &str, data: Value) -> Answer {
        let child = &self.server.child;
        let path = child.numbers(&format!("/{NUMBER}"));
        let body = (method != "GET").then(|| json!({ "data": data }));
        let token = Some(child.token.as_str());
        self.server
            .call_in(dialect, method, &path, token, body)
            .await
    }

    async fn number(&self, dialect: &str) -> Value {
        self.ask(dialect, "GET", Value::Null).await.data().clone()
    }
}

fn address(street: &str) -> Value {
    json!({
        "postal_code": "94105", "street_address": street, "extended_address": "Apt 116",
        "locality": "San Francisco", "region": "CA",
    })
}

/// The seed's payload, in the words of a dialect.
fn payload(key: &str, street: &str) -> Value {
    json!({ "used_by": "callflow", "id": NUMBER, key: address(street) })
}

const KEYS: [(&str, &str); 2] = [("2016", "dash_e911"), ("4.3", "e911")];

#[tokio::test]
async fn an_address_that_nobody_finds_is_refused_as_the_document_says() {
    for (dialect, message) in [("2016", "invalid data"), ("4.3", "validation error")] {
        let world = World::new().await;
        let data = payload("dash_e911", "1 Nowhere Ln");
        let answer = world.ask(dialect, "POST", data).await;
        let expected = json!({ "address": { "invalid": {
            "cause": address("1 Nowhere Ln"),
            "message": "Location is not geocoded",
            "provider": "dash_e911",
        } } });
        assert_eq!(answer.refusal(), (400, message, &expected));
    }
}

#[tokio::test]
async fn of_several_addresses_one_is_chosen_by_sending_it_back() {
    for (dialect, key) in KEYS {
        let world = World::new().await;
        let answer = world
            .ask(dialect, "POST", payload("dash_e911", "12 Sample"))
            .await;
        let (status, message, data) = answer.refusal();
        assert_eq!((status, message), (400, "multiple_choice"));
        let choice = &data["multiple_choice"][key];
        assert_eq!(data, &json!({ "multiple_choice": { key: choice } }));
        assert_eq!(choice["cause"], address("12 Sample"));
        assert_eq!(choice["message"], "more than one address found");
        let details = choice["details"].as_array().expect("candidates");
        let streets: Vec<&Value> = details.iter().map(|one| &one["street_address"]).collect();
        assert_eq!(streets, ["12 SAMPLE ST", "12 SAMPLE AVE"]);
        assert!(details.iter().all(|one| one["location_id"].is_string()));
        assert_eq!(world.number(dialect).await.get(key), None);

        let chosen = json!({ key: details[1] });
        let answer = world.ask(dialect, "POST", chosen).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.data()[key]["street_address"], "12 SAMPLE AVE");
        assert_eq!(answer.data()[key]["status"], "PROVISIONED");

        // Nobody chooses by what is left in the document of the choice before.
        let again = world
            .ask(dialect, "PATCH", json!({ key: address("12 Sample") }))
            .await;
        assert_eq!(again.refusal().1, "multiple_choice");
    }
}

#[tokio::test]
async fn the_address_is_shown_as_the_provider_has_it() {
    for (dialect, key) in KEYS {
        let world = World::new().await;
        let answer = world
            .ask(dialect, "POST", payload("dash_e911", "116 Natoma St"))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let shown = &answer.data()[key];
        let location = shown["location_id"].as_str().expect("a location");
        let expected = json!({
            "street_address": "116 NATOMA ST", "extended_address": "APT 116",
            "caller_name": "child", "locality": "SAN FRANCISCO",
            "latitude": "37.786861", "longitude": "-122.399484",
            "location_id": location, "plus_four": "3745", "postal_code": "94105",
            "region": "CA", "status": "PROVISIONED",
            "legacy_data": {
                "house_number": "116", "streetname": "NATOMA ST", "suite": "APT 116",
            },
        });
        assert_eq!(shown, &expected);
        let stored = world.number(dialect).await;
        assert_eq!(&stored[key], &expected);
        let held = world.dash.vendor.emergency.in_force(NUMBER);
        assert!(held.is_some_and(|held| held.id == location));
        // What a client reads and sends back asks nobody, in any words.
        let requests = world.dash.vendor.requests();
        let again = world.ask(dialect, "POST", stored).await;
        assert_eq!(&again.data()[key], &expected);
        assert_eq!(world.dash.vendor.requests(), requests);
    }
}

/// Beside the corrected one, to those whose number it is then.
#[tokio::test]
async fn an_event_has_the_address_that_was_asked_for() {
    let world = World::new().await;
    world.dash.vendor.faults.script_after(2, Fault::ErrorAfter);
    world
        .ask("4.3", "PATCH", payload("e911", "116 Natoma St"))
        .await;
    let later = numbers::gregorian::GregorianSeconds::new(now().get() + 10_000);
    let desk = world.server.engine.addresses();
    while desk.look_after(later).await.expect("a store") > 0 {}
    let moved = json!({ "e911": address("301 Marina Blvd") });
    let answer = world.ask("4.3", "PATCH", moved).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let (child, reseller) = (&world.server.child, &world.server.reseller);
    let taken = reseller.numbers(&format!("/{NUMBER}/activate"));
    let data = json!({ "e911": address("1 Market St") });
    let answer = world.server.write("PUT", reseller, &taken, data).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    let mut told = Vec::new();
    for holder in [child, reseller] {
        let path = holder.numbers(&format!("/{NUMBER}/history"));
        let events = world.server.get(holder, &path).await.data().clone();
        let events = events.as_array().cloned().expect("events");
        let asked = events.into_iter().map(|event| {
            let asked = event["asked_address"]["street_address"].as_str();
            let shown = event["after"]["dash_e911"]["street_address"].as_str();
            (asked.map(str::to_owned), shown.map(str::to_owned))
        });
        told.push(asked.collect::<Vec<_>>());
    }
    let both = |asked: &str| Some(asked.to_owned());
    let first = [
        (None, None),
        (both("116 Natoma St"), None),
        (both("116 Natoma St"), both("116 NATOMA ST")),
        (both("301 Marina Blvd"), both("301 MARINA BLVD")),
    ];
    assert_eq!(told[0][..4], first);
    assert_eq!(told[1][..4], first);
    assert_eq!(told[0][4], (None, None));
    assert_eq!(told[1][4], (both("1 Market St"), both("1 MARKET ST")));
}

/// Whatever it says of itself, no provider here was told of it.
#[tokio::test]
async fn an_address_from_elsewhere_is_shown_as_unconfirmed() {
    for (dialect, key) in KEYS {
        for state in [State::InService, State::PortOut] {
            let (_dash, settings) = common::dash::played().await;
            let server = Harness::with(settings, ApiSettings::default()).await;
            let mut noted = address("116 Natoma St");
            noted["status"] = json!("PROVISIONED");
            let row = ImportRow {
                e164: NUMBER.to_owned(),
                account_id: Some(server.child.id().to_owned()),
                carrier_module: Some("inventory".to_owned()),
                state: Some(state),
                public: Map::from_iter([("e911".to_owned(), noted)]),
                ..ImportRow::default()
            };
            let cx = Context::system("test");
            let made = server.engine.import_batch(&cx, vec![row]).await;
            assert!(matches!(made.expect("a store")[..], [Ok(_)]));
            let child = &server.child;
            let read = async |rest: &str| {
                let path = child.numbers(&format!("/{NUMBER}{rest}"));
                let token = Some(child.token.as_str());
                let answer = server.call_in(dialect, "GET", &path, token, None).await;
                answer.data().clone()
            };
            let number = read("").await;
            assert_eq!(number[key], address("116 Natoma St"), "{state}");
            assert_eq!(number["_read_only"][key]["state"], "unconfirmed");
            let events = read("/history").await;
            assert_eq!(events[0]["after"][key], address("116 Natoma St"));
        }
    }
}

/// The document's three answers: invalid address, multiple choice, success.
fn examples() -> [Value; 3] {
    let document = include_str!("data/phone_numbers_2016.md");
    let (_, rest) = document.split_once("#### E911").expect("the section");
    let (section, _) = rest.split_once("\n#### ").expect("its end");
    let examples: Vec<Value> = section
        .split("```json")
        .skip(2)
        .filter_map(|text| serde_json::from_str(text.split("```").next()?).ok())
        .collect();
    examples.try_into().expect("three answers")
}

/// Every member of the example is there, in the example's order; others may
/// stand between them. What lists hold is in any order, since the document
/// itself orders an address in two ways.
fn assert_ordered(example: &Value, actual: &Value) {
    let (Some(example), Some(actual)) = (example.as_object(), actual.as_object()) else {
        return;
    };
    let of_example = |key: &&String| example.contains_key(*key);
    let found: Vec<&String> = actual.keys().filter(of_example).collect();
    assert_eq!(found, example.keys().collect::<Vec<_>>(), "{actual:?}");
    for (key, example) in example {
        assert_ordered(example, &actual[key]);
    }
}

#[tokio::test]
async fn the_documents_answers_are_printed_in_its_order() {
    let [invalid, choice, mut success] = examples();
    let world = World::new().await;
    for (street, example) in [("1 Nowhere Ln", &invalid), ("12 Sample", &choice)] {
        let answer = world
            .ask("2016", "POST", payload("dash_e911", street))
            .await;
        assert_ordered(example, &answer.body);
    }
    let answer = world
        .ask("2016", "POST", payload("dash_e911", "116 Natoma St"))
        .await;
    // The number's own members the document orders elsewhere in another way.
    let address = success["data"]["dash_e911"].take();
    success["data"] = json!({ "dash_e911": address });
    assert_ordered(&success, &answer.body);
    let stored = world.number("2016").await;
    assert_ordered(&success["data"], &stored);
}

#[tokio::test]
async fn nothing_is_half_set_when_the_provider_fails() {
    let world = World::new().await;
    let before = world.number("4.3").await;
    world.dash.vendor.faults.script([Fault::Refuse]);
    let data = json!({ "e911": address("116 Natoma St"), "note": 1 });
    let answer = world.ask("4.3", "PATCH", data).await;
    let (status, message, data) = answer.refusal();
    assert_eq!((status, message), (500, "unspecified_fault"));
    assert_eq!(data["message"], "fault by provider");
    assert_eq!(world.number("4.3").await, before);
}

/// Each number's error is its own, and only administrators learn what the
/// provider said.
#[tokio::test]
async fn who_is_down_is_said_of_each_number_of_a_collection() {
    let world = World::new().await;
    let child = &world.server.child;
    let other = "+14155550102";
    let created = json!({ "create_with_state": "in_service" });
    let path = child.numbers(&format!("/{other}"));
    world.server.write("PUT", child, &path, created).await;
    let single = child.numbers(&format!("/{NUMBER}"));
    for (holder, is_told) in [(child, false), (&world.server.master, true)] {
        let data = json!({ "numbers": [other, NUMBER], "e911": address("116 Natoma St") });
        world.dash.vendor.faults.script([Fault::UnknownCode]);
        let path = child.numbers("/collection");
        let refused = world.server.write("POST", holder, &path, data).await;
        for number in [NUMBER, other] {
            let error = &refused.data()["error"][number];
            assert_eq!(error["message"], "fault by provider", "{}", refused.text);
            assert_eq!(error["cause"], number);
            assert_eq!(error["provider_reason"].is_string(), is_told, "{error}");
        }
        let told = refused.data()["error"][NUMBER].clone();
        world.dash.vendor.faults.script([Fault::UnknownCode]);
        let data = json!({ "e911": address("116 Natoma St") });
        let refused = world.server.write("PATCH", holder, &single, data).await;
        assert_eq!(
            refused.data()["provider_reason"],
            told["provider_reason"],
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_removal_that_fails_is_said_and_done_later() {
    for (dialect, key) in KEYS {
        let world = World::new().await;
        world
            .ask(dialect, "PATCH", payload(key, "116 Natoma St"))
            .await;
        world.dash.vendor.faults.script([Fault::ErrorBefore]);
        world.ask(dialect, "POST", json!({ "note": 1 })).await;
        let engine = &world.server.engine;
        let mut number = world.number(dialect).await;
        assert_eq!(number.get(key), None);
        for _ in 0..1000 {
            if number["_read_only"].get(key).is_none() {
                break;
            }
            assert_eq!(number["_read_only"][key], json!({ "state": "removing" }));
            let later = numbers::gregorian::GregorianSeconds::new(now().get() + 10_000);
            engine.addresses().look_after(later).await.expect("a store");
            number = world.number(dialect).await;
        }
        assert_eq!(number["_read_only"].get(key), None);
        assert!(world.dash.vendor.emergency.in_force(NUMBER).is_none());
    }
}

#[tokio::test]
async fn numbers_without_an_address_are_listed() {
    let world = World::new().await;
    let child = &world.server.child;
    let path = child.url("/e911_coverage");
    let listed = world.server.get(child, &path).await;
    let rows = listed.data().as_array().expect("rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["id"], NUMBER);
    assert_eq!(rows[0]["state"], "never_asked");
    world
        .ask("4.3", "PATCH", payload("e911", "116 Natoma St"))
        .await;
    let listed = world.server.get(child, &path).await;
    assert_eq!(listed.data(), &json!([]));
    // 911 is called in the territories too; not elsewhere in the Caribbean, and
    // nobody calls it from a toll-free number.
    let called = [
        "+13405550100",
        "+14165550100",
        "+16705550100",
        "+16715550100",
        "+16845550100",
        "+17875550100",
        "+19395550100",
    ];
    let others = [
        "+18095550100",
        "+18685550100",
        "+18005550100",
        "+442079460100",
    ];
    for number in called.iter().chain(&others) {
        let created = json!({ "create_with_state": "in_service" });
        let path = child.numbers(&format!("/{number}"));
        let made = world.server.write("PUT", child, &path, created).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let listed = world.server.get(child, &path).await;
    let ids: Vec<&Value> = listed
        .data()
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| &row["id"])
        .collect();
    assert_eq!(ids, called);
    for holder in [&world.server.stranger] {
        assert_eq!(world.server.get(holder, &path).await.status, 403);
    }
}

/// Played addresses are in force nowhere.
#[tokio::test]
async fn a_sandboxs_address_covers_nothing() {
    let (dash, mut settings) = common::dash::played().await;
    let dash_settings = settings.providers.0.get_mut("dash_e911");
    let dash_settings = dash_settings.expect("the provider's settings");
    dash_settings.insert("sandbox".to_owned(), json!(true));
    let server = Harness::with(settings, ApiSettings::default()).await;
    let world = World { server, dash };
    let created = json!({ "create_with_state": "in_service" });
    world.ask("4.3", "PUT", created).await;
    let set = world.ask("4.3", "PATCH", payload("e911", "116 Natoma St"));
    let shown = set.await.data()["e911"].clone();
    assert_eq!(shown["street_address"], "116 Natoma St");
    assert_eq!(shown.get("status"), None);
    let child = &world.server.child;
    let listed = world.server.get(child, &child.url("/e911_coverage")).await;
    assert_eq!(listed.data()[0]["id"], NUMBER);
    assert_eq!(listed.data()[0]["state"], "unconfirmed");
    assert_eq!(world.dash.vendor.requests(), 0);
}

/// Only the number's carrier is told apart: what Telnyx would say is never asked.
#[tokio::test]
async fn a_provider_that_does_not_suit_the_carrier_is_named() {
    let (_dash, mut settings) = common::dash::played().await;
    let telnyx = json!({ "base_url": "https://127.0.0.1:9", "token": "t" });
    let telnyx = telnyx.as_object().cloned().expect("an object");
    settings
        .providers
        .0
        .insert("telnyx_e911".to_owned(), telnyx);
    let server = Harness::with(settings, ApiSettings::default()).await;
    let child = &server.child;
    let path = |number: &str| child.numbers(&format!("/{number}"));
    let without = "+14155550102";
    for number in [NUMBER, without] {
        let created = json!({ "create_with_state": "in_service" });
        server.write("PUT", child, &path(number), created).await;
    }
    let fields = payload("e911", "116 Natoma St");
    let set = server.write("PATCH", child, &path(NUMBER), fields).await;
    assert_eq!(set.data()["_read_only"].get("dash_e911"), None);

    let warning = "telnyx_e911 keeps emergency addresses of telnyx's numbers only, not of \
                   inventory's";
    let configs = server.reseller.url("/configs/number_manager");
    let token = Some(server.master.token.as_str());
    for (dialect, told) in [
        ("2016", json!(null)),
        ("4.3", json!({ "warnings": [warning] })),
    ] {
        let chosen = json!({ "data": { "e911_provider": "telnyx_e911" } });
        let answer = server
            .call_in(dialect, "POST", &configs, token, Some(chosen))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["metadata"], told);
    }
    for (dialect, key) in KEYS {
        let token = Some(child.token.as_str());
        let number = server
            .call_in(dialect, "GET", &path(NUMBER), token, None)
            .await;
        let note = json!({ "warning": warning });
        assert_eq!(number.data()["_read_only"][key], note);
        // One that has no address needs no warning yet.
        let number = server
            .call_in(dialect, "GET", &path(without), token, None)
            .await;
        assert_eq!(number.data()["_read_only"].get(key), None);
    }
    let listed = server.get(child, &child.url("/e911_coverage")).await;
    assert_eq!(listed.data()[0]["id"], without);
    assert_eq!(listed.data()[0]["warning"], warning);

    let suits = json!({ "e911_provider": "dash_e911" });
    server.write("POST", &server.master, &configs, suits).await;
    let number = server.get(child, &path(NUMBER)).await;
    assert_eq!(number.data()["_read_only"].get("dash_e911"), None);
}
