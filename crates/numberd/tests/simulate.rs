//! `numberd simulate`: a vendor to try.

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;

use carriers::{
    Failure, JournalEntry, Offer, OrderId, Orders, Purchase, Query, Registry, Sent, Verdict,
};
use common::{Place, Server};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use providers::{Address, Checked, Providers};
use serde_json::{Map, Value};

/// A simulator on a free port, and what it says to put into the configuration.
fn simulated(place: &Place, arguments: &[&str]) -> (Server, String) {
    let mut all = vec!["simulate", "--listen", "127.0.0.1:0"];
    all.extend(arguments);
    let mut server = Server::start(place.command(&all));
    // An empty line ends it.
    let mut lines = server.lines_until(&[]);
    while lines.last().is_some_and(|line| !line.is_empty()) {
        lines.extend(server.lines_until(&[]));
    }
    (server, lines.join("\n"))
}

/// Settings by table and by name.
type Blocks = BTreeMap<String, BTreeMap<String, Map<String, Value>>>;

fn registry(snippet: &str) -> Registry {
    let blocks: Blocks = toml::from_str(snippet).expect("TOML");
    Registry::with_settings(blocks["carriers"].clone()).expect("settings")
}

fn query() -> Query {
    Query {
        prefix: "+1408".to_owned(),
        country: "US".to_owned(),
        national: "408".to_owned(),
        quantity: 10,
        ..Query::default()
    }
}

async fn search(registry: &Registry, name: &str) -> Vec<Offer> {
    let carrier = registry.get(&CarrierName::new(name)).expect("the carrier");
    let offers = carrier.offers().expect("it searches");
    offers.offers(&query()).await.expect("offers")
}

fn orders<'r>(registry: &'r Registry, name: &str) -> &'r dyn Orders {
    let carrier = registry.get(&CarrierName::new(name)).expect("the carrier");
    carrier.orders().expect("it orders")
}

/// An order of no journal.
struct Unwritten(OrderId);

impl JournalEntry for Unwritten {
    type Error = Infallible;

    fn id(&self) -> &OrderId {
        &self.0
    }

    async fn commit_as_sent(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

async fn order(registry: &Registry, name: &str, offer: &Offer) -> Result<Verdict, Failure> {
    let sent = Sent::commit(&mut Unwritten(OrderId("1".repeat(32)))).await;
    let sent = sent.expect("a journal").expect("nobody else sends it");
    let account = AccountId::parse(&"a".repeat(32)).expect("an id");
    let purchase = Purchase::new(&sent, &account, std::slice::from_ref(offer));
    let standing = orders(registry, name).order(&purchase).await;
    let mut standing = standing.map_err(|error| error.failure)?;
    Ok(standing.numbers.remove(0).1)
}

#[tokio::test]
async fn every_carrier_deals_with_whoever_takes_over_what_it_prints() {
    let place = Place::new();
    for vendor in simulators::VENDORS {
        let (name, Some(carrier)) = (vendor.name, vendor.carrier) else {
            continue;
        };
        let (server, snippet) = simulated(&place, &[name]);
        let registry = registry(&snippet);
        if carrier.sells {
            let offers = search(&registry, name).await;
            assert_eq!(offers.len(), 10, "{name}");
            let verdict = order(&registry, name, &offers[0]).await.expect("ordered");
            let taken = matches!(verdict, Verdict::Ours(_) | Verdict::Open);
            assert!(taken, "{name}: {verdict:?}");
        } else {
            let page = orders(&registry, name).owned(None).await;
            assert_eq!(page.expect("a page").numbers.len(), 20, "{name}");
        }
        server.stop();
    }
}

#[tokio::test]
async fn every_provider_deals_with_whoever_takes_over_what_it_prints() {
    let place = Place::new();
    for vendor in simulators::VENDORS {
        if vendor.providers.is_empty() {
            continue;
        }
        let (server, snippet) = simulated(&place, &[vendor.name]);
        let blocks: Blocks = toml::from_str(&snippet).expect("TOML");
        let providers = Providers::with_settings(blocks["providers"].clone()).expect("settings");
        for (name, _) in vendor.providers {
            if let Some(provider) = providers.emergency(name) {
                let checked = provider.check(&marina()).await.expect("an answer");
                assert!(matches!(checked, Checked::Found(_)), "{name}: {checked:?}");
            } else {
                assert!(providers.caller_names(name).is_some(), "{name}");
            }
        }
        server.stop();
    }
}

fn marina() -> Address {
    Address {
        caller_name: "Example Bakery".to_owned(),
        street_address: "301 Marina Blvd.".to_owned(),
        extended_address: None,
        locality: "San Rafael".to_owned(),
        region: "CA".to_owned(),
        postal_code: "94901".to_owned(),
        location_id: None,
    }
}

#[tokio::test]
async fn faults_come_as_the_seed_says() {
    let place = Place::new();
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let arguments = ["other", "--fault-rate", "1", "--seed", "7"];
        let (server, snippet) = simulated(&place, &arguments);
        assert!(snippet.contains("--seed 7"), "{snippet}");
        let registry = registry(&format!("{snippet}\ntimeout_ms = 300\n"));
        let offers = search(&registry, "other").await;
        let mut these = Vec::new();
        for offer in &offers[..4] {
            these.push(order(&registry, "other", offer).await);
        }
        outcomes.push(these);
        server.stop();
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[test]
fn what_can_not_be_simulated_is_said() {
    let place = Place::new();
    let run = place.run(&["simulate", "acme"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("other"), "names what can be: {run:?}");
    for rate in ["2", "-0.1", "much"] {
        let run = place.run(&["simulate", "other", &format!("--fault-rate={rate}")]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains("from 0 to 1"), "{run:?}");
    }
}
