//! The database as a file: opening, refusing, closing, copying.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::{Folder, folder, open, options};
use numbers::state::State;
use rusqlite::Connection;
use store::conformance::damage::{DAMAGE, something_of_everything};
use store::conformance::sample::{
    account, account_id, billable, change, creation, just, key, number, update, user,
};
use store::{Batch, Claim, ClaimKind, Operation, Page, Store, StoreError, UserId};
use store_sqlite::{Options, SqliteStore};

async fn write(store: &SqliteStore, batch: Batch) {
    store.write(batch).await.unwrap().unwrap();
}

/// A store with something of everything.
async fn filled(path: &Path) -> SqliteStore {
    let store = open(path);
    for batch in something_of_everything() {
        write(&store, batch).await;
    }
    store
}

async fn assert_filled(store: &SqliteStore) {
    assert_eq!(
        store.number(&key(1)).await.unwrap(),
        Some(billable(&key(1), 2))
    );
    assert_eq!(
        store.account(&account_id(2)).await.unwrap(),
        Some(account(2, &[1]).into())
    );
    let stored = store
        .user(&account_id(2), &UserId("u".to_owned()))
        .await
        .unwrap();
    assert_eq!(stored, Some(user(2, "u").into()));
    let claim = Claim {
        kind: ClaimKind::ApiKey,
        name: "digest".to_owned(),
    };
    assert_eq!(store.claimed(&claim).await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.setting("k").await.unwrap().as_deref(), Some("v"));
    assert_eq!(store.billable_quantity(&account_id(1)).await.unwrap(), 1);
    assert_eq!(
        store.events(&key(1), &Page::first(9)).await.unwrap().len(),
        1
    );
    let counts = store.state_counts().await.unwrap();
    assert_eq!(counts, [(State::Available, 1), (State::InService, 1)]);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

fn refusal(path: &Path, options: &Options) -> StoreError {
    SqliteStore::open(path, options).expect_err("it can't be opened")
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let folder = folder();
    drop(filled(&folder.database()).await);
    assert_filled(&open(&folder.database())).await;
}

#[tokio::test]
async fn closing_leaves_one_complete_file() {
    let folder = folder();
    let store = filled(&folder.database()).await;
    store.close();
    assert_eq!(names(&folder), ["numberd.db", "numberd.db-lock"]);
    let closed = store.write(Batch::new()).await.unwrap_err();
    assert_eq!(closed, StoreError::Unavailable("it is closed".to_owned()));
    assert!(matches!(
        store.number(&key(1)).await,
        Err(StoreError::Unavailable(_))
    ));
    assert!(matches!(
        store.all_numbers(&Page::first(1)).await,
        Err(StoreError::Unavailable(_))
    ));
    store.close();
    let elsewhere = folder.path().join("moved.db");
    fs::rename(folder.database(), &elsewhere).unwrap();
    assert_filled(&open(&elsewhere)).await;
}

#[tokio::test]
async fn writes_that_wait_are_done_before_closing() {
    let folder = folder();
    let store = Arc::new(open(&folder.database()));
    let (slow, waiting) = crate::common::hold_writer(&folder.database());
    let writes: Vec<_> = (0..50)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.write(creation(number(&key(n), State::Aging))).await })
        })
        .collect();
    tokio::task::yield_now().await;
    waiting.release();
    slow.join().unwrap();
    for write in writes {
        write.await.unwrap().unwrap().unwrap();
    }
    store.close();
    drop(store);
    let counts = open(&folder.database()).state_counts().await.unwrap();
    assert_eq!(counts, [(State::Aging, 50)]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let store = filled(&folder.database()).await;
    store.backup(&folder.path().join("copy.db")).await.unwrap();
    for name in names(&folder) {
        let mode = fs::metadata(folder.path().join(&name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_second_writer_is_refused_and_readers_are_not() {
    let folder = folder();
    let store = filled(&folder.database()).await;
    let error = refusal(&folder.database(), &options()).to_string();
    assert!(
        error.contains("another process has the database"),
        "{error}"
    );
    let reader = SqliteStore::open(folder.database(), &read_only()).unwrap();
    assert_filled(&reader).await;
    write(&store, creation(number(&key(3), State::Aging))).await;
    assert!(reader.number(&key(3)).await.unwrap().is_some());
    let refused = reader.write(Batch::new()).await.unwrap_err();
    assert!(refused.to_string().contains("only read"), "{refused}");
    reader.backup(&folder.path().join("copy.db")).await.unwrap();
    drop(store);
    drop(reader);
    drop(open(&folder.database()));
    let reader = SqliteStore::open(folder.database(), &read_only()).unwrap();
    assert!(reader.number(&key(3)).await.unwrap().is_some());
}

fn read_only() -> Options {
    Options {
        read_only: true,
        ..options()
    }
}

#[test]
fn what_is_no_database_is_refused_with_a_reason() {
    let folder = folder();
    let text = folder.path().join("text.db");
    fs::write(
        &text,
        "this is no database, however long it goes on. ".repeat(100),
    )
    .unwrap();
    let other = folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (a);")
        .unwrap();
    let cases = [
        (folder.path().to_owned(), "is a folder"),
        (text.clone(), "not a database"),
        (other, "database of another program"),
        (
            folder.path().join("no/such/folder.db"),
            "can't make the lock file",
        ),
        (text.join("below.db"), "can't make the lock file"),
    ];
    for (path, reason) in cases {
        let error = refusal(&path, &options()).to_string();
        assert!(error.contains(reason), "{error}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
    let absent = folder.path().join("absent.db");
    let error = refusal(&absent, &read_only()).to_string();
    assert!(error.contains("no such database"), "{error}");
    assert!(!absent.exists());
    assert_eq!(fs::read(&text).unwrap().len(), 4600);
}

#[test]
fn a_newer_or_edited_schema_is_refused_and_left_alone() {
    let cases: [(&str, &str); 3] = [
        (
            "INSERT INTO schema_migrations VALUES (999, '0999_later', 'x')",
            "schema version 999",
        ),
        (
            "UPDATE schema_migrations SET checksum = 'x' WHERE version = 1",
            "0001_initial is not",
        ),
        (
            "UPDATE schema_migrations SET version = 0 WHERE version = 1",
            "lacks migration 1",
        ),
    ];
    for (sql, reason) in cases {
        let folder = folder();
        drop(open(&folder.database()));
        let connection = Connection::open(folder.database()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        for options in [options(), read_only()] {
            let error = refusal(&folder.database(), &options);
            assert!(error.to_string().contains(reason), "{error}");
            if reason.contains("999") {
                assert!(matches!(error, StoreError::TooNew { found: 999, .. }));
            }
        }
    }
}

#[tokio::test]
async fn a_backup_while_writing_is_a_complete_database() {
    let folder = folder();
    let store = Arc::new(filled(&folder.database()).await);
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut written = 0;
            while Arc::strong_count(&store) > 1 {
                write(&store, creation(billable(&key(100 + written), 2))).await;
                written += 1;
            }
            written
        })
    };
    let copies: Vec<PathBuf> = (0..3)
        .map(|n| folder.path().join(format!("{n}.db")))
        .collect();
    for copy in &copies {
        store.backup(copy).await.unwrap();
    }
    drop(store);
    let written = writer.await.unwrap();
    let mut last = 0;
    for copy in &copies {
        let copy = open(copy);
        assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
        assert_eq!(
            copy.number(&key(1)).await.unwrap(),
            Some(billable(&key(1), 2))
        );
        let count = copy.billable_quantity(&account_id(1)).await.unwrap();
        assert!(count > last.min(1) && count >= last && count <= written + 1);
        last = count;
        write(&copy, creation(number(&key(99), State::Aging))).await;
    }
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let folder = folder();
    let store = filled(&folder.database()).await;
    let taken = folder.path().join("taken");
    fs::write(&taken, "precious").unwrap();
    for to in [taken.clone(), folder.database(), folder.path().to_owned()] {
        let error = store.backup(&to).await.unwrap_err();
        assert!(error.to_string().contains("can't be made"), "{error}");
    }
    assert_eq!(fs::read_to_string(&taken).unwrap(), "precious");
    let nowhere = folder.path().join("no/folder.db");
    assert!(matches!(
        store.backup(&nowhere).await,
        Err(StoreError::Unavailable(_))
    ));
    assert_filled(&store).await;
}

/// A database that can't grow refuses what is too much, all of it, and goes on.
#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    let folder = folder();
    drop(filled(&folder.database()).await);
    let max_bytes = Some(fs::metadata(folder.database()).unwrap().len() + 400_000);
    let store = SqliteStore::open(
        folder.database(),
        &Options {
            max_bytes,
            ..options()
        },
    )
    .unwrap();
    let mut big = number(&key(50), State::Aging);
    big.public
        .insert("big".to_owned(), "x".repeat(1_000_000).into());
    let batches = vec![creation(number(&key(49), State::Aging)), creation(big)];
    for _ in 0..3 {
        let error = store.write_each(batches.clone()).await.unwrap_err();
        assert_eq!(
            error,
            StoreError::Unavailable("the disk is full".to_owned())
        );
        assert_eq!(store.number(&key(49)).await.unwrap(), None);
        assert_filled(&store).await;
    }
    write(&store, creation(number(&key(49), State::Aging))).await;
    drop(store);
    let store = open(&folder.database());
    store.write_each(batches[1..].to_vec()).await.unwrap();
    assert!(store.number(&key(50)).await.unwrap().is_some());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// One request that SQLite itself refuses spoils no other of the same commit.
#[tokio::test]
async fn a_faulty_request_fails_alone() {
    let folder = folder();
    let store = Arc::new(filled(&folder.database()).await);
    let (slow, waiting) = crate::common::hold_writer(&folder.database());
    // An event's id twice: the second half of this batch can't be stored.
    let twice = || {
        let one = number(&key(90), State::Aging);
        let event = |before, after| Operation::ChangeNumber(Box::new(change(before, after, 5)));
        just([event(None, Some(one.clone())), event(Some(one), None)])
    };
    let mut tasks = Vec::new();
    for n in 0..20_u64 {
        let store = Arc::clone(&store);
        let batches = match n {
            7 => vec![creation(billable(&key(91), 2)), twice()],
            _ => vec![creation(billable(&key(100 + n), 2))],
        };
        tasks.push(tokio::spawn(
            async move { (n, store.write_each(batches).await) },
        ));
    }
    tokio::task::yield_now().await;
    waiting.release();
    slow.join().unwrap();
    for task in tasks {
        match task.await.unwrap() {
            (7, outcome) => assert!(matches!(outcome, Err(StoreError::Fault(_))), "{outcome:?}"),
            (_, outcome) => assert_eq!(outcome.unwrap(), [Ok(())]),
        }
    }
    for key in [key(90), key(91)] {
        assert_eq!(store.number(&key).await.unwrap(), None);
        assert_eq!(store.events(&key, &Page::first(9)).await.unwrap(), []);
    }
    assert_eq!(store.billable_quantity(&account_id(1)).await.unwrap(), 20);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_damaged_row_is_named_and_spoils_no_other() {
    let folder = folder();
    drop(filled(&folder.database()).await);
    let damage = [
        "UPDATE numbers SET body = '{\"pvt_state\":' WHERE e164 = '+10000000001'",
        "UPDATE accounts SET body = '[]' WHERE id LIKE '%2'",
    ];
    Connection::open(folder.database())
        .unwrap()
        .execute_batch(&damage.join(";"))
        .unwrap();
    let store = open(&folder.database());
    let fault = |error: StoreError| match error {
        StoreError::Fault(text) => text,
        other => panic!("{other}"),
    };
    let text = fault(store.number(&key(1)).await.unwrap_err());
    assert!(text.contains("+10000000001"), "{text}");
    let text = fault(store.account(&account_id(2)).await.unwrap_err());
    assert!(text.contains(account_id(2).as_str()), "{text}");
    assert!(store.number(&key(2)).await.unwrap().is_some());
    assert!(store.account(&account_id(1)).await.unwrap().is_some());
}

/// `check` sees every kind of contradiction.
#[tokio::test]
async fn a_check_finds_what_is_wrong() {
    let own = [(
        "UPDATE numbers SET first_event = NULL",
        "history doesn't show",
    )];
    for (sql, finding) in DAMAGE.into_iter().chain(own) {
        let folder = folder();
        drop(filled(&folder.database()).await);
        Connection::open(folder.database())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        let findings = open(&folder.database()).check().await.unwrap();
        assert!(
            findings.iter().any(|text| text.contains(finding)),
            "{sql}: {findings:?}"
        );
    }
}

/// The log doesn't grow without end under steady writing.
#[tokio::test]
async fn the_log_keeps_its_bound() {
    let folder = folder();
    let limit = 1 << 20;
    let options = Options {
        wal_limit_bytes: limit,
        ..options()
    };
    let store = SqliteStore::open(folder.database(), &options).unwrap();
    let mut current = number(&key(1), State::Aging);
    current
        .public
        .insert("big".to_owned(), "x".repeat(20_000).into());
    write(&store, creation(current.clone())).await;
    for event in 2..600 {
        let (batch, next) = update(&current, event, |number| number.ported_in = event % 2 == 0);
        write(&store, batch).await;
        current = next;
    }
    let log = fs::metadata(folder.path().join("numberd.db-wal"))
        .unwrap()
        .len();
    assert!(log <= 2 * limit, "{log} bytes");
    let database = fs::metadata(folder.database()).unwrap().len();
    assert!(database > 10 * limit, "{database} bytes");
}
