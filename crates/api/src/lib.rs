//! numberd's HTTP API, as clients of Kazoo's Crossbar know it.
//!
//! A request goes through [`pipeline`] (what is read before anything is known
//! of the route), [`router`] (the [`table`] of all routes), [`call`] (who asks, and
//! whether he may), a handler in [`routes`] (one file a noun), and
//! [`envelope`] (what every answer looks like). What the two dialects say
//! differently is in [`dialect`]; which error to use where is in [`error`].

pub mod buckets;
pub mod call;
mod cors;
mod csv;
pub mod dialect;
mod envelope;
pub mod error;
pub mod filters;
mod idempotency;
mod observe;
pub mod openapi;
pub mod paging;
pub mod pipeline;
pub mod reply;
pub mod request;
pub mod router;
pub mod routes;
mod serve;
pub mod settings;
pub mod table;

use std::sync::Arc;

use engine::Engine;
use tokio::sync::watch;

pub use buckets::Buckets;
pub use call::{Call, OpenCall};
pub use dialect::Dialect;
pub use error::ApiError;
pub use observe::install_recorder;
pub use pipeline::ApiService;
pub use reply::{PageInfo, Reply};
pub use serve::serve;
pub use settings::{ApiSettings, Limits};
pub use table::Table;

/// What handlers share.
pub struct Api {
    /// Does everything.
    pub engine: Arc<Engine>,
    /// What the operator said.
    pub settings: ApiSettings,
    /// Bounds on calls without token, and on activations.
    pub buckets: Buckets,
    node: envelope::Node,
    /// Calls with a key, while they run.
    running: idempotency::Running,
    /// Every request that may write holds a receiver until it is through.
    in_flight: watch::Sender<()>,
}

impl Api {
    /// Waits until no request that may write is running.
    pub(crate) async fn finish(&self) {
        self.in_flight.closed().await;
    }
}

/// The whole API, ready to serve.
pub fn service(engine: Arc<Engine>, settings: ApiSettings) -> ApiService {
    service_with(engine, settings, router::routes())
}

/// The API with another table of routes: for tests of the pipeline.
pub fn service_with(engine: Arc<Engine>, settings: ApiSettings, routes: Table) -> ApiService {
    let api = Api {
        buckets: Buckets::new(&settings.limits),
        node: envelope::Node::new(&settings),
        running: idempotency::Running::default(),
        in_flight: watch::Sender::new(()),
        engine,
        settings,
    };
    ApiService::new(Arc::new(api), routes)
}
