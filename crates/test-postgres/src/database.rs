//! One empty database for one test.

use std::fmt::Write as _;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rand::RngExt;
use tokio::sync::oneshot;
use tokio_postgres::NoTls;

use crate::shared;

/// An empty database; gone when this is dropped.
#[derive(Debug)]
pub struct Database {
    url: String,
    keeper: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Database {
    /// A database as the server makes it.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// One whose transactions are serializable unless they say otherwise.
    pub fn serializable() -> Self {
        Self::with(&[("default_transaction_isolation", "serializable")])
    }

    /// A database whose sessions begin with these settings.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let name = format!("numberd_test_{:016x}", rand::rng().random::<u64>());
        let mut setup = vec![format!("CREATE DATABASE {name}")];
        for (setting, value) in settings {
            setup.push(format!("ALTER DATABASE {name} SET {setting} = '{value}'"));
        }
        let (told, url) = mpsc::channel();
        let (drop_it, dropped) = oneshot::channel();
        let keeper = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(keep(name, setup, told, dropped));
        });
        let url = url.recv().expect("the database was made");
        Self {
            url,
            keeper: Some((drop_it, keeper)),
        }
    }

    /// Runs statements in it.
    pub fn execute(&self, sql: &str) {
        let run = async {
            let (client, connection) = tokio_postgres::connect(&self.url, NoTls)
                .await
                .expect("the database answers");
            let statements = async {
                let done = client.batch_execute(sql).await;
                drop(client);
                done
            };
            let (done, closed) = tokio::join!(statements, connection);
            done.expect("the statements are right");
            closed.expect("the connection ends well");
        };
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
                .block_on(run);
        };
        thread::scope(|scope| scope.spawn(runtime).join().expect("they were run"));
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((drop_it, keeper)) = self.keeper.take() {
            drop(drop_it);
            // A panic of the keeper was printed; one more here would abort.
            let _ = keeper.join();
        }
    }
}

/// Makes the database, keeps the server running while it is used, and removes
/// it.
async fn keep(
    name: String,
    setup: Vec<String>,
    told: mpsc::Sender<String>,
    dropped: oneshot::Receiver<()>,
) {
    let (server, client) = shared::connect().await;
    for sql in setup {
        client.batch_execute(&sql).await.expect("a new database");
    }
    told.send(url_of(&server, &name)).expect("the test waits");
    // An error: the sender is gone, which is the sign.
    let _ = dropped.await;
    let mut drop_it = String::from("DROP DATABASE ");
    write!(drop_it, "{name} WITH (FORCE)").expect("texts take more");
    client
        .batch_execute(&drop_it)
        .await
        .expect("the test's database can be removed");
}

/// The server's URL with another database.
fn url_of(server: &str, name: &str) -> String {
    let (start, query) = server.split_once('?').unwrap_or((server, ""));
    let (scheme, rest) = start.split_once("://").expect("a URL");
    let host = rest.split_once('/').map_or(rest, |(host, _)| host);
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!("{scheme}://{host}/{name}{query}")
}
