//! A server whose emergency addresses a simulator keeps.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::Settings;
use engine::orders::Timing;
use engine::settings::NumberManager;
use outside::settings::AllSettings;
use serde_json::json;
use simulators::dash_e911::{LOGIN, WIRE};
use simulators::{Simulator, Vendor};

/// A Dash that is played, and the settings of a server that asks it.
pub async fn played() -> (Simulator, Settings) {
    let started = Simulator::start(WIRE, Arc::new(Vendor::new([]))).await;
    let dash = started.expect("a port");
    let provider = json!({
        "base_url": dash.url(), "allow_private_addresses": true, "timeout_ms": 2000,
        "auth_username": LOGIN.0, "auth_password": LOGIN.1,
    });
    let provider = provider.as_object().cloned().expect("an object");
    let settings = Settings {
        providers: AllSettings(BTreeMap::from([("dash_e911".to_owned(), provider)])),
        number_manager: NumberManager {
            available_module_name: "inventory".to_owned(),
            ..NumberManager::default()
        },
        orders: Timing {
            wait_ms: 0,
            lost_after_s: 0,
            unheard_after_s: 0,
            ..Timing::default()
        },
        ..Settings::default()
    };
    (dash, settings)
}
