//! Whether a carrier and we agree on what is ours: what only we know, what only
//! the carrier knows and is paid for in vain, and what both describe otherwise.
//!
//! Our records are read before the carrier's list and looked at again after it:
//! what is bought or given back meanwhile is no difference.

mod repair;
mod report;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use carriers::{Carrier, OrderId, Orders, Owned, Spending};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::number::Number;
use numbers::revision::Revision;
use serde_json::{Map, Value, json};
use store::{Page, StoreError};

pub use report::{
    CarrierAccount, Difference, DifferenceKind, ReconcileError, Reconciliation, Suggestion,
};

use crate::Engine;

/// How many records are read at once.
const CHUNK: usize = 1000;

/// How many pages a carrier's list may have.
const MOST_PAGES: usize = 100_000;

/// What a record says that matters here.
struct Ours {
    revision: Revision,
    waits: bool,
}

/// The records of one account at a carrier.
type Records = HashMap<E164, Ours>;

/// What came of comparing with one account at a carrier.
pub type Reconciled = (CarrierAccount, Result<Reconciliation, ReconcileError>);

impl Engine {
    /// Compares an account's numbers at a carrier with ours; changes nothing.
    pub async fn reconcile(
        &self,
        account: &CarrierAccount,
    ) -> Result<Reconciliation, ReconcileError> {
        let carrier = self.asked(account).await?;
        let carrier = carrier.ok_or_else(|| ReconcileError::NotAsked(account.carrier.clone()))?;
        let mut records = self.records(|of| of == account).await?;
        let records = records.remove(account).unwrap_or_default();
        self.compared_with(account, carrier.as_ref(), &records)
            .await
    }

    /// Compares the numbers of every account at every carrier, or at one of
    /// them, with ours: the operator's, those of resellers, and those with whose
    /// credentials numbers of ours were bought.
    pub async fn reconcile_all(
        &self,
        only: Option<&CarrierName>,
    ) -> Result<Vec<Reconciled>, StoreError> {
        let is_meant = |name: &CarrierName| only.is_none_or(|only| only == name);
        let operators: Vec<CarrierAccount> = self
            .carriers
            .all()
            .filter(|carrier| is_meant(carrier.name()) && asks(*carrier).is_some())
            .map(|carrier| CarrierAccount {
                carrier: carrier.name().clone(),
                reseller: None,
            })
            .collect();
        let is_asked = |account: &CarrierAccount| match account.reseller {
            Some(_) => is_meant(&account.carrier),
            None => operators.contains(account),
        };
        let mut records = self.records(is_asked).await?;
        let mut accounts: BTreeSet<CarrierAccount> = records.keys().cloned().collect();
        for (reseller, carrier) in self.dealers.set_now().await? {
            accounts.extend(is_meant(&carrier).then_some(CarrierAccount {
                carrier,
                reseller: Some(reseller),
            }));
        }
        accounts.extend(operators);
        let mut told = Vec::new();
        for account in accounts {
            let records = records.remove(&account).unwrap_or_default();
            let report = match self.asked(&account).await {
                Ok(None) => continue,
                Ok(Some(carrier)) => {
                    self.compared_with(&account, carrier.as_ref(), &records)
                        .await
                }
                Err(error) => Err(error),
            };
            told.push((account, report));
        }
        Ok(told)
    }

    /// Where an account is asked for what is ours; `None`: nowhere.
    async fn asked(
        &self,
        account: &CarrierAccount,
    ) -> Result<Option<Arc<dyn Carrier>>, ReconcileError> {
        let carrier = match &account.reseller {
            None => self.carriers.shared(&account.carrier),
            Some(reseller) => {
                let dealer = self.dealers.giving_back(reseller, &account.carrier).await?;
                let gone = || Err("no credentials of it are kept".to_owned());
                let carrier = dealer.map_or_else(gone, |dealer| dealer.carrier);
                Some(carrier.map_err(|reason| ReconcileError::Unusable {
                    account: account.clone(),
                    reason,
                })?)
            }
        };
        Ok(carrier.filter(|carrier| asks(carrier.as_ref()).is_some()))
    }

    async fn compared_with(
        &self,
        account: &CarrierAccount,
        carrier: &dyn Carrier,
        ours: &Records,
    ) -> Result<Reconciliation, ReconcileError> {
        let Some(orders) = asks(carrier) else {
            return Err(ReconcileError::NotAsked(account.carrier.clone()));
        };
        let mut theirs = listed(&account.carrier, orders, None).await?;
        let missing = missing(ours, &theirs);
        let (more, untold) = other_lists(&account.carrier, orders, &missing).await?;
        theirs.extend(more);
        let mut differences = self.only_ours(ours, &theirs, &untold).await?;
        differences.extend(self.theirs(account, &theirs).await?);
        differences.sort_by(|a, b| a.number.cmp(&b.number));
        Ok(Reconciliation {
            account: account.clone(),
            ours: ours.len(),
            theirs: theirs.len(),
            waiting: ours.values().filter(|record| record.waits).count(),
            differences,
        })
    }

    /// The records of the accounts that are wanted, in one pass over all.
    async fn records(
        &self,
        is_wanted: impl Fn(&CarrierAccount) -> bool,
    ) -> Result<HashMap<CarrierAccount, Records>, StoreError> {
        let mut found: HashMap<CarrierAccount, Records> = HashMap::new();
        let mut page = Page::first(CHUNK);
        loop {
            let numbers = self.store.all_numbers(&page).await?;
            let last = numbers.last().map(|number| number.id.clone());
            let more = numbers.len() == CHUNK;
            for number in numbers {
                let account = CarrierAccount::of(&number);
                if is_wanted(&account) {
                    let ours = Ours {
                        revision: number.revision,
                        waits: number.order.is_some(),
                    };
                    found.entry(account).or_default().insert(number.id, ours);
                }
            }
            match last.filter(|_| more) {
                // The last of this page is read again with the next.
                Some(last) => page = Page::starting_at(last, CHUNK),
                None => return Ok(found),
            }
        }
    }

    /// Ours that the carrier doesn't name, and that stayed as they were while
    /// it was asked. Of `untold` numbers it didn't say whether they are.
    async fn only_ours(
        &self,
        ours: &Records,
        theirs: &Lists,
        untold: &HashSet<E164>,
    ) -> Result<Vec<Difference>, StoreError> {
        let missing: Vec<E164> = missing(ours, theirs).into_iter().cloned().collect();
        let mut found = Vec::new();
        for chunk in missing.chunks(CHUNK) {
            let records = self.store.numbers(chunk).await?;
            for record in records.into_iter().flatten() {
                let stayed = ours.get(&record.id);
                if stayed.is_some_and(|ours| ours.revision == record.revision) {
                    let kind = if untold.contains(&record.id) {
                        DifferenceKind::Unknown
                    } else {
                        DifferenceKind::OursNotTheirs
                    };
                    found.push(Difference::of(&record, kind, Suggestion::AskCarrier));
                }
            }
        }
        Ok(found)
    }

    /// The carrier's, against the records as they are now.
    async fn theirs(
        &self,
        account: &CarrierAccount,
        theirs: &Lists,
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
                    Some(record) => found.extend(compared(account, &record, owned)),
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

    /// Compares everything with ours, and tells the log and the metrics.
    pub async fn tell_differences(&self) -> Result<(), StoreError> {
        for (account, report) in self.reconcile_all(None).await? {
            match report {
                Ok(report) => report.tell(),
                Err(error) => {
                    tracing::error!(%account, %error, "a carrier can't be reconciled");
                }
            }
        }
        Ok(())
    }
}

/// Where a carrier is asked. A sandbox knows of nothing that it played.
fn asks(carrier: &dyn Carrier) -> Option<&dyn Orders> {
    let orders = carrier.orders();
    orders.filter(|_| carrier.spending() != Spending::Sandbox)
}

/// What a carrier says is ours, by number.
type Lists = BTreeMap<E164, Owned>;

/// A list of what is ours at the carrier's: all of it, or from a page on.
async fn listed(
    name: &CarrierName,
    orders: &dyn Orders,
    mut from: Option<String>,
) -> Result<Lists, ReconcileError> {
    let mut all = Lists::new();
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

/// Ours that no list has; what waits for an order is on its way.
fn missing<'o>(ours: &'o Records, theirs: &Lists) -> Vec<&'o E164> {
    let missing = ours.iter();
    missing
        .filter(|(number, record)| !record.waits && !theirs.contains_key(*number))
        .map(|(number, _)| number)
        .collect()
}

/// The lists of the countries that missing numbers may be in, where a carrier
/// keeps countries apart; and those numbers of which it doesn't tell.
async fn other_lists(
    name: &CarrierName,
    orders: &dyn Orders,
    missing: &[&E164],
) -> Result<(Lists, HashSet<E164>), ReconcileError> {
    let mut lists = Lists::new();
    let mut untold = HashSet::new();
    // By country, whether it was told.
    let mut asked: HashMap<String, bool> = HashMap::new();
    for &number in missing {
        for country in places::countries(number) {
            let Some(first) = orders.list_of(&country) else {
                continue;
            };
            if !asked.contains_key(&country) {
                let list = listed(name, orders, Some(first)).await;
                asked.insert(country.clone(), list.is_ok());
                match list {
                    Ok(list) => lists.extend(list),
                    Err(ReconcileError::Carrier(error)) => {
                        tracing::warn!(carrier = %name, country, %error, "no list of a country");
                    }
                    Err(error) => return Err(error),
                }
            }
            if asked.get(&country) == Some(&false) {
                untold.insert(number.clone());
            }
        }
    }
    Ok((lists, untold))
}

/// How a record and what the carrier says of the number differ.
fn compared(account: &CarrierAccount, record: &Number, owned: &Owned) -> Option<Difference> {
    if record.order.is_some() {
        return None;
    }
    let mut attributes = Map::new();
    let mut differs = |key: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            attributes.insert(key.to_owned(), json!({"ours": ours, "theirs": theirs}));
        }
    };
    let bought = CarrierAccount::of(record);
    differs("carrier", json!(bought.carrier), json!(account.carrier));
    differs("reseller", json!(bought.reseller), json!(account.reseller));
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
