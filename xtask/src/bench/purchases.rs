//! Purchases at a carrier that is played: beside plain PUTs of new numbers, and
//! the memory of many that wait for their carrier.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use simulators::{Simulator, Vendor, Wire, other, played};
use tokio::runtime::Runtime;

use super::dataset;
use super::http::{self, Caller, Connection, request};
use super::installation::ACCOUNTS;
use super::reads::CONNECTIONS;
use super::report::{Bound, Report, Row, grouped};
use super::requests::{Creation, Holder, in_path_of};
use super::server::{Server, memory_kib, processor_seconds};
use super::stats::{Round, Side};
use super::writes::REST;
use super::{Bench, ROUNDS, place, say};

/// What one search offers.
const OFFERED: usize = 500;
/// Purchases, and plain PUTs, of each round.
const EACH: usize = 6 * OFFERED;
/// Purchases under way at once.
const IN_FLIGHT: usize = OFFERED;
/// How much more memory they may take.
const BOUND: Bound = Bound::Mebibytes(100);
/// How long the carrier keeps them waiting: all arrive meanwhile.
const KEPT: Duration = Duration::from_secs(5);
/// How long they may take to arrive.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether they have.
const GLANCE: Duration = Duration::from_millis(5);

/// Everything of it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let database = bench.place.file("purchases.db");
    place::copy(&bench.place.file(ACCOUNTS), &database)?;
    let shop = Shop::open(other::WIRE)?;
    let server = bench.place.serve_with(&database, &shop.settings()?)?;
    rate(bench, &server, report)?;
    server.stop()?;
    drop(shop);
    let slow = Shop::open(SLOW_WIRE)?;
    let server = bench.place.serve_with(&database, &slow.settings()?)?;
    in_flight(bench, &server, report)?;
    server.stop()
}

fn rate(bench: &Bench, server: &Server, report: &mut Report) -> Result<()> {
    let clients = &bench.installation.clients;
    let (mut ours, mut plain) = (Side::default(), Side::default());
    // Numbers that neither the carrier nor the dataset has.
    let fresh = Arc::new(AtomicU64::new(bench.dataset.numbers));
    let mut prefixes = prefixes();
    for round in 1..=ROUNDS {
        say(&format!("purchases, round {round} of {ROUNDS}"));
        let mut purchases = VecDeque::new();
        for client in clients.iter().cycle().take(EACH / OFFERED) {
            let prefix = prefixes.next().context("no more prefixes")?;
            purchases.extend(offered(server, client, &prefix)?);
        }
        ours.add(run(server, purchases, CONNECTIONS)?, 1);
        sleep(REST);
        let mut sources = Creation::sources(&fresh, clients, clients.len(), 1);
        let puts = (0..EACH).map(|index| {
            let source = index % sources.len();
            sources[source].next().to_vec()
        });
        let puts = puts.collect();
        plain.add(run(server, puts, CONNECTIONS)?, 1);
        sleep(REST);
    }
    let what = "purchases at an instant carrier";
    let bound = Bound::AtLeast(0.3);
    report.against("plain PUTs", what, "rows/s", bound, &mut ours, &plain);
    report.processor(what, &ours, None);
    Ok(())
}

fn in_flight(bench: &Bench, server: &Server, report: &mut Report) -> Result<()> {
    say("purchases that wait for their carrier");
    let client = bench.installation.clients.first().context("a client")?;
    let prefix = prefixes().last().context("a prefix")?;
    let purchases = offered(server, client, &prefix)?;
    let resident = || memory_kib(server.process(), "VmRSS");
    let idle = resident()?;
    let most = std::thread::scope(|scope| {
        let running = scope.spawn(|| run(server, purchases, IN_FLIGHT));
        let begun = Instant::now();
        while WAITING.load(Ordering::SeqCst) < IN_FLIGHT && !running.is_finished() {
            ensure!(begun.elapsed() < PATIENCE, "not all purchases arrive");
            sleep(GLANCE);
        }
        let waiting = WAITING.load(Ordering::SeqCst);
        let mut most = resident()?;
        while !running.is_finished() {
            most = most.max(resident()?);
            sleep(GLANCE);
        }
        running.join().expect("no panic in the client")?;
        ensure!(waiting == IN_FLIGHT, "only {waiting} were in flight");
        Ok(most)
    })?;
    let what = format!("memory of {} purchases in flight", grouped(OFFERED as u64));
    let row = Row::memory_alone(&what, BOUND, most.saturating_sub(idle));
    report.row(row);
    Ok(())
}

/// Sends all of them over so many connections, each answered before the next.
fn run(server: &Server, requests: VecDeque<Vec<u8>>, connections: usize) -> Result<Round> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let local = tokio::task::LocalSet::new();
    let requests = Rc::new(RefCell::new(requests));
    let before = processor_seconds(server.process())?;
    let begun = Instant::now();
    let running: Vec<_> = (0..connections)
        .map(|_| {
            let requests = Rc::clone(&requests);
            let address = server.address;
            local.spawn_local(async move {
                let mut connection = Connection::open(address).await?;
                let mut latencies = Vec::new();
                loop {
                    let next = requests.borrow_mut().pop_front();
                    let Some(request) = next else {
                        return Ok::<_, anyhow::Error>(latencies);
                    };
                    let begun = Instant::now();
                    let answer = connection.ask(&request).await?;
                    latencies.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
                    http::expect(&answer, 201)?;
                    let is_open = answer.body.windows(OPEN.len()).any(|part| part == OPEN);
                    ensure!(!is_open, "a purchase isn't done when it is answered");
                }
            })
        })
        .collect();
    local.block_on(&runtime, async {
        let mut latencies = Vec::new();
        for one in running {
            latencies.append(&mut one.await??);
        }
        Ok(Round {
            seconds: begun.elapsed().as_secs_f64(),
            processor: processor_seconds(server.process())? - before,
            latencies,
        })
    })
}

/// What a number says whose order is open.
const OPEN: &[u8] = b"\"order\":";

/// Searches for what the carrier sells under a prefix, and answers the
/// purchases of all of it.
fn offered(server: &Server, client: &Holder, prefix: &str) -> Result<VecDeque<Vec<u8>>> {
    let search = client.get(&format!("?prefix={prefix}&quantity={OFFERED}"));
    let answer = Caller::new(server.address)?.json(&search, 200)?;
    let rows = answer["data"].as_array().map_or(&[][..], Vec::as_slice);
    let numbers: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["number"].as_str())
        .collect();
    ensure!(
        numbers.len() == OFFERED,
        "{} offers: {answer}",
        numbers.len()
    );
    let purchase = |number: &str| {
        let path = format!(
            "/v2/accounts/{}/phone_numbers/{}/activate",
            client.account,
            in_path_of(number)
        );
        request("PUT", &path, &client.token, r#"{"data":{}}"#)
    };
    Ok(numbers.into_iter().map(purchase).collect())
}

/// What each search looks for: six digits.
fn prefixes() -> impl Iterator<Item = String> {
    let all = (0..dataset::CODES).map(dataset::area_code);
    // To a played carrier what begins with 8 is toll-free.
    let codes = all.filter(|code| code / 100 != 8);
    codes.flat_map(|code| (0..2).map(move |block| format!("{code}11{block}")))
}

/// A carrier in this process that sells enough of each prefix.
struct Shop {
    /// Ends it when it is dropped.
    _runtime: Runtime,
    simulator: Simulator,
}

impl Shop {
    fn open(wire: Wire) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let sold = prefixes()
            .flat_map(|prefix| (0..OFFERED).map(move |line| format!("+1{prefix}{line:04}")));
        let vendor = Arc::new(Vendor::new(sold));
        let simulator = runtime.block_on(Simulator::start(wire, vendor))?;
        Ok(Self {
            _runtime: runtime,
            simulator,
        })
    }

    fn settings(&self) -> Result<String> {
        let known = played("other").and_then(|known| known.carrier);
        let mut keys = String::new();
        for (key, value) in known.context("nobody plays it")?.settings {
            writeln!(keys, "{key} = {value:?}")?;
        }
        Ok(format!(
            "[number_manager]\ncarrier_modules = [\"other\"]\n\
             [limits]\nactivation_capacity = 1000000\n\
             [carriers.other]\nbase_url = {:?}\nallow_private_addresses = true\n\
             max_concurrency = {IN_FLIGHT}\n{keys}",
            self.simulator.url()
        ))
    }
}

/// The same carrier, which makes every purchase wait.
const SLOW_WIRE: Wire = Wire {
    routes: |vendor| (other::WIRE.routes)(vendor).layer(middleware::from_fn(slowly)),
    spends: other::WIRE.spends,
};

/// How many arrived at it.
static WAITING: AtomicUsize = AtomicUsize::new(0);

async fn slowly(request: Request, next: Next) -> Response {
    if request.method() == Method::PUT {
        WAITING.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(KEPT).await;
    }
    next.run(request).await
}
