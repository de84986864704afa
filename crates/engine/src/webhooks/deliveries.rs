//! What deliveries of this process remember from pass to pass, and share.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use numbers::gregorian::GregorianSeconds;
use outside::http::Client;
use outside::settings::{Common, Spending};
use outside::{BadSettings, Service};
use store::EventKey;
use tokio::sync::Semaphore;

use super::WebhookSettings;
use crate::Engine;
use crate::context::now;

/// Webhooks that are worked on at a time, and requests for each of them.
const AT_ONCE: usize = 32;
pub(super) const REQUESTS: usize = 4;
/// The longest time that a receiver is given, in milliseconds: with it a turn
/// still ends within its lease.
const LONGEST_TIMEOUT: u64 = 20_000;
/// The longest that passes between two looks at all webhooks, whatever happens:
/// another node may have changed one.
const LOOK: Duration = Duration::from_secs(10);

/// The state of deliveries in this process.
pub(crate) struct Deliveries {
    /// Made when the first event is sent.
    client: OnceLock<Result<Client, BadSettings>>,
    pub(super) permits: Arc<Semaphore>,
    /// Something is to be done though no event is new.
    woken: AtomicBool,
    known: Mutex<Known>,
}

/// What is remembered from pass to pass.
#[derive(Default)]
pub(super) struct Known {
    /// The end of the log at the last pass.
    newest: Option<EventKey>,
    looked: Option<Instant>,
    /// When the first webhook has rested.
    pub(super) rested: Option<GregorianSeconds>,
    /// Webhooks that are worked on.
    busy: HashSet<String>,
    /// How far webhooks have been read past events that they don't want, from
    /// which place.
    pub(super) passed: HashMap<String, (Option<String>, EventKey)>,
}

impl Default for Deliveries {
    fn default() -> Self {
        Self {
            client: OnceLock::new(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            woken: AtomicBool::new(true),
            known: Mutex::default(),
        }
    }
}

impl Deliveries {
    pub(super) fn client(&self, settings: &WebhookSettings) -> Result<&Client, String> {
        let client = self.client.get_or_init(|| new_client(settings));
        client.as_ref().map_err(|error| error.problem.clone())
    }

    /// Something has changed that the next pass must look at.
    pub(crate) fn wake(&self) {
        self.woken.store(true, Ordering::SeqCst);
    }

    /// A webhook is gone or stands elsewhere.
    pub(crate) fn forget(&self, id: &str) {
        self.known().passed.remove(id);
    }

    pub(super) fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a reason to look at the webhooks.
    pub(super) fn has_reason(&self, newest: Option<EventKey>) -> bool {
        let woken = self.woken.swap(false, Ordering::SeqCst);
        let mut known = self.known();
        let is_news = known.newest != newest;
        known.newest = newest;
        let is_late = known.looked.is_none_or(|at| at.elapsed() >= LOOK);
        let has_rested = known.rested.is_some_and(|at| at <= now());
        let reason = woken || is_news || is_late || has_rested;
        if reason {
            known.looked = Some(Instant::now());
        }
        reason
    }
}

fn new_client(settings: &WebhookSettings) -> Result<Client, BadSettings> {
    let common = Common {
        timeout_ms: settings.timeout_ms.clamp(1, LONGEST_TIMEOUT),
        max_concurrency: AT_ONCE * REQUESTS,
        max_body_bytes: 1 << 20,
        allow_private_addresses: settings.allow_private_addresses,
        ..Common::default()
    };
    // Every request names its own place.
    let nowhere = "https://webhook.invalid/";
    let service = Service::receivers();
    Client::new(&service, &common, nowhere, Spending::Allowed, &[])
}

/// A webhook that is worked on; free again at the end.
pub(super) struct Busy {
    pub(super) engine: Arc<Engine>,
    pub(super) id: String,
}

impl Busy {
    pub(super) fn begin(engine: &Arc<Engine>, id: &str) -> Option<Self> {
        let is_first = engine.deliveries.known().busy.insert(id.to_owned());
        is_first.then(|| Self {
            engine: Arc::clone(engine),
            id: id.to_owned(),
        })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.engine.deliveries.known().busy.remove(&self.id);
    }
}
