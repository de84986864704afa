//! What reads cost doesn't grow with the table: measured in steps of SQLite's
//! machine, of which a scan or a sort takes one or more for each row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::state::State;
use rusqlite::Connection;
use serde_json::json;
use store::conformance::sample::{
    self, NOW, account_id, billable, change, down, event_id, key, object, put, put_user, up,
};
use store::{Batch, EventKey, Operation, Page, Stock, StockQuery, UserId};

use crate::apply::apply;
use crate::failure::Result;
use crate::prepared::PreparedBatch;
use crate::unwritten::Unwritten;
use crate::{account, counters, event, migrate, number, user};

const ROWS: u32 = 2_000;
const LIMIT: usize = 5;
/// A page of 5 takes some 100 steps, a scan of the table some 10,000.
const MOST_STEPS: u64 = 600;

fn filled() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate::run(&mut connection).unwrap();
    let mut operations = vec![put(sample::account(1, &[]))];
    for n in 2..ROWS {
        operations.push(put(sample::account(n, &[1])));
        operations.push(put_user(sample::user(1, &format!("{n:05}"))));
        let mut each = [
            billable(&key(n.into()), 1),
            sample::number(&key(100_000 + u64::from(n)), State::Available),
            sample::number(&key(200_000 + u64::from(n)), State::Available),
            sample::number(&key(300_000 + u64::from(n)), State::Reserved),
            sample::number(&key(400_000 + u64::from(n)), State::Aging),
        ];
        each[2].carrier_data = object(json!({ "pool": account_id(1).as_str() }));
        each[3].owner = Some(account_id(1));
        each[4].rests_until = Some(NOW);
        for number in each {
            let change = change(None, Some(number), 1);
            operations.push(Operation::ChangeNumber(Box::new(change)));
        }
        let again = billable(&key(2), 1);
        let change = change(Some(again.clone()), Some(again), n);
        operations.push(Operation::ChangeNumber(Box::new(change)));
    }
    let batch = Batch {
        expectations: Vec::new(),
        operations,
    };
    let mut unwritten = Unwritten::default();
    connection.execute_batch("BEGIN").unwrap();
    apply(
        &connection,
        &PreparedBatch::new(batch).unwrap(),
        &mut unwritten,
    )
    .unwrap()
    .unwrap();
    unwritten.flush(&connection).unwrap();
    connection.execute_batch("COMMIT").unwrap();
    connection
}

/// Runs a read that must find [`LIMIT`] rows within [`MOST_STEPS`].
fn cheap(connection: &mut Connection, name: &str, read: impl FnOnce(&Connection) -> Result<usize>) {
    let steps = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&steps);
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(count)).unwrap();
    assert_eq!(read(connection).unwrap(), LIMIT, "{name}");
    connection
        .progress_handler(0, None::<fn() -> bool>)
        .unwrap();
    let steps = steps.load(Ordering::Relaxed);
    assert!(
        steps > 0 && steps < MOST_STEPS,
        "{name} takes {steps} steps"
    );
}

fn pages<K: Clone>(middle: &K) -> [Page<K>; 4] {
    [
        up(None, LIMIT),
        up(Some(middle.clone()), LIMIT),
        down(None, LIMIT),
        down(Some(middle.clone()), LIMIT),
    ]
}

#[test]
fn no_page_scans_or_sorts() {
    let mut connection = filled();
    let db = &mut connection;
    let one: AccountId = account_id(1);
    for page in pages(&key(u64::from(ROWS / 2))) {
        cheap(db, "account", |db| {
            Ok(number::of_account(db, &one, &page)?.len())
        });
        cheap(db, "all", |db| Ok(number::all(db, &page)?.len()));
    }
    for page in pages(&account_id(ROWS / 2)) {
        cheap(db, "children", |db| {
            Ok(account::children(db, &one, &page)?.len())
        });
        cheap(db, "descendants", |db| {
            Ok(account::descendants(db, &one, &page)?.len())
        });
    }
    for page in pages(&UserId(format!("{:05}", ROWS / 2))) {
        cheap(db, "users", |db| Ok(user::page(db, &one, &page)?.len()));
    }
    for page in pages(&event_id(ROWS / 2)) {
        cheap(
            db,
            "events",
            |db| Ok(event::page(db, &key(2), &page)?.len()),
        );
    }
    let middle = EventKey {
        number: key(2),
        id: event_id(ROWS / 2),
    };
    for after in [None, Some(&middle)] {
        for account in [None, Some(&one)] {
            cheap(db, "log", |db| {
                Ok(event::log(db, account, after, LIMIT)?.map_or(0, |log| log.len()))
            });
        }
    }
    cheap(db, "newest", |db| {
        Ok(event::newest(db)?.map_or(0, |_| LIMIT))
    });
}

#[test]
fn no_search_scans_or_sorts() {
    let mut connection = filled();
    let db = &mut connection;
    let carrier = CarrierName::new("inventory");
    let stocks = [
        (Stock::Carrier(carrier.clone()), 100_000),
        (Stock::Pool(carrier, account_id(1)), 200_000),
        (Stock::Reserved(account_id(1)), 300_000),
    ];
    for (stock, first) in stocks {
        for after in [None, Some(key(first + u64::from(ROWS / 2)))] {
            let prefix = "+1".to_owned();
            let query = StockQuery {
                stock: stock.clone(),
                prefix,
                after,
                limit: LIMIT,
            };
            cheap(db, "stock", |db| Ok(number::stock(db, &query)?.len()));
        }
    }
    cheap(db, "rested", |db| Ok(number::rested(db, NOW, LIMIT)?.len()));
}

#[test]
fn counts_and_look_ups_scan_nothing() {
    let mut connection = filled();
    let db = &mut connection;
    let one = account_id(1);
    let keys: Vec<_> = (2..7).map(key).collect();
    cheap(db, "numbers", |db| {
        Ok(number::get_many(db, &keys)?.into_iter().flatten().count())
    });
    cheap(db, "states", |db| Ok(counters::state_counts(db)?.len() + 1));
    cheap(db, "billable", |db| {
        let count = counters::billable_quantity(db, &one)?;
        Ok(if count == u64::from(ROWS - 2) {
            LIMIT
        } else {
            0
        })
    });
    cheap(db, "use", |db| {
        let used = account::has_descendants(db, &one)? && number::account_has_any(db, &one)?;
        Ok(if used { LIMIT } else { 0 })
    });
}
