//! Nothing at all leaves a provider's sandbox: tried with every provider that can
//! be played, also those that come later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use providers::{CallerNames, Checked, Placed, Providers, Removal, Wish};
use serde_json::{Map, json};
use simulators::{Settings, Simulator, VENDORS, Vendor};

use crate::world::{NUMBER, address, number};

#[tokio::test]
async fn no_providers_sandbox_lets_anything_out() {
    let mut tried = BTreeSet::new();
    for played in VENDORS {
        let vendor = Arc::new(Vendor::new([NUMBER.to_owned()]));
        let ours = [NUMBER.to_owned()];
        vendor.order_at_once("earlier", &ours).expect("for sale");
        let simulator = Simulator::start(played.wire, vendor).await.expect("a port");
        for (name, settings) in played.providers {
            let providers = in_sandbox(name, settings, &simulator);
            deal(&providers, name).await;
            assert_eq!(simulator.vendor.requests(), 0, "{name}");
            tried.insert(*name);
        }
    }
    // `bandwidth_e911` is `dash_e911` by another name, and a person does what
    // `cnam_notifier` asks for.
    let expected = [
        "dash_e911",
        "telnyx_cnam",
        "telnyx_e911",
        "twilio_e911",
        "vitelity_cnam",
        "vitelity_e911",
    ];
    assert_eq!(tried, BTreeSet::from(expected));
}

fn in_sandbox(name: &str, credentials: Settings, simulator: &Simulator) -> Providers {
    let own = credentials.iter();
    let mut settings: Map<_, _> = own
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    settings.insert("base_url".to_owned(), json!(simulator.url()));
    settings.insert("allow_private_addresses".to_owned(), json!(true));
    settings.insert("sandbox".to_owned(), json!(true));
    Providers::with_settings(BTreeMap::from([(name.to_owned(), settings)])).expect("settings")
}

/// Everything that a provider can be asked for: played, all of it.
async fn deal(providers: &Providers, name: &str) {
    if let Some(names) = providers.caller_names(name) {
        for outbound in [Some("EXAMPLE BAKERY".to_owned()), None] {
            let wish = CallerNames {
                inbound: outbound.is_some(),
                outbound,
            };
            assert_eq!(names.set(&number(), &wish).await, Ok(Wish::Done), "{name}");
        }
        return;
    }
    let provider = providers.emergency(name).expect("it does one or the other");
    let asked = address("301 Marina Blvd.");
    let checked = provider.check(&asked).await.expect("played");
    let Checked::Found(located) = checked else {
        panic!("{name}: {checked:?}");
    };
    let placed = provider
        .place(&number(), &asked, &located, None, "reference")
        .await;
    let Ok(Placed::Provisioned(located)) = placed else {
        panic!("{name}: {placed:?}");
    };
    let standing = provider.standing(&number(), &located, "reference").await;
    standing.expect("played");
    let removed = provider.remove(&number(), &located.keys).await;
    assert_eq!(removed, Ok(Removal::Done), "{name}");
}
