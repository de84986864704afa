//! What a server does by itself. Of several nodes over one database one does
//! it; when that one dies, another goes on within a minute.

use std::sync::Arc;
use std::time::Duration;

use engine::context::now;
use engine::leases::{Lease, RENEWED_EVERY};
use engine::{Context, Engine};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::database::Database;

/// How often numbers whose rest is over are put on sale again
/// (spec/numbers.md 7).
const REST_JOB: Duration = Duration::from_hours(1);

/// How often orders are looked at that somebody has to look after.
const ORDER_JOB: Duration = Duration::from_secs(1);

/// How often it is looked whether somebody has to be told of events.
const DELIVERY_JOB: Duration = Duration::from_millis(500);

/// How often offers are removed that have expired.
const EXPIRY_JOB: Duration = Duration::from_mins(1);

/// How often tables are taken over that were loaded meanwhile.
const DATA_JOB: Duration = Duration::from_secs(20);

/// How often a node looks whether the jobs are its own now.
const TURN_CHECK: Duration = Duration::from_millis(500);

/// Jobs that run.
pub struct Jobs {
    tasks: Vec<JoinHandle<()>>,
    turn: Turn,
}

/// Whose turn it is: always ours where there is no other node.
#[derive(Clone)]
struct Turn(Option<Arc<Lease>>);

impl Turn {
    /// Waits until it is ours.
    async fn comes(&self) {
        while self.0.as_ref().is_some_and(|lease| !lease.is_held()) {
            sleep(TURN_CHECK).await;
        }
    }
}

impl Jobs {
    /// Starts them.
    pub fn start(database: &Database) -> Self {
        let engine = || Arc::clone(&database.engine);
        let lease = database.is_shared().then(|| Arc::new(Lease::new("jobs")));
        let turn = Turn(lease.clone());
        let mut tasks = vec![
            tokio::spawn(look_after_orders(engine(), turn.clone())),
            tokio::spawn(drop_expired(engine(), turn.clone())),
            tokio::spawn(end_rests(engine(), turn.clone())),
            tokio::spawn(reconcile(engine(), turn.clone())),
            tokio::spawn(deliver_events(engine(), turn.clone())),
            // Every node keeps them in its own memory.
            tokio::spawn(take_over_data(engine())),
        ];
        if let Some(lease) = lease {
            tasks.push(tokio::spawn(hold(engine(), lease)));
        }
        Self { tasks, turn }
    }

    /// Ends them, and lets another node go on at once.
    pub async fn stop(self, engine: &Engine) {
        for task in self.tasks {
            task.abort();
        }
        if let Some(lease) = self.turn.0
            && let Err(error) = engine.let_go(&lease).await
        {
            tracing::warn!(%error, "the lease of the jobs ends by itself");
        }
    }
}

/// Holds the lease, or waits for it.
async fn hold(engine: Arc<Engine>, lease: Arc<Lease>) {
    let mut was_held = false;
    loop {
        if let Err(error) = engine.renew(&lease).await {
            tracing::error!(%error, "whose turn the jobs are can't be told");
        }
        let is_held = lease.is_held();
        if is_held != was_held {
            tracing::info!(is_held, "the jobs of all nodes run here, or no longer");
        }
        was_held = is_held;
        sleep(RENEWED_EVERY).await;
    }
}

/// Takes over tables that were loaded by others, beside this server.
async fn take_over_data(engine: Arc<Engine>) {
    loop {
        match engine.refresh_data_sets().await {
            Ok(false) => {}
            Ok(true) => tracing::info!("loaded tables were taken over"),
            Err(error) => tracing::error!(%error, "loaded tables can't be read"),
        }
        sleep(DATA_JOB).await;
    }
}

/// Tells those who want to know of what happened.
async fn deliver_events(engine: Arc<Engine>, turn: Turn) {
    loop {
        turn.comes().await;
        if let Err(error) = engine.deliver_events().await {
            tracing::error!(%error, "events can't be delivered");
        }
        sleep(DELIVERY_JOB).await;
    }
}

/// Compares carriers' numbers with ours: not at the start, when much is open.
async fn reconcile(engine: Arc<Engine>, turn: Turn) {
    let pause = Duration::from_secs(engine.settings().orders.reconcile_every_s);
    if pause.is_zero() {
        return;
    }
    loop {
        sleep(pause).await;
        turn.comes().await;
        if let Err(error) = engine.tell_differences().await {
            tracing::error!(%error, "carriers can't be reconciled");
        }
    }
}

/// Asks carriers for what became of open orders, and providers of what became
/// of emergency addresses and caller names.
async fn look_after_orders(engine: Arc<Engine>, turn: Turn) {
    loop {
        turn.comes().await;
        if let Err(error) = engine.desk().look_after().await {
            tracing::error!(%error, "open orders can't be looked after");
        }
        if let Err(error) = engine.addresses().look_after(now()).await {
            tracing::error!(%error, "emergency addresses can't be looked after");
        }
        if let Err(error) = engine.caller_names().look_after(now()).await {
            tracing::error!(%error, "caller names can't be looked after");
        }
        sleep(ORDER_JOB).await;
    }
}

/// Forgets offers that can't be ordered any more.
async fn drop_expired(engine: Arc<Engine>, turn: Turn) {
    loop {
        turn.comes().await;
        if let Err(error) = engine.drop_expired().await {
            tracing::error!(%error, "what has expired can't be removed");
        }
        sleep(EXPIRY_JOB).await;
    }
}

/// Puts numbers on sale whose rest is over: now, and each hour.
async fn end_rests(engine: Arc<Engine>, turn: Turn) {
    loop {
        turn.comes().await;
        let cx = Context::system("end-rests");
        let mut ended = 0;
        loop {
            match engine.end_rests(&cx).await {
                Ok(0) => break,
                Ok(count) => ended += count,
                Err(error) => {
                    tracing::error!(%error, "numbers whose rest is over can't be put on sale");
                    break;
                }
            }
        }
        if ended > 0 {
            tracing::info!(numbers = ended, "rests ended");
        }
        sleep(REST_JOB).await;
    }
}
