//! The suite that every backend passes.

use std::sync::Arc;

use store::Store;
use store_sqlite::{Options, SqliteStore};

#[expect(clippy::unused_async, reason = "other backends wait for a server here")]
async fn empty() -> (Arc<dyn Store>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("numberd.db");
    let store = SqliteStore::open(path, &Options::default()).expect("a new database");
    (Arc::new(store), folder)
}

store::conformance_tests!(empty);
