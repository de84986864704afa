//! What reads ask for and answer.

use std::fmt;
use std::str::FromStr;

use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::event::{Action, Origin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A page of a list that is sorted by a key of type `K`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// The first key, itself included; `None`: from the beginning.
    pub from: Option<K>,
    /// How many rows at most.
    pub limit: usize,
    /// Which way.
    pub direction: Direction,
}

impl<K> Page<K> {
    /// The first `limit` rows, ascending.
    pub const fn first(limit: usize) -> Self {
        Self {
            from: None,
            limit,
            direction: Direction::Ascending,
        }
    }

    /// `limit` rows from `from` on, itself included, ascending.
    pub const fn starting_at(from: K, limit: usize) -> Self {
        Self {
            from: Some(from),
            limit,
            direction: Direction::Ascending,
        }
    }
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    #[default]
    Ascending,
    /// Largest key first.
    Descending,
}

/// Whose stock is looked through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stock {
    /// Available numbers of a carrier, for anybody.
    Carrier(CarrierName),
    /// Available numbers of a carrier that were made for an account.
    Pool(CarrierName, AccountId),
    /// Numbers that an account holds reserved.
    Reserved(AccountId),
}

/// A look through the own stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockQuery {
    /// Whose.
    pub stock: Stock,
    /// What the keys begin with: `+` and digits.
    pub prefix: String,
    /// Only keys after this one.
    pub after: Option<E164>,
    /// How many at most.
    pub limit: usize,
}

/// Key of an event within its number: a UUID v7 as 32 lowercase hex digits, so
/// that the order of the keys is the order of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub String);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Key.
    pub id: EventId,
    /// What was done.
    pub action: Action,
    /// Who, when, in answer to which request.
    pub origin: Origin,
    /// The stored document before; `None` when there was none.
    pub before: Option<Map<String, Value>>,
    /// The stored document after; `None` when it is gone.
    pub after: Option<Map<String, Value>>,
    /// More to know.
    pub note: Option<String>,
}

/// Names one event among those of all numbers. Where a reader of the log goes
/// on, too: it means the same in every backend and in every copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventKey {
    /// Whose event.
    pub number: E164,
    /// Its key among those of the number.
    pub id: EventId,
}

impl fmt::Display for EventKey {
    /// The digits of the number, a hyphen, the event's id: needs no escaping in
    /// an URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.number.as_str().trim_start_matches('+');
        write!(f, "{digits}-{}", self.id)
    }
}

impl FromStr for EventKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || "that is no cursor; use one that an answer has named".to_owned();
        let (digits, id) = text.split_once('-').ok_or_else(wrong)?;
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok(Self {
            number: E164::try_from(format!("+{digits}")).map_err(|_| wrong())?,
            id: is_id.then(|| EventId(id.to_owned())).ok_or_else(wrong)?,
        })
    }
}

/// An event in the log of all numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedEvent {
    /// What happened to which number.
    pub number: E164,
    /// What happened.
    pub event: StoredEvent,
}

impl LoggedEvent {
    /// Its name.
    pub fn key(&self) -> EventKey {
        EventKey {
            number: self.number.clone(),
            id: self.event.id.clone(),
        }
    }
}
