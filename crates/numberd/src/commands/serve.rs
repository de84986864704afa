//! `numberd serve`.

use std::env;
use std::sync::Arc;

use engine::bootstrap::{Bootstrap, Bootstrapped};

use crate::cli::{Global, Serve};
use crate::config::Config;
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::jobs::Jobs;
use crate::server::{self, Stop};
use crate::{demo, logging, output};

pub async fn run(global: &Global, options: &Serve) -> Outcome {
    let mut config = Config::load(global)?;
    config.take_over_serving(options.listen.as_deref(), options.dialect.as_deref())?;
    logging::start(&config.log)?;
    let stop = Stop::listen()?;
    let listener = server::bind(&config.listen).await?;
    let address = listener.local_addr()?;
    api::install_recorder();
    let carrier = if options.demo {
        demo::carrier::start(&mut config).await?
    } else {
        None
    };
    let provider = if options.demo {
        demo::provider::start(&mut config).await?
    } else {
        None
    };
    let database = Database::open(&config, Access::Create).await?;
    let made = database.engine.bootstrap(bootstrap()?).await?;
    if let Err(error) = database.engine.refresh_data_sets().await {
        tracing::error!(%error, "loaded tables can't be read");
    }
    let lines = if options.demo {
        let url = format!("http://{}", server::reachable(address));
        Some(demo::fill(&database, &url, carrier.as_ref(), provider.as_ref()).await)
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
    let jobs = Jobs::start(&database);
    let service = api::service(Arc::clone(&database.engine), config.api());
    if !api::serve(listener, service, stop.asked()).await {
        tracing::warn!("some requests took too long and were cut off");
    }
    jobs.stop(&database.engine).await;
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
