//! `…/phone_numbers/{n}/history` and `…/phone_numbers/events`: who did what,
//! when, with a number, and with all numbers of an account's tree.

use std::sync::Arc;

use engine::history::{EventView, HistoryQuery};
use engine::{EngineError, FieldError};
use numbers::error::NumberError;
use serde_json::json;
use store::{EventId, EventKey};

use super::number_in;
use crate::Api;
use crate::call::Call;
use crate::dialect::EventRow;
use crate::error::ApiError;
use crate::paging::Paging;
use crate::reply::Reply;

/// The first columns of a history as a table.
const COLUMNS: &[&str] = &["at", "action", "account_id", "user_id", "request_id"];

/// What happened to a number, oldest first, also after it is gone; as far as it
/// was of the caller's accounts.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/history",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path), ("number" = String, Path),
        ("page_size" = Option<u32>, Query), ("start_key" = Option<String>, Query),
        ("descending" = Option<bool>, Query, description = "Newest first"),
    ),
    responses(
        (status = 200, description = "The events", body = ref("Events")),
        (status = 404, description = "Nothing happened to it that the caller may know of"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let paging = Paging::read(&call.incoming, &api.settings.limits)?;
    let query = HistoryQuery {
        from: paging.start.clone().map(EventId),
        limit: paging.limit,
        direction: paging.direction,
    };
    let (cx, account, number) = (&call.context, call.account()?, number_in(&call));
    match api.engine.history(cx, account, number, query).await {
        Ok(page) => {
            let rows = rows(&call, &page.events);
            let next = page.next.as_ref().map(|id| id.0.as_str());
            let info = paging.info(rows.len(), next)?;
            Ok(Reply::listing(&rows, info)?.with_csv(COLUMNS))
        }
        Err(EngineError::Number(NumberError::NotReconcilable(_) | NumberError::NotFound(_))) => {
            Err(ApiError::number_not_found())
        }
        Err(error) => Err(error.into()),
    }
}

/// What happened to the numbers of the account and of those below it. Whoever
/// asks again with the answer's `after` misses nothing.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/events",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path), ("page_size" = Option<u32>, Query),
        ("after" = Option<String>, Query,
            description = "The `after` of the last answer; without it, from the beginning"),
    ),
    responses(
        (status = 200, description = "The events, in the order of the log", body = ref("EventLog")),
        (status = 400, description = "`after` is no cursor"),
    )
)]
pub async fn events(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let paging = Paging::read(&call.incoming, &api.settings.limits)?;
    let sent = call.query("after").filter(|text| !text.is_empty());
    let after = sent
        .map(|text| text.parse::<EventKey>().map_err(|_| bad_cursor(text)))
        .transpose()?;
    let limit = paging.limit.min(api.settings.limits.max_page_size);
    let (cx, account) = (&call.context, call.account()?);
    let page = api.engine.event_log(cx, account, after, limit).await?;
    let page = page.ok_or_else(|| bad_cursor(sent.unwrap_or_default()))?;
    Reply::new(&json!({
        "events": rows(&call, &page.events),
        "after": page.after.map(|key| key.to_string()),
        "more": page.more,
    }))
}

fn rows<'a>(call: &Call, events: &'a [EventView]) -> Vec<EventRow<'a>> {
    let dialect = call.dialect();
    events.iter().map(|event| dialect.event(event)).collect()
}

fn bad_cursor(sent: &str) -> ApiError {
    let text = "Value is no place in the log; leave it out, or use the after of an answer";
    let sent: String = sent.chars().take(80).collect();
    let error = FieldError::new("after", "wrong_format", text).with_value(sent);
    ApiError::validation(vec![error])
}
