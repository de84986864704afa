//! Start-up and memory.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::http::Caller;
use super::place::Located;
use super::report::{Bound, Report, Row};
use super::requests::in_path;
use super::server::{Server, memory_kib};
use super::stats::median;
use super::{Bench, ROUNDS, say};

/// How long a server is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(1);

/// From starting the process to the answer to a GET of a number; and the memory
/// that it has then.
pub fn measure(bench: &Bench, database: &impl Located, report: &mut Report) -> Result<()> {
    let mut seconds = Vec::new();
    let mut kib = 0;
    for round in 1..=ROUNDS {
        say(&format!("start-up, round {round} of {ROUNDS}"));
        let client = &bench.installation.clients[0];
        let number = bench.dataset.in_service(0).next().unwrap_or_default();
        let request = client.get(&format!("/{}", in_path(number)));
        let begun = Instant::now();
        let server = bench.place.serve(database)?;
        Caller::new(server.address)?.ask(&request, 200)?;
        seconds.push(begun.elapsed().as_secs_f64());
        sleep(IDLE);
        kib = kib.max(memory_kib(server.process(), "VmRSS")?);
        server.stop()?;
    }
    report.row(Row::seconds(
        "start-up to first answer",
        1.0,
        median(seconds),
    ));
    report.row(Row::memory_alone(
        "memory, idle",
        Bound::Mebibytes(100),
        kib,
    ));
    Ok(())
}

/// The most memory that a server has had.
pub fn peak(server: &Server, report: &mut Report) -> Result<()> {
    let kib = memory_kib(server.process(), "VmHWM")?;
    let what = "memory, at most under all loads above";
    report.row(Row::memory_alone(what, Bound::Mebibytes(200), kib));
    Ok(())
}
