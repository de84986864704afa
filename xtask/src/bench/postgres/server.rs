//! The PostgreSQL server: one that is there already, or an own one; and the
//! databases on it.

use std::cell::RefCell;
use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result, bail, ensure};
use tokio::runtime::Runtime;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use crate::bench::place::{Located, Place};

/// What asks for an own server in place of an URL.
pub const OWN: &str = "postgres";
/// The own server's settings; all else, durability above all, as installed.
pub const SETTINGS: &str = "-c max_connections=300 -c shared_buffers=512MB -c max_wal_size=4GB";
/// What nodes and pgbench take together, at most.
const CONNECTIONS: u64 = 150;

/// A server, and the databases that were made on it, which go with this.
pub struct Postgres {
    _own: Option<test_postgres::Server>,
    config: Config,
    runtime: Runtime,
    made: RefCell<Vec<String>>,
}

/// One database.
#[derive(Clone)]
pub struct Database {
    pub name: String,
    url: String,
}

impl Located for Database {
    fn url(&self) -> String {
        self.url.clone()
    }
}

impl Postgres {
    /// The server that an URL names, or an own one.
    pub fn open(wanted: &str, place: &Place) -> Result<Self> {
        let own = if wanted == OWN {
            let folder = place.other_folder("postgres-")?;
            Some(test_postgres::Server::start_in(folder, SETTINGS))
        } else {
            None
        };
        let url = own
            .as_ref()
            .map_or_else(|| wanted.to_owned(), test_postgres::Server::url);
        let config: Config = url.parse().with_context(|| {
            format!("--database is '{OWN}' or postgres://USER@HOST/DATABASE, not '{wanted}'")
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let server = Self {
            _own: own,
            config,
            runtime,
            made: RefCell::default(),
        };
        let most = server
            .number("SELECT setting::BIGINT FROM pg_settings WHERE name = 'max_connections'")?;
        ensure!(
            most >= CONNECTIONS,
            "the server's max_connections is {most}; the benchmark needs {CONNECTIONS}"
        );
        Ok(server)
    }

    /// Which PostgreSQL it is, in words.
    pub fn version(&self) -> Result<String> {
        let rows = self.run(None, "SHOW server_version")?;
        Ok(format!("PostgreSQL {}", rows.unwrap_or_default()))
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr> {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let [Host::Tcp(host)] = self.config.get_hosts() else {
            bail!("the benchmark needs one host, reached by TCP");
        };
        let mut addresses = (host.as_str(), port).to_socket_addrs()?;
        addresses
            .next()
            .with_context(|| format!("'{host}' has no address"))
    }

    /// An empty database, or a copy of one that nobody has open.
    pub fn create(&self, name: &str, template: Option<&Database>) -> Result<Database> {
        let name = format!("numberd_bench_{}_{name}", std::process::id());
        let template = template.map_or("template0", |from| &from.name);
        self.run(
            None,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        )?;
        self.run(None, &format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        self.made.borrow_mut().push(name.clone());
        let url = self.url(&name, self.address()?);
        Ok(Database { name, url })
    }

    /// The same database by another way.
    pub fn through(&self, database: &Database, address: SocketAddr) -> Database {
        Database {
            name: database.name.clone(),
            url: self.url(&database.name, address),
        }
    }

    /// Writes out what is in memory, and looks at the tables: what a server
    /// does by itself after a while, so that it does so in no measurement.
    pub fn settle(&self, database: &Database) -> Result<()> {
        self.run(Some(database), "VACUUM ANALYZE")?;
        self.run(None, "CHECKPOINT").map(|_| ())
    }

    /// How many rows `numbers` has.
    pub fn numbers(&self, database: &Database) -> Result<u64> {
        self.number_in(Some(database), "SELECT count(*) FROM numbers")
    }

    /// Its size on the disk, in KiB.
    pub fn kib(&self, database: &Database) -> Result<u64> {
        let name = &database.name;
        self.number(&format!("SELECT pg_database_size('{name}') / 1024"))
    }

    fn number(&self, sql: &str) -> Result<u64> {
        self.number_in(None, sql)
    }

    fn number_in(&self, database: Option<&Database>, sql: &str) -> Result<u64> {
        let text = self.run(database, sql)?;
        let text = text.with_context(|| format!("no row: {sql}"))?;
        Ok(text.parse()?)
    }

    /// Runs a statement; answers the first column of its first row.
    fn run(&self, database: Option<&Database>, sql: &str) -> Result<Option<String>> {
        let mut config = self.config.clone();
        if let Some(database) = database {
            config.dbname(&database.name);
        }
        let rows = self.runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await?;
            let asked = async {
                let rows = client.simple_query(sql).await;
                drop(client);
                rows
            };
            let (rows, closed) = tokio::join!(asked, connection);
            closed?;
            rows
        });
        let rows = rows.with_context(|| format!("PostgreSQL: {sql}"))?;
        let mut rows = rows.iter().filter_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(rows.next().map(str::to_owned))
    }

    fn url(&self, name: &str, address: SocketAddr) -> String {
        let user = self.config.get_user().unwrap_or("postgres");
        let password = self.config.get_password().unwrap_or_default();
        let password = String::from_utf8_lossy(password);
        let colon = if password.is_empty() { "" } else { ":" };
        format!("postgres://{user}{colon}{password}@{address}/{name}?sslmode=disable")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        for name in self.made.take() {
            // The server may be gone; what is left there has a name that tells.
            let _ = self.run(None, &format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}
