//! `numberd simulate`: a carrier that sells numbers set aside for fiction, to
//! try buying without one that costs money; or one who keeps emergency
//! addresses, to try those.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use simulators::{Fault, Hooks, Played, Posted, Simulator, VENDORS, Vendor, played};
use tokio::sync::mpsc::UnboundedReceiver;
use toml::{Table, Value};

use crate::cli::Simulate;
use crate::exit::{Code, Failure, Outcome};
use crate::output;
use crate::server::{self, Stop};

/// Area codes of North America, none of those that `serve --demo` has in stock
/// already.
const AREA_CODES: [u16; 16] = [
    209, 310, 407, 408, 424, 508, 510, 561, 610, 650, 707, 818, 831, 916, 925, 949,
];
const TOLL_FREE_CODES: [u16; 7] = [800, 833, 844, 855, 866, 877, 888];
/// How many numbers the customer has already of a carrier that doesn't sell.
const OWNED: usize = 20;

pub async fn run(options: &Simulate) -> Outcome {
    let Some(chosen) = played(&options.vendor) else {
        let message = format!("'{}' can't be simulated", options.vendor);
        return Err(Failure::new(Code::Usage, message));
    };
    let webhook = match &options.webhook {
        Some(url) => Some((url, hooks(chosen)?)),
        None => None,
    };
    let stop = Stop::listen()?;
    let listener = server::bind(&options.listen).await?;
    let address = listener.local_addr()?;
    let vendor = Vendor::new(stock());
    if chosen.carrier.is_some_and(|carrier| !carrier.sells) {
        let owned = vendor.search("+1", OWNED);
        // All of them are in stock.
        let _ = vendor.order_at_once("", &owned);
    }
    let seed = options.seed.unwrap_or_else(rand::random);
    if options.fault_rate > 0.0 {
        let among = match options.fault.as_slice() {
            [] => &Fault::ALL,
            chosen => chosen,
        };
        vendor.faults.random(seed, options.fault_rate, among);
    } else {
        vendor.faults.script(options.fault.iter().copied());
    }
    if let Some(delay) = options.order_delay {
        vendor.set_delay(Duration::from_millis(delay));
    }
    let mut simulator = Simulator::on(listener, chosen.wire, Arc::new(vendor))?;
    let posted = match webhook {
        Some((url, hooks)) => Some(post_to(&mut simulator, url, hooks)?),
        None => None,
    };
    output::line(&format!("listening on http://{address}"))?;
    if options.fault_rate > 0.0 {
        output::line(&format!("# the same faults again: --seed {seed}"))?;
    }
    let hooks = webhook.map(|(_, hooks)| hooks);
    output::line(&snippet(chosen, hooks, server::reachable(address))?)?;
    tokio::select! {
        () = stop.asked() => Ok(()),
        told = tell(posted) => told,
    }
}

/// How a vendor posts webhooks.
fn hooks(chosen: &Played) -> Outcome<Hooks> {
    let hooks_of = |played: &Played| played.carrier.and_then(|carrier| carrier.hooks);
    hooks_of(chosen).ok_or_else(|| {
        let all = VENDORS.iter().filter(|played| hooks_of(played).is_some());
        let names: Vec<&str> = all.map(|played| played.name).collect();
        let message = format!(
            "'{}' posts no webhooks; those that do are {}",
            chosen.name,
            names.join(", ")
        );
        Failure::new(Code::Usage, message)
    })
}

fn post_to(
    simulator: &mut Simulator,
    url: &str,
    hooks: Hooks,
) -> Outcome<UnboundedReceiver<Posted>> {
    let is_url = url.starts_with("http://") || url.starts_with("https://");
    if !is_url {
        let message = format!(
            "'{url}' is no URL of a numberd, like http://127.0.0.1:8000/v2/hooks/carriers/telnyx"
        );
        return Err(Failure::new(Code::Usage, message));
    }
    simulator
        .post_to(url, hooks)
        .map_err(|error| Failure::new(Code::Failure, format!("can't post webhooks: {error}")))
}

/// Says what became of each webhook, for ever.
async fn tell(posted: Option<UnboundedReceiver<Posted>>) -> Outcome {
    if let Some(mut posted) = posted {
        while let Some(Posted { order, answer }) = posted.recv().await {
            let answer = answer.map_or_else(|error| error, |status| status.to_string());
            output::line(&format!("webhook about order {order}: {answer}"))?;
        }
    }
    std::future::pending().await
}

/// Numbers that are set aside for fiction: a hundred of each area code, one of
/// each toll-free code, and a hundred of London.
fn stock() -> impl Iterator<Item = String> {
    let local = AREA_CODES
        .iter()
        .flat_map(|code| (100..200).map(move |line| format!("+1{code}5550{line}")));
    let toll_free = TOLL_FREE_CODES
        .iter()
        .map(|code| format!("+1{code}5550199"));
    let london = (0..100).map(|line| format!("+4420794600{line:02}"));
    local.chain(toll_free).chain(london)
}

/// What connects numberd to it.
fn snippet(chosen: &Played, hooks: Option<Hooks>, address: SocketAddr) -> Outcome<String> {
    let mut blocks = Vec::new();
    let name = chosen.name;
    if let Some(carrier) = chosen.carrier {
        let of_hooks = hooks.map_or(&[][..], |hooks| hooks.settings);
        blocks.push(format!(
            "# for numberd.toml; and name \"{name}\" in number_manager.carrier_modules\n\
             [carriers.{name}]\n{}",
            block(&[carrier.settings, of_hooks].concat(), address)?
        ));
    }
    for (name, settings) in chosen.providers {
        let key = if name.ends_with("_e911") {
            "e911_provider"
        } else {
            "cnam_provider"
        };
        blocks.push(format!(
            "# for numberd.toml; and number_manager.{key} = \"{name}\"\n\
             [providers.{name}]\n{}",
            block(settings, address)?
        ));
    }
    Ok(blocks.join(""))
}

/// The keys of one block.
fn block(own: &[(&str, &str)], address: SocketAddr) -> Outcome<String> {
    let mut settings = Table::new();
    let url = format!("http://{address}");
    settings.insert("base_url".to_owned(), Value::String(url));
    settings.insert("allow_private_addresses".to_owned(), Value::Boolean(true));
    if !address.ip().is_loopback() {
        settings.insert("allow_plain_http".to_owned(), Value::Boolean(true));
    }
    for (key, value) in own {
        settings.insert((*key).to_owned(), Value::String((*value).to_owned()));
    }
    toml::to_string(&settings).map_err(|error| Failure::new(Code::Failure, error.to_string()))
}
