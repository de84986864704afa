//! The order as the journal keeps it.

use std::fmt;
use std::str::FromStr;

use carriers::{CarrierError, OrderId};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::event::Origin;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Batch, Document, DocumentKind, Expectation, Operation, StoreError};

use crate::credentials::Credentials;

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// Numbers are bought.
    Purchase,
    /// A number is given back.
    Release,
}

impl OrderKind {
    /// The name in stored orders.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Release => "release",
        }
    }
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Written down; nothing has left yet.
    Planned,
    /// On its way, or taken by the carrier and not decided.
    Sent,
    /// It may have arrived or not: the carrier is being asked.
    Unknown,
    /// A person must do it at the carrier.
    ByHand,
    /// Done, all of it.
    Confirmed,
    /// Done for some numbers, refused for others.
    Partial,
    /// Refused, or never sent: nothing was done.
    Failed,
    /// Done by hand.
    Settled,
}

impl OrderState {
    const ALL: [Self; 8] = [
        Self::Planned,
        Self::Sent,
        Self::Unknown,
        Self::ByHand,
        Self::Confirmed,
        Self::Partial,
        Self::Failed,
        Self::Settled,
    ];

    /// The name in stored orders.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::ByHand => "by_hand",
            Self::Confirmed => "confirmed",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Settled => "settled",
        }
    }

    /// Whether nothing follows.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Confirmed | Self::Partial | Self::Failed | Self::Settled
        )
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no state of an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a state of an order; states are {list}",
    list = OrderState::ALL.map(OrderState::as_str).join(", "))]
pub struct UnknownOrderState(String);

impl FromStr for OrderState {
    type Err = UnknownOrderState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownOrderState(text.to_owned()))
    }
}

/// A state that an order was in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub state: OrderState,
    /// Since when.
    pub at: GregorianSeconds,
}

/// How one number of an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Not decided.
    Open,
    /// Bought, or given back.
    Done,
    /// Refused.
    Refused,
}

impl LineState {
    /// The name in stored orders.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// One number of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which.
    pub number: E164,
    /// How it stands.
    pub state: LineState,
    /// Why it was refused; for administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What went wrong; for administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The carrier's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// In a sentence.
    pub reason: String,
}

impl From<&CarrierError> for Fault {
    fn from(error: &CarrierError) -> Self {
        Self {
            code: error.code.clone(),
            reason: error.reason.clone(),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// An order in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Our own id; goes with it to the carrier.
    pub id: OrderId,
    /// What is ordered.
    pub kind: OrderKind,
    /// For whom: who buys, or who gave the number up.
    pub account: Option<AccountId>,
    /// Where.
    pub carrier: CarrierName,
    /// With which reseller's credentials there; `None`: the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// The numbers.
    pub numbers: Vec<Line>,
    /// Every state so far, the present one last.
    pub steps: Vec<Step>,
    /// What the carrier's answer said to keep: its own order id above all.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub vendor: Map<String, Value>,
    /// The last thing that went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// When it was last sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<GregorianSeconds>,
    /// Whether the carrier said that it took what was last sent; of a release.
    #[serde(default, skip_serializing_if = "is_false")]
    pub taken: bool,
    /// How often the carrier was asked since.
    #[serde(default)]
    pub asked: u32,
    /// The request that asked for it.
    pub request_id: String,
    /// The account that asked for it: the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<AccountId>,
    /// The user who asked, where one had logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When somebody has to look after it; `None`: nobody has to.
    #[serde(skip)]
    pub due: Option<GregorianSeconds>,
    /// Counts the writes.
    #[serde(skip)]
    pub revision: Revision,
}

impl Order {
    /// An order of these numbers, planned.
    pub(crate) fn plan(
        id: OrderId,
        kind: OrderKind,
        account: Option<AccountId>,
        carrier: CarrierName,
        numbers: impl IntoIterator<Item = E164>,
        origin: &Origin,
    ) -> Self {
        let line = |number| Line {
            number,
            state: LineState::Open,
            reason: None,
        };
        Self {
            id,
            kind,
            account,
            carrier,
            credentials: None,
            numbers: numbers.into_iter().map(line).collect(),
            steps: vec![Step {
                state: OrderState::Planned,
                at: origin.at,
            }],
            vendor: Map::new(),
            fault: None,
            sent_at: None,
            taken: false,
            asked: 0,
            request_id: origin.request_id.clone(),
            caller: origin.account.clone(),
            user: origin.user.clone(),
            due: None,
            revision: Revision::default(),
        }
    }

    /// How it stands.
    pub fn state(&self) -> OrderState {
        self.steps
            .last()
            .map_or(OrderState::Planned, |step| step.state)
    }

    /// Moves it to a state, unless it is there.
    pub(crate) fn to(&mut self, state: OrderState, at: GregorianSeconds) {
        if self.state() != state {
            self.steps.push(Step { state, at });
        }
        if state.is_final() || state == OrderState::ByHand {
            self.due = None;
        }
    }

    /// When it was written down.
    pub(crate) fn planned_at(&self) -> GregorianSeconds {
        self.steps.first().map(|step| step.at).unwrap_or_default()
    }

    /// The numbers that aren't decided.
    pub(crate) fn open_numbers(&self) -> Vec<E164> {
        let open = self.numbers.iter();
        open.filter(|line| line.state == LineState::Open)
            .map(|line| line.number.clone())
            .collect()
    }

    /// Sets how a number stands.
    pub(crate) fn decide(&mut self, number: &E164, state: LineState, reason: Option<String>) {
        let mut lines = self.numbers.iter_mut();
        if let Some(line) = lines.find(|line| line.number == *number) {
            line.state = state;
            line.reason = reason;
        }
    }

    /// The final state, once every number is decided.
    pub(crate) fn outcome(&self) -> Option<OrderState> {
        let count = |state| {
            let lines = self.numbers.iter();
            lines.filter(|line| line.state == state).count()
        };
        match (
            count(LineState::Open),
            count(LineState::Done),
            count(LineState::Refused),
        ) {
            (0, _, 0) => Some(OrderState::Confirmed),
            (0, 0, _) => Some(OrderState::Failed),
            (0, _, _) => Some(OrderState::Partial),
            _ => None,
        }
    }

    /// The batch that stores it, if it is still as it was read; the revision
    /// moves on.
    pub(crate) fn put(&mut self) -> Result<Batch, StoreError> {
        let known = (self.revision != Revision::default()).then_some(self.revision);
        self.revision = self.revision.next();
        let document = self.to_document()?;
        Ok(Batch::new()
            .expect(Expectation::Document {
                kind: DocumentKind::Order,
                id: self.id.0.clone(),
                revision: known,
            })
            .then(Operation::PutDocument(Box::new(document))))
    }

    fn to_document(&self) -> Result<Document, StoreError> {
        let body = serde_json::to_string(self)
            .map_err(|error| StoreError::Fault(format!("an order can't be written: {error}")))?;
        Ok(Document {
            kind: DocumentKind::Order,
            id: self.id.0.clone(),
            account: self.account.clone(),
            revision: self.revision,
            due: self.due,
            expires: None,
            body,
        })
    }

    /// The order in a stored document.
    pub(crate) fn from_document(document: &Document) -> Result<Self, StoreError> {
        let mut order: Self = serde_json::from_str(&document.body).map_err(|error| {
            let id = &document.id;
            StoreError::Fault(format!("the document of order {id} is damaged: {error}"))
        })?;
        order.due = document.due;
        order.revision = document.revision;
        Ok(order)
    }
}
