//! Searches over our own stock and carriers outside, which are played: beside
//! what the slowest of them takes when it is asked alone, and with one that
//! never answers.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use simulators::{Played, Simulator, Vendor, Wire, played, telnyx};
use tokio::runtime::Runtime;

use super::client::Load;
use super::dataset::{self, Dataset};
use super::http::Caller;
use super::reads::WARM_UP;
use super::report::{Report, Row, grouped};
use super::requests::Cycle;
use super::server::Server;
use super::stats::Side;
use super::{Bench, ROUNDS, import, say};

/// What the slow carrier takes before it answers.
const SLOW: Duration = Duration::from_millis(100);
/// What a search may take beyond the slowest carrier, and beyond its deadline.
const BEYOND_SLOWEST_MS: f64 = 10.0;
const BEYOND_DEADLINE_MS: f64 = 50.0;
/// How long a search waits for the carrier that never answers.
const DEADLINE_MS: u32 = 500;

/// Our own stock; few enough that every search goes on to the carriers.
const NUMBERS: u64 = 10_000;
/// What each carrier sells in each area code.
const SOLD: u64 = 20;
/// Fewer than a carrier takes at once.
const CONNECTIONS: usize = 4;

/// Everything of it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    say("importing the stock of the searches over carriers");
    let database = bench.place.file("outside.db");
    let accounts = bench.dataset.accounts;
    import::fill(bench, &Dataset::new(NUMBERS, accounts), &database)?;
    let market = Market::open()?;
    let server = bench.place.serve_with(&database, &market.settings(None))?;
    beside_the_slowest(bench, &server, &market, report)?;
    server.stop()?;
    // It takes connections, as far as the system does, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let settings = market.settings(Some(silent.local_addr()?));
    let server = bench.place.serve_with(&database, &settings)?;
    with_a_silent_one(bench, &server, report)?;
    server.stop()
}

fn beside_the_slowest(
    bench: &Bench,
    server: &Server,
    market: &Market,
    report: &mut Report,
) -> Result<()> {
    let load = Load::new(bench.seconds, 200);
    let (searches, alone) = (searches(bench, server)?, market.asked_alone()?);
    let (mut ours, mut slowest) = (Side::default(), Side::default());
    Load::new(WARM_UP, 200).run(server, Cycle::sources(&searches, CONNECTIONS))?;
    for round in 1..=ROUNDS {
        say(&format!("search over carriers, round {round} of {ROUNDS}"));
        ours.add(load.run(server, Cycle::sources(&searches, CONNECTIONS))?, 1);
        let sources = Cycle::sources(&alone, CONNECTIONS);
        slowest.add(load.run_at(market.slow_address()?, sources)?, 1);
    }
    let what = format!("search over {} own and 3 carriers", grouped(NUMBERS));
    let beside = slowest.latency(500).map_or(0.0, millis);
    let row = Row::later(
        &what,
        ("slowest carrier", beside),
        BEYOND_SLOWEST_MS,
        500,
        &mut ours,
    );
    report.row(row);
    report.processor(&what, &ours, None);
    Ok(())
}

fn with_a_silent_one(bench: &Bench, server: &Server, report: &mut Report) -> Result<()> {
    let load = Load::new(bench.seconds, 200);
    let searches = searches(bench, server)?;
    let mut ours = Side::default();
    for round in 1..=ROUNDS {
        say(&format!(
            "search with a silent carrier, round {round} of {ROUNDS}"
        ));
        ours.add(load.run(server, Cycle::sources(&searches, CONNECTIONS))?, 1);
    }
    let deadline = f64::from(DEADLINE_MS);
    let what = "the same with a carrier that never answers, p99";
    let row = Row::later(
        what,
        ("deadline", deadline),
        BEYOND_DEADLINE_MS,
        990,
        &mut ours,
    );
    report.row(row);
    Ok(())
}

/// The searches, each of which finds all carriers' numbers.
fn searches(bench: &Bench, server: &Server) -> Result<Arc<[Vec<u8>]>> {
    let clients = &bench.installation.clients;
    let mut requests = Vec::new();
    for (code, client) in area_codes().zip(clients.iter().cycle()) {
        requests.push(client.get(&format!("?prefix={code}&quantity=500")));
    }
    let mut caller = Caller::new(server.address)?;
    for request in &requests {
        let answer = caller.json(request, 200)?;
        let rows = answer["data"].as_array().map_or(&[][..], Vec::as_slice);
        let offered = rows.iter().filter(|row| row["state"] == "discovery");
        let offered = offered.count();
        ensure!(
            offered as u64 == 3 * SOLD,
            "{offered} numbers of carriers: {answer}"
        );
    }
    Ok(requests.into())
}

/// Those that are searched: what begins with 8 is toll-free to a played carrier.
fn area_codes() -> impl Iterator<Item = u16> {
    let all = (0..dataset::CODES).map(dataset::area_code);
    all.filter(|code| code / 100 != 8)
}

/// Three carriers in this process.
struct Market {
    /// Ends them when it is dropped.
    _runtime: Runtime,
    carriers: Vec<(&'static Played, Simulator)>,
}

impl Market {
    fn open() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let mut carriers = Vec::new();
        for (place, name) in (0..).zip(["other", "telnyx", "twilio"]) {
            let known = played(name).with_context(|| format!("nobody plays {name}"))?;
            let sold = area_codes().flat_map(move |code| {
                // Below those of our own stock.
                (0..SOLD).map(move |line| format!("+1{code}1{place}0{line:02}00"))
            });
            let wire = if name == "telnyx" {
                SLOW_WIRE
            } else {
                known.wire
            };
            let vendor = Arc::new(Vendor::new(sold));
            let simulator = runtime.block_on(Simulator::start(wire, vendor))?;
            carriers.push((known, simulator));
        }
        Ok(Self {
            _runtime: runtime,
            carriers,
        })
    }

    /// The configuration that searches them, and one that doesn't answer.
    fn settings(&self, silent: Option<SocketAddr>) -> String {
        let mut names = vec!["local", "inventory"];
        let mut sections = String::new();
        let simulators = self.carriers.iter();
        let mut urls: Vec<(&'static Played, String)> = simulators
            .map(|(known, simulator)| (*known, simulator.url()))
            .collect();
        if let (Some(address), Some(known)) = (silent, played("didww")) {
            urls.push((known, format!("http://{address}")));
        }
        for (known, url) in urls {
            names.push(known.name);
            // Writing into a string can't fail.
            let _ = writeln!(sections, "[carriers.{}]", known.name);
            let _ = writeln!(
                sections,
                "base_url = {url:?}\nallow_private_addresses = true"
            );
            let settings = known.carrier.map_or(&[][..], |carrier| carrier.settings);
            for (key, value) in settings {
                let _ = writeln!(sections, "{key} = {value:?}");
            }
        }
        let deadline = silent.map_or(5000, |_| DEADLINE_MS);
        format!(
            "[number_manager]\ncarrier_modules = {names:?}\n\
             number_search_timeout_ms = {deadline}\n{sections}"
        )
    }

    fn slow_address(&self) -> Result<SocketAddr> {
        let mut carriers = self.carriers.iter();
        let slow = carriers.find(|(known, _)| known.name == "telnyx");
        let url = slow.map(|(_, simulator)| simulator.url());
        let address = url.as_deref().and_then(|url| url.strip_prefix("http://"));
        Ok(address.context("the slow carrier")?.parse()?)
    }

    /// What a client of the slow carrier's own asks it.
    fn asked_alone(&self) -> Result<Arc<[Vec<u8>]>> {
        let code = dataset::area_code(0);
        let head = format!(
            "GET /available_phone_numbers?filter[country_code]=US&filter[limit]=500\
             &filter[national_destination_code]={code} HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bearer {}\r\n\r\n",
            telnyx::TOKEN
        );
        let request = head.into_bytes();
        let mut caller = Caller::new(self.slow_address()?)?;
        let answer = caller.json(&request, 200)?;
        let found = answer["data"].as_array().map_or(0, Vec::len);
        ensure!(found as u64 == SOLD, "{found} numbers: {answer}");
        Ok([request].into())
    }
}

/// telnyx, slow.
const SLOW_WIRE: Wire = Wire {
    routes: |vendor| (telnyx::WIRE.routes)(vendor).layer(middleware::from_fn(slowly)),
    spends: telnyx::WIRE.spends,
};

async fn slowly(request: Request, next: Next) -> Response {
    tokio::time::sleep(SLOW).await;
    next.run(request).await
}

/// Nanoseconds as milliseconds.
fn millis(nanos: u64) -> f64 {
    f64::from(u32::try_from(nanos / 1000).unwrap_or(u32::MAX)) / 1000.0
}
