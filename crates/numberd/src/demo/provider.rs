//! The demo's keeper of emergency addresses: one that numberd plays itself, so
//! that nobody is sent anywhere.

use std::sync::Arc;

use serde_json::json;
use simulators::{Simulator, Vendor, dash_e911};

use super::object;
use crate::config::Config;
use crate::exit::{Code, Failure, Outcome};

/// Its name among providers.
const NAME: &str = "dash_e911";

/// Plays it, and configures it. `None`: there is a real one of that name
/// already, which is left alone, or another one is to be asked.
pub async fn start(config: &mut Config) -> Outcome<Option<Simulator>> {
    let asked = &config.number_manager.e911_provider;
    if config.providers.0.contains_key(NAME) || asked != NAME {
        return Ok(None);
    }
    let started = Simulator::start(dash_e911::WIRE, Arc::new(Vendor::new([]))).await;
    let simulator = started
        .map_err(|error| Failure::new(Code::Failure, format!("can't play a provider: {error}")))?;
    let settings = json!({
        "base_url": simulator.url(),
        "auth_username": dash_e911::LOGIN.0,
        "auth_password": dash_e911::LOGIN.1,
        "allow_private_addresses": true,
    });
    config.providers.0.insert(NAME.to_owned(), object(settings));
    Ok(Some(simulator))
}
