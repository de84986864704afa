//! What a request leaves behind: one line in the log and its metrics. Never a
//! path or a query, which may hold tokens: the route's template stands for
//! them.

use std::fmt::{self, Write as _};
use std::sync::{OnceLock, PoisonError, RwLock};

use axum::http::StatusCode;
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use numbers::state::State;

use crate::request::Incoming;
use crate::table::Route;

/// Upper bounds of the latency histogram, in seconds.
const LATENCIES: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// Upper bounds of the histogram of how many batches are committed together.
const COMMIT_SIZES: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The series of one route by method and status, of which it has a few.
#[derive(Default)]
pub(crate) struct KnownSeries(RwLock<Vec<((&'static str, StatusCode), Series)>>);

impl fmt::Debug for KnownSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownSeries").finish_non_exhaustive()
    }
}

/// What counts and times the requests of one method, route and status.
struct Series {
    requests: Counter,
    seconds: Histogram,
}

impl Series {
    /// Looks them up by their labels, which costs more than the counting.
    fn find(method: &'static str, route: &str, status: StatusCode) -> Self {
        let labels = [
            ("method", metrics::SharedString::from(method)),
            ("route", route.to_owned().into()),
            ("status", status.as_str().to_owned().into()),
        ];
        Self {
            requests: metrics::counter!("numberd_http_requests_total", &labels),
            seconds: metrics::histogram!("numberd_http_request_seconds", &labels[..2]),
        }
    }

    fn count(&self, seconds: f64) {
        self.requests.increment(1);
        self.seconds.record(seconds);
    }
}

/// Starts collecting metrics, once a process; later calls change nothing. Where
/// something else collects them already, that stays in charge and `/metrics`
/// shows only counts from the store.
pub fn install_recorder() {
    RECORDER.get_or_init(|| {
        PrometheusBuilder::new()
            .set_buckets(&LATENCIES)
            .ok()?
            .set_buckets_for_metric(
                Matcher::Full("numberd_store_commit_batches".to_owned()),
                &COMMIT_SIZES,
            )
            .ok()?
            .install_recorder()
            .ok()
    });
}

/// Moves what was measured into the histograms. To be called every few
/// seconds: measurements pile up until then.
pub(crate) fn upkeep() {
    if let Some(Some(recorder)) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

/// Every metric in Prometheus' text format, with the numbers by state.
pub(crate) fn render(counts: &[(State, u64)]) -> String {
    let mut text = match RECORDER.get() {
        Some(Some(recorder)) => recorder.render(),
        _ => String::new(),
    };
    text.push_str("# HELP numberd_numbers Numbers by state.\n# TYPE numberd_numbers gauge\n");
    for (state, count) in counts {
        // Writing into a string can't fail.
        let _ = writeln!(text, "numberd_numbers{{state=\"{state}\"}} {count}");
    }
    text
}

/// Tells of a request that was answered.
pub(crate) fn request(incoming: &Incoming, status: StatusCode) {
    let route = incoming.template();
    let elapsed = incoming.started.elapsed();
    let seconds = elapsed.as_secs_f64();
    count(
        method_label(incoming),
        incoming.route.as_deref(),
        status,
        seconds,
    );
    tracing::info!(
        request_id = incoming.id,
        method = incoming.method.as_str(),
        route,
        status = status.as_u16(),
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        account = incoming
            .holder
            .as_ref()
            .map(|holder| holder.account.id.as_str()),
        "request"
    );
}

/// Counts a request in its series, which its route remembers. Until the recorder
/// is there nothing is remembered: it would never be shown.
fn count(method: &'static str, route: Option<&Route>, status: StatusCode, seconds: f64) {
    let template = route.map_or("", Route::template);
    let Some(KnownSeries(known)) = route
        .map(Route::series)
        .filter(|_| matches!(RECORDER.get(), Some(Some(_))))
    else {
        Series::find(method, template, status).count(seconds);
        return;
    };
    let key = (method, status);
    {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, series)) = known.iter().find(|(known, _)| *known == key) {
            series.count(seconds);
            return;
        }
    }
    let series = Series::find(method, template, status);
    series.count(seconds);
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    known.push((key, series));
}

/// The verbs that are served; any other is one, so that inventing some makes no
/// new metrics.
fn method_label(incoming: &Incoming) -> &'static str {
    const KNOWN: [&str; 6] = ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"];
    let method = incoming.method.as_str();
    let known = KNOWN.into_iter().find(|known| *known == method);
    known.unwrap_or("other")
}
