//! Searches over carriers outside.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::Settings;
use engine::search::{Found, SearchQuery};
use engine::settings::NumberManager;
use numbers::account::Account;
use numbers::carrier::CarrierName;
use numbers::state::State;
use outside::settings::AllSettings;
use serde_json::json;
use simulators::other::{TOKEN, WIRE};
use simulators::{Simulator, Vendor};
use support::{World, object, world_with};
use tokio::net::TcpListener;

/// `other` sells these; `telnyx` is where nobody listens; `simwood` takes
/// connections and never answers.
async fn market() -> (World, Simulator, TcpListener) {
    let stock = (101..=120).map(|line| format!("+14155550{line}"));
    let vendor = Arc::new(Vendor::new(stock));
    let other = Simulator::start(WIRE, vendor).await.unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}", silent.local_addr().unwrap());
    let private = json!(true);
    let carriers = BTreeMap::from([
        (
            "other".to_owned(),
            object(json!({
                "base_url": other.url(), "bearer_token": TOKEN,
                "allow_private_addresses": private,
            })),
        ),
        (
            "telnyx".to_owned(),
            object(json!({
                "base_url": "http://127.0.0.1:1", "token": "x",
                "allow_private_addresses": private,
            })),
        ),
        (
            "simwood".to_owned(),
            object(json!({
                "base_url": hanging, "simwood_account_id": "1", "auth_username": "x",
                "auth_password": "x", "allow_private_addresses": private,
            })),
        ),
    ]);
    let modules = ["local", "telnyx", "simwood", "other"];
    let settings = Settings {
        carriers: AllSettings(carriers),
        number_manager: NumberManager {
            carrier_modules: modules.map(str::to_owned).to_vec(),
            number_search_timeout_ms: 300,
            ..NumberManager::default()
        },
        ..Settings::default()
    };
    (world_with(settings).await, other, silent)
}

async fn search(world: &World, account: &Account, quantity: usize, offset: usize) -> Found {
    let query = SearchQuery {
        prefix: Some("4155550".to_owned()),
        city: None,
        state: None,
        country: Some("US".to_owned()),
        quantity,
        offset,
    };
    let engine = &world.engine;
    let found = engine
        .search(Some(&account.id), Some(account), &query)
        .await;
    found.unwrap()
}

#[tokio::test]
async fn dead_and_hanging_carriers_cost_the_others_nothing_and_are_named() {
    let (world, _other, _silent) = market().await;
    let found = search(&world, world.master(), 5, 0).await;
    assert_eq!(found.rows.len(), 5);
    for row in &found.rows {
        assert_eq!(row.state, State::Discovery);
        assert_eq!(row.status, "Available");
        let center = row.rate_center.as_ref().unwrap();
        assert_eq!(center["name"], "SAN RAFAEL");
    }
    let silent: Vec<&str> = found.silent.keys().map(CarrierName::as_str).collect();
    assert_eq!(silent, ["simwood", "telnyx"]);
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let (world, other, _silent) = market().await;
    let mut seen = Vec::new();
    for offset in [0, 8, 16] {
        let found = search(&world, world.master(), 8, offset).await;
        seen.extend(found.rows.into_iter().map(|row| row.number.to_string()));
        // What others buy meanwhile doesn't move what was found.
        other.vendor.order("elsewhere", &seen[..1]).ok();
    }
    let mut distinct = seen.clone();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (20, 20));
}

#[tokio::test]
async fn a_search_never_buys() {
    let (world, other, _silent) = market().await;
    search(&world, world.master(), 20, 0).await;
    assert_eq!(other.vendor.orders(), []);
}
