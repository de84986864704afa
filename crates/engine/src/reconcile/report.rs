//! What a reconciliation tells.

use std::collections::HashSet;
use std::fmt;

use carriers::{CarrierError, Cost, OrderId};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::number::Number;
use numbers::state::State;
use serde::Serialize;
use serde_json::{Map, Value};
use store::StoreError;

use crate::credentials::credentials_of;

/// An account at a carrier: the operator's, or one of a reseller's own. Each has
/// numbers of its own there, and a list of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct CarrierAccount {
    /// Which carrier.
    pub carrier: CarrierName,
    /// With which reseller's credentials it is asked; absent: the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reseller: Option<AccountId>,
}

impl CarrierAccount {
    /// Where a number was bought.
    pub(super) fn of(number: &Number) -> Self {
        Self {
            carrier: number.carrier.clone(),
            reseller: credentials_of(number),
        }
    }
}

impl fmt::Display for CarrierAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reseller {
            Some(reseller) => write!(f, "{}, reseller {reseller}", self.carrier),
            None => write!(f, "{}", self.carrier),
        }
    }
}

/// What a carrier and we say of its numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reconciliation {
    /// Which account at which carrier.
    #[serde(flatten)]
    pub account: CarrierAccount,
    /// How many numbers we have of it.
    pub ours: usize,
    /// How many it says are ours.
    pub theirs: usize,
    /// How many of ours wait for an order, and were passed over.
    pub waiting: usize,
    /// Where we differ, in the order of the numbers.
    pub differences: Vec<Difference>,
}

/// A number of which a carrier and we say different things.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Which.
    pub number: E164,
    /// What is different.
    pub kind: DifferenceKind,
    /// What could be done.
    pub suggestion: Suggestion,
    /// The state of our record, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Who has it; or, where we have no record, for whom it was ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Our order that the carrier names, where it names one that we know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// What it costs, where the carrier says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Attributes that differ: name → `{ours, theirs}`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
    /// What the carrier says of it, to be taken over with it.
    #[serde(skip)]
    pub data: Map<String, Value>,
}

/// How a carrier and we differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// We have it, and the carrier says it isn't ours.
    OursNotTheirs,
    /// We have it, and the carrier doesn't tell whether it is ours.
    Unknown,
    /// The carrier says it is ours, and we have no record: paid for in vain.
    TheirsNotOurs,
    /// Both have it, and describe it otherwise.
    Attributes,
}

impl DifferenceKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::OursNotTheirs,
        Self::Unknown,
        Self::TheirsNotOurs,
        Self::Attributes,
    ];

    /// The name in reports and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OursNotTheirs => "ours_not_theirs",
            Self::Unknown => "unknown",
            Self::TheirsNotOurs => "theirs_not_ours",
            Self::Attributes => "attributes",
        }
    }
}

/// What could be done about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Suggestion {
    /// Ask the carrier what became of it: calls to it don't arrive.
    AskCarrier,
    /// Take it into the stock: we ordered it once.
    Adopt,
    /// Give it back: nobody here knows of it.
    Release,
    /// Look which is right.
    Compare,
}

impl Suggestion {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AskCarrier => "ask_carrier",
            Self::Adopt => "adopt",
            Self::Release => "release",
            Self::Compare => "compare",
        }
    }
}

/// Why a carrier can't be compared with.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReconcileError {
    /// It isn't configured, or has no interface for that.
    #[error("the carrier '{0}' can't be asked: it has no [carriers.{0}], or is a sandbox")]
    NotAsked(CarrierName),
    /// A reseller's own account there can't be asked.
    #[error("{account}: it can't be asked: {reason}")]
    Unusable {
        /// Which.
        account: CarrierAccount,
        /// Why.
        reason: String,
    },
    /// It didn't tell.
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    /// It tells more than anybody owns.
    #[error("the list of '{0}' has no end")]
    Endless(CarrierName),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reconciliation {
    /// What only the carrier knows.
    pub fn orphans(&self) -> impl Iterator<Item = &Difference> {
        let all = self.differences.iter();
        all.filter(|difference| difference.kind == DifferenceKind::TheirsNotOurs)
    }

    /// Leaves only these numbers' differences.
    pub fn keep_only(&mut self, numbers: &HashSet<E164>) {
        self.differences
            .retain(|difference| numbers.contains(&difference.number));
    }

    pub(super) fn tell(&self) {
        for kind in DifferenceKind::ALL {
            let all = self.differences.iter();
            let count = all.filter(|difference| difference.kind == kind).count();
            let reseller = self.account.reseller.as_ref();
            let labels = [
                ("carrier", self.account.carrier.to_string()),
                // The operator's is as if there were no such label.
                (
                    "reseller",
                    reseller.map(ToString::to_string).unwrap_or_default(),
                ),
                ("kind", kind.as_str().to_owned()),
            ];
            #[expect(clippy::cast_precision_loss, reason = "a count of numbers")]
            metrics::gauge!("numberd_reconcile_differences", &labels).set(count as f64);
            if count > 0 {
                tracing::warn!(
                    account = %self.account,
                    kind = kind.as_str(),
                    numbers = count,
                    "a carrier and we differ: see `numberd carrier reconcile`"
                );
            }
        }
        tracing::info!(
            account = %self.account,
            ours = self.ours,
            theirs = self.theirs,
            "reconciled"
        );
    }
}

impl Difference {
    pub(super) fn of(record: &Number, kind: DifferenceKind, suggestion: Suggestion) -> Self {
        Self {
            number: record.id.clone(),
            kind,
            suggestion,
            state: Some(record.state),
            account: record.owner.clone(),
            order: None,
            cost: None,
            attributes: Map::new(),
            data: Map::new(),
        }
    }
}
