//! What the tests of this crate share.

use std::sync::Arc;
use std::time::Duration;

use store::Store;
use store_postgres::{Options, PostgresStore};
use tokio_postgres::{Client, NoTls};

pub fn options() -> Options {
    Options {
        readers: 4,
        ..Options::default()
    }
}

pub async fn open(url: &str) -> Arc<PostgresStore> {
    let store = PostgresStore::open(url, &options()).await;
    Arc::new(store.expect("the database can be opened"))
}

/// Several nodes over one database, each with connections of its own.
pub async fn nodes(url: &str, count: usize) -> Vec<Arc<dyn Store>> {
    let mut nodes: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..count {
        nodes.push(open(url).await);
    }
    nodes
}

/// Nothing contradicts anything.
pub async fn verify(url: &str) {
    let findings = open(url).await.check().await.unwrap();
    assert_eq!(findings, Vec::<String>::new());
}

/// A connection of the test's own.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Who waits for a lock in this database, to be selected from.
pub const WAITING: &str = "FROM pg_locks WHERE NOT granted AND database = \
     (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Until somebody waits for a lock.
pub async fn until_somebody_waits(client: &Client) {
    let sql = format!("SELECT 1 {WAITING}");
    while client.query(&sql, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
