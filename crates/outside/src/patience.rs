//! How long we wait for somebody outside, where that is shorter than a request
//! may take: the time of a search. It is told apart from a client of ours who
//! leaves, of which no service can help.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

tokio::task_local! {
    static UNTIL: Instant;
}

/// What `work` comes to within this time; `None`: it took longer, and was ended.
/// The requests that it waited for then count against their services.
pub async fn within<T>(time: Duration, work: impl Future<Output = T>) -> Option<T> {
    until(Instant::now() + time, work).await
}

/// As [`within`], until a point in time.
pub async fn until<T>(end: Instant, work: impl Future<Output = T>) -> Option<T> {
    UNTIL.scope(end, timeout_at(end, work)).await.ok()
}

/// Until when what runs here is waited for; `None`: to its end.
pub(crate) fn end() -> Option<Instant> {
    UNTIL.try_with(|end| *end).ok()
}
