//! The life of a number over HTTP, its fields, and what it costs.

mod common;

use std::collections::BTreeMap;

use api::ApiSettings;
use common::{Answer, Harness, Holder};
use engine::Settings;
use numbers::price::{NumberPrice, PriceList};
use serde_json::{Value, json};

const NUMBER: &str = "/+14155550001";
const KEY: &str = "+14155550001";

impl Harness {
    /// One step with a number, without data.
    async fn step(&self, method: &str, holder: &Holder, rest: &str) -> Answer {
        let path = holder.numbers(&format!("{NUMBER}{rest}"));
        self.call(method, &path, Some(&holder.token), None).await
    }

    async fn put(&self, holder: &Holder, data: Value) -> Answer {
        self.write("PUT", holder, &holder.numbers(NUMBER), data)
            .await
    }

    async fn post(&self, holder: &Holder, data: Value) -> Answer {
        self.write("POST", holder, &holder.numbers(NUMBER), data)
            .await
    }

    async fn patch(&self, holder: &Holder, data: Value) -> Answer {
        self.write("PATCH", holder, &holder.numbers(NUMBER), data)
            .await
    }

    async fn read(&self, holder: &Holder) -> Answer {
        self.get(holder, &holder.numbers(NUMBER)).await
    }
}

/// Status, state and owner in one.
fn told(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    let text = |key: &str| answer.data()[key].as_str();
    (answer.status.as_u16(), text("state"), text("assigned_to"))
}

/// Status and cause of a refused step.
fn refused(answer: &Answer) -> (u16, &str, Option<&str>) {
    let (status, message, data) = answer.refusal();
    (status, message, data["cause"].as_str())
}

#[tokio::test]
async fn reservations_are_given_back_in_turn() {
    let server = Harness::new().await;
    let (reseller, child) = (&server.reseller, &server.child);
    server.stock("inventory", &[KEY]).await;
    let by_reseller = (201, Some("reserved"), Some(reseller.id()));
    assert_eq!(
        told(&server.step("PUT", reseller, "/reserve").await),
        by_reseller
    );
    // The child may take in service what is reserved above it.
    let active = server.step("PUT", child, "/activate").await;
    assert_eq!(told(&active), (201, Some("in_service"), Some(child.id())));
    // The reseller moves it back and reserves it for the child.
    let path = child.numbers(&format!("{NUMBER}/reserve"));
    let reserved = server.call("PUT", &path, Some(&reseller.token), None).await;
    assert_eq!(told(&reserved), (201, Some("reserved"), Some(child.id())));
    let again = server.step("PUT", child, "/reserve").await;
    assert_eq!(refused(&again), (400, "no_change_required", None));
    // The child lets it go: the reseller has it again.
    assert_eq!(server.step("DELETE", child, "").await.status, 200);
    let back = server.read(reseller).await;
    assert_eq!(told(&back), (200, Some("reserved"), Some(reseller.id())));
    // The reseller lets it go: it is for sale, and anybody may have it.
    assert_eq!(server.step("DELETE", reseller, "").await.status, 200);
    assert_eq!(
        told(&server.read(reseller).await),
        (200, Some("available"), None)
    );
    let other = server.step("PUT", &server.stranger, "/activate").await;
    let theirs = (201, Some("in_service"), Some(server.stranger.id()));
    assert_eq!(told(&other), theirs);
    // Nobody activates over somebody's number.
    let late = server.step("PUT", child, "/activate").await;
    assert_eq!(refused(&late).0, 403);
}

#[tokio::test]
async fn moving_between_accounts_of_ones_own() {
    let server = Harness::new().await;
    let (reseller, child) = (&server.reseller, &server.child);
    let made = server
        .put(child, json!({"create_with_state": "in_service"}))
        .await;
    assert_eq!(told(&made), (201, Some("in_service"), Some(child.id())));
    let moved = server.step("PUT", reseller, "/activate").await;
    assert_eq!(told(&moved), (201, Some("in_service"), Some(reseller.id())));
    // The child hasn't got it any more, in no list either.
    assert_eq!(server.read(child).await.status, 404);
    let rows = server.get(child, &child.numbers("")).await;
    assert_eq!(rows.data()["numbers"], json!({}));
    let rows = server.get(reseller, &reseller.numbers("")).await;
    assert!(rows.data()["numbers"][KEY].is_object());
    // Activating what is in service already changes nothing.
    let before = server.read(reseller).await;
    let again = server.step("PUT", reseller, "/activate").await;
    assert_eq!(again.status, 201);
    assert_eq!(again.data(), before.data());
}

#[tokio::test]
async fn local_numbers_are_removed_and_inventory_is_for_sale_again() {
    let server = Harness::new().await;
    let child = &server.child;
    server.put(child, json!({"note": "mine"})).await;
    let token = Some(child.token.as_str());
    let path = child.numbers(NUMBER);
    let gone = server.call_in("4.3", "DELETE", &path, token, None).await;
    assert_eq!(told(&gone).1, Some("deleted"));
    assert_eq!(gone.data()["_read_only"]["is_deleted"], true);
    assert_eq!(gone.data().get("note"), None);
    assert_eq!(server.read(&server.master).await.status, 404);

    let other = "+14155550002";
    server.stock("inventory", &[other]).await;
    let base = child.numbers(&format!("/{other}"));
    let reserve = format!("{base}/reserve");
    let made = server
        .write("PUT", child, &reserve, json!({"note": "mine"}))
        .await;
    assert_eq!(made.data()["note"], "mine");
    let released = server.call_in("4.3", "DELETE", &base, token, None).await;
    assert_eq!(told(&released), (200, Some("available"), None));
    assert_eq!(released.data().get("note"), None);
    let search = server
        .get(&server.stranger, "/v2/phone_numbers?prefix=415")
        .await;
    assert_eq!(search.data()[0]["number"], other);
    // Releasing what is for sale is no step, and only the operator's.
    let master = server.master.numbers(&format!("/{other}"));
    let token = Some(server.master.token.as_str());
    let again = server.call("DELETE", &master, token, None).await;
    assert!(matches!(again.status.as_u16(), 400 | 404), "{}", again.text);
    assert_eq!(
        server.get(&server.master, &master).await.data()["state"],
        "available"
    );
}

#[tokio::test]
async fn only_administrators_remove_numbers() {
    let server = Harness::new().await;
    let child = &server.child;
    server.stock("inventory", &[KEY]).await;
    server.step("PUT", child, "/reserve").await;
    let soft = server.step("DELETE", child, "?hard=true").await;
    assert_eq!(soft.status, 200);
    let master = &server.master;
    assert_eq!(told(&server.read(master).await).1, Some("available"));
    let path = master.numbers(&format!("{NUMBER}?hard=true"));
    let token = Some(master.token.as_str());
    let hard = server.call_in("4.3", "DELETE", &path, token, None).await;
    assert_eq!(told(&hard).1, Some("deleted"));
    assert_eq!(server.read(master).await.status, 404);
    let again = server.call("DELETE", &path, token, None).await;
    assert_eq!(refused(&again).1, "bad_identifier");
}

#[tokio::test]
async fn a_port_comes_in_and_is_activated() {
    let server = Harness::new().await;
    let stranger = &server.stranger;
    let port = server.step("PUT", stranger, "/port").await;
    assert_eq!(told(&port), (201, Some("port_in"), Some(stranger.id())));
    assert_eq!(server.step("PUT", stranger, "/port").await.status, 201);
    let reserve = server.step("PUT", stranger, "/reserve").await;
    let cause = Some("from port_in to reserved");
    assert_eq!(refused(&reserve), (400, "invalid_state_transition", cause));
    let child = server.step("PUT", &server.child, "/port").await;
    assert_eq!(refused(&child), (409, "number_exists", Some(KEY)));
    let active = server.step("PUT", stranger, "/activate").await;
    assert_eq!(
        told(&active),
        (201, Some("in_service"), Some(stranger.id()))
    );
    assert_eq!(refused(&server.step("PUT", stranger, "/port").await).0, 409);
}

#[tokio::test]
async fn identify_says_who_answers() {
    let server = Harness::new().await;
    let child = &server.child;
    server.stock("inventory", &[KEY]).await;
    let unowned = server.step("GET", child, "/identify").await;
    assert_eq!(
        unowned.refusal(),
        (400, "client error", &json!("unassigned"))
    );
    server.step("PUT", child, "/activate").await;
    let holder = json!({"account_id": child.id(), "number": KEY});
    assert_eq!(server.step("GET", child, "/identify").await.data(), &holder);
    let (path, off) = (child.url(""), json!({"enabled": false}));
    let off = server.write("PATCH", &server.master, &path, off).await;
    assert_eq!(off.status, 200, "{}", off.text);
    let path = server.master.numbers(&format!("{NUMBER}/identify"));
    let disabled = server.get(&server.master, &path).await;
    let mut data = holder;
    data["cause"] = "account_disabled".into();
    assert_eq!(disabled.refusal(), (400, "client error", &data));
}

#[tokio::test]
async fn post_replaces_and_patch_merges() {
    let server = Harness::new().await;
    let child = &server.child;
    server
        .put(child, json!({"a": 1, "b": {"c": 1, "d": 2}, "list": [1]}))
        .await;
    let merged = server
        .patch(
            child,
            json!({"b": {"c": 3, "e": null}, "a": null, "list": [2, 3], "new": "x"}),
        )
        .await;
    assert_eq!(merged.status, 200);
    let data = merged.data();
    assert_eq!(data["b"], json!({"c": 3, "d": 2}));
    assert_eq!(data.get("a"), None);
    assert_eq!(data["list"], json!([2, 3]));
    assert_eq!(data["new"], "x");
    let deeper = server.patch(child, json!({"b": {"c": null}})).await;
    assert_eq!(deeper.data()["b"], json!({"d": 2}));
    let emptied = server.patch(child, json!({"b": {}})).await;
    assert_eq!(emptied.data()["b"], json!({}));
    let replaced = server
        .post(
            child,
            json!({"a": 2, "gone": null, "in": {"x": null, "y": 1}}),
        )
        .await;
    assert_eq!(replaced.status, 200);
    let data = replaced.data();
    assert_eq!(data["a"], 2);
    assert_eq!(data["in"], json!({"y": 1}));
    for key in ["b", "list", "new", "gone"] {
        assert_eq!(data.get(key), None, "{key}");
    }
    // Owner, state and birthday aren't fields.
    assert_eq!(told(&replaced), (200, Some("reserved"), Some(child.id())));
    let cleared = server.post(child, json!({})).await;
    assert_eq!(cleared.data().get("a"), None);
    assert_eq!(server.read(child).await.data(), cleared.data());
}

#[tokio::test]
async fn a_document_sent_back_whole_changes_nothing() {
    let server = Harness::new().await;
    let child = &server.child;
    let token = Some(child.token.as_str());
    let path = child.numbers(NUMBER);
    let fields = json!({
        "create_with_state": "in_service", "note": {"deep": [1, {"x": 2.5}]},
        "prepend": {"enabled": true, "name": "Sales"}, "ringback": {"early": "media"},
    });
    assert_eq!(server.put(child, fields).await.status, 201);
    for dialect in ["2016", "4.3"] {
        let before = server.call_in(dialect, "GET", &path, token, None).await;
        let mut whole = before.data().clone();
        whole["ui_metadata"] = json!({"version": "4", "ui": "monster-ui"});
        whole["metadata"] = json!({"features": {}});
        let body = Some(json!({"data": whole}));
        for method in ["POST", "PATCH"] {
            let after = server
                .call_in(dialect, method, &path, token, body.clone())
                .await;
            assert_eq!(after.status, 200, "{}", after.text);
            assert_eq!(after.data(), before.data(), "{dialect} {method}");
        }
        let after = server.call_in(dialect, "GET", &path, token, None).await;
        assert_eq!(after.data(), before.data(), "{dialect}");
    }
    // Who tampers with it doesn't get far either.
    let forged = json!({
        "id": "+19999999999", "state": "available", "assigned_to": server.stranger.id(),
        "used_by": "x", "created": 1, "updated": 1, "features": ["e911"],
        "_read_only": {"state": "released"}, "pvt_state": "available",
        "pvt_assigned_to": server.stranger.id(), "prepend": {"enabled": true, "name": "Sales"},
        "note": {"deep": [1, {"x": 2.5}]}, "ringback": {"early": "media"},
    });
    let before = server.read(child).await;
    let after = server.post(child, forged).await;
    assert_eq!(after.data(), before.data());
}

#[tokio::test]
async fn states_of_creation_by_caller() {
    let server = Harness::new().await;
    let states = [
        "aging",
        "available",
        "deleted",
        "discovery",
        "in_service",
        "port_in",
        "port_out",
        "released",
        "reserved",
    ];
    let allowed: [(&Holder, &[&str]); 3] = [
        (
            &server.master,
            &["aging", "available", "in_service", "port_in", "reserved"],
        ),
        (&server.child, &["in_service", "port_in", "reserved"]),
        (&server.stranger, &["port_in"]),
    ];
    let mut next = 4_155_551_000_u64;
    for (holder, allowed) in allowed {
        for state in states {
            next += 1;
            let path = holder.numbers(&format!("/{next}"));
            let body = Some(json!({"data": {"create_with_state": state}}));
            let token = Some(holder.token.as_str());
            let answer = server.call_in("4.3", "PUT", &path, token, body).await;
            let name = &holder.account.name;
            if allowed.contains(&state) {
                assert_eq!(answer.status, 201, "{name} {state}: {}", answer.text);
                assert_eq!(answer.data()["state"], state);
                assert_eq!(answer.data().get("create_with_state"), None);
                let owned = !matches!(state, "available" | "aging");
                assert_eq!(answer.data().get("assigned_to").is_some(), owned);
            } else {
                let cause = format!("creating number in state '{state}' is not allowed");
                assert_eq!(
                    refused(&answer),
                    (403, "forbidden", Some(cause.as_str())),
                    "{name}"
                );
                assert_eq!(server.get(&server.master, &path).await.status, 404);
            }
        }
        // What carriers_info promises.
        let info = server.get(holder, &holder.numbers("/carriers_info")).await;
        let listed: Vec<&str> = info.data()["usable_creation_states"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let promised: Vec<&str> = match holder.account.name.as_str() {
            "stranger" => Vec::new(),
            "child" => vec!["in_service", "reserved"],
            _ => allowed.to_vec(),
        };
        assert_eq!(listed, promised);
    }
}

#[tokio::test]
async fn features_that_arent_available_are_forbidden() {
    let server = Harness::new().await;
    let child = &server.child;
    server
        .put(child, json!({"create_with_state": "in_service", "note": 1}))
        .await;
    let before = server.read(child).await;
    assert!(before.data()["_read_only"]["features"]["available"].is_array());
    // A local number has no caller name of its own.
    for data in [
        json!({"cnam": {"display_name": "Acme"}}),
        json!({"failover": {"e164": "+14155550009"}}),
    ] {
        let answer = server.patch(child, data.clone()).await;
        assert_eq!(answer.status, 403, "{data}: {}", answer.text);
        assert_eq!(answer.body["message"], "forbidden");
        assert_eq!(server.read(child).await.data(), before.data());
    }
    let on = server
        .patch(
            child,
            json!({"prepend": {"enabled": true, "name": "Sales"}}),
        )
        .await;
    assert_eq!(on.status, 200);
    assert_eq!(on.data()["features"]["prepend"]["name"], "Sales");
    let off = server
        .patch(child, json!({"prepend": {"enabled": false}}))
        .await;
    assert_eq!(off.data()["features"].get("prepend"), None);
}

#[tokio::test]
async fn carriers_are_named_by_administrators() {
    let server = Harness::new().await;
    let (child, master) = (&server.child, &server.master);
    server.put(child, json!({"note": 1})).await;
    let denied = server
        .patch(child, json!({"carrier_name": "inventory"}))
        .await;
    assert_eq!(refused(&denied).0, 403);
    let carrier = |answer: &Answer| answer.data()["_read_only"]["carrier_module"].clone();
    assert_eq!(carrier(&server.read(child).await), "local");
    let path = child.numbers(NUMBER);
    let data = json!({"carrier_name": "knm_inventory"});
    let named = server.write("PATCH", master, &path, data).await;
    assert_eq!(named.status, 200, "{}", named.text);
    assert_eq!(carrier(&named), "inventory");
    assert_eq!(named.data().get("carrier_name"), None);
    assert_eq!(named.data()["note"], 1);
    let data = json!({"carrier_name": "nobody"});
    let unknown = server.write("PATCH", master, &path, data).await;
    let cause = Some("'nobody' is not known by the system");
    assert_eq!(refused(&unknown), (400, "invalid", cause));
    // Before anything is stored, too.
    let fresh = master.numbers("/+14155550077");
    let data = json!({"carrier_name": "nobody"});
    assert_eq!(server.write("PUT", master, &fresh, data).await.status, 400);
    assert_eq!(server.get(master, &fresh).await.status, 404);
}

#[tokio::test]
async fn every_fault_of_a_request_at_once() {
    let server = Harness::new().await;
    let data = json!({
        "cnam": {"display_name": "sixteen letters.", "inbound_lookup": "yes"},
        "e911": {"region": "CAL"},
        "create_with_state": "foo",
    });
    let answer = server.put(&server.child, data).await;
    let (status, message, data) = answer.refusal();
    assert_eq!((status, message), (400, "validation error"));
    for (path, rule) in [
        ("cnam.display_name", "maxLength"),
        ("cnam.inbound_lookup", "type"),
        ("create_with_state", "enum"),
        ("e911.region", "maxLength"),
        ("e911.locality", "required"),
        ("e911.postal_code", "required"),
        ("e911.street_address", "required"),
    ] {
        assert!(
            data[path][rule]["message"].is_string(),
            "{path}.{rule}: {data}"
        );
    }
    assert_eq!(
        data.as_object().map(serde_json::Map::len),
        Some(7),
        "{data}"
    );
    assert_eq!(data["cnam.display_name"]["maxLength"]["target"], 15);
    assert_eq!(data["cnam.inbound_lookup"]["type"]["value"], "yes");
    assert_eq!(data["cnam.inbound_lookup"]["type"]["target"], "boolean");
}

#[tokio::test]
async fn one_number_in_all_spellings() {
    let server = Harness::new().await;
    let child = &server.child;
    server.put(child, json!({})).await;
    for text in [
        "+14155550001",
        "%2B14155550001",
        "14155550001",
        "4155550001",
        "+14155550001/",
        "%2b14155550001",
    ] {
        let answer = server.get(child, &child.numbers(&format!("/{text}"))).await;
        assert_eq!(answer.data()["id"], KEY, "{text}");
    }
    // As the document warns: this is another one.
    let path = child.numbers("/41234567");
    let other = server.write("PUT", child, &path, json!({})).await;
    assert_eq!(other.data()["id"], "+41234567", "{}", other.text);
}

/// A server where US numbers of billed carriers and prefixes cost something.
async fn priced() -> Harness {
    let price = NumberPrice {
        activation: 5.0,
        monthly: 1.5,
    };
    let prices = PriceList {
        phone_numbers: BTreeMap::from([("did_us".to_owned(), price)]),
        number_services: BTreeMap::from([("prepend".to_owned(), 0.5)]),
    };
    let settings = Settings {
        prices,
        ..Settings::default()
    };
    Harness::with(settings, ApiSettings::default()).await
}

#[tokio::test]
async fn what_costs_is_agreed_to_first() {
    let server = priced().await;
    let child = &server.child;
    server.stock("telnyx", &[KEY]).await;
    let token = Some(child.token.as_str());
    let path = child.numbers(&format!("{NUMBER}/activate"));
    let ask = |dialect: &'static str, body: Value| {
        let (server, path) = (&server, &path);
        async move {
            server
                .call_in(dialect, "PUT", path, token, Some(body))
                .await
        }
    };
    let quote = ask("2016", json!({"data": {}})).await;
    let (status, message, data) = quote.refusal();
    assert_eq!((status, message), (402, "accept charges"), "{}", quote.text);
    let line = &data["phone_numbers"]["did_us"];
    assert_eq!(line["quantity"], 1);
    assert_eq!(line["rate"], 1.5);
    assert_eq!(line["activation_charges"], 5.0);
    assert_eq!(data["activation_charges"], 5.0);
    let quote = ask("4.3", json!({"data": {}})).await;
    let (status, _, invoices) = quote.refusal();
    assert_eq!(status, 402);
    let invoice = &invoices[0];
    assert!(invoice["bookkeeper"]["type"].is_string());
    assert_eq!(invoice["items"][0]["item"], "did_us");
    assert_eq!(invoice["items"][0]["category"], "phone_numbers");
    assert_eq!(invoice["summary"], json!({"today": 5.0, "recurring": 1.5}));
    // Asking did nothing, and a false isn't a yes.
    let refused = ask("4.3", json!({"data": {}, "accept_charges": false})).await;
    assert_eq!(refused.status, 402);
    assert_eq!(
        told(&server.read(child).await),
        (200, Some("available"), None)
    );
    let bought = ask("4.3", json!({"data": {}, "accept_charges": true})).await;
    assert_eq!(told(&bought), (201, Some("in_service"), Some(child.id())));
    // The same again costs nothing more.
    assert_eq!(ask("4.3", json!({"data": {}})).await.status, 201);
    let again = ask("4.3", json!({"data": {}, "accept_charges": true})).await;
    assert_eq!(again.data(), bought.data());
}

#[tokio::test]
async fn features_cost_and_every_way_to_agree_counts() {
    let server = priced().await;
    let child = &server.child;
    let made = server
        .put(child, json!({"create_with_state": "in_service"}))
        .await;
    assert_eq!(made.status, 201, "local numbers are free: {}", made.text);
    let prepend = json!({"prepend": {"enabled": true, "name": "Sales"}});
    let quote = server.patch(child, prepend.clone()).await;
    assert_eq!(quote.refusal().0, 402);
    assert_eq!(quote.data()["number_services"]["prepend"]["rate"], 0.5);
    assert_eq!(server.read(child).await.data().get("prepend"), None);
    let off = json!({"prepend": null});
    for (query, data, envelope) in [
        ("?accept_charges=true", prepend.clone(), json!({})),
        ("", prepend.clone(), json!({"accept_charges": "true"})),
        (
            "",
            json!({"accept_charges": true, "prepend": prepend["prepend"]}),
            json!({}),
        ),
    ] {
        let mut body = json!({"data": data});
        if let Value::Object(members) = envelope {
            for (key, value) in members {
                body[key] = value;
            }
        }
        let path = child.numbers(&format!("{NUMBER}{query}"));
        let token = Some(child.token.as_str());
        let answer = server.call("PATCH", &path, token, Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.data()["prepend"]["name"], "Sales");
        assert_eq!(answer.data().get("accept_charges"), None);
        // Switching off is free.
        assert_eq!(server.patch(child, off.clone()).await.status, 200);
    }
}

#[tokio::test]
async fn a_refusal_comes_before_the_price() {
    let server = priced().await;
    server.stock("telnyx", &[KEY]).await;
    server.stock("inventory", &["+14155550002"]).await;
    let child = &server.child;
    let path = child.numbers(&format!("{NUMBER}/port"));
    let answer = server.write("PUT", child, &path, json!({})).await;
    assert_eq!(refused(&answer).1, "invalid_state_transition");
    // One quote for the whole collection, and nothing of it is done.
    let path = child.numbers("/collection/activate");
    let numbers = json!({"numbers": [KEY, "+14155550002"]});
    let quote = server.write("PUT", child, &path, numbers.clone()).await;
    assert_eq!(quote.refusal().0, 402);
    assert_eq!(quote.data()["phone_numbers"]["did_us"]["quantity"], 1);
    let rows = server.get(child, &child.numbers("")).await;
    assert_eq!(rows.data()["numbers"], json!({}));
    let token = Some(child.token.as_str());
    let body = Some(json!({"data": numbers, "accept_charges": true}));
    let answer = server.call("PUT", &path, token, body).await;
    assert_eq!(
        answer.data()["success"]
            .as_object()
            .map(serde_json::Map::len),
        Some(2)
    );
}

#[tokio::test]
async fn activations_are_limited_by_account() {
    let mut settings = ApiSettings::default();
    settings.limits.activation_capacity = 2;
    settings.limits.activation_refill_per_second = 1;
    let server = Harness::with(Settings::default(), settings).await;
    let child = &server.child;
    let mut refusals = 0;
    for _ in 0..50 {
        let answer = server.step("PUT", child, "/activate").await;
        match answer.status.as_u16() {
            404 => {}
            429 => {
                refusals += 1;
                assert!(answer.header("retry-after").is_some());
            }
            _ => panic!("{}", answer.text),
        }
    }
    assert!(refusals > 0);
    // Not others, and not collections.
    assert_eq!(
        server
            .step("PUT", &server.stranger, "/activate")
            .await
            .status,
        404
    );
    let path = child.numbers("/collection/activate");
    let answer = server
        .write("PUT", child, &path, json!({"numbers": [KEY]}))
        .await;
    assert_eq!(answer.status, 201);
}
