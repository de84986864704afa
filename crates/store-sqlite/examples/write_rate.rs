//! How fast the store takes new numbers, against bare SQLite with the same rows
//! in the same tables.
//!
//! ```text
//! cargo run --release -p store-sqlite --example write_rate [ROWS [LOAD]]
//! ```
//!
//! "single": 64 tasks, each writes one number after the other, each durable
//! before the next; bare: one thread that commits 64 at a time. "bulk": 2 tasks,
//! 1,000 numbers a call; bare: 1,000 a commit.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::event::{Action, Origin};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::revision::Revision;
use numbers::state::State;
use rusqlite::{Connection, params};
use serde_json::{Map, json};
use store::{Batch, EventId, Expectation, NumberChange, Operation, Store};
use store_sqlite::{Options, SqliteStore};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A load: its name, its tasks, and how many numbers each call takes.
const LOADS: [(&str, usize, usize); 2] = [("single", 64, 1), ("bulk", 2, 1_000)];
const ACCOUNTS: usize = 1_000;

fn main() -> Result<(), Failure> {
    let rows = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 100_000,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    println!("{rows} rows");
    let only = std::env::args().nth(2);
    for (name, tasks, each) in LOADS {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let folder = tempfile::tempdir_in(".")?;
        let path = folder.path().join("ours.db");
        let (ours, reads, memory) = runtime.block_on(ours(&path, rows, tasks, each))?;
        let bare = bare(&folder.path().join("bare.db"), rows, each.max(tasks))?;
        println!(
            "{name}: bare {bare:.0} rows/s, store {ours:.0} rows/s, {:.0} %; \
             {reads:.0} look-ups/s; {memory} MB",
            100.0 * ours / bare,
        );
    }
    Ok(())
}

/// Numbers over the whole range, so that keys come in no order.
fn number(index: usize) -> Result<Number, Failure> {
    let digits = (index as u64).wrapping_mul(2_654_435_761) % 10_000_000_000;
    let key = E164::try_from(format!("+1{digits:010}"))?;
    let now = GregorianSeconds::from_unix(1_760_000_000);
    let mut number = Number::new(key, State::InService, CarrierName::new("bandwidth2"), now);
    number.revision = Revision(1);
    number.owner = Some(account(index % ACCOUNTS)?);
    number.public = json!({
        "cnam": {"display_name": "Acme", "inbound_lookup": true},
        "e911": {"street_address": "140 Geary St", "locality": "San Francisco", "region": "CA",
                 "postal_code": "94108", "customer_name": "Acme, Inc."},
        "custom": {"note": "main line", "index": index},
    })
    .as_object()
    .cloned()
    .unwrap_or_default();
    Ok(number)
}

fn account(index: usize) -> Result<AccountId, Failure> {
    Ok(AccountId::parse(&format!("{index:032x}"))?)
}

fn origin() -> Result<Origin, Failure> {
    Ok(Origin {
        account: Some(account(0)?),
        user: None,
        request_id: "5b1f0d8f3c1e4d1f9a5a1a2b3c4d5e6f".to_owned(),
        at: GregorianSeconds::from_unix(1_760_000_000),
    })
}

fn batch(index: usize) -> Result<Batch, Failure> {
    let change = NumberChange {
        before: None,
        after: Some(number(index)?),
        event: EventId(format!("{index:032x}")),
        action: Action::Activated,
        origin: origin()?,
        note: None,
    };
    let id = account(index % ACCOUNTS)?;
    Ok(Batch::change_number(change).expect(Expectation::AccountExists { id }))
}

/// The store's tables, filled by one thread with all texts made before.
fn bare(path: &Path, rows: usize, group: usize) -> Result<f64, Failure> {
    drop(SqliteStore::open(path, &Options::default())?);
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    let made = (0..rows)
        .map(|index| {
            let number = number(index)?;
            let body = serde_json::to_string(&number.to_document())?;
            Ok((number, format!("{index:032x}"), body))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let origin = origin()?;
    let begun = Instant::now();
    for group in made.chunks(group) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (number, event, body) in group {
            let owner = number.owner.as_ref().map(AccountId::as_str);
            connection
                .prepare_cached(
                    "INSERT INTO numbers VALUES (?1, 1, ?2, ?3, ?4, NULL, 1, NULL, ?5)",
                )?
                .execute(params![
                    number.id.as_str(),
                    number.state.as_str(),
                    owner,
                    number.carrier.as_str(),
                    body
                ])?;
            connection
                .prepare_cached("INSERT INTO account_numbers VALUES (?1, ?2)")?
                .execute(params![owner, number.id.as_str()])?;
            connection
                .prepare_cached(
                    "INSERT INTO number_events \
                     VALUES (?1, ?2, 'activated', ?3, NULL, ?4, ?5, NULL, ?6, NULL)",
                )?
                .execute(params![
                    number.id.as_str(),
                    event,
                    origin.account.as_ref().map(AccountId::as_str),
                    origin.request_id,
                    origin.at.get(),
                    body
                ])?;
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(rate(rows, begun))
}

async fn ours(
    path: &Path,
    rows: usize,
    tasks: usize,
    each: usize,
) -> Result<(f64, f64, u64), Failure> {
    let store = Arc::new(SqliteStore::open(path, &Options::default())?);
    for index in 0..ACCOUNTS {
        store
            .write(Batch::new().then(Operation::PutAccount(Box::new(new_account(index)?))))
            .await??;
    }
    let begun = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let own: Vec<usize> = (task..rows).step_by(tasks).collect();
                for indexes in own.chunks(each) {
                    let batches = indexes.iter().map(|index| batch(*index));
                    let outcomes = store.write_each(batches.collect::<Result<_, _>>()?).await?;
                    outcomes.into_iter().collect::<Result<(), _>>()?;
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    for task in running {
        task.await??;
    }
    let written = rate(rows, begun);
    let begun = Instant::now();
    for index in 0..rows {
        let key = number(index)?.id;
        store.number(&key).await?.ok_or("a number is missing")?;
    }
    // While the store is open: its caches are full now.
    Ok((written, rate(rows, begun), resident_kib() / 1024))
}

fn new_account(index: usize) -> Result<Account, Failure> {
    Ok(Account {
        id: account(index)?,
        revision: Revision(1),
        name: format!("account {index}"),
        realm: format!("a{index}.example.com"),
        tree: if index == 0 {
            Vec::new()
        } else {
            vec![account(0)?]
        },
        enabled: true,
        superduper: index == 0,
        allow_additions: true,
        is_reseller: false,
        created: GregorianSeconds::from_unix(1_760_000_000),
        modified: GregorianSeconds::from_unix(1_760_000_000),
        expires: None,
        number_manager: Map::new(),
        public: Map::new(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^52")]
fn rate(rows: usize, begun: Instant) -> f64 {
    rows as f64 / begun.elapsed().as_secs_f64()
}

/// Memory of this process; 0 where the system doesn't tell.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap_or(0)
}
