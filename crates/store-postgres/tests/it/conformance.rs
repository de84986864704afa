//! The suite that every backend passes, at both isolation levels.

use std::sync::Arc;

use store::Store;
use store_postgres::{Options, PostgresStore};
use test_postgres::Database;

async fn open(database: Database) -> (Arc<dyn Store>, Database) {
    let options = Options {
        readers: 4,
        ..Options::default()
    };
    let store = PostgresStore::open(database.url(), &options).await;
    (Arc::new(store.expect("an empty database")), database)
}

mod read_committed {
    use super::*;

    async fn empty() -> (Arc<dyn Store>, Database) {
        open(Database::new()).await
    }

    store::conformance_tests!(empty);
}

/// What PostgreSQL then refuses, distributed engines always refuse.
mod serializable {
    use super::*;

    async fn empty() -> (Arc<dyn Store>, Database) {
        open(Database::serializable()).await
    }

    store::conformance_tests!(empty);
}
