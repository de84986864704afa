//! From configuration to an open store and an engine over it.

use std::env::VarError;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::Engine;
use engine::credentials::SecretsKey;
use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use store::{Store, StoreError};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;

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
    /// The same, for very many changes.
    Load,
}

/// An open database.
pub struct Database {
    /// What every kind can do.
    pub store: Arc<dyn Store>,
    /// What each kind does in its own way.
    backend: Backend,
    /// Everything else.
    pub engine: Arc<Engine>,
}

/// The kinds of databases.
enum Backend {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl Backend {
    const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

impl Database {
    /// Opens it for a command: little is logged.
    pub async fn for_command(global: &Global, access: Access) -> Outcome<Self> {
        let mut config = Config::load(global)?;
        if global.log_level.is_none() {
            "warn".clone_into(&mut config.log.level);
        }
        logging::start(&config.log)?;
        Self::open(&config, access).await
    }

    /// Whether the database that the configuration names is there, as far as
    /// that can be seen without asking a server.
    pub fn exists(config: &Config) -> Outcome<bool> {
        Ok(match Place::of(&config.database)? {
            Place::File(path) => path.exists(),
            Place::Server(_) => true,
        })
    }

    /// Opens what the configuration names.
    pub async fn open(config: &Config, access: Access) -> Outcome<Self> {
        let (store, backend): (Arc<dyn Store>, _) = match Place::of(&config.database)? {
            Place::File(path) => {
                let store = Arc::new(open_file(&path, access)?);
                (Arc::clone(&store) as _, Backend::Sqlite(store))
            }
            Place::Server(url) => {
                let store = Arc::new(open_server(url, access).await?);
                (Arc::clone(&store) as _, Backend::Postgres(store))
            }
        };
        let settings = engine::Settings {
            secrets_key: secrets_key()?,
            many_nodes: backend.is_shared(),
            ..config.engine()
        };
        let engine = Engine::new(Arc::clone(&store), settings)
            .map_err(|error| Failure::new(Code::Usage, error.to_string()))?;
        Ok(Self {
            store,
            backend,
            engine: Arc::new(engine),
        })
    }

    /// Whether other nodes may work on it at the same time.
    pub fn is_shared(&self) -> bool {
        self.backend.is_shared()
    }

    /// Verifies what the tables say beside the documents; what is wrong, in
    /// sentences.
    pub async fn check(&self) -> Outcome<Vec<String>> {
        Ok(match &self.backend {
            Backend::Sqlite(store) => store.check().await?,
            Backend::Postgres(store) => store.check().await?,
        })
    }

    /// Writes a copy of the whole database to a file.
    pub async fn backup(&self, to: &Path) -> Outcome {
        match &self.backend {
            Backend::Sqlite(store) => Ok(store.backup(to).await?),
            Backend::Postgres(_) => Err(Failure::new(
                Code::Usage,
                "a PostgreSQL database is backed up with its own tools (pg_dump, pg_basebackup); \
                 `numberd copy` makes an embedded database of it",
            )),
        }
    }

    /// Spreads the tables over a Citus cluster.
    pub async fn distribute(&self) -> Outcome {
        match &self.backend {
            Backend::Postgres(store) => Ok(store.distribute().await?),
            Backend::Sqlite(_) => Err(Failure::new(
                Code::Usage,
                "--citus is for PostgreSQL: --database postgres://…",
            )),
        }
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
        match self.backend {
            Backend::Sqlite(store) => {
                let closed = tokio::task::spawn_blocking(move || store.close()).await;
                closed.map_err(|error| Failure::new(Code::Failure, error.to_string()))
            }
            Backend::Postgres(store) => {
                store.close().await;
                Ok(())
            }
        }
    }
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The embedded database in a file.
    File(PathBuf),
    /// A PostgreSQL server, by its URL.
    Server(&'a str),
}

impl<'a> Place<'a> {
    /// Reads a database's URL.
    pub fn of(url: &'a str) -> Outcome<Self> {
        let usage = |message: String| Failure::new(Code::Usage, message);
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Server(url));
        }
        let Some(rest) = url.strip_prefix("sqlite:") else {
            // Not the whole URL: there may be a password in it.
            let scheme = url.split(':').next().unwrap_or_default();
            return Err(usage(format!(
                "the database '{scheme}…' is none that numberd knows: use sqlite:FILE, like \
                 sqlite:numberd.db, or postgres://USER@HOST/DATABASE"
            )));
        };
        match rest.strip_prefix("//").unwrap_or(rest) {
            "" | ":memory:" => Err(usage(
                "the database needs a file: sqlite:FILE, like sqlite:numberd.db".to_owned(),
            )),
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }
}

fn open_file(path: &Path, access: Access) -> Outcome<SqliteStore> {
    if access == Access::Write && !path.exists() {
        return Err(missing(path));
    }
    let options = store_sqlite::Options {
        read_only: access == Access::Read,
        ..if access == Access::Load {
            store_sqlite::Options::bulk()
        } else {
            store_sqlite::Options::default()
        }
    };
    SqliteStore::open(path, &options).map_err(|error| unusable(path, &error))
}

async fn open_server(url: &str, access: Access) -> Outcome<PostgresStore> {
    let options = store_postgres::Options {
        read_only: access == Access::Read,
        ..if access == Access::Load {
            store_postgres::Options::bulk()
        } else {
            store_postgres::Options::default()
        }
    };
    let opened = PostgresStore::open(url, &options).await;
    opened.map_err(|error| Failure::new(Code::Unavailable, error.to_string()))
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
    fn a_url_names_a_file_or_a_server() {
        for (url, path) in [
            ("sqlite:numberd.db", "numberd.db"),
            ("sqlite:/var/lib/n.db", "/var/lib/n.db"),
            ("sqlite:///var/lib/n.db", "/var/lib/n.db"),
            ("sqlite://n.db", "n.db"),
        ] {
            assert_eq!(Place::of(url).unwrap(), Place::File(path.into()), "{url}");
        }
        for url in ["postgres://u:p@h/d", "postgresql://h/d?sslmode=verify-full"] {
            assert_eq!(Place::of(url).unwrap(), Place::Server(url));
        }
    }

    #[test]
    fn other_urls_are_refused_without_their_secrets() {
        for url in [
            "postgres:u:secret@h/d",
            "mysql://u:secret@h/d",
            "sqlite:",
            "sqlite::memory:",
            "",
        ] {
            let error = Place::of(url).unwrap_err().to_string();
            assert!(error.contains("sqlite:numberd.db"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
