//! What the tests of this crate share.

use std::sync::Arc;

use store::Store;
use store_postgres::{Options, PostgresStore};

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
