//! Nothing that orders or releases leaves a sandbox: tried with every carrier
//! that can be played, also those that come later.

use std::collections::BTreeMap;
use std::sync::Arc;

use carriers::{Failure, OrderId, Orders, Placed, Purchase, Query, Registry, Verdict};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use outside::Service;
use outside::http::{Client, Method, Url};
use outside::settings::Common;
use serde_json::{Map, json};
use simulators::{Settings, Simulator, VENDORS, Vendor};

use crate::world::sent;

const SOLD: &str = "+14155550101";
const OWNED: &str = "+14155550102";

#[tokio::test]
async fn no_carriers_sandbox_lets_an_order_or_a_release_out() {
    for played in VENDORS {
        let Some(known) = played.carrier else {
            continue;
        };
        let vendor = Arc::new(Vendor::new([SOLD, OWNED].map(str::to_owned)));
        let owned = [OWNED.to_owned()];
        vendor.order_at_once("earlier", &owned).expect("for sale");
        let simulator = Simulator::start(played.wire, vendor).await.expect("a port");
        let registry = in_sandbox(played.name, known.settings, &simulator);
        let name = CarrierName::new(played.name);
        let carrier = registry.get(&name).expect("configured");
        let orders = carrier.orders().expect("it orders");
        let id = OrderId("1".repeat(32));
        if known.sells {
            let query = Query {
                prefix: "+1415".to_owned(),
                country: "US".to_owned(),
                national: "415".to_owned(),
                quantity: 1,
                ..Query::default()
            };
            let offers = carrier.offers().expect("it searches").offers(&query).await;
            buy(orders, &id, &offers.expect("offers")).await;
        }
        let number: E164 = OWNED.parse().expect("a number");
        let sent = sent(&id).await;
        let released = orders.release(&sent, &number, &Map::new()).await;
        released.expect("played");
        assert_eq!(simulator.vendor.spent(), 0, "{}", played.name);
        assert_eq!(simulator.vendor.owned(None, 10), owned, "{}", played.name);
        assert_eq!(simulator.vendor.orders().len(), 1, "{}", played.name);
    }
}

#[tokio::test]
async fn an_order_that_is_called_a_look_does_not_leave_either() {
    let vendor = Arc::new(Vendor::new([SOLD.to_owned()]));
    let other = VENDORS.iter().find(|vendor| vendor.name == "other");
    let wire = other.expect("it is played").wire;
    let simulator = Simulator::start(wire, vendor).await.expect("a port");
    let common = Common {
        base_url: Some(Url::parse(&simulator.url()).expect("a URL")),
        allow_private_addresses: true,
        sandbox: true,
        ..Common::default()
    };
    let service = Service::carrier("other");
    let client = Client::new(&service, &common, "", common.spending(false), &[]);
    let client = client.expect("settings");
    let url = client.url(["numbers", "US", "order"]);
    let order = json!({"data": {"numbers": [SOLD], "reference": "1"}});
    let call = client.look("search", Method::POST, url).json(&order);
    let error = call.send().await.expect_err("kept here");
    assert_eq!(error.failure, Failure::NotSent);
    assert!(error.reason.contains("look only"), "{error}");
    assert_eq!(simulator.vendor.requests(), 0);
}

fn in_sandbox(name: &str, credentials: Settings, simulator: &Simulator) -> Registry {
    let own = credentials.iter();
    let mut settings: Map<_, _> = own
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    settings.insert("base_url".to_owned(), json!(simulator.url()));
    settings.insert("allow_private_addresses".to_owned(), json!(true));
    settings.insert("sandbox".to_owned(), json!(true));
    let settings = BTreeMap::from([(name.to_owned(), settings)]);
    Registry::with_settings(settings).expect("settings")
}

/// Orders and asks for the order: played, both.
async fn buy(orders: &dyn Orders, id: &OrderId, offers: &[carriers::Offer]) {
    let account = AccountId::parse(&"a".repeat(32)).expect("an id");
    let sent = sent(id).await;
    let purchase = Purchase::new(&sent, &account, offers);
    let standing = orders.order(&purchase).await.expect("played");
    assert_eq!(standing.numbers.len(), 1);
    assert!(matches!(standing.numbers[0].1, Verdict::Ours(_)));
    let numbers = [standing.numbers[0].0.clone()];
    let placed = Placed {
        id,
        vendor: &standing.vendor,
        numbers: &numbers,
    };
    orders.status(&placed).await.expect("played");
}
