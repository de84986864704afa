//! What happened to numbers.

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::event::Origin;
use store::{EventId, Page, StoredEvent};
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::Pool;
use crate::read::row;
use crate::text::{Stored, Text};

/// The columns that [`read`] reads.
pub const COLUMNS: &str =
    "event_id, action, account_id, user_id, request_id, at, before, after, note";

pub async fn page(pool: &Pool, key: &E164, page: &Page<EventId>) -> Result<Vec<StoredEvent>> {
    let sql = row::keyset(
        &format!(
            "SELECT {COLUMNS} FROM number_events \
             WHERE e164 = $2 AND {{keys}} ORDER BY {{order}} LIMIT $3"
        ),
        "event_id",
        page,
    );
    let from = Text(page.from.as_ref().map_or("", |id| id.0.as_str()));
    let limit = row::limit(page.limit);
    let rows = pool
        .read("events", &sql, &[&from, &key.as_str(), &limit])
        .await?;
    rows.iter().map(|row| read(key, row)).collect()
}

/// Reads [`COLUMNS`].
pub fn read(key: &E164, row: &Row) -> Result<StoredEvent> {
    let Stored(id) = row.try_get(0)?;
    let what = || format!("event {id} of {key}");
    let wrong = |column: &str| Failure::fault(format!("the {column} of {} is damaged", what()));
    let action: &str = row.try_get(1)?;
    let account: Option<String> = row.try_get(2)?;
    let text = |column| -> Result<Option<String>> {
        let text: Option<Stored> = row.try_get(column)?;
        Ok(text.map(|Stored(text)| text))
    };
    let document = |column| {
        let body: Option<&str> = row.try_get(column)?;
        body.map(|body| row::document(body, what)).transpose()
    };
    Ok(StoredEvent {
        action: action.parse().map_err(|_| wrong("action"))?,
        origin: Origin {
            account: account
                .map(|id| AccountId::try_from(id).map_err(|_| wrong("account")))
                .transpose()?,
            user: text(3)?,
            request_id: text(4)?.unwrap_or_default(),
            at: row::time(row, 5)?.ok_or_else(|| wrong("time"))?,
        },
        before: document(6)?,
        after: document(7)?,
        note: text(8)?,
        id: EventId(id.clone()),
    })
}
