//! From configuration to an open store and an engine over it.

use std::env::VarError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::Engine;
use engine::credentials::SecretsKey;
use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use store::{Store, StoreError};
use store_sqlite::{Options, SqliteStore};

use crate::cli::Global;
use crate::config::Config;
use crate::exit::{Code, Failure, Outcome};
use crate::logging;

/// What a command does with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only look; beside a server, too.
    Read,
    /// Change what is there; nobody else may at that time.
    Write,
    /// The same, and make the database if there is none.
    Create,
}

/// An open database.
pub struct Database {
    /// The store, for what only this kind can do.
    pub store: Arc<SqliteStore>,
    /// Everything else.
    pub engine: Arc<Engine>,
}

impl Database {
    /// Opens it for a command: little is logged.
    pub fn for_command(global: &Global, access: Access) -> Outcome<Self> {
        let mut config = Config::load(global)?;
        if global.log_level.is_none() {
            "warn".clone_into(&mut config.log.level);
        }
        logging::start(&config.log)?;
        Self::open(&config, access)
    }

    /// Whether the database that the configuration names is there.
    pub fn exists(config: &Config) -> Outcome<bool> {
        Ok(sqlite_path(&config.database)?.exists())
    }

    /// Opens what the configuration names.
    pub fn open(config: &Config, access: Access) -> Outcome<Self> {
        let path = sqlite_path(&config.database)?;
        if access == Access::Write && !path.exists() {
            return Err(missing(&path));
        }
        let options = Options {
            read_only: access == Access::Read,
            ..Options::default()
        };
        let store = SqliteStore::open(&path, &options).map_err(|error| unusable(&path, &error))?;
        let store = Arc::new(store);
        let settings = engine::Settings {
            secrets_key: secrets_key()?,
            ..config.engine()
        };
        let engine = Engine::new(Arc::clone(&store) as Arc<dyn Store>, settings)
            .map_err(|error| Failure::new(Code::Usage, error.to_string()))?;
        Ok(Self {
            store,
            engine: Arc::new(engine),
        })
    }

    /// The account that a person means by its id, its name or its realm.
    pub async fn account(&self, text: &str) -> Outcome<Arc<Account>> {
        let account = self.engine.find_account(text).await?;
        account.ok_or_else(|| Failure::not_found(format!("there is no account '{text}'")))
    }

    /// The master account's id.
    pub async fn master(&self) -> Outcome<AccountId> {
        let id = self.engine.master_account_id().await?;
        id.ok_or_else(|| {
            Failure::not_found(
                "there is no master account yet: `numberd serve` makes it at its first start",
            )
        })
    }

    /// The number that a person means.
    pub fn key(&self, text: &str) -> Outcome<E164> {
        let key = self.engine.numbering(None).key(text);
        key.map_err(|_| Failure::not_found(format!("'{text}' is not a number that can be stored")))
    }

    /// Writes what waits, and closes.
    pub async fn close(self) -> Outcome {
        let store = self.store;
        let closed = tokio::task::spawn_blocking(move || store.close()).await;
        closed.map_err(|error| Failure::new(Code::Failure, error.to_string()))
    }
}

/// The file that a database's URL names.
fn sqlite_path(url: &str) -> Outcome<PathBuf> {
    let usage = |message: String| Failure::new(Code::Usage, message);
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let message =
            "PostgreSQL is not in this build yet: use sqlite:FILE, like sqlite:numberd.db";
        return Err(usage(message.to_owned()));
    }
    let Some(rest) = url.strip_prefix("sqlite:") else {
        // Not the whole URL: there may be a password in it.
        let scheme = url.split(':').next().unwrap_or_default();
        return Err(usage(format!(
            "the database '{scheme}…' is none that numberd knows: use sqlite:FILE, like sqlite:numberd.db"
        )));
    };
    match rest.strip_prefix("//").unwrap_or(rest) {
        "" | ":memory:" => Err(usage(
            "the database needs a file: sqlite:FILE, like sqlite:numberd.db".to_owned(),
        )),
        path => Ok(PathBuf::from(path)),
    }
}

/// The variable that holds the key of secrets.
const SECRETS_KEY: &str = "NUMBERD_SECRETS_KEY";

/// What resellers' credentials are stored under, from the environment; an empty
/// variable is one that isn't set.
fn secrets_key() -> Outcome<Option<SecretsKey>> {
    let wrong = |message: String| Failure::new(Code::Usage, format!("{SECRETS_KEY}: {message}"));
    match std::env::var(SECRETS_KEY) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => {
            let key = SecretsKey::from_hex(&text);
            key.map(Some).map_err(|error| wrong(error.to_string()))
        }
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(wrong("it is not UTF-8".to_owned())),
    }
}

fn missing(path: &Path) -> Failure {
    let message = format!(
        "there is no database {}: `numberd serve` makes it at its first start",
        path.display()
    );
    Failure::new(Code::Unavailable, message)
}

/// Whatever is wrong when it is opened: the database can't be used.
fn unusable(path: &Path, error: &StoreError) -> Failure {
    let message = match error {
        StoreError::TooNew { .. } => format!("{}: {error}", path.display()),
        other => other.to_string(),
    };
    Failure::new(Code::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_file() {
        for (url, path) in [
            ("sqlite:numberd.db", "numberd.db"),
            ("sqlite:/var/lib/n.db", "/var/lib/n.db"),
            ("sqlite:///var/lib/n.db", "/var/lib/n.db"),
            ("sqlite://n.db", "n.db"),
        ] {
            assert_eq!(sqlite_path(url).unwrap(), Path::new(path), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused_without_their_secrets() {
        for url in [
            "postgres://u:secret@h/d",
            "postgresql://u:secret@h/d",
            "mysql://u:secret@h/d",
            "sqlite:",
            "sqlite::memory:",
            "",
        ] {
            let error = sqlite_path(url).unwrap_err().to_string();
            assert!(error.contains("sqlite:numberd.db"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
