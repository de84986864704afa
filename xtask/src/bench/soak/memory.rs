//! Memory over time, and its slope.

use std::time::Duration;

use anyhow::Result;

use crate::bench::server::memory_kib;
use crate::bench::stats::count;

/// Samples: when, and KiB.
#[derive(Default)]
pub struct Memory(Vec<(f64, f64)>);

impl Memory {
    pub fn sample(&mut self, at: Duration, process: u32) -> Result<()> {
        let kib = memory_kib(process, "VmRSS")?;
        let kib = usize::try_from(kib).map_or(f64::NAN, count);
        self.0.push((at.as_secs_f64(), kib));
        Ok(())
    }

    /// Forgets what was before.
    pub fn drop_before(&mut self, begin: Duration) {
        self.0.retain(|(at, _)| *at >= begin.as_secs_f64());
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The most and the least of it, in MiB.
    pub fn range(&self) -> (f64, f64) {
        let all = || self.0.iter().map(|(_, kib)| kib / 1024.0);
        (all().fold(f64::MAX, f64::min), all().fold(0.0, f64::max))
    }

    /// KiB that it grows by in a minute: the line with the least squares.
    pub fn slope(&self) -> f64 {
        let mean =
            |of: fn(&(f64, f64)) -> f64| self.0.iter().map(of).sum::<f64>() / count(self.len());
        let (time, kib) = (mean(|one| one.0), mean(|one| one.1));
        let both = self
            .0
            .iter()
            .map(|one| (one.0 - time) * (one.1 - kib))
            .sum::<f64>();
        let squares = self.0.iter().map(|one| (one.0 - time).powi(2)).sum::<f64>();
        60.0 * both / squares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let samples = (0..100).map(|second| (f64::from(second), 1000.0 + 2.0 * f64::from(second)));
        let mut memory = Memory(samples.collect());
        assert!((memory.slope() - 120.0).abs() < 1e-6);
        memory.drop_before(Duration::from_secs(50));
        assert_eq!(memory.len(), 50);
        assert!((memory.slope() - 120.0).abs() < 1e-6);
    }
}
