//! `numberd import` of all numbers.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::bare_sqlite::{Bare, Source};
use super::dataset::Dataset;
use super::installation::ACCOUNTS;
use super::place::Located;
use super::report::{Bound, Report, Row, grouped};
use super::server::memory_kib;
use super::stats::Side;
use super::{Bench, place, say};

/// Imports and bare inserts of the whole file, by turns.
const ROUNDS: usize = 2;
/// What makes the bare insert fast: numbers in each transaction, and memory for
/// its pages. With less of either the same pages are written again and again.
const TOGETHER: usize = 100_000;
const CACHE_MEBIBYTES: i32 = 256;
/// How often the memory of the import is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// What an import took.
pub struct Taken {
    pub time: Duration,
    /// The most memory it had.
    kib: u64,
}

/// Measures, and leaves the database.
pub fn measure(bench: &Bench, database: &Path, report: &mut Report) -> Result<()> {
    let Dataset { numbers, accounts } = bench.dataset;
    let tenth = Dataset::new(numbers / 10, accounts);
    say("import of a tenth");
    let small = fill(bench, &tenth, database)?;
    let (mut ours, mut bare) = (Side::default(), Side::default());
    let mut kib = 0;
    for round in 1..=ROUNDS {
        say(&format!("import, round {round} of {ROUNDS}"));
        let taken = fill(bench, &bench.dataset, database)?;
        ours.add_rate(rate(numbers, taken.time));
        kib = kib.max(taken.kib);
        say("bare insert of the same rows");
        bare.add_rate(rate(numbers, bare_insert(bench, database)?));
    }
    report.against_bare(
        &format!("`import` of {} rows", grouped(numbers)),
        "rows/s",
        Bound::AtLeast(0.5),
        &mut ours,
        &mut bare,
    );
    report.row(Row::memory(
        &format!(
            "`import`, memory at most: {} → {} rows",
            grouped(tenth.numbers),
            grouped(numbers)
        ),
        Bound::AtMost(1.25),
        kib,
        small.kib,
    ));
    Ok(())
}

/// Makes a database with the numbers of a dataset.
pub fn fill(bench: &Bench, dataset: &Dataset, database: &Path) -> Result<Taken> {
    place::remove(database)?;
    place::copy(&bench.place.file(ACCOUNTS), database)?;
    run(bench, dataset, database)
}

/// Imports the numbers of a dataset into a database that has the accounts.
pub fn run(bench: &Bench, dataset: &Dataset, database: &(impl Located + ?Sized)) -> Result<Taken> {
    let places: Vec<u64> = (0..dataset.numbers).collect();
    add(bench, dataset, &places, database)
}

/// Imports the numbers at some places of a dataset, in that order.
pub fn add(
    bench: &Bench,
    dataset: &Dataset,
    places: &[u64],
    database: &(impl Located + ?Sized),
) -> Result<Taken> {
    let file = bench.place.file("numbers.csv");
    let rows = places.len();
    let accounts = &bench.installation.accounts;
    dataset.write(places, &file, accounts)?;
    let mut command = bench.place.numberd(database);
    command.arg("import").arg(&file).arg("--json");
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut kib = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // It may have ended since.
        kib = memory_kib(child.id(), "VmHWM").map_or(kib, |now| now.max(kib));
        sleep(GLANCE);
    };
    let time = begun.elapsed();
    let output = child.stdout.take().context("a pipe")?;
    let said: Value = serde_json::from_reader(output)?;
    ensure!(status.success(), "the import ended with {status}: {said}");
    ensure!(said["created"] == rows, "not all rows: {said}");
    fs::remove_file(file)?;
    Ok(Taken { time, kib })
}

fn bare_insert(bench: &Bench, from: &Path) -> Result<Duration> {
    let database = bench.place.file("bare-import.db");
    place::copy(&bench.place.file(ACCOUNTS), &database)?;
    let bare = Bare::open(&database, CACHE_MEBIBYTES)?;
    let source = Source::open(from)?;
    let writing = bare.write(&source, 0..bench.dataset.numbers, TOGETHER)?;
    let time = writing + bare.checkpoint()?;
    drop(bare);
    place::remove(&database)?;
    Ok(time)
}

#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^52")]
pub fn rate(rows: u64, time: Duration) -> f64 {
    rows as f64 / time.as_secs_f64()
}
