//! `cargo xtask growth`: what becomes slower or larger as numbers are added, on
//! both engines. explanation.md says what is measured.

mod plot;
mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use serde_json::Value;

use super::client::{Load, Requests};
use super::dataset::{self, Dataset};
use super::http::Caller;
use super::installation::Installation;
use super::place::{Located, Place};
use super::postgres::{self, Database, Postgres};
use super::reads::WARM_UP;
use super::report::grouped;
use super::requests::{Creation, Cycle, Fresh, in_path};
use super::server::{Server, memory_kib};
use super::stats::{Side, count};
use super::{Bench, ROUNDS, import, say};

/// So few that the smallest database has whole pages.
const ACCOUNTS: u64 = 100;
/// Enough to keep the machine busy.
const CONNECTIONS: usize = 16;
/// Rows of each list.
const ROWS: usize = 50;
/// Numbers that are read.
const READ: u64 = 16 * 1024;
/// How long numbers are made in each round: they stay, and a small database
/// isn't to become a large one.
const CREATING: Duration = Duration::from_millis(500);
/// Where those begin that are made.
const MADE: u64 = 120_000_000;
/// What a number may take on the disk, while it is imported, until that is
/// known.
const BYTES_EACH: f64 = 6000.0;

/// Measure how numberd behaves as numbers are added
#[derive(Parser)]
#[command(name = "cargo xtask growth", no_binary_name = true)]
struct Options {
    /// How many numbers, ascending
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000],
        value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    sizes: Vec<u64>,
    /// On what: `sqlite`, `postgres` for a server of its own,
    /// `postgres://USER@HOST/DATABASE`
    #[arg(long, value_delimiter = ',', default_values_t = ["sqlite".to_owned(), postgres::OWN.to_owned()])]
    database: Vec<String>,
    /// Seconds of each round of a load
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Write the table as Markdown to this file, and the plot beside it
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// What is measured, each the less the better.
const WHATS: [&str; 7] = [
    "read of a number, µs",
    "creation of a number, µs",
    "listing page of 50, µs",
    "search by prefix, 50 rows, µs",
    "import of a number, µs",
    "memory of numberd, MiB",
    "disk for each number, bytes",
];

/// One size: the values of [`WHATS`].
struct Sample {
    numbers: u64,
    values: [f64; WHATS.len()],
}

/// One engine.
struct Series {
    engine: String,
    samples: Vec<Sample>,
    /// Sizes that were left out, and why.
    left_out: Vec<String>,
}

/// The whole of it.
pub fn run(arguments: &[String]) -> Result<()> {
    let options = Options::try_parse_from(arguments).unwrap_or_else(|error| error.exit());
    ensure!(
        options.sizes.is_sorted_by(|one, next| one < next),
        "--sizes have to ascend"
    );
    let mut all = Vec::new();
    for database in &options.database {
        // One after the other: each in a folder that goes with its data.
        let place = Place::new()?;
        say("building numberd");
        place.build()?;
        let ground = Ground::open(database, &place)?;
        all.push(grow(&options, place, &ground)?);
    }
    print!("{}", report::table(&all));
    if let Some(file) = &options.write {
        report::write(file, &all, arguments)?;
    }
    Ok(())
}

/// Where the numbers are.
pub enum Ground {
    File(PathBuf),
    Server(Box<Postgres>, Database),
}

impl Ground {
    /// A place for one database: `sqlite`, `postgres`, or an URL.
    pub fn open(wanted: &str, place: &Place) -> Result<Self> {
        if wanted == "sqlite" {
            return Ok(Self::File(place.file("growth.db")));
        }
        let postgres = Postgres::open(wanted, place)?;
        let database = postgres.create("growth", None)?;
        Ok(Self::Server(Box::new(postgres), database))
    }

    /// What is there, for people.
    pub fn engine(&self) -> Result<String> {
        match self {
            Self::File(_) => Ok("SQLite".to_owned()),
            Self::Server(postgres, _) => postgres.version(),
        }
    }

    /// Puts in order what an import left.
    fn settle(&self) -> Result<()> {
        match self {
            Self::File(_) => Ok(()),
            Self::Server(postgres, database) => postgres.settle(database),
        }
    }

    fn kib(&self) -> Result<u64> {
        match self {
            Self::File(file) => {
                let logged = file.with_extension("db-wal");
                let logged = fs::metadata(logged).map_or(0, |log| log.len());
                Ok((fs::metadata(file)?.len() + logged) / 1024)
            }
            Self::Server(postgres, database) => postgres.kib(database),
        }
    }
}

impl Located for Ground {
    fn url(&self) -> String {
        match self {
            Self::File(file) => file.url(),
            Self::Server(_, database) => database.url(),
        }
    }
}

fn grow(options: &Options, place: Place, ground: &Ground) -> Result<Series> {
    let mut bench = Bench {
        installation: Installation::make(&place, ground, ACCOUNTS)?,
        dataset: Dataset::new(0, ACCOUNTS),
        place,
        seconds: Duration::from_secs(options.seconds),
    };
    let mut series = Series {
        engine: ground.engine()?,
        samples: Vec::new(),
        left_out: Vec::new(),
    };
    let fresh: Fresh = Arc::new(AtomicU64::new(MADE));
    for size in &options.sizes {
        let each = series.samples.last();
        let each = each.map_or(BYTES_EACH, |sample| 1.5 * sample.values[6]);
        if let Err(error) = fits(bench.place.folder(), *size - bench.dataset.numbers, each) {
            eprintln!("{}: {error}", grouped(*size));
            series.left_out.push(format!("{}: {error}", grouped(*size)));
            break;
        }
        say(&format!(
            "{}: importing up to {}",
            series.engine,
            grouped(*size)
        ));
        let before = bench.dataset.numbers;
        bench.dataset.numbers = *size;
        // In their order, as an export has them: a store that is filled
        // otherwise moves each of its pages many times.
        let mut places: Vec<u64> = (before..*size).collect();
        places.sort_unstable_by_key(|index| dataset::national(*index));
        let imported = import::add(&bench, &bench.dataset, &places, ground)?;
        let rate = import::rate(*size - before, imported.time);
        ground.settle()?;
        series
            .samples
            .push(measure(&bench, ground, &fresh, 1e6 / rate)?);
    }
    say("numberd check");
    postgres::verify(&bench.place, ground)?;
    Ok(series)
}

/// Whether there is room on the disk.
fn fits(folder: &Path, numbers: u64, bytes_each: f64) -> Result<()> {
    let output = Command::new("df")
        .args(["--output=avail", "-k"])
        .arg(folder)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let free = said
        .lines()
        .nth(1)
        .and_then(|line| line.trim().parse().ok());
    let free: f64 = free.context("df doesn't say how much of the disk is free")?;
    let (free, needed) = (
        free * 1024.0 / 1e9,
        count(usize::try_from(numbers)?) * bytes_each / 1e9,
    );
    if needed > 0.8 * free {
        bail!("it would take {needed:.0} GB, and {free:.0} GB of the disk are free");
    }
    Ok(())
}

/// A size, with a server that has seen nothing before.
fn measure(bench: &Bench, ground: &Ground, fresh: &Fresh, import: f64) -> Result<Sample> {
    let server = bench.place.serve(ground)?;
    let clients = &bench.installation.clients;
    let numbers = bench.dataset.numbers;
    let spread = (0..READ).map(|index| dataset::mixed(index) % numbers);
    let in_service = spread.filter(|index| dataset::kind(*index) == dataset::Kind::InService);
    let master = &bench.installation.master;
    let read = in_service.map(|index| master.get(&format!("/{}/identify", in_path(index))));
    let read = time(bench, &server, "reading", &read.collect())?;
    let list = clients
        .iter()
        .map(|client| client.get(&format!("?page_size={ROWS}")));
    let list = time(bench, &server, "listing", &full(&server, list.collect())?)?;
    let searches = (0..dataset::CODES)
        .zip(clients.iter().cycle())
        .map(|(index, client)| {
            let code = dataset::area_code(index);
            client.get(&format!("?prefix={code}&quantity={ROWS}"))
        });
    let search = time(
        bench,
        &server,
        "searching",
        &full(&server, searches.collect())?,
    )?;
    let kib = ground.kib()?;
    let create = {
        let sources = || Creation::sources(fresh, clients, CONNECTIONS, 1);
        let mut load = Load::new(bench.seconds, 201);
        load.duration = CREATING;
        rounds(&load, &server, "creating", sources)?
    };
    let memory = memory_kib(server.process(), "VmHWM")?;
    server.stop()?;
    let float = |value: u64| -> Result<f64> { Ok(count(usize::try_from(value)?)) };
    let (memory, disk) = (
        float(memory)? / 1024.0,
        1024.0 * float(kib)? / float(numbers)?,
    );
    Ok(Sample {
        numbers,
        values: [read, create, list, search, import, memory, disk],
    })
}

/// Requests whose answers have all rows.
fn full(server: &Server, requests: Vec<Vec<u8>>) -> Result<Arc<[Vec<u8>]>> {
    let mut caller = Caller::new(server.address)?;
    for request in &requests {
        let answer = caller.json(request, 200)?;
        let rows = match &answer["data"] {
            Value::Array(rows) => rows.len(),
            data => data["numbers"].as_object().map_or(0, serde_json::Map::len),
        };
        ensure!(rows == ROWS, "{rows} rows in place of {ROWS}: {answer}");
    }
    Ok(requests.into())
}

/// Microseconds that an answer takes, of all connections together.
fn time(bench: &Bench, server: &Server, what: &str, requests: &Arc<[Vec<u8>]>) -> Result<f64> {
    let sources = || Cycle::sources(requests, CONNECTIONS);
    Load::new(WARM_UP, 200).run(server, sources())?;
    rounds(&Load::new(bench.seconds, 200), server, what, sources)
}

fn rounds(
    load: &Load,
    server: &Server,
    what: &str,
    sources: impl Fn() -> Vec<Box<dyn Requests>>,
) -> Result<f64> {
    say(what);
    let mut side = Side::default();
    for _ in 0..ROUNDS {
        side.add(load.run(server, sources())?, 1);
    }
    Ok(1e6 / side.rate())
}
