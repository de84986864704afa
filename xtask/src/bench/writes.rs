//! Writes of new numbers, against bare SQLite with the same rows.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;

use super::bare_sqlite::{Bare, Source};
use super::client::Load;
use super::reads::CONNECTIONS;
use super::report::{Bound, Report};
use super::requests::{Creation, Fresh};
use super::server::Server;
use super::stats::Side;
use super::{Bench, ROUNDS, say};

/// Numbers in each request of the collection.
const TOGETHER: u32 = 500;
/// As much memory for pages as numberd's writer has.
const CACHE_MEBIBYTES: i32 = 32;
/// Between rounds, so that neither pays for what the other left to the disk.
pub const REST: Duration = Duration::from_secs(2);
/// Enough to keep the writer busy; more would wait in its queue.
pub const COLLECTION_CONNECTIONS: usize = 4;

/// The server's database and the bare one, which always have the same numbers
/// between rounds.
pub struct Writes<'b> {
    bench: &'b Bench,
    server: &'b Server,
    source: Source,
    bare: Bare,
    fresh: Fresh,
}

/// One of the two loads.
struct Shape {
    what: String,
    connections: usize,
    /// Numbers of a request.
    each: u32,
    /// Numbers of a transaction of the bare one.
    together: usize,
    /// What no answer may have in it.
    without: Option<&'static [u8]>,
}

impl<'b> Writes<'b> {
    pub fn new(bench: &'b Bench, server: &'b Server, ours: &Path, bare: &Path) -> Result<Self> {
        Ok(Self {
            bench,
            server,
            source: Source::open(ours)?,
            bare: Bare::open(bare, CACHE_MEBIBYTES)?,
            fresh: Arc::new(AtomicU64::new(bench.dataset.numbers)),
        })
    }

    /// How many numbers were added.
    pub fn written(&self) -> u64 {
        self.fresh.load(Ordering::Relaxed) - self.bench.dataset.numbers
    }

    /// One number in each request; bare commits as many at a time as there are
    /// connections.
    pub fn single(&mut self, report: &mut Report) -> Result<()> {
        let shape = Shape {
            what: "PUT of new numbers".to_owned(),
            connections: CONNECTIONS,
            each: 1,
            together: CONNECTIONS,
            without: None,
        };
        self.run(&shape, report)
    }

    /// Many numbers in each request; bare commits those of all connections at a
    /// time.
    pub fn collection(&mut self, report: &mut Report) -> Result<()> {
        let shape = Shape {
            what: format!("collection PUT of {TOGETHER}"),
            connections: COLLECTION_CONNECTIONS,
            each: TOGETHER,
            together: COLLECTION_CONNECTIONS * TOGETHER as usize,
            without: Some(b"\"error\":{"),
        };
        self.run(&shape, report)
    }

    fn run(&mut self, shape: &Shape, report: &mut Report) -> Result<()> {
        let mut load = Load::new(self.bench.seconds, 201);
        load.without = shape.without;
        let (mut ours, mut bare) = (Side::default(), Side::default());
        for round in 1..=ROUNDS {
            say(&format!("{}, round {round} of {ROUNDS}", shape.what));
            let before = self.fresh.load(Ordering::Relaxed);
            let clients = &self.bench.installation.clients;
            let each = u64::from(shape.each);
            let sources = Creation::sources(&self.fresh, clients, shape.connections, each);
            ours.add(load.run(self.server, sources)?, shape.each as usize);
            sleep(REST);
            // All of them were answered: each must be stored.
            let added = before..self.fresh.load(Ordering::Relaxed);
            let rows = u32::try_from(added.end - added.start)?;
            let took = self.bare.write(&self.source, added, shape.together)?;
            sleep(REST);
            bare.add_rate(f64::from(rows) / took.as_secs_f64());
        }
        report.against_bare(
            &shape.what,
            "rows/s",
            Bound::AtLeast(0.6),
            &mut ours,
            &mut bare,
        );
        report.processor(&shape.what, &ours, None);
        Ok(())
    }
}
