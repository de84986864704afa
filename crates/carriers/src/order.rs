//! Spending and giving back, which takes a proof that the journal knows of it.

use std::fmt;

use async_trait::async_trait;
use numbers::account::AccountId;
use numbers::e164::E164;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{CarrierError, Cost, Offer};

/// Our own id of an order: 32 lowercase hex digits. Travels to the vendor in
/// the field that it keeps for such references.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId(pub String);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An order's place in the journal.
pub trait JournalEntry: Send {
    /// Why the journal couldn't be written.
    type Error;

    /// Our id of it.
    fn id(&self) -> &OrderId;

    /// Writes down, not to be lost, that it is about to be sent. `false`:
    /// somebody else sends it.
    fn commit_as_sent(&mut self) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Proof that the journal has an order as sent. It can't be had in any other
/// way, and nothing is ordered or given back without it: what only reads can't
/// spend, by type.
#[derive(Debug)]
pub struct Sent(OrderId);

impl Sent {
    /// Commits it, before the first byte goes out. `None`: somebody else sends
    /// it.
    pub async fn commit<E: JournalEntry>(entry: &mut E) -> Result<Option<Self>, E::Error> {
        let ours = entry.commit_as_sent().await?;
        Ok(ours.then(|| Self(entry.id().clone())))
    }

    /// Our id of the order.
    pub const fn id(&self) -> &OrderId {
        &self.0
    }
}

/// An order about to be sent, once.
#[derive(Debug)]
#[non_exhaustive]
pub struct Purchase<'a> {
    /// Our id of it.
    pub id: &'a OrderId,
    /// For whom.
    pub account: &'a AccountId,
    /// What; at most [`Orders::most_per_order`], at least one.
    pub offers: &'a [Offer],
}

impl<'a> Purchase<'a> {
    /// What the journal has as sent.
    pub const fn new(sent: &'a Sent, account: &'a AccountId, offers: &'a [Offer]) -> Self {
        Self {
            id: sent.id(),
            account,
            offers,
        }
    }
}

/// An order that was sent, or may have been.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Our id of it.
    pub id: &'a OrderId,
    /// What the vendor's answer said to keep ([`Standing::vendor`]); empty when
    /// there was none.
    pub vendor: &'a Map<String, Value>,
    /// The numbers that were asked for.
    pub numbers: &'a [E164],
}

/// How an order stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// What to keep to ask for it later: the vendor's order id as `order_id`
    /// above all.
    pub vendor: Map<String, Value>,
    /// How each of its numbers stands, in the order asked for.
    pub numbers: Vec<(E164, Verdict)>,
}

/// How one number of an order stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The vendor has the order and hasn't decided.
    Open,
    /// The number is ours; what the record shall remember of it, the vendor's
    /// ids that a release needs above all.
    Ours(Map<String, Value>),
    /// The vendor said no, and why.
    Refused(String),
    /// The vendor knows of no such order, and the number isn't ours. Right
    /// after sending that may still change.
    Unheard,
}

/// How a release stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Release {
    /// The number isn't ours any more, or never was.
    Done,
    /// The vendor took it and hasn't done it; ask [`Orders::holds`].
    Open,
}

/// A number that the vendor says is ours.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned {
    /// Which.
    pub number: E164,
    /// What the vendor says of it, as carrier data.
    pub data: Map<String, Value>,
    /// Our order id, where the vendor gives it back.
    pub reference: Option<String>,
    /// What it costs there.
    pub cost: Option<Cost>,
}

/// A page of what is ours at the vendor's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnedPage {
    /// The numbers.
    pub numbers: Vec<Owned>,
    /// What to ask for to get the next page; `None`: that was all.
    pub next: Option<String>,
}

/// Spending and giving back.
///
/// Errors tell whether something may have happened
/// ([`Failure`](crate::Failure)); nothing here ever sends anything twice.
#[async_trait]
pub trait Orders: Send + Sync {
    /// How many numbers one vendor order takes.
    fn most_per_order(&self) -> usize {
        1
    }

    /// Orders what was offered: one request that spends, with our id in the
    /// vendor's reference field.
    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError>;

    /// Asks how an order stands, by the vendor's id where there is one, else by
    /// ours. A vendor that has neither look-up is asked what is ours.
    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError>;

    /// Gives a number back; `data` is the record's carrier data. One that is
    /// gone already counts as given back.
    async fn release(
        &self,
        sent: &Sent,
        number: &E164,
        data: &Map<String, Value>,
    ) -> Result<Release, CarrierError>;

    /// What the vendor says of a number of ours; `None`: it isn't ours.
    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError>;

    /// Everything that is ours at the vendor's, a page of it; `from` is the
    /// last page's [`OwnedPage::next`]. A vendor that keeps countries apart tells
    /// those that are configured; [`Orders::list_of`] leads to the others.
    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError>;

    /// What to ask [`Orders::owned`] for to get a country's list (`GB`) that it
    /// doesn't tell by itself; `None`: it tells all.
    fn list_of(&self, _country: &str) -> Option<String> {
        None
    }
}

/// A vendor's word that an order moved. It is no evidence: it only makes us
/// ask sooner, so that a forged one gains nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Our id, where the vendor gives it back.
    pub id: Option<OrderId>,
    /// The vendor's order id.
    pub vendor_id: Option<String>,
}

/// Webhooks of a vendor.
pub trait Hooks: Send + Sync {
    /// Verifies and reads one; `now` is Unix seconds, `header` looks a header up
    /// by its lowercase name. `Err`: why it isn't believed.
    fn notice(
        &self,
        now: u64,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<Notice, String>;
}
