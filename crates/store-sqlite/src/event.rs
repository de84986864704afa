//! What happened to numbers.

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::event::Origin;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value};
use store::{EventId, NumberChange, Page, StoredEvent};

use crate::failure::{Failure, Result};
use crate::prepared::document;
use crate::row;

/// Appends the event of a change.
pub fn append(
    connection: &Connection,
    change: &NumberChange,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<()> {
    let origin = &change.origin;
    connection
        .prepare_cached(
            "INSERT INTO number_events (e164, event_id, action, account_id, user_id, \
             request_id, at, before, after, note) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
        ])?;
    Ok(())
}

pub fn page(connection: &Connection, key: &E164, page: &Page<EventId>) -> Result<Vec<StoredEvent>> {
    let (condition, order) = row::keyset(page, "event_id");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT event_id, action, account_id, user_id, request_id, at, before, after, note \
         FROM number_events WHERE e164 = ?2 AND {condition} ORDER BY {order} LIMIT ?3"
    ))?;
    let from = page.from.as_ref().map_or("", |id| id.0.as_str());
    let mut rows = statement.query(params![from, key.as_str(), row::limit(page.limit)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read(key, row)?);
    }
    Ok(events)
}

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
