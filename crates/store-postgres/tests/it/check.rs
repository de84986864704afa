//! What `check` finds.

use store::Store;
use store::conformance::damage::{DAMAGE, something_of_everything};
use test_postgres::Database;

use crate::common::{connect, open, verify};

/// It sees every kind of contradiction.
#[tokio::test]
async fn a_check_finds_what_is_wrong() {
    for (sql, finding) in DAMAGE {
        let database = Database::new();
        let store = open(database.url()).await;
        for batch in something_of_everything() {
            store.write(batch).await.unwrap().unwrap();
        }
        verify(database.url()).await;
        let client = connect(database.url()).await;
        client.batch_execute(sql).await.unwrap();
        let findings = store.check().await.unwrap();
        assert!(
            findings.iter().any(|text| text.contains(finding)),
            "{sql}: {findings:?}"
        );
    }
}
