//! `numberd serve`.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use engine::bootstrap::{Bootstrap, Bootstrapped};
use engine::{Context, Engine};
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::{Global, Serve};
use crate::config::Config;
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::server::{self, Stop};
use crate::{demo, logging, output};

/// How often numbers whose rest is over are put on sale again
/// (spec/numbers.md 7).
const REST_JOB: Duration = Duration::from_hours(1);

/// How often orders are looked at that somebody has to look after.
const ORDER_JOB: Duration = Duration::from_secs(1);

/// How often offers are removed that have expired.
const EXPIRY_JOB: Duration = Duration::from_mins(1);

/// How often tables are taken over that were loaded meanwhile.
const DATA_JOB: Duration = Duration::from_secs(20);

pub async fn run(global: &Global, options: &Serve) -> Outcome {
    let mut config = Config::load(global)?;
    config.take_over_serving(options.listen.as_deref(), options.dialect.as_deref())?;
    logging::start(&config.log)?;
    let stop = Stop::listen()?;
    let listener = server::bind(&config.listen).await?;
    let address = listener.local_addr()?;
    api::install_recorder();
    let database = Database::open(&config, Access::Create).await?;
    let made = database.engine.bootstrap(bootstrap()?).await?;
    if let Err(error) = database.engine.refresh_data_sets().await {
        tracing::error!(%error, "loaded tables can't be read");
    }
    let lines = if options.demo {
        let url = format!("http://{}", server::reachable(address));
        Some(demo::fill(&database, &url).await)
    } else {
        None
    };
    if !matches!(lines, Some(Err(_))) {
        output::line(&format!("listening on http://{address}"))?;
    }
    // Whatever became of the demo: these secrets are known nowhere else.
    if let Some(made) = &made {
        tell(made)?;
    }
    if let Some(lines) = lines {
        output::line(&lines?)?;
    }
    tracing::info!(%address, dialect = config.dialect.as_str(), "serving");
    let jobs = [
        tokio::spawn(look_after_orders(Arc::clone(&database.engine))),
        tokio::spawn(drop_expired(Arc::clone(&database.engine))),
        tokio::spawn(end_rests(Arc::clone(&database.engine))),
        tokio::spawn(take_over_data(Arc::clone(&database.engine))),
    ];
    let service = api::service(Arc::clone(&database.engine), config.api());
    if !api::serve(listener, service, stop.asked()).await {
        tracing::warn!("some requests took too long and were cut off");
    }
    for job in jobs {
        job.abort();
    }
    database.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// What the first start makes, as the environment says.
fn bootstrap() -> Outcome<Bootstrap> {
    let mut bootstrap = Bootstrap::default();
    if let Some(name) = variable("NUMBERD_MASTER_NAME")? {
        bootstrap.name = name;
    }
    if let Some(username) = variable("NUMBERD_ADMIN_USERNAME")? {
        bootstrap.username = username;
    }
    bootstrap.password = variable("NUMBERD_ADMIN_PASSWORD")?;
    bootstrap.api_key = variable("NUMBERD_MASTER_API_KEY")?;
    Ok(bootstrap)
}

/// A variable; an empty one is one that isn't set.
fn variable(name: &str) -> Outcome<Option<String>> {
    match env::var(name) {
        Ok(text) => Ok(Some(text).filter(|text| !text.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Failure::new(Code::Usage, format!("{name} is not UTF-8")))
        }
    }
}

/// Prints what was made, and the secrets that nobody knows yet: this once.
fn tell(made: &Bootstrapped) -> Outcome {
    let chosen = |name| variable(name).map(|value| value.is_some());
    output::line(&format!(
        "master account: {} ({})",
        made.account.name, made.account.id
    ))?;
    output::line(&format!("admin user: {}", made.username))?;
    if !chosen("NUMBERD_ADMIN_PASSWORD")? {
        output::line(&format!(
            "admin password, shown this once: {}",
            made.password
        ))?;
    }
    if !chosen("NUMBERD_MASTER_API_KEY")? {
        output::line(&format!("API key, shown this once: {}", made.api_key))?;
    }
    Ok(())
}

/// Takes over tables that were loaded by others, beside this server.
async fn take_over_data(engine: Arc<Engine>) {
    let mut ticks = interval(DATA_JOB);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match engine.refresh_data_sets().await {
            Ok(false) => {}
            Ok(true) => tracing::info!("loaded tables were taken over"),
            Err(error) => tracing::error!(%error, "loaded tables can't be read"),
        }
    }
}

/// Asks carriers for what became of open orders.
async fn look_after_orders(engine: Arc<Engine>) {
    let mut ticks = interval(ORDER_JOB);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = engine.desk().look_after().await {
            tracing::error!(%error, "open orders can't be looked after");
        }
    }
}

/// Forgets offers that can't be ordered any more.
async fn drop_expired(engine: Arc<Engine>) {
    let mut ticks = interval(EXPIRY_JOB);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = engine.drop_expired().await {
            tracing::error!(%error, "what has expired can't be removed");
        }
    }
}

/// Puts numbers on sale whose rest is over: now, and each hour.
async fn end_rests(engine: Arc<Engine>) {
    let mut ticks = interval(REST_JOB);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
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
    }
}
