//! `cargo xtask soak`: a mixed load over a long time, with everything that goes
//! wrong in the world: clients that hang up, requests that make no sense, a
//! carrier that fails, a server that is killed. What must hold is in
//! reliability.md beside this file.

mod carrier;
mod client;
mod memory;
mod report;
mod tally;
mod verify;
mod worker;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Parser;

use super::dataset::Dataset;
use super::growth::Ground;
use super::installation::Installation;
use super::place::Place;
use super::requests::Fresh;
use super::server::Server;
use super::{Bench, import, say};
use carrier::Carrier;
use memory::Memory;
use tally::Tally;
use worker::{Ledger, Worker};

/// Numbers that are there before, and their accounts.
const NUMBERS: u64 = 50_000;
const ACCOUNTS: u64 = 100;
/// Minutes; a token lasts 60.
const LONGEST: f64 = 50.0;
/// Of the time so much isn't looked at for memory: caches fill up.
const WARM_UP: f64 = 0.25;
/// How often memory is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// Load numberd for long, with faults, and look for what was lost
#[derive(Parser)]
#[command(name = "cargo xtask soak", no_binary_name = true)]
struct Options {
    /// How long; less than a token lasts
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// On what: `sqlite`, `postgres` for a server of its own,
    /// `postgres://USER@HOST/DATABASE`
    #[arg(long, default_value = "sqlite")]
    database: String,
    /// Kill the server about every so many seconds, and start it again; memory is
    /// not judged then
    #[arg(long, value_name = "SECONDS")]
    kill_every: Option<u64>,
    /// Makes the same choices again, as far as time lets it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the promises and this run's result as Markdown to this file
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// The server under load, and all that it takes.
struct Soak {
    bench: Bench,
    ground: Ground,
    settings: String,
    server: RefCell<Option<Server>>,
    shared: Shared,
}

/// What the clients share.
struct Shared {
    /// Where the server is at present.
    address: RwLock<SocketAddr>,
    fresh: Fresh,
    /// Counts when the server is killed, and when it is back: odd while it is
    /// gone. An answer that failed to come is explained when this changed.
    kills: AtomicU64,
    over: AtomicBool,
}

impl Shared {
    fn address(&self) -> SocketAddr {
        *self.address.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of it.
struct Outcome {
    engine: String,
    tally: Tally,
    memory: Memory,
    kills: u64,
    orders: usize,
    /// What contradicts a promise.
    lost: Vec<String>,
    checked: Vec<String>,
}

/// The whole of it.
pub fn run(arguments: &[String]) -> Result<()> {
    let options = Options::try_parse_from(arguments).unwrap_or_else(|error| error.exit());
    ensure!(
        options.minutes > 0.0 && options.minutes <= LONGEST,
        "--minutes is more than 0 and at most {LONGEST}"
    );
    let place = Place::new()?;
    say("building numberd");
    place.build()?;
    let carrier = Carrier::open(options.seed)?;
    let soak = Soak::start(&options, place, carrier.settings())?;
    let (ledgers, tally, memory) = soak.load(&options)?;
    carrier.vendor().faults.stop();
    say("settling");
    let mut outcome = Outcome {
        engine: soak.ground.engine()?,
        kills: soak.shared.kills.load(Ordering::Relaxed),
        orders: carrier.vendor().orders().len(),
        tally,
        memory,
        lost: Vec::new(),
        checked: Vec::new(),
    };
    verify::all(&soak, &carrier, &ledgers, &mut outcome)?;
    print!("{}", report::text(&outcome, &options));
    if let Some(file) = &options.write {
        report::write(file, &outcome, &options, arguments)?;
    }
    let unexplained = outcome.tally.unexplained();
    ensure!(
        unexplained.is_empty(),
        "{} errors that nothing explains: {}",
        unexplained.len(),
        unexplained.join("; ")
    );
    let broken = outcome.lost.len();
    ensure!(broken == 0, "{broken} promises are broken");
    Ok(())
}

impl Soak {
    fn start(options: &Options, place: Place, settings: String) -> Result<Self> {
        say("making accounts");
        let ground = Ground::open(&options.database, &place)?;
        let bench = Bench {
            installation: Installation::make(&place, &ground, ACCOUNTS)?,
            dataset: Dataset::new(NUMBERS, ACCOUNTS),
            place,
            seconds: Duration::ZERO,
        };
        say("importing");
        import::run(&bench, &bench.dataset, &ground)?;
        let server = bench.place.serve_with(&ground, &settings)?;
        Ok(Self {
            shared: Shared {
                address: RwLock::new(server.address),
                fresh: Arc::new(AtomicU64::new(NUMBERS)),
                kills: AtomicU64::new(0),
                over: AtomicBool::new(false),
            },
            server: RefCell::new(Some(server)),
            settings,
            ground,
            bench,
        })
    }

    /// The load; answers what each worker was told.
    fn load(&self, options: &Options) -> Result<(Vec<Ledger>, Tally, Memory)> {
        say(&format!("{} minutes of load", options.minutes));
        let begun = Instant::now();
        let time = Duration::from_secs_f64(60.0 * options.minutes);
        let shared = &self.shared;
        let clients = &self.bench.installation.clients;
        thread::scope(|scope| {
            let mut running = Vec::new();
            for (nth, holder) in (0..).zip(clients) {
                let seed = options.seed.wrapping_mul(1_000_003).wrapping_add(nth);
                let worker = Worker::new(shared, holder.clone(), seed)?;
                running.push(scope.spawn(move || worker.run()));
            }
            let watched = self.watch(options, begun, time);
            shared.over.store(true, Ordering::SeqCst);
            let (mut ledgers, mut tally) = (Vec::new(), Tally::default());
            for worker in running {
                let (ledger, told) = worker.join().expect("no panic in a worker");
                ledgers.push(ledger);
                tally.add(told);
            }
            Ok((ledgers, tally, watched?))
        })
    }

    /// Looks at the memory, and kills the server where that is wanted.
    fn watch(&self, options: &Options, begun: Instant, time: Duration) -> Result<Memory> {
        let mut memory = Memory::default();
        let mut next = options.kill_every.map(Duration::from_secs);
        while begun.elapsed() < time {
            sleep(GLANCE.min(time.saturating_sub(begun.elapsed())));
            let since = begun.elapsed();
            if let Some(server) = self.server.borrow().as_ref() {
                memory.sample(since, server.process())?;
            }
            if let (Some(at), Some(every)) = (next, options.kill_every)
                && since >= at
            {
                self.kill()?;
                next = Some(since + Duration::from_secs(every.max(1)));
            }
        }
        memory.drop_before(time.mul_f64(WARM_UP));
        Ok(memory)
    }

    /// Ends the server as a crash would, and starts it again.
    fn kill(&self) -> Result<()> {
        let shared = &self.shared;
        shared.kills.fetch_add(1, Ordering::SeqCst);
        drop(self.server.take());
        let again = self.bench.place.serve_with(&self.ground, &self.settings)?;
        *shared
            .address
            .write()
            .unwrap_or_else(PoisonError::into_inner) = again.address;
        self.server.replace(Some(again));
        shared.kills.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}
