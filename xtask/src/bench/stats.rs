//! Rates and latencies.

/// One measurement.
pub struct Round {
    pub seconds: f64,
    /// Seconds that the server spent on processors.
    pub processor: f64,
    /// Of each answer, in nanoseconds.
    pub latencies: Vec<u64>,
}

impl Round {
    /// Rounds that ran at the same time.
    pub fn together(rounds: Vec<Self>) -> Self {
        let mut all = Self {
            seconds: 0.0,
            processor: 0.0,
            latencies: Vec::new(),
        };
        for mut round in rounds {
            all.seconds = all.seconds.max(round.seconds);
            all.processor += round.processor;
            all.latencies.append(&mut round.latencies);
        }
        all
    }

    /// Answers each second.
    pub fn rate(&self) -> f64 {
        count(self.latencies.len()) / self.seconds
    }
}

/// What one side has shown in its rounds.
#[derive(Default)]
pub struct Side {
    rates: Vec<f64>,
    processor: f64,
    latencies: Vec<u64>,
    is_sorted: bool,
}

impl Side {
    /// Takes in a round whose answers stand for so many things each.
    pub fn add(&mut self, mut round: Round, each: usize) {
        self.rates.push(round.rate() * count(each));
        self.processor += round.processor;
        self.latencies.append(&mut round.latencies);
        self.is_sorted = false;
    }

    /// Takes in a rate that was measured otherwise.
    pub fn add_rate(&mut self, rate: f64) {
        self.rates.push(rate);
    }

    /// The median of the rounds, so that one disturbed round doesn't count.
    pub fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    /// Microseconds on processors for each answer.
    pub fn processor_micros(&self) -> f64 {
        1e6 * self.processor / count(self.latencies.len())
    }

    /// The latency that `permille` of a thousand answers didn't exceed, in
    /// nanoseconds; over all rounds.
    pub fn latency(&mut self, permille: usize) -> Option<u64> {
        if !self.is_sorted {
            self.latencies.sort_unstable();
            self.is_sorted = true;
        }
        let place = (self.latencies.len() * permille).div_ceil(1000);
        self.latencies.get(place.saturating_sub(1)).copied()
    }
}

/// The middle one; of an even number the mean of the two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(value), 1) => *value,
        (Some(value), _) => f64::midpoint(values[middle - 1], *value),
        (None, _) => f64::NAN,
    }
}

/// A count as a number to compute with.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub const fn count(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn a_side_sums_up_its_rounds() {
        let mut side = Side::default();
        for (seconds, latencies) in [(1.0, 1..=50), (2.0, 51..=90), (4.0, 91..=100)] {
            let round = Round {
                seconds,
                processor: 0.001,
                latencies: latencies.rev().collect(),
            };
            side.add(round, 2);
        }
        assert!(close(side.rate(), 40.0), "{}", side.rate());
        assert!(close(side.processor_micros(), 30.0));
        assert_eq!(side.latency(500), Some(50));
        assert_eq!(side.latency(990), Some(99));
        assert_eq!(side.latency(999), Some(100));
    }

    #[test]
    fn the_median_of_few() {
        assert!(close(median(vec![3.0, 1.0, 2.0]), 2.0));
        assert!(close(median(vec![4.0, 1.0]), 2.5));
    }
}
