//! What happened to numbers: each number's history, and the log of all.

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::event::Origin;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde_json::{Map, Value};
use store::{EventId, EventKey, LoggedEvent, NumberChange, Page, StoredEvent};

use crate::failure::{Failure, Result};
use crate::prepared::document;
use crate::row;
use crate::unwritten::Logs;

/// The columns that [`read`] reads.
const COLUMNS: &str =
    "e.event_id, e.action, e.account_id, e.user_id, e.request_id, e.at, e.before, e.after, e.note";

/// Appends the event of a change to the number's history, and has it entered in
/// the logs of those whom it concerns: `old_owner` is whose the number was.
pub fn append(
    connection: &Connection,
    change: &NumberChange,
    old_owner: Option<&AccountId>,
    before: Option<&str>,
    after: Option<&str>,
    logs: &mut Logs,
) -> Result<()> {
    let origin = &change.origin;
    // The row that the change made leads to its event.
    let made_the_row = before.is_none() && after.is_some();
    connection
        .prepare_cached(
            "INSERT INTO number_events (e164, event_id, action, account_id, user_id, \
             request_id, at, before, after, note, indexed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            change.key().as_str(),
            change.event.0,
            change.action.as_str(),
            origin.account.as_ref().map(AccountId::as_str),
            origin.user,
            origin.request_id,
            origin.at.get(),
            before,
            after,
            change.note,
            !made_the_row,
        ])?;
    let position = connection.last_insert_rowid();
    let new_owner = change.after.as_ref().and_then(|after| after.owner.as_ref());
    let left = old_owner.filter(|old| Some(*old) != new_owner);
    for owner in new_owner.into_iter().chain(left) {
        logs.enter(connection, owner, position)?;
    }
    Ok(())
}

/// Before a number's row goes: its event must be found without it.
pub fn outlive(connection: &Connection, key: &E164) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE number_events SET indexed = 1 \
             WHERE position = (SELECT first_event FROM numbers WHERE e164 = ?1)",
        )?
        .execute([key.as_str()])?;
    Ok(())
}

pub fn page(connection: &Connection, key: &E164, page: &Page<EventId>) -> Result<Vec<StoredEvent>> {
    let (condition, order) = row::keyset(page, "event_id");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM number_events e \
         WHERE e164 = ?2 AND indexed = 1 AND {condition} \
         UNION ALL SELECT {COLUMNS} FROM number_events e \
         WHERE position = (SELECT first_event FROM numbers WHERE e164 = ?2) \
         AND indexed = 0 AND {condition} \
         ORDER BY {order} LIMIT ?3"
    ))?;
    let from = page.from.as_ref().map_or("", |id| id.0.as_str());
    let mut rows = statement.query(params![from, key.as_str(), row::limit(page.limit)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read(key, row)?);
    }
    Ok(events)
}

/// The log after an event, everybody's or an account's; `None` where there is
/// no such event.
pub fn log(
    connection: &Connection,
    account: Option<&AccountId>,
    after: Option<&EventKey>,
    limit: usize,
) -> Result<Option<Vec<LoggedEvent>>> {
    let after = match after {
        None => 0,
        Some(key) => match position(connection, key)? {
            Some(position) => position,
            None => return Ok(None),
        },
    };
    let limit = row::limit(limit);
    match account {
        // CROSS JOIN keeps the account's log outside, whatever the planner thinks.
        Some(account) => logged(
            connection,
            &format!(
                "SELECT {COLUMNS}, e.e164 FROM account_events a \
                 CROSS JOIN number_events e ON e.position = a.position \
                 WHERE a.account_id = ?1 AND a.position > ?2 ORDER BY a.position LIMIT ?3"
            ),
            params![account.as_str(), after, limit],
        ),
        None => logged(
            connection,
            &format!(
                "SELECT {COLUMNS}, e.e164 FROM number_events e \
                 WHERE e.position > ?1 ORDER BY e.position LIMIT ?2"
            ),
            params![after, limit],
        ),
    }
    .map(Some)
}

fn logged(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<LoggedEvent>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let number = key(row, 9)?;
        let event = read(&number, row)?;
        events.push(LoggedEvent { number, event });
    }
    Ok(events)
}

fn position(connection: &Connection, key: &EventKey) -> Result<Option<i64>> {
    let position = connection
        .prepare_cached(
            "SELECT position FROM number_events \
             WHERE e164 = ?1 AND event_id = ?2 AND indexed = 1 \
             UNION ALL SELECT position FROM number_events \
             WHERE position = (SELECT first_event FROM numbers WHERE e164 = ?1) \
             AND event_id = ?2 AND indexed = 0",
        )?
        .query_row([key.number.as_str(), &key.id.0], |row| row.get(0))
        .optional()?;
    Ok(position)
}

/// The last event of the log.
pub fn newest(connection: &Connection) -> Result<Option<EventKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT event_id, e164 FROM number_events ORDER BY position DESC LIMIT 1",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(EventKey {
        number: key(row, 1)?,
        id: EventId(row.get(0)?),
    }))
}

fn key(row: &Row<'_>, column: usize) -> Result<E164> {
    let key: String = row.get(column)?;
    E164::try_from(key.as_str())
        .map_err(|error| Failure::fault(format!("the key {key:?} is no number: {error}")))
}

/// Reads [`COLUMNS`].
fn read(key: &E164, row: &Row<'_>) -> Result<StoredEvent> {
    let id: String = row.get(0)?;
    let what = || format!("event {id} of {key}");
    let wrong = |column: &str| Failure::fault(format!("the {column} of {} is damaged", what()));
    let account: Option<String> = row.get(2)?;
    Ok(StoredEvent {
        action: row
            .get_ref(1)?
            .as_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| wrong("action"))?,
        origin: Origin {
            account: account
                .map(|id| AccountId::try_from(id).map_err(|_| wrong("account")))
                .transpose()?,
            user: row.get(3)?,
            request_id: row.get(4)?,
            at: row::seconds(row, 5)?,
        },
        before: optional_document(row.get_ref(6)?, what)?,
        after: optional_document(row.get_ref(7)?, what)?,
        note: row.get(8)?,
        id: EventId(id.clone()),
    })
}

fn optional_document(
    value: ValueRef<'_>,
    what: impl Fn() -> String,
) -> Result<Option<Map<String, Value>>> {
    match value {
        ValueRef::Null => Ok(None),
        value => {
            let text = value
                .as_str()
                .map_err(|_| Failure::fault(format!("{} is no text", what())))?;
            document(text, what).map(Some)
        }
    }
}
