//! A server in a process of its own: numberd, or the bare one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// What servers say first, before their address.
pub const LISTENING: &str = "listening on http://";

/// How long a server may take to end.
const PATIENCE: Duration = Duration::from_mins(1);
/// Ticks a second of the times in /proc (`USER_HZ`), the same on every Linux.
const TICKS: f64 = 100.0;

/// Ended when dropped.
pub struct Server {
    child: Child,
    /// Open until the end, so that what the server prints goes somewhere.
    _output: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("a pipe")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line
            .trim_end()
            .strip_prefix(LISTENING)
            .and_then(|address| address.parse().ok());
        let Some(address) = address else {
            // Gone already, or about to be.
            let _ = child.kill();
            let status = child.wait()?;
            bail!("the server said {line:?} in place of its address, and ended with {status}");
        };
        Ok(Self {
            child,
            _output: output,
            address,
        })
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an operator would; it must end well.
    pub fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(asked.success(), "can't end the server");
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "the server doesn't end");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Memory of a process in KiB: `VmRSS` is what it has now, `VmHWM` the most it
/// ever had.
pub fn memory_kib(process: u32, what: &str) -> Result<u64> {
    let file = format!("/proc/{process}/status");
    let status = fs::read_to_string(&file).with_context(|| format!("can't read {file}"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok())
        .with_context(|| format!("no {what} in {file}"))
}

/// Time on processors that a process has had, in seconds.
pub fn processor_seconds(process: u32) -> Result<f64> {
    let file = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&file).with_context(|| format!("can't read {file}"))?;
    // The name, in parentheses, may have blanks in it.
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    Ok(ticks / TICKS)
}
