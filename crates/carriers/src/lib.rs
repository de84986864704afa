//! Carriers: where numbers come from and go back to.
//!
//! What can be bought is an [`Offer`], and only a carrier makes one. Looking
//! for offers ([`Offers`]) and spending money ([`Orders`]) are two interfaces:
//! a read path is handed the first and can't reach the second.

mod in_house;
mod label;
mod registry;

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde_json::{Map, Value};

pub use registry::{Registry, UnknownCarrier};

/// One carrier, as the number manager sees it.
pub trait Carrier: Send + Sync {
    /// Its name in configuration, records and answers.
    fn name(&self) -> &CarrierName;

    /// The longest prefix that it searches by, in digits after the country
    /// code; `None`: it isn't searched at all (spec/life.md 4).
    fn maximal_prefix_length(&self) -> Option<usize>;

    /// Which part of our own stock counts as this carrier's.
    fn stock(&self) -> OwnStock {
        OwnStock::None
    }

    /// Where it looks outside; `None`: it doesn't.
    fn offers(&self) -> Option<&dyn Offers> {
        None
    }

    /// Where it spends and gives back outside; `None`: it can't.
    fn orders(&self) -> Option<&dyn Orders> {
        None
    }

    /// What has to happen when a number of this carrier has no owner any more.
    fn give_back(&self) -> GiveBack {
        GiveBack::Nothing
    }
}

/// Which part of our own stock counts as a carrier's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnStock {
    /// None of it.
    None,
    /// Available numbers of this carrier, for anybody.
    Available,
    /// Available numbers of this carrier that were made for the account that
    /// searches, or for its reseller.
    Pool,
    /// Numbers that the account itself holds reserved.
    Reserved,
    /// Numbers that its reseller holds reserved.
    ReservedByReseller,
}

/// What has to happen when a number has no owner any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveBack {
    /// Nothing: the number stays with us.
    Nothing,
    /// A person must give it back at the vendor's (spec/integrations.md 3).
    ByHand,
    /// [`Orders::release`].
    ByOrder,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// `+`, country code and the digits that follow.
    pub prefix: String,
    /// How many at most.
    pub quantity: usize,
}

/// A number that a carrier sells; the only thing that can be ordered. There is
/// no way to make one outside this crate.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    number: E164,
    carrier: CarrierName,
    data: Map<String, Value>,
}

impl Offer {
    /// The number on offer.
    pub const fn number(&self) -> &E164 {
        &self.number
    }

    /// Who offers it.
    pub const fn carrier(&self) -> &CarrierName {
        &self.carrier
    }

    /// What the carrier needs to know when it is ordered.
    pub const fn data(&self) -> &Map<String, Value> {
        &self.data
    }
}

/// Our own id of an order; travels to the vendor in the field that it keeps
/// for such references.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderId(pub String);

/// Why a carrier could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarrierError {
    /// It said no; nothing was bought or given back.
    #[error("{carrier} refused: {reason}")]
    Refused {
        /// Which carrier.
        carrier: CarrierName,
        /// What it said.
        reason: String,
    },
    /// It is unknown whether it was done; to be settled by asking, never by
    /// sending again.
    #[error("{carrier} gave no clear answer: {reason}")]
    Unknown {
        /// Which carrier.
        carrier: CarrierName,
        /// What happened.
        reason: String,
    },
}

/// Looking: never costs anything.
#[async_trait]
pub trait Offers: Send + Sync {
    /// Numbers on sale.
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError>;

    /// Which of these numbers can still be bought.
    async fn check(&self, numbers: &[E164]) -> Result<Vec<bool>, CarrierError>;
}

/// How an order stands.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderStatus {
    /// The vendor has it and hasn't decided.
    Open,
    /// The number is ours; what the carrier wants remembered about it.
    Confirmed(Map<String, Value>),
    /// The vendor said no.
    Failed(String),
}

/// Spending and giving back: only the order journal calls these.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Orders what was offered.
    async fn order(&self, id: &OrderId, offer: &Offer) -> Result<OrderStatus, CarrierError>;

    /// Asks how an order stands.
    async fn status(&self, id: &OrderId) -> Result<OrderStatus, CarrierError>;

    /// Gives a number back; one that is gone already counts as given back.
    async fn release(&self, id: &OrderId, number: &E164) -> Result<(), CarrierError>;
}
