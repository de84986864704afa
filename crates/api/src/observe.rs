//! What a request leaves behind: one line in the log and its metrics. Never a
//! path or a query, which may hold tokens: the route's template stands for
//! them.

mod series;

use std::fmt::Write as _;
use std::sync::OnceLock;

use axum::http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use numbers::state::State;

pub(crate) use series::KnownSeries;

use crate::request::Incoming;

/// Upper bounds of the histogram of how many batches are committed together.
const COMMIT_SIZES: [f64; 11] = [
    1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0,
];

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Starts collecting metrics, once a process; later calls change nothing. Where
/// something else collects them already, that stays in charge and `/metrics`
/// shows only requests and counts from the store.
pub fn install_recorder() {
    RECORDER.get_or_init(|| {
        PrometheusBuilder::new()
            .set_buckets(&series::BOUNDS)
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
    // Writing into a string can't fail.
    let _ = series::REQUESTS.write(&mut text);
    text.push_str("# HELP numberd_numbers Numbers by state.\n# TYPE numberd_numbers gauge\n");
    for (state, count) in counts {
        let _ = writeln!(text, "numberd_numbers{{state=\"{state}\"}} {count}");
    }
    text
}

/// Tells of a request that was answered.
pub(crate) fn request(incoming: &Incoming, status: StatusCode) {
    let route = incoming.template();
    let elapsed = incoming.started.elapsed();
    let found = incoming.route.as_ref();
    let series = found.map_or(&series::STRAYED, |found| found.series());
    series.count(route, method_label(incoming), status, elapsed);
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

/// The verbs that are served; any other is one, so that inventing some makes no
/// new metrics.
fn method_label(incoming: &Incoming) -> &'static str {
    const KNOWN: [&str; 6] = ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"];
    let method = incoming.method.as_str();
    let known = KNOWN.into_iter().find(|known| *known == method);
    known.unwrap_or("other")
}
