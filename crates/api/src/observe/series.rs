//! Requests counted and timed, by method, route and status.
//!
//! The library's histograms keep each measurement until somebody asks for them;
//! every request would pay for that. Here a request adds one to a bucket.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::http::StatusCode;

/// Upper bounds of the buckets of latencies, each included, in seconds.
pub(super) const BOUNDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The requests of this process, whichever server took them.
pub(super) static REQUESTS: Requests = Requests(Mutex::new(BTreeMap::new()));

/// Those that no route took.
pub(super) static STRAYED: KnownSeries = KnownSeries(RwLock::new(Vec::new()));

/// Of a route, a method and a status, in the order in which they are shown.
type Labels = (String, &'static str, StatusCode);

/// A method and a status.
type Kind = (&'static str, StatusCode);

/// All series.
pub(super) struct Requests(Mutex<BTreeMap<Labels, Arc<Series>>>);

/// The requests of one method, route and status.
#[derive(Debug, Default)]
struct Series {
    /// How many took at most as long as the bound of the same place, and longer
    /// than the one before; the last is for those above all bounds.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    /// What they took together.
    nanos: AtomicU64,
}

impl Series {
    fn count(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let place = BOUNDS.partition_point(|bound| *bound < seconds);
        self.buckets[place].fetch_add(1, Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Relaxed);
    }
}

/// The series of one route by method and status, of which it has a few.
#[derive(Debug, Default)]
pub(crate) struct KnownSeries(RwLock<Vec<(Kind, Arc<Series>)>>);

impl KnownSeries {
    /// Counts a request.
    pub(super) fn count(
        &self,
        route: &str,
        method: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let key = (method, status);
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, series)) = known.iter().find(|(known, _)| *known == key) {
                series.count(took);
                return;
            }
        }
        let series = REQUESTS.series(route, method, status);
        series.count(took);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.push((key, series));
    }
}

/// Series of one route and method, added up.
#[derive(Default)]
struct Sum {
    buckets: [u64; BOUNDS.len() + 1],
    nanos: u64,
}

impl Requests {
    fn series(&self, route: &str, method: &'static str, status: StatusCode) -> Arc<Series> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let labels = (route.to_owned(), method, status);
        all.entry(labels).or_default().clone()
    }

    /// All of them in Prometheus' text format: requests by method, route and
    /// status, then their latencies by method and route.
    pub(super) fn write(&self, text: &mut String) -> fmt::Result {
        text.push_str(
            "# HELP numberd_http_requests_total Requests that were answered.\n\
             # TYPE numberd_http_requests_total counter\n",
        );
        let mut sums = BTreeMap::<_, Sum>::new();
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, method, status), series) in &*all {
            let sum = sums.entry((route, method)).or_default();
            let mut count = 0;
            for (total, bucket) in sum.buckets.iter_mut().zip(&series.buckets) {
                let bucket = bucket.load(Relaxed);
                *total += bucket;
                count += bucket;
            }
            sum.nanos = sum.nanos.saturating_add(series.nanos.load(Relaxed));
            let status = status.as_str();
            writeln!(
                text,
                "numberd_http_requests_total\
                 {{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
            )?;
        }
        text.push_str(
            "# HELP numberd_http_request_seconds How long they took.\n\
             # TYPE numberd_http_request_seconds histogram\n",
        );
        let bounds = BOUNDS.map(|bound| bound.to_string()).into_iter();
        let bounds: Vec<_> = bounds.chain(["+Inf".to_owned()]).collect();
        for ((route, method), sum) in sums {
            let name = "numberd_http_request_seconds";
            let labels = format!("method=\"{method}\",route=\"{route}\"");
            let mut count = 0;
            for (bound, bucket) in bounds.iter().zip(sum.buckets) {
                count += bucket;
                writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {count}")?;
            }
            let seconds = Duration::from_nanos(sum.nanos).as_secs_f64();
            writeln!(text, "{name}_sum{{{labels}}} {seconds}")?;
            writeln!(text, "{name}_count{{{labels}}} {count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_stand_in_the_buckets_that_they_took() {
        let requests = Requests(Mutex::default());
        let route = "/v2/accounts/{account_id}";
        let ok = requests.series(route, "GET", StatusCode::OK);
        // On a bound, which belongs to its bucket, and just above it.
        ok.count(Duration::from_micros(250));
        ok.count(Duration::from_micros(251));
        ok.count(Duration::from_hours(1));
        requests
            .series(route, "GET", StatusCode::NOT_FOUND)
            .count(Duration::from_millis(7));
        let mut text = String::new();
        requests.write(&mut text).unwrap();
        insta::assert_snapshot!(text);
    }
}
