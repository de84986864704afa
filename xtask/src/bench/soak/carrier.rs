//! The carrier that numbers are bought from: played, and something goes wrong
//! with many of its orders.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context, Result};
use simulators::{Fault, Played, Simulator, Vendor, played};
use tokio::runtime::Runtime;

const NAME: &str = "other";
/// What its numbers begin with: none of the stock's do.
pub const PREFIX: &str = "907";
const STOCK: u32 = 4000;
/// How many requests that order or give back go wrong.
const FAULT_RATE: f64 = 0.2;

/// A carrier in this process.
pub struct Carrier {
    /// Ends it when it is dropped.
    _runtime: Runtime,
    known: &'static Played,
    simulator: Simulator,
}

impl Carrier {
    pub fn open(seed: u64) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let known = played(NAME).with_context(|| format!("nobody plays {NAME}"))?;
        let vendor = Vendor::new((0..STOCK).map(|line| format!("+1{PREFIX}555{line:04}")));
        // Some orders are done only after they were asked for.
        vendor.set_patience(2);
        vendor.faults.random(seed, FAULT_RATE, &Fault::ALL);
        let simulator = runtime.block_on(Simulator::start(known.wire, Arc::new(vendor)))?;
        Ok(Self {
            _runtime: runtime,
            known,
            simulator,
        })
    }

    pub fn vendor(&self) -> &Vendor {
        &self.simulator.vendor
    }

    /// A configuration that buys there, and gives up soon enough for the end of
    /// a soak to be seen.
    pub fn settings(&self) -> String {
        let mut text = format!(
            "[number_manager]\ncarrier_modules = [\"local\", \"inventory\", \"{NAME}\"]\n\
             [limits]\nactivation_capacity = 0\nbucket_capacity = 0\n\
             [orders]\nwait_ms = 2000\nlost_after_s = 2\nunheard_after_s = 3\n\
             [carriers.{NAME}]\nbase_url = \"{}\"\nallow_private_addresses = true\n\
             timeout_ms = 500\n",
            self.simulator.url()
        );
        let settings = self
            .known
            .carrier
            .map_or(&[][..], |carrier| carrier.settings);
        for (key, value) in settings {
            // Writing into a string can't fail.
            let _ = writeln!(text, "{key} = {value:?}");
        }
        text
    }
}
