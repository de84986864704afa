//! What happened to numbers: the history of one, and the log that an account
//! follows (design: "the event is in the same transaction").

use std::collections::HashMap;
use std::sync::Arc;

use numbers::account::{Account, AccountId};
use numbers::authorize::{Owner, Standing};
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::event::{Action, Origin};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::revision::Revision;
use serde_json::{Map, Value};
use store::{Direction, EventId, EventKey, LoggedEvent, Page, StoreError, StoredEvent};

pub use crate::event_note::EventNote;
use crate::{Context, Engine, EngineError};

/// How many events are read at once where some of them may be hidden.
const CHUNK: usize = 500;

/// An event as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventView {
    /// Names it; a reader of the log goes on after it.
    pub key: EventKey,
    /// What was done.
    pub action: Action,
    /// Who, when, in answer to which request. The user is left out where he
    /// isn't of the caller's accounts.
    pub origin: Origin,
    /// The number before; `None` when there was none, and when it was nothing
    /// that the caller could have read.
    pub before: Option<Number>,
    /// The number after, likewise.
    pub after: Option<Number>,
    /// What an operator has to know besides; for administrators.
    pub note: Option<String>,
    /// What was told of an emergency call.
    pub call: Option<Map<String, Value>>,
    /// The emergency address as it was asked for; `None` as well where the
    /// number isn't of the caller's accounts afterwards.
    pub asked_address: Option<Map<String, Value>>,
    /// Whether the caller may see what only operators see.
    pub for_admin: bool,
    /// Whether the number was, before or after, of the caller's accounts.
    concerns: bool,
    /// Whether there was a number before, and after, whoever may read it.
    pub(crate) existed: (bool, bool),
    /// Whose it was, before and after, likewise.
    pub(crate) owners: (Option<AccountId>, Option<AccountId>),
}

/// Which part of a number's history is asked for.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The first event, itself included.
    pub from: Option<EventId>,
    /// How many events.
    pub limit: usize,
    /// Oldest or newest first.
    pub direction: Direction,
}

/// Part of a number's history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// The events.
    pub events: Vec<EventView>,
    /// Where the next page begins, when there is more.
    pub next: Option<EventId>,
}

/// Part of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// The events, in the order of the log.
    pub events: Vec<EventView>,
    /// Where to go on: after the last event that was looked at. As it was
    /// asked for, where there is none.
    pub after: Option<EventKey>,
    /// Whether there are more now.
    pub more: bool,
}

type Owners = HashMap<AccountId, Arc<Account>>;

impl Engine {
    /// What happened to a number, as far as it was of the caller's accounts.
    ///
    /// # Errors
    /// [`NumberError::NotFound`] where nothing did.
    pub async fn history(
        &self,
        cx: &Context,
        target: &Account,
        text: &str,
        query: HistoryQuery,
    ) -> Result<HistoryPage, EngineError> {
        let key = self
            .numbering(Some(target))
            .key(text)
            .map_err(|error| NumberError::NotReconcilable(error.text))?;
        let from_the_beginning = query.from.is_none();
        let mut page = HistoryPage {
            events: Vec::new(),
            next: None,
        };
        let mut from = query.from;
        loop {
            let chunk = Page {
                from: from.take(),
                limit: CHUNK,
                direction: query.direction,
            };
            let mut found = self.store.events(&key, &chunk).await?;
            // One more than used, so that the next round knows its start.
            if found.len() == CHUNK {
                from = found.pop().map(|event| event.id);
            }
            for view in self.event_views(cx, of_number(&key, found)).await? {
                if !view.concerns {
                    continue;
                }
                if page.events.len() == query.limit {
                    page.next = Some(view.key.id);
                    return Ok(page);
                }
                page.events.push(view);
            }
            if from.is_none() {
                break;
            }
        }
        if page.events.is_empty() && from_the_beginning {
            return Err(NumberError::NotFound(key).into());
        }
        Ok(page)
    }

    /// What happened to the numbers of an account and of those below it, after
    /// an event. `None` where that is no event.
    pub async fn event_log(
        &self,
        cx: &Context,
        account: &Account,
        after: Option<EventKey>,
        limit: usize,
    ) -> Result<Option<LogPage>, EngineError> {
        // The topmost account's log is everybody's.
        let whose = (!account.is_admin()).then_some(&account.id);
        let wanted = limit.saturating_add(1);
        let found = self.store.event_log(whose, after.as_ref(), wanted).await?;
        let Some(mut found) = found else {
            return Ok(None);
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let after = found.last().map(LoggedEvent::key).or(after);
        Ok(Some(LogPage {
            events: self.event_views(cx, found).await?,
            after,
            more,
        }))
    }

    /// Events as the caller sees them.
    pub(crate) async fn event_views(
        &self,
        cx: &Context,
        events: Vec<LoggedEvent>,
    ) -> Result<Vec<EventView>, EngineError> {
        let mut read = Vec::with_capacity(events.len());
        for LoggedEvent { number, mut event } in events {
            let before = side(&number, event.before.take())?;
            let after = side(&number, event.after.take())?;
            read.push((number, event, before, after));
        }
        let mut wanted: Vec<AccountId> = read
            .iter()
            .flat_map(|(_, event, before, after)| {
                let owners = [before, after].into_iter().flatten();
                let owners = owners.filter_map(|number| number.owner.as_ref());
                owners.chain(&event.origin.account)
            })
            .cloned()
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let found = self.store.accounts(&wanted).await?.into_iter().flatten();
        let owners: Owners = found.map(|found| (found.id.clone(), found)).collect();
        let views = read.into_iter().map(|(number, event, before, after)| {
            let hide = |side: Option<Number>| side.filter(|number| may_read(cx, &owners, number));
            let mut origin = event.origin;
            if !is_ours(cx, &owners, origin.account.as_ref()) {
                origin.user = None;
            }
            let owner = |side: &Option<Number>| side.as_ref()?.owner.clone();
            let concerns = [&before, &after]
                .into_iter()
                .flatten()
                .any(|side| is_ours(cx, &owners, side.owner.as_ref()));
            let note = EventNote::of(event.action, event.note.as_deref());
            let is_theirs = |number: &Number| is_ours(cx, &owners, number.owner.as_ref());
            EventView {
                asked_address: note
                    .asked_address
                    .filter(|_| after.as_ref().is_some_and(is_theirs)),
                key: EventKey {
                    number,
                    id: event.id,
                },
                action: event.action,
                origin,
                concerns,
                existed: (before.is_some(), after.is_some()),
                owners: (owner(&before), owner(&after)),
                before: hide(before),
                after: hide(after),
                call: note.call,
                note: note.text.filter(|_| cx.is_admin()),
                for_admin: cx.is_admin(),
            }
        });
        Ok(views.collect())
    }
}

fn of_number(key: &E164, events: Vec<StoredEvent>) -> Vec<LoggedEvent> {
    let logged = |event| LoggedEvent {
        number: key.clone(),
        event,
    };
    events.into_iter().map(logged).collect()
}

/// The number of an event, before or after.
fn side(key: &E164, document: Option<Map<String, Value>>) -> Result<Option<Number>, StoreError> {
    // Events don't tell revisions, and nobody compares with old ones.
    let read = |document| Number::from_document(key.clone(), Revision::default(), document);
    document
        .map(read)
        .transpose()
        .map_err(|error| StoreError::Fault(format!("an event of {key}: {error}")))
}

fn owner_of<'a>(owners: &'a Owners, id: Option<&AccountId>) -> Owner<'a> {
    match id.map(|id| owners.get(id)) {
        None => Owner::Nobody,
        Some(None) => Owner::Missing,
        Some(Some(account)) => Owner::Account(account),
    }
}

/// Whether an account is the caller's or below it.
fn is_ours(cx: &Context, owners: &Owners, id: Option<&AccountId>) -> bool {
    let standing = Standing {
        caller: cx.account(),
        target: None,
        owner: owner_of(owners, id),
    };
    standing.has_authority()
}

/// Whether the caller could have read the number as it was, by what he may
/// read now.
fn may_read(cx: &Context, owners: &Owners, number: &Number) -> bool {
    let standing = Standing {
        caller: cx.account(),
        target: None,
        owner: owner_of(owners, number.owner.as_ref()),
    };
    standing.may_read(number.state)
}

/// A number's owner at a time, with the event that made him so.
#[derive(Clone, Debug)]
pub(crate) struct Then {
    /// The number as it was.
    pub(crate) number: Number,
    /// When that began.
    pub(crate) since: GregorianSeconds,
}

impl Engine {
    /// The number as it was at a time; `None` when there was none.
    pub(crate) async fn number_at(
        &self,
        key: &E164,
        at: GregorianSeconds,
    ) -> Result<Option<Then>, StoreError> {
        let mut from = None;
        loop {
            let page = Page {
                from: from.take(),
                limit: CHUNK,
                direction: Direction::Descending,
            };
            let mut events = self.store.events(key, &page).await?;
            if events.len() == CHUNK {
                from = events.pop().map(|event| event.id);
            }
            if let Some(event) = events.into_iter().find(|event| event.origin.at <= at) {
                let since = event.origin.at;
                let number = side(key, event.after)?;
                return Ok(number.map(|number| Then { number, since }));
            }
            if from.is_none() {
                return Ok(None);
            }
        }
    }
}
