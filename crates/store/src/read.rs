//! What reads ask for and answer.

use std::fmt;

use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::event::{Action, Origin};
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
