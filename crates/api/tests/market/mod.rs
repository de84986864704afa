//! A server whose searches ask carriers outside: `other`, which sells numbers;
//! where told so, `telnyx`, where nobody listens, and `simwood`, which takes
//! connections and never answers.

// Each test file uses a part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::sync::Arc;

use api::ApiSettings;
use engine::Settings;
use engine::orders::Timing;
use engine::settings::NumberManager;
use outside::settings::AllSettings;
use serde_json::{Value, json};
use simulators::other::{TOKEN, WIRE};
use simulators::{Simulator, Vendor, Wire};
use tokio::net::TcpListener;

use crate::common::Harness;

/// How long searches wait.
const DEADLINE_MS: u64 = 300;

pub struct Market {
    pub server: Harness,
    pub other: Simulator,
    _silent: Option<TcpListener>,
}

impl Market {
    /// `other` alone, selling these numbers.
    pub async fn selling(numbers: &[&str]) -> Self {
        Self::with(WIRE, numbers, false, Timing::default()).await
    }

    /// The same, where buyers don't wait for their orders.
    pub async fn in_a_hurry(numbers: &[&str]) -> Self {
        let hurry = Timing {
            wait_ms: 50,
            ..Timing::default()
        };
        Self::with(WIRE, numbers, false, hurry).await
    }

    /// With two that don't answer.
    pub async fn with_dead_ones(numbers: &[&str]) -> Self {
        Self::with(WIRE, numbers, true, Timing::default()).await
    }

    /// `other` with a way of its own to talk.
    pub async fn talking(wire: Wire) -> Self {
        Self::with(wire, &[], false, Timing::default()).await
    }

    async fn with(wire: Wire, numbers: &[&str], dead: bool, orders: Timing) -> Self {
        let stock = numbers.iter().map(|number| (*number).to_owned());
        let other = Simulator::start(wire, Arc::new(Vendor::new(stock)))
            .await
            .expect("a port");
        let mut carriers = BTreeMap::new();
        let mut modules = vec!["local".to_owned(), "inventory".to_owned()];
        let mut add = |name: &str, mut settings: Value| {
            settings["allow_private_addresses"] = json!(true);
            let settings = settings.as_object().cloned().unwrap_or_default();
            carriers.insert(name.to_owned(), settings);
            modules.push(name.to_owned());
        };
        let mut silent = None;
        if dead {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}", listener.local_addr().expect("an address"));
            add(
                "telnyx",
                json!({"base_url": "http://127.0.0.1:1", "token": "x"}),
            );
            add(
                "simwood",
                json!({
                    "base_url": url, "simwood_account_id": "1", "auth_username": "x",
                    "auth_password": "x",
                }),
            );
            silent = Some(listener);
        }
        add(
            "other",
            json!({"base_url": other.url(), "bearer_token": TOKEN}),
        );
        let settings = Settings {
            carriers: AllSettings(carriers),
            orders,
            number_manager: NumberManager {
                carrier_modules: modules,
                number_search_timeout_ms: if dead { DEADLINE_MS } else { 5000 },
                ..NumberManager::default()
            },
            ..Settings::default()
        };
        Self {
            server: Harness::with(settings, ApiSettings::default()).await,
            other,
            _silent: silent,
        }
    }

    /// The numbers that the child finds by a query.
    pub async fn found(&self, query: &str) -> Vec<String> {
        let path = self.server.child.numbers(&format!("?{query}"));
        let answer = self.server.get(&self.server.child, &path).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        let rows = answer.data().as_array().expect("a list").iter();
        rows.filter_map(|row| row["number"].as_str())
            .map(str::to_owned)
            .collect()
    }
}
