//! The demo's carrier: one that numberd plays itself, so that a purchase costs
//! nothing.

use std::sync::Arc;

use serde_json::json;
use simulators::{Simulator, Vendor, other};

use super::{FICTIONAL, object};
use crate::commands::pages::Numbers;
use crate::config::Config;
use crate::database::Database;
use crate::exit::{Code, Failure, Outcome};

/// Its name among carriers.
const NAME: &str = "other";

/// The area code that only it sells.
pub const AREA_CODE: &str = "650";

/// Plays it, and configures it as the last one to be searched. `None`: there is
/// a real one of that name already, which is left alone.
pub async fn start(config: &mut Config) -> Outcome<Option<Simulator>> {
    if config.carriers.0.contains_key(NAME) {
        return Ok(None);
    }
    let stock = FICTIONAL.map(|line| format!("+1{AREA_CODE}5550{line}"));
    let started = Simulator::start(other::WIRE, Arc::new(Vendor::new(stock))).await;
    let simulator = started
        .map_err(|error| Failure::new(Code::Failure, format!("can't play a carrier: {error}")))?;
    let settings = json!({
        "base_url": simulator.url(),
        "bearer_token": other::TOKEN,
        "allow_private_addresses": true,
    });
    config.carriers.0.insert(NAME.to_owned(), object(settings));
    let searched = &mut config.number_manager.carrier_modules;
    if !searched.iter().any(|name| name == NAME) {
        searched.push(NAME.to_owned());
    }
    Ok(Some(simulator))
}

/// Reminds it of what it sold before it was started anew.
pub async fn remind(simulator: &Simulator, database: &Database) -> Outcome {
    let mut numbers = Numbers::new(None, None);
    while let Some(page) = numbers.next(database).await? {
        let sold = page.iter().filter(|number| number.carrier.as_str() == NAME);
        for number in sold {
            // What isn't its own it never sold.
            let _ = simulator.vendor.order_at_once("", &[number.id.to_string()]);
        }
    }
    Ok(())
}
