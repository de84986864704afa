//! Lists from a small and from the large database.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::client::Load;
use super::dataset::{self, Dataset};
use super::http::Caller;
use super::reads::{CONNECTIONS, WARM_UP};
use super::report::{Bound, Report, grouped};
use super::requests::Cycle;
use super::server::Server;
use super::stats::Side;
use super::{Bench, ROUNDS, import, say};

const NUMBERS: u64 = 10_000;
/// So few that the small database, too, has whole pages.
const ACCOUNTS: u64 = 100;
/// Rows of each answer, in both databases.
const ROWS: usize = 50;

/// The small one.
pub struct Small {
    server: Server,
}

impl Small {
    pub fn make(bench: &Bench) -> Result<Self> {
        say("importing the small database");
        let database = bench.place.file("small.db");
        import::fill(bench, &small(bench), &database)?;
        Ok(Self::serving(bench.place.serve(&database)?))
    }

    /// One that is served already.
    pub const fn serving(server: Server) -> Self {
        Self { server }
    }

    pub fn stop(self) -> Result<()> {
        self.server.stop()
    }
}

/// What is in it.
pub fn small(bench: &Bench) -> Dataset {
    Dataset::new(NUMBERS, ACCOUNTS.min(bench.dataset.accounts))
}

/// Search of available numbers by area code.
pub fn search(bench: &Bench, small: &Small, large: &Server, report: &mut Report) -> Result<()> {
    let paths = (0..dataset::CODES).map(|index| {
        let code = dataset::area_code(index);
        format!("?prefix={code}&quantity={ROWS}")
    });
    let what = "search of available by prefix, 50 rows";
    compare(bench, small, large, report, what, paths.collect(), |data| {
        data.as_array().map_or(0, Vec::len)
    })
}

/// The first page of an account's numbers.
pub fn listing(bench: &Bench, small: &Small, large: &Server, report: &mut Report) -> Result<()> {
    let paths = vec![format!("?page_size={ROWS}")];
    let what = "listing page of 50";
    compare(bench, small, large, report, what, paths, |data| {
        data["numbers"].as_object().map_or(0, serde_json::Map::len)
    })
}

fn compare(
    bench: &Bench,
    small: &Small,
    large: &Server,
    report: &mut Report,
    what: &str,
    paths: Vec<String>,
    rows: impl Fn(&Value) -> usize,
) -> Result<()> {
    let mut requests = Vec::new();
    for path in paths {
        requests.extend(bench.installation.clients.iter().map(|one| one.get(&path)));
    }
    for server in [&small.server, large] {
        let mut caller = Caller::new(server.address)?;
        for request in &requests {
            let answer = caller.json(request, 200)?;
            let found = rows(&answer["data"]);
            ensure!(found == ROWS, "{found} rows in place of {ROWS}: {answer}");
        }
    }
    let requests: Arc<[Vec<u8>]> = requests.into();
    let sources = || Cycle::sources(&requests, CONNECTIONS);
    let load = Load::new(bench.seconds, 200);
    let (mut ours, mut before) = (Side::default(), Side::default());
    for target in [large, &small.server] {
        Load::new(WARM_UP, 200).run(target, sources())?;
    }
    for round in 1..=ROUNDS {
        say(&format!("{what}, round {round} of {ROUNDS}"));
        ours.add(load.run(large, sources())?, 1);
        before.add(load.run(&small.server, sources())?, 1);
    }
    let numbers = grouped(bench.dataset.numbers);
    let compared = format!("{what}: {} → {numbers} numbers", grouped(NUMBERS));
    report.slower(&compared, Bound::AtMost(1.5), &mut ours, &before);
    report.processor(what, &ours, None);
    Ok(())
}
