//! The client of every load: connections that each send a request, wait for the
//! answer, and send the next (a closed loop).

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::slice;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::http::{self, Connection};
use super::server::{Server, processor_seconds};
use super::stats::Round;

/// Where a connection's requests come from.
pub trait Requests: Send {
    /// The next one.
    fn next(&mut self) -> &[u8];
}

/// Where a connection goes, and what it asks.
type Share = (SocketAddr, Box<dyn Requests>);

/// A load.
#[derive(Clone, Copy)]
pub struct Load {
    pub duration: Duration,
    /// What every answer must be.
    pub status: u16,
    /// What no answer may have in it.
    pub without: Option<&'static [u8]>,
}

impl Load {
    /// A load whose every answer has this status.
    pub const fn new(duration: Duration, status: u16) -> Self {
        Self {
            duration,
            status,
            without: None,
        }
    }

    /// Runs it, one connection for each of `sources`. A wrong answer is an
    /// error of the whole.
    pub fn run(&self, server: &Server, sources: Vec<Box<dyn Requests>>) -> Result<Round> {
        self.run_over(slice::from_ref(server), sources)
    }

    /// The same over several nodes, each with its part of the connections.
    pub fn run_over(&self, nodes: &[Server], sources: Vec<Box<dyn Requests>>) -> Result<Round> {
        let processors = || -> Result<f64> {
            let each = nodes.iter().map(|node| processor_seconds(node.process()));
            each.sum()
        };
        let addresses: Vec<SocketAddr> = nodes.iter().map(|node| node.address).collect();
        let before = processors()?;
        let mut round = self.run_each(&addresses, sources)?;
        round.processor = processors()? - before;
        Ok(round)
    }

    /// The same against any server.
    pub fn run_at(&self, address: SocketAddr, sources: Vec<Box<dyn Requests>>) -> Result<Round> {
        self.run_each(&[address], sources)
    }

    fn run_each(&self, addresses: &[SocketAddr], sources: Vec<Box<dyn Requests>>) -> Result<Round> {
        let threads = thread::available_parallelism()?.get().min(sources.len());
        let mut shares: Vec<Vec<Share>> = Vec::new();
        shares.resize_with(threads, Vec::new);
        let to = addresses.iter().copied().cycle();
        for (index, share) in to.zip(sources).enumerate() {
            shares[index % threads].push(share);
        }
        let start = Barrier::new(threads);
        let rounds: Vec<Round> = thread::scope(|scope| {
            let running: Vec<_> = shares
                .into_iter()
                .map(|share| scope.spawn(|| self.run_share(share, &start)))
                .collect();
            running
                .into_iter()
                .map(|thread| thread.join().expect("no panic in the client"))
                .collect::<Result<_>>()
        })?;
        Ok(Round::together(rounds))
    }

    /// The connections of one thread.
    fn run_share(&self, shares: Vec<Share>, start: &Barrier) -> Result<Round> {
        never_interrupt()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let opened = runtime.block_on(async {
            let mut connections = Vec::new();
            for (address, source) in shares {
                connections.push((Connection::open(address).await?, source));
            }
            Ok::<_, anyhow::Error>(connections)
        });
        // Also without connections: the other threads wait.
        start.wait();
        let local = tokio::task::LocalSet::new();
        let begun = Instant::now();
        let mut running = Vec::new();
        for (connection, source) in opened? {
            let one = one(connection, source, begun + self.duration, *self);
            running.push(local.spawn_local(one));
        }
        local.block_on(&runtime, async {
            let mut latencies = Vec::new();
            for one in running {
                latencies.append(&mut one.await??);
            }
            Ok(Round {
                seconds: begun.elapsed().as_secs_f64(),
                processor: 0.0,
                latencies,
            })
        })
    }
}

/// Has this thread wait for its turn on a processor. Else every answer wakes it
/// and puts the server aside in the middle of its work, which on one machine
/// costs a slow server more than a fast one, whose client never sleeps; and
/// nothing where the client is elsewhere, as in real life.
fn never_interrupt() -> Result<()> {
    // PID/task/TID.
    let own = fs::read_link("/proc/thread-self").context("there is no /proc")?;
    let own = own.file_name().context("a thread has a number")?;
    let status = Command::new("chrt")
        .args(["--batch", "--pid", "0"])
        .arg(own)
        .status()
        .context("chrt (util-linux) is missing")?;
    ensure!(status.success(), "chrt ended with {status}");
    Ok(())
}

/// One connection, to the end of its time; answers how long each answer took,
/// in nanoseconds.
async fn one(
    mut connection: Connection,
    mut source: Box<dyn Requests>,
    end: Instant,
    load: Load,
) -> Result<Vec<u64>> {
    let mut latencies = Vec::new();
    loop {
        let begun = Instant::now();
        if begun >= end {
            return Ok(latencies);
        }
        let request = source.next();
        let answer = connection.ask(request).await?;
        latencies.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        http::expect(&answer, load.status)?;
        if let Some(text) = load.without {
            let found = answer.body.windows(text.len()).any(|part| part == text);
            ensure!(
                !found,
                "an answer with {}: {}",
                String::from_utf8_lossy(text),
                String::from_utf8_lossy(&answer.body[..answer.body.len().min(1000)])
            );
        }
    }
}
