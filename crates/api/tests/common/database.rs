//! The store under the tests: embedded, but on PostgreSQL for those that the
//! binaries `on_postgres` and `on_serializable` run.

use std::sync::Arc;

use store::Store;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use test_postgres::Database;

/// What has to live as long as the store.
pub enum Guard {
    Folder(TempDir),
    Database(Database),
}

/// An empty database.
pub async fn open() -> (Arc<dyn Store>, Guard) {
    let database = match env!("CARGO_CRATE_NAME") {
        "on_postgres" => Some(Database::new()),
        "on_serializable" => Some(Database::serializable()),
        _ => None,
    };
    if let Some(database) = database {
        let options = store_postgres::Options {
            readers: 4,
            writers: 2,
            ..store_postgres::Options::default()
        };
        let store = PostgresStore::open(database.url(), &options).await;
        let store = store.expect("an empty database");
        return (Arc::new(store), Guard::Database(database));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = store_sqlite::Options {
        readers: 2,
        ..store_sqlite::Options::default()
    };
    let path = folder.path().join("numberd.db");
    let store = SqliteStore::open(path, &options).expect("a new database");
    (Arc::new(store), Guard::Folder(folder))
}
