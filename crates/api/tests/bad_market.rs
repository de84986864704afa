//! What goes wrong on the way to a carrier's numbers, through the API: each time
//! a clear answer, nothing ordered that wasn't asked for, and nothing lost.

mod common;
mod market;

use std::collections::BTreeMap;
use std::sync::Arc;

use api::ApiSettings;
use common::{Answer, Harness};
use engine::Settings;
use engine::settings::NumberManager;
use market::Market;
use outside::settings::AllSettings;
use serde_json::{Map, Value, json};
use simulators::{Fault, Simulator, Vendor, played};

const SOLD: [&str; 3] = ["+14155550101", "+14155550102", "+14155550103"];

async fn search(server: &Harness, dialect: &str, query: &str) -> Answer {
    let path = server.child.numbers(&format!("?{query}"));
    let token = Some(server.child.token.as_str());
    server.call_in(dialect, "GET", &path, token, None).await
}

fn rows(answer: &Answer) -> usize {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.data().as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn quantities_that_are_none_are_named_and_huge_ones_cut() {
    let market = Market::selling(&SOLD).await;
    for (quantity, rule) in [("0", "minimum"), ("-1", "minimum"), ("1e9", "type")] {
        let query = format!("prefix=415&quantity={quantity}");
        let answer = search(&market.server, "2016", &query).await;
        let (status, message, data) = answer.refusal();
        assert_eq!((status, message), (400, "validation error"), "{quantity}");
        assert!(data["quantity"].get(rule).is_some(), "{}", answer.text);
        // As if none were given, as Kazoo does.
        let answer = search(&market.server, "4.3", &query).await;
        assert_eq!(rows(&answer), 1, "{quantity}");
    }
    for dialect in ["2016", "4.3"] {
        let query = "prefix=415&quantity=1000000000";
        let answer = search(&market.server, dialect, query).await;
        assert_eq!(rows(&answer), SOLD.len());
    }
    assert_eq!(market.other.vendor.spent(), 0);
}

#[tokio::test]
async fn letters_and_countries_that_there_are_not_are_named() {
    let market = Market::selling(&SOLD).await;
    for (query, path, rule) in [
        ("prefix=41x", "prefix", "pattern"),
        ("prefix=FLOWERS", "prefix", "pattern"),
        ("prefix=415&country=ZZ", "country", "enum"),
    ] {
        let answer = search(&market.server, "2016", query).await;
        let (status, message, data) = answer.refusal();
        assert_eq!((status, message), (400, "validation error"), "{query}");
        assert!(data[path].get(rule).is_some(), "{query}: {}", answer.text);
        let answer = search(&market.server, "4.3", query).await;
        assert_eq!(rows(&answer), 0, "{query}");
        let why = answer.body["metadata"]["message"].as_str();
        let is_named = why.is_some_and(|why| why.starts_with(&format!("{path}: ")));
        assert!(is_named, "{query}: {}", answer.text);
    }
    for query in ["prefix=415&country=USA", "prefix=415&country=U"] {
        for dialect in ["2016", "4.3"] {
            let answer = search(&market.server, dialect, query).await;
            let (status, _, data) = answer.refusal();
            assert_eq!(status, 400, "{query}");
            assert!(data.get("country").is_some(), "{query}: {}", answer.text);
        }
    }
    assert_eq!(market.other.vendor.requests(), 0, "nobody was asked");
}

/// A server that searches one carrier, by the credentials of its simulator.
async fn only(carrier: &str) -> (Harness, Simulator) {
    let played = played(carrier).expect("it can be played");
    let vendor = Arc::new(Vendor::new(SOLD.map(str::to_owned)));
    let simulator = Simulator::start(played.wire, vendor).await.expect("a port");
    let own = played.carrier.expect("it sells numbers").settings;
    let own = own
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)));
    let mut settings: Map<String, Value> = own.collect();
    settings.insert("base_url".to_owned(), json!(simulator.url()));
    settings.insert("allow_private_addresses".to_owned(), json!(true));
    let settings = Settings {
        carriers: AllSettings(BTreeMap::from([(carrier.to_owned(), settings)])),
        number_manager: NumberManager {
            carrier_modules: vec![carrier.to_owned()],
            ..NumberManager::default()
        },
        ..Settings::default()
    };
    (
        Harness::with(settings, ApiSettings::default()).await,
        simulator,
    )
}

#[tokio::test]
async fn a_country_that_nobody_serves_is_told_and_nobody_asked() {
    for carrier in ["bandwidth2", "vitelity", "voip_innovations"] {
        let (server, simulator) = only(carrier).await;
        for query in ["prefix=301&country=DE", "prefix=%2B49301"] {
            let answer = search(&server, "4.3", query).await;
            assert_eq!(rows(&answer), 0, "{carrier}");
            assert_eq!(
                answer.body["metadata"],
                json!({"message": "nobody who is searched has numbers of DE (+49)"}),
                "{carrier}"
            );
            let answer = search(&server, "2016", query).await;
            assert_eq!((rows(&answer), answer.body.get("metadata")), (0, None));
        }
        assert_eq!(simulator.vendor.requests(), 0, "{carrier}");
        // What isn't there now may be there tomorrow.
        server.stock("local", &["+49301234567"]).await;
        let answer = search(&server, "4.3", "prefix=899&country=DE").await;
        assert_eq!((rows(&answer), answer.body.get("metadata")), (0, None));
        let answer = search(&server, "4.3", "prefix=415&quantity=9").await;
        assert_eq!(rows(&answer), SOLD.len(), "{carrier}: {}", answer.text);
        assert_eq!(answer.body.get("metadata"), None);
    }
}

#[tokio::test]
async fn who_was_asked_for_a_country_and_has_nothing_is_named() {
    let market = Market::selling(&SOLD).await;
    let answer = search(&market.server, "4.3", "prefix=301&country=DE").await;
    assert_eq!(rows(&answer), 0);
    let why = "no number of DE (+49) is in stock, and none that fits at other";
    assert_eq!(answer.body["metadata"], json!({"message": why}));
    // Without a carrier as well.
    let server = Harness::new().await;
    let answer = search(&server, "4.3", "prefix=301&country=DE").await;
    let why = "nobody who is searched has numbers of DE (+49)";
    assert_eq!(answer.body["metadata"], json!({"message": why}));
}

/// The order was made, and its answer is worth nothing: it is asked for, and
/// found.
#[tokio::test]
async fn answers_that_are_not_what_they_claim_lose_nothing() {
    for fault in [
        Fault::Malformed,
        Fault::Bomb,
        Fault::Deep,
        Fault::Huge,
        Fault::WrongNumber,
        Fault::ErrorAfter,
        Fault::DropAfter,
    ] {
        for carrier in ["other", "vitelity"] {
            let (server, simulator) = only(carrier).await;
            let child = &server.child;
            search(&server, "2016", "prefix=415&quantity=9").await;
            simulator.vendor.faults.script([fault]);
            let path = child.numbers(&format!("/{}/activate", SOLD[0]));
            let bought = server.write("PUT", child, &path, json!({})).await;
            assert_eq!(bought.status, 201, "{carrier} {fault:?}: {}", bought.text);
            assert_eq!(bought.data()["state"], "in_service", "{carrier} {fault:?}");
            let listed = server.get(child, &child.numbers("")).await;
            let numbers = listed.data()["numbers"].as_object().expect("numbers");
            assert_eq!(numbers.keys().collect::<Vec<_>>(), [SOLD[0]]);
            assert_eq!(simulator.vendor.owned(None, 10), [SOLD[0]]);
            assert_eq!(simulator.vendor.orders().len(), 1, "{carrier} {fault:?}");
        }
    }
}

#[tokio::test]
async fn carriers_that_there_are_not_are_named_and_nothing_is_made() {
    let market = Market::selling(&SOLD).await;
    let (server, path) = (&market.server, "/+14155559001");
    let master = &server.master;
    let data = json!({"carrier_name": "acme"});
    let answer = server
        .write("PUT", master, &master.numbers(path), data)
        .await;
    let (status, _, data) = answer.refusal();
    assert_eq!(status, 400, "{}", answer.text);
    assert_eq!(data["cause"], "'acme' is not known by the system");
    assert_eq!(server.get(master, &master.numbers(path)).await.status, 404);
    let own = json!({"token": "x"});
    let url = server.reseller.url("/carriers/acme");
    let answer = server.write("POST", &server.reseller, &url, own).await;
    assert_eq!(answer.refusal().0, 404, "{}", answer.text);
    assert_eq!(market.other.vendor.requests(), 0);
}
