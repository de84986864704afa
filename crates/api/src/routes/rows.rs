//! Pages of filtered documents: accounts and users.

use std::future::Future;

use engine::EngineError;
use serde_json::{Map, Value};
use store::Page;

use crate::Api;
use crate::call::Input;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::paging::Paging;
use crate::reply::Reply;

/// How many documents are read at a time where filters leave out some.
const READ_AT_ONCE: usize = 500;

/// What a listing knows of its documents.
pub(super) struct Listed<T, K> {
    /// The key that a `start_key` names.
    pub(super) key: fn(&str) -> Option<K>,
    /// A document's key.
    pub(super) key_of: fn(&T) -> &str,
    /// What filters look at.
    pub(super) filtered: fn(&T) -> Map<String, Value>,
    /// What the listing shows.
    pub(super) row: fn(&T) -> Map<String, Value>,
    /// The first columns of the listing as a table.
    pub(super) columns: &'static [&'static str],
}

/// Reads on until the page is full of rows that the filters keep, or nothing is
/// left (spec/http.md 5.1).
pub(super) async fn listing<T, K, F>(
    api: &Api,
    input: &Input,
    listed: Listed<T, K>,
    read: impl Fn(Page<K>) -> F,
) -> Result<Reply, ApiError>
where
    F: Future<Output = Result<Vec<T>, EngineError>>,
{
    let query = &input.incoming.query;
    let filters = Filters::for_documents(query)?;
    let paging = Paging::read(&input.incoming, &api.settings.limits)?;
    let key = |text: &str| {
        (listed.key)(text).ok_or_else(|| ApiError::faulty_request("invalid start key"))
    };
    let mut from = paging.start.as_deref().map(key).transpose()?;
    let mut rows = Vec::new();
    // The page, the document after it, and the one where reading goes on.
    let mut limit = paging.limit.saturating_add(2).min(READ_AT_ONCE);
    let next = 'full: loop {
        let mut found = read(Page {
            from,
            limit,
            direction: paging.direction,
        })
        .await?;
        let more = if found.len() == limit {
            found.pop()
        } else {
            None
        };
        for document in &found {
            if !filters.is_empty() && !filters.keep_document(&(listed.filtered)(document)) {
                continue;
            }
            if rows.len() == paging.limit {
                break 'full Some((listed.key_of)(document).to_owned());
            }
            rows.push((listed.row)(document));
        }
        match more {
            Some(document) => from = Some(key((listed.key_of)(&document))?),
            None => break None,
        }
        limit = READ_AT_ONCE;
    };
    let info = paging.info(rows.len(), next.as_deref())?;
    Ok(Reply::listing(&rows, info)?.with_csv(listed.columns))
}
