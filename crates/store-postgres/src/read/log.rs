//! The log of all numbers' events, in an order that readers may rely on.
//!
//! Positions are drawn before commits, so a smaller one may come to light after
//! a larger one was read. What is answered ends therefore at a position that is
//! settled: every transaction that may have drawn one up to it has ended. That
//! is found out in two steps. First the last position drawn is noted, then a
//! transaction's id is taken; all who drew one until then have a smaller id. As
//! soon as no transaction with a smaller id runs, the noted position is settled.
//!
//! That takes an engine that numbers its transactions and tells the oldest that
//! runs: PostgreSQL does, CockroachDB doesn't. What every engine could do was
//! weighed and left: a counter row for each log makes all writers below one
//! account wait for each other until they have committed, and everybody's log
//! makes all wait; a time after which a position is taken for settled loses an
//! event for good when a commit is late by more, and a commit that has been sent
//! has no bound of its own.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use numbers::account::AccountId;
use numbers::e164::E164;
use store::{EventId, EventKey, LoggedEvent};
use tokio::time::sleep;
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::Pool;
use crate::read::{event, row};
use crate::text::{Stored, Text};

/// How long a read of the log waits for transactions that run.
const WAIT: Duration = Duration::from_secs(1);

/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// What is known of the log's end.
#[derive(Debug, Default)]
pub struct Log(Mutex<Mark>);

#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Up to here nothing new comes.
    settled: i64,
    /// A later position, and the transaction before which all must have ended.
    noted: Option<(i64, i64)>,
}

impl Log {
    /// The log after an event, everybody's or an account's; `None` where there
    /// is no such event.
    pub async fn read(
        &self,
        pool: &Pool,
        account: Option<&AccountId>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Option<Vec<LoggedEvent>>> {
        let after = match after {
            None => 0,
            Some(key) => match position(pool, key).await? {
                Some(position) => position,
                None => return Ok(None),
            },
        };
        let until = self.settled(pool).await?;
        let limit = row::limit(limit);
        let events = match account {
            None => everybodys(pool, after, until, limit).await?,
            Some(account) => of_account(pool, account, after, until, limit).await?,
        };
        Ok(Some(events))
    }

    /// The last event that is settled.
    pub async fn newest(&self, pool: &Pool) -> Result<Option<EventKey>> {
        let until = self.settled(pool).await?;
        let sql = "SELECT e164, event_id FROM number_events WHERE position <= $1 \
             ORDER BY position DESC LIMIT 1";
        let rows = pool.read("newest_event", sql, &[&until]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let Stored(id) = row.try_get(1)?;
        Ok(Some(EventKey {
            number: number(row, 0)?,
            id: EventId(id),
        }))
    }

    /// The last settled position. What others have drawn until now is waited
    /// for, for a moment: who was told of a write mostly finds it in the log.
    async fn settled(&self, pool: &Pool) -> Result<i64> {
        let drawn = last_drawn(pool).await?;
        let begun = Instant::now();
        loop {
            let settled = self.settle(pool, drawn).await?;
            if settled >= drawn || begun.elapsed() >= WAIT {
                return Ok(settled);
            }
            sleep(PAUSE).await;
        }
    }

    /// The last settled position, as far as is known now.
    async fn settle(&self, pool: &Pool, drawn: i64) -> Result<i64> {
        let known = *self.lock();
        if drawn <= known.settled {
            return Ok(known.settled);
        }
        let (position, fence) = match known.noted {
            Some(noted) => noted,
            None => (drawn, fence(pool).await?),
        };
        let oldest = oldest_running(pool).await?;
        let mut mark = self.lock();
        if fence <= oldest {
            mark.settled = mark.settled.max(position);
            mark.noted = None;
        } else if mark.noted.is_none() {
            mark.noted = Some((position, fence));
        }
        Ok(mark.settled)
    }

    fn lock(&self) -> MutexGuard<'_, Mark> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn last_drawn(pool: &Pool) -> Result<i64> {
    let sql = "SELECT last_value FROM event_positions";
    let rows = pool.read("event_log", sql, &[]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.try_get(0))?)
}

/// The id of a transaction that begins now. One is used up; a snapshot doesn't
/// tell of those that have begun since the last one ended.
async fn fence(pool: &Pool) -> Result<i64> {
    transaction_id(pool, "SELECT pg_current_xact_id()::TEXT::BIGINT").await
}

/// All transactions with a smaller id have ended.
async fn oldest_running(pool: &Pool) -> Result<i64> {
    let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::TEXT::BIGINT";
    transaction_id(pool, sql).await
}

async fn transaction_id(pool: &Pool, sql: &str) -> Result<i64> {
    let rows = pool.read("event_log", sql, &[]).await?;
    let row = rows.first();
    let row = row.ok_or_else(|| Failure::fault("the server tells no transaction's id"))?;
    Ok(row.try_get(0)?)
}

async fn position(pool: &Pool, key: &EventKey) -> Result<Option<i64>> {
    let sql = "SELECT position FROM number_events WHERE e164 = $1 AND event_id = $2";
    let rows = pool
        .read("event_log", sql, &[&key.number.as_str(), &Text(&key.id.0)])
        .await?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}

async fn everybodys(pool: &Pool, after: i64, until: i64, limit: i64) -> Result<Vec<LoggedEvent>> {
    let sql = format!(
        "SELECT {}, e164 FROM number_events WHERE position > $1 AND position <= $2 \
         ORDER BY position LIMIT $3",
        event::COLUMNS
    );
    let rows = pool
        .read("event_log", &sql, &[&after, &until, &limit])
        .await?;
    rows.iter().map(read).collect()
}

/// In two statements, since an engine that spreads both tables can't join them.
async fn of_account(
    pool: &Pool,
    account: &AccountId,
    after: i64,
    until: i64,
    limit: i64,
) -> Result<Vec<LoggedEvent>> {
    let sql = "SELECT e164, event_id FROM account_events \
         WHERE account_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4";
    let rows = pool
        .read(
            "event_log",
            sql,
            &[&account.as_str(), &after, &until, &limit],
        )
        .await?;
    let (mut keys, mut ids) = (Vec::new(), Vec::new());
    for row in &rows {
        keys.push(row.try_get::<_, &str>(0)?);
        ids.push(row.try_get::<_, &str>(1)?);
    }
    let sql = format!(
        "SELECT {}, e164 FROM number_events WHERE (e164, event_id) IN \
         (SELECT * FROM unnest($1::TEXT[], $2::TEXT[])) ORDER BY position",
        event::COLUMNS
    );
    let rows = pool.read("event_log", &sql, &[&keys, &ids]).await?;
    rows.iter().map(read).collect()
}

/// Reads the event's columns and the number's key.
fn read(row: &Row) -> Result<LoggedEvent> {
    let number = number(row, 9)?;
    let event = event::read(&number, row)?;
    Ok(LoggedEvent { number, event })
}

fn number(row: &Row, column: usize) -> Result<E164> {
    let key: &str = row.try_get(column)?;
    E164::try_from(key)
        .map_err(|error| Failure::fault(format!("the key {key:?} is no number: {error}")))
}
