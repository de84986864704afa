//! Whether a carrier and we agree on what is ours: what only we know, what only
//! the carrier knows and is paid for in vain, and what both describe otherwise.
//!
//! Our records are read before the carrier's list and looked at again after it:
//! what is bought or given back meanwhile is no difference.

mod repair;

use std::collections::{BTreeMap, HashMap, HashSet};

use carriers::{Carrier, CarrierError, Cost, OrderId, Orders, Owned, Spending};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::number::Number;
use numbers::revision::Revision;
use numbers::state::State;
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::{Page, StoreError};

use crate::Engine;
use crate::credentials::credentials_of;

/// How many records are read at once.
const CHUNK: usize = 1000;

/// How many pages a carrier's list may have.
const MOST_PAGES: usize = 100_000;

/// What a carrier and we say of its numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reconciliation {
    /// Which carrier.
    pub carrier: CarrierName,
    /// With which reseller's credentials it was asked; absent: the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reseller: Option<AccountId>,
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
    /// The carrier says it is ours, and we have no record: paid for in vain.
    TheirsNotOurs,
    /// Both have it, and describe it otherwise.
    Attributes,
}

impl DifferenceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OursNotTheirs, Self::TheirsNotOurs, Self::Attributes];

    /// The name in reports and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OursNotTheirs => "ours_not_theirs",
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

/// One account at one carrier: the operator's, or a reseller's own.
#[derive(Clone, Copy)]
struct Here<'a> {
    name: &'a CarrierName,
    reseller: Option<&'a AccountId>,
}

impl Here<'_> {
    fn has(self, number: &Number) -> bool {
        number.carrier == *self.name && credentials_of(number).as_ref() == self.reseller
    }
}

/// What a record says that matters here.
struct Ours {
    revision: Revision,
    waits: bool,
}

impl Engine {
    /// The carriers that can be asked for what is ours.
    pub fn reconcilable(&self) -> Vec<CarrierName> {
        let asked = self.carriers.all();
        let asked = asked.filter(|carrier| asks(*carrier).is_some());
        asked.map(|carrier| carrier.name().clone()).collect()
    }

    /// Compares a carrier's numbers with ours, those of the operator or those
    /// that were bought with a reseller's own credentials; changes nothing.
    pub async fn reconcile(
        &self,
        name: &CarrierName,
        reseller: Option<&AccountId>,
    ) -> Result<Reconciliation, ReconcileError> {
        let carrier = match reseller {
            Some(reseller) => {
                let dealer = self.dealers.giving_back(reseller, name).await?;
                dealer.and_then(|dealer| dealer.carrier.ok())
            }
            None => self.carriers.shared(name),
        };
        let Some(orders) = carrier.as_deref().and_then(asks) else {
            return Err(ReconcileError::NotAsked(name.clone()));
        };
        let here = Here { name, reseller };
        let ours = self.records_of(here).await?;
        let theirs = owned(name, orders).await?;
        let mut differences = self.only_ours(&ours, &theirs).await?;
        differences.extend(self.theirs(here, &theirs).await?);
        differences.sort_by(|a, b| a.number.cmp(&b.number));
        Ok(Reconciliation {
            carrier: name.clone(),
            reseller: reseller.cloned(),
            ours: ours.len(),
            theirs: theirs.len(),
            waiting: ours.values().filter(|record| record.waits).count(),
            differences,
        })
    }

    async fn records_of(&self, here: Here<'_>) -> Result<HashMap<E164, Ours>, StoreError> {
        let mut found = HashMap::new();
        let mut page = Page::first(CHUNK);
        loop {
            let numbers = self.store.all_numbers(&page).await?;
            let last = numbers.last().map(|number| number.id.clone());
            let more = numbers.len() == CHUNK;
            for number in numbers.into_iter().filter(|number| here.has(number)) {
                let ours = Ours {
                    revision: number.revision,
                    waits: number.order.is_some(),
                };
                found.insert(number.id, ours);
            }
            match last.filter(|_| more) {
                // The last of this page is read again with the next.
                Some(last) => page = Page::starting_at(last, CHUNK),
                None => return Ok(found),
            }
        }
    }

    /// Ours that the carrier doesn't name, and that stayed as they were while
    /// it was asked.
    async fn only_ours(
        &self,
        ours: &HashMap<E164, Ours>,
        theirs: &BTreeMap<E164, Owned>,
    ) -> Result<Vec<Difference>, StoreError> {
        let missing = ours.iter();
        let missing: Vec<E164> = missing
            .filter(|(number, record)| !record.waits && !theirs.contains_key(*number))
            .map(|(number, _)| number.clone())
            .collect();
        let mut found = Vec::new();
        for chunk in missing.chunks(CHUNK) {
            let records = self.store.numbers(chunk).await?;
            for record in records.into_iter().flatten() {
                let stayed = ours.get(&record.id);
                if stayed.is_some_and(|ours| ours.revision == record.revision) {
                    let kind = DifferenceKind::OursNotTheirs;
                    found.push(Difference::of(&record, kind, Suggestion::AskCarrier));
                }
            }
        }
        Ok(found)
    }

    /// The carrier's, against the records as they are now.
    async fn theirs(
        &self,
        here: Here<'_>,
        theirs: &BTreeMap<E164, Owned>,
    ) -> Result<Vec<Difference>, StoreError> {
        let keys: Vec<E164> = theirs.keys().cloned().collect();
        let mut found = Vec::new();
        for chunk in keys.chunks(CHUNK) {
            let records = self.store.numbers(chunk).await?;
            for (key, record) in chunk.iter().zip(records) {
                let Some(owned) = theirs.get(key) else {
                    continue;
                };
                match record {
                    Some(record) => found.extend(compared(here, &record, owned)),
                    None => found.push(self.orphan(owned).await?),
                }
            }
        }
        Ok(found)
    }

    async fn orphan(&self, owned: &Owned) -> Result<Difference, StoreError> {
        let order = match &owned.reference {
            Some(id) => self.desk.order(&OrderId(id.clone())).await?,
            None => None,
        };
        let suggestion = match order {
            Some(_) => Suggestion::Adopt,
            None => Suggestion::Release,
        };
        Ok(Difference {
            number: owned.number.clone(),
            kind: DifferenceKind::TheirsNotOurs,
            suggestion,
            state: None,
            account: order.as_ref().and_then(|order| order.account.clone()),
            order: order.map(|order| order.id),
            cost: owned.cost.clone(),
            attributes: Map::new(),
            data: owned.data.clone(),
        })
    }

    /// Compares every carrier's numbers with ours, and tells the log and the
    /// metrics.
    pub async fn reconcile_all(&self) {
        for name in self.reconcilable() {
            match self.reconcile(&name, None).await {
                Ok(report) => report.tell(),
                Err(error) => {
                    tracing::error!(carrier = %name, %error, "a carrier can't be reconciled");
                }
            }
        }
    }
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

    fn tell(&self) {
        for kind in DifferenceKind::ALL {
            let all = self.differences.iter();
            let count = all.filter(|difference| difference.kind == kind).count();
            let labels = [
                ("carrier", self.carrier.to_string()),
                ("kind", kind.as_str().to_owned()),
            ];
            #[expect(clippy::cast_precision_loss, reason = "a count of numbers")]
            metrics::gauge!("numberd_reconcile_differences", &labels).set(count as f64);
            if count > 0 {
                tracing::warn!(
                    carrier = %self.carrier,
                    kind = kind.as_str(),
                    numbers = count,
                    "a carrier and we differ: see `numberd carrier reconcile`"
                );
            }
        }
        tracing::info!(
            carrier = %self.carrier,
            ours = self.ours,
            theirs = self.theirs,
            "reconciled"
        );
    }
}

impl Difference {
    fn of(record: &Number, kind: DifferenceKind, suggestion: Suggestion) -> Self {
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

/// Where a carrier is asked. A sandbox knows of nothing that it played.
fn asks(carrier: &dyn Carrier) -> Option<&dyn Orders> {
    let orders = carrier.orders();
    orders.filter(|_| carrier.spending() != Spending::Sandbox)
}

/// Everything that is ours at the carrier's, by number.
async fn owned(
    name: &CarrierName,
    orders: &dyn Orders,
) -> Result<BTreeMap<E164, Owned>, ReconcileError> {
    let mut all = BTreeMap::new();
    let mut from = None;
    for _ in 0..MOST_PAGES {
        let page = orders.owned(from.as_deref()).await?;
        let numbers = page.numbers.into_iter();
        all.extend(numbers.map(|owned| (owned.number.clone(), owned)));
        if page.next.is_none() {
            return Ok(all);
        }
        if page.next == from {
            break;
        }
        from = page.next;
    }
    Err(ReconcileError::Endless(name.clone()))
}

/// How a record and what the carrier says of the number differ.
fn compared(here: Here<'_>, record: &Number, owned: &Owned) -> Option<Difference> {
    if record.order.is_some() {
        return None;
    }
    let mut attributes = Map::new();
    let mut differs = |key: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            attributes.insert(key.to_owned(), json!({"ours": ours, "theirs": theirs}));
        }
    };
    differs("carrier", json!(record.carrier), json!(here.name));
    differs(
        "reseller",
        json!(credentials_of(record)),
        json!(here.reseller),
    );
    for (key, theirs) in &owned.data {
        if let Some(ours) = record.carrier_data.get(key) {
            differs(key, ours.clone(), theirs.clone());
        }
    }
    (!attributes.is_empty()).then(|| Difference {
        attributes,
        cost: owned.cost.clone(),
        data: owned.data.clone(),
        ..Difference::of(record, DifferenceKind::Attributes, Suggestion::Compare)
    })
}
