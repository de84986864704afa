//! `numberd simulate`: a vendor to try.

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use carriers::{
    Failure, JournalEntry, Offer, OrderId, Orders, Purchase, Query, Registry, Sent, Verdict,
};
use common::{Place, Server};
use engine::context::now;
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use providers::{Address, Checked, Providers};
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

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
    order_as(registry, name, &OrderId("1".repeat(32)), offer).await
}

async fn order_as(
    registry: &Registry,
    name: &str,
    id: &OrderId,
    offer: &Offer,
) -> Result<Verdict, Failure> {
    let sent = Sent::commit(&mut Unwritten(id.clone())).await;
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

#[tokio::test]
async fn faults_come_as_they_are_named_and_then_no_more() {
    let place = Place::new();
    let named = ["other", "--fault", "429", "--fault", "refuse"];
    let (server, snippet) = simulated(&place, &named);
    let registry = registry(&snippet);
    let offer = search(&registry, "other").await.remove(0);
    let failed = order(&registry, "other", &offer).await;
    assert_eq!(failed, Err(Failure::NotSent));
    let refused = order(&registry, "other", &offer).await;
    assert!(
        matches!(refused, Ok(Verdict::Refused(_)) | Err(Failure::Refused)),
        "{refused:?}"
    );
    let taken = order(&registry, "other", &offer).await;
    assert!(matches!(taken, Ok(Verdict::Ours(_))), "{taken:?}");
    server.stop();

    // At random, and nothing else.
    let named = ["other", "--fault-rate", "1", "--fault", "429"];
    let (server, snippet) = simulated(&place, &named);
    let registry = self::registry(&snippet);
    for offer in &search(&registry, "other").await[..4] {
        let failed = order(&registry, "other", offer).await;
        assert_eq!(failed, Err(Failure::NotSent));
    }
    server.stop();
}

/// Somewhere that webhooks are posted to, and what arrives there.
async fn mailbox() -> (String, UnboundedReceiver<(HeaderMap, Bytes)>) {
    let (sender, posted) = unbounded_channel();
    let take = move |headers: HeaderMap, body: Bytes| {
        let sender = sender.clone();
        async move { sender.send((headers, body)).expect("the test reads") }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let routes = Router::new().fallback(take);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, posted)
}

#[tokio::test]
async fn webhooks_are_posted_as_often_as_they_are_told_to_and_believed() {
    let place = Place::new();
    for vendor in simulators::VENDORS {
        let (name, Some(carrier)) = (vendor.name, vendor.carrier) else {
            continue;
        };
        if carrier.hooks.is_none() {
            continue;
        }
        let (url, mut posted) = mailbox().await;
        let options = ["--webhook", &url, "--order-delay", "10"];
        let options = [&[name, "--fault", "duplicate-webhook"], &options[..]].concat();
        let (mut server, snippet) = simulated(&place, &options);
        let registry = registry(&snippet);
        let carrier = registry.get(&CarrierName::new(name)).expect("the carrier");
        let hooks = carrier.hooks().expect("it believes webhooks");
        let offers = search(&registry, name).await;
        // The second order is told of once; the third ends the wait for more.
        for (nth, told) in [2, 1, 1].into_iter().enumerate() {
            let id = OrderId(format!("{nth:032x}"));
            let placed = order_as(&registry, name, &id, &offers[nth]).await;
            assert!(matches!(placed, Ok(Verdict::Open)), "{name}: {placed:?}");
            for _ in 0..told {
                let (headers, body) = posted.recv().await.expect("a webhook");
                let header = |key: &str| headers.get(key)?.to_str().ok().map(str::to_owned);
                let notice = hooks.notice(now().unix(), &header, &body);
                assert_eq!(notice.expect("believed").id.as_ref(), Some(&id), "{name}");
                server.lines_until(&["webhook about order", ": 200"]);
            }
        }
        server.stop();
    }
}

#[test]
fn webhooks_that_can_not_be_posted_are_said() {
    let place = Place::new();
    let url = "http://127.0.0.1:8000/";
    let run = place.run(&["simulate", "other", "--webhook", url]);
    assert_eq!(run.code, Some(2), "{run:?}");
    for name in ["other", "telnyx", "bandwidth2"] {
        assert!(run.err.contains(name), "{run:?}");
    }
    let run = place.run(&["simulate", "telnyx", "--webhook", "localhost"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("localhost"), "{run:?}");
}

/// What the faults are called that a carrier can meet.
const FAULTS: [&str; 12] = [
    "refuse",
    "429",
    "500-before",
    "500-after",
    "drop-after",
    "never-answer",
    "slow-drip",
    "partial-order",
    "duplicate-webhook",
    "wrong-number",
    "malformed",
    "entity-bomb",
];

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
    let run = place.run(&["simulate", "other", "--fault", "sulk"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    let help = place.run(&["simulate", "--help"]).done();
    for name in FAULTS {
        assert!(run.err.contains(name), "no '{name}' in {run:?}");
        assert!(help.out.contains(name), "no '{name}' in {help:?}");
    }
}
