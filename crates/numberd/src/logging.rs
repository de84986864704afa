//! Structured logs, on stderr.

mod gathered;
mod line;

use std::io;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

pub use gathered::flush;

use crate::exit::{Code, Failure, Outcome};

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What lines look like.
    pub format: Format,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or levels by
    /// module: `warn,api=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: Format::Text,
            level: "info".to_owned(),
        }
    }
}

/// Begins to log.
pub fn start(log: &Log) -> Outcome {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| {
        let message = format!("log.level '{}' can't be used: {error}", log.level);
        Failure::new(Code::Usage, message)
    })?;
    let lines = gathered::Gathered::start().map_err(|error| {
        Failure::new(
            Code::Failure,
            format!("can't start a thread for the log: {error}"),
        )
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(lines)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()));
    let started = match log.format {
        Format::Text => lines
            .event_format(line::Plain::default())
            .finish()
            .try_init(),
        Format::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    started.map_err(|error| Failure::new(Code::Failure, error.to_string()))
}
