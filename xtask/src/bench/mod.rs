//! `cargo xtask bench`: how fast numberd is and how much memory it takes, beside
//! bare code that does the least that could answer the same, in one run on one
//! machine. docs/benchmarks.md says what is measured and what "bare" means.
//!
//! Nothing here judges by time: the exit code tells of wrong answers only.

mod bare_http;
mod bare_sqlite;
mod client;
mod dataset;
mod growth;
mod http;
mod import;
mod installation;
mod machine;
mod outside;
mod place;
mod postgres;
mod purchases;
mod reads;
mod report;
mod requests;
mod scale;
mod server;
mod soak;
mod start;
mod stats;
mod writes;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use dataset::Dataset;
use installation::{ACCOUNTS, Installation};
use place::{Located, Place};
use report::Report;

/// Runs the bare HTTP server; started by the benchmark itself.
pub const BARE_HTTP: &str = "bench-bare-http";
pub use bare_http::run as bare_http;
pub use growth::run as growth;
pub use soak::run as soak;

/// Measurements of a load, each of `--seconds`; ours and bare take turns.
const ROUNDS: usize = 3;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Import of all numbers, against bare bulk insert
    Import,
    /// Start-up and memory
    Start,
    /// GET of a number, against a bare HTTP handler
    Get,
    /// Whose a number is, against a bare HTTP handler
    Identify,
    /// Search of available numbers, against a small database
    Search,
    /// A page of an account's numbers, against a small database
    Listing,
    /// PUT of new numbers, against bare group commit
    Put,
    /// PUT of 500 new numbers at once, against bare bulk insert
    Collection,
    /// Search over carriers outside, against the slowest of them
    Outside,
    /// Purchases at a carrier, against plain PUTs, and the memory of many
    Purchases,
}

/// Measure numberd beside bare baselines, in one run
#[derive(Parser)]
#[command(name = "cargo xtask bench", no_binary_name = true)]
struct Options {
    /// Numbers in the database
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=100_000_000))]
    numbers: u64,
    /// Accounts that hold them
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    accounts: u64,
    /// Seconds of each round of a load
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Only these
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Measure on PostgreSQL, beside pgbench: `postgres` starts a server of its
    /// own, `postgres://USER@HOST/DATABASE` names one, reached by TCP without
    /// encryption, whose user may create databases
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Nodes over one PostgreSQL: one, two, … up to so many
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=4))]
    nodes: u64,
    /// Write the table as Markdown to this file
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn wants_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.wants(*part))
    }
}

/// What every measurement needs.
struct Bench {
    place: Place,
    installation: Installation,
    dataset: Dataset,
    seconds: Duration,
}

impl Bench {
    /// Makes the accounts in an empty database.
    fn new(options: &Options, place: Place, accounts: &impl Located) -> Result<Self> {
        Ok(Self {
            installation: Installation::make(&place, accounts, options.accounts)?,
            dataset: Dataset::new(options.numbers, options.accounts),
            place,
            seconds: Duration::from_secs(options.seconds),
        })
    }
}

/// The whole benchmark.
pub fn run(arguments: &[String]) -> Result<()> {
    let options = Options::try_parse_from(arguments).unwrap_or_else(|error| error.exit());
    if let Some(database) = &options.database {
        return postgres::run(&options, database, arguments);
    }
    let place = Place::new()?;
    say("building numberd");
    place.build()?;
    say("making accounts");
    let accounts = place.file(ACCOUNTS);
    let bench = Bench::new(&options, place, &accounts)?;
    let mut report = Report::new(&options, arguments);
    measure(&bench, &options, &mut report)?;
    finish(&report, &options, &bench.place)
}

/// Prints the table, and writes it.
fn finish(report: &Report, options: &Options, place: &Place) -> Result<()> {
    print!("{}", report.table());
    if let Some(file) = &options.write {
        let text = report.markdown(place)?;
        std::fs::write(file, text).with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(())
}

fn measure(bench: &Bench, options: &Options, report: &mut Report) -> Result<()> {
    let large = bench.place.file("large.db");
    if options.wants(Part::Import) {
        import::measure(bench, &large, report)?;
    } else {
        say("importing");
        import::fill(bench, &bench.dataset, &large)?;
    }
    // Copied while nobody has it open.
    let bare = bench.place.file("bare.db");
    if options.wants_any(&[Part::Put, Part::Collection]) {
        place::copy(&large, &bare)?;
    }
    if options.wants(Part::Start) {
        start::measure(bench, &large, report)?;
    }
    let server = bench.place.serve(&large)?;
    if options.wants(Part::Get) {
        reads::get(bench, &server, report)?;
    }
    if options.wants(Part::Identify) {
        reads::identify(bench, &server, report)?;
    }
    if options.wants_any(&[Part::Search, Part::Listing]) {
        let small = scale::Small::make(bench)?;
        if options.wants(Part::Search) {
            scale::search(bench, &small, &server, report)?;
        }
        if options.wants(Part::Listing) {
            scale::listing(bench, &small, &server, report)?;
        }
        small.stop()?;
    }
    let mut written = 0;
    if options.wants_any(&[Part::Put, Part::Collection]) {
        let mut writes = writes::Writes::new(bench, &server, &large, &bare)?;
        if options.wants(Part::Put) {
            writes.single(report)?;
        }
        if options.wants(Part::Collection) {
            writes.collection(report)?;
        }
        written = writes.written();
    }
    start::peak(&server, report)?;
    server.stop()?;
    if options.wants(Part::Outside) {
        outside::measure(bench, report)?;
    }
    if options.wants(Part::Purchases) {
        purchases::measure(bench, report)?;
    }
    bare_sqlite::expect_numbers(&large, bench.dataset.numbers + written)
}

/// Says what is going on.
fn say(text: &str) {
    eprintln!("{text} …");
}
