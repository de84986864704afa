//! A process that is killed while it writes loses nothing it acknowledged.

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::common::{folder, open};
use store::conformance::sample::{account, billable, creation, just, key, owned, put};
use store::{Page, Store};

/// Tells the child where to write.
const DATABASE: &str = "STORE_SQLITE_CRASH_DATABASE";
const TASKS: u64 = 8;

/// Runs in a process of its own, started by the test below, until killed.
#[test]
#[ignore = "writes until it is killed; the test below starts it"]
fn write_until_killed() {
    let Some(path) = env::var_os(DATABASE) else {
        return;
    };
    let store = Arc::new(open(Path::new(&path)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..TASKS {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                for n in 0_u64.. {
                    let n = n * TASKS + task;
                    let number = if n.is_multiple_of(2) {
                        billable(&key(n), 2)
                    } else {
                        owned(&key(n), 1)
                    };
                    store.write(creation(number)).await.unwrap().unwrap();
                    writeln!(stdout().lock(), "acknowledged {n}").unwrap();
                }
            });
        }
        tasks.join_all().await;
    });
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = folder();
    let path = folder.database();
    let store = open(&path);
    store
        .write(just([put(account(1, &[])), put(account(2, &[1]))]))
        .await
        .unwrap()
        .unwrap();
    drop(store);
    let mut acknowledged = Vec::new();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::write_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(DATABASE, &path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number_of = |line: &str| line.strip_prefix("acknowledged ")?.parse::<u64>().ok();
    while acknowledged.len() < 500 {
        let line = lines
            .next()
            .expect("the child writes until it is killed")
            .unwrap();
        acknowledged.extend(number_of(&line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The last line may be cut off; its number would be another.
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let whole = rest.iter().take(rest.len().saturating_sub(1));
    acknowledged.extend(whole.filter_map(|line| number_of(line)));

    let store = open(&path);
    for n in acknowledged {
        let stored = store.number(&key(n)).await.unwrap();
        assert!(stored.is_some(), "{n} was acknowledged and is lost");
        assert_eq!(
            store.events(&key(n), &Page::first(9)).await.unwrap().len(),
            1
        );
    }
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
