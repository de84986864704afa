//! The results of running queries, kept for the pages that follow.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use carriers::Offer;
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use store::{Stock, StockQuery, Store, StoreError};

use super::outside::Answers;
use super::{SearchRow, Shared};
use crate::places::overlays::Overlays;
use crate::places::{CityQuery, Facts};

/// How many queries' results are kept.
const QUERIES: usize = 1024;

/// How long a query's results are kept (spec/numbers.md 7).
const LIFETIME: Duration = Duration::from_mins(15);

/// Whose query for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct QueryId {
    pub(super) wanted: Wanted,
    pub(super) account: Option<AccountId>,
    pub(super) caller: Option<AccountId>,
}

/// Which numbers are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    /// What they begin with, from `+` on.
    pub(super) beginnings: Vec<String>,
    /// What others begin with that may be wanted too: those whose record alone
    /// says where they are.
    pub(super) beyond: Option<String>,
    /// Where they are.
    pub(super) place: Option<CityQuery>,
}

/// How many numbers are looked at for those of a place.
const LOOKED_AT: usize = 20_000;

/// How many are read at once for that.
const CHUNK: usize = 500;

/// A part of the stock and how far it was read.
#[derive(Debug)]
struct Source {
    stock: Stock,
    prefix: String,
    after: Option<E164>,
    /// How many more numbers it may give; none, when there are no more.
    left: usize,
}

/// What a query has found so far, and where it goes on.
pub(crate) struct Pages {
    place: Option<CityQuery>,
    /// How many numbers may still be looked at for those of a place.
    looks: usize,
    sources: Vec<Source>,
    found: Vec<SearchRow>,
    seen: HashSet<E164>,
    /// What carriers outside sell; `None`: they weren't asked yet.
    outside: Option<HashMap<E164, Offer>>,
    silent: BTreeMap<CarrierName, String>,
    /// What they are asked for; `None`: they can't be.
    asked_for: Option<String>,
}

impl Pages {
    /// Each part of the stock gives `most` numbers at most.
    pub(super) fn new(stock: &[Stock], wanted: Wanted, most: usize) -> Self {
        let source = |stock: &Stock, prefix: &String| Source {
            stock: stock.clone(),
            prefix: prefix.clone(),
            after: None,
            left: most,
        };
        let known = &wanted.beginnings;
        let known = stock
            .iter()
            .flat_map(|stock| known.iter().map(move |prefix| source(stock, prefix)));
        let beyond = wanted.beyond.iter();
        let beyond = beyond.flat_map(|prefix| stock.iter().map(move |stock| source(stock, prefix)));
        Self {
            outside: None,
            silent: BTreeMap::new(),
            asked_for: match &wanted.beginnings[..] {
                [one] => Some(one.clone()),
                _ => None,
            },
            sources: known.chain(beyond).collect(),
            looks: LOOKED_AT,
            place: wanted.place,
            found: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Reads on until there are `wanted` results or the sources are exhausted.
    pub(super) async fn grow(
        &mut self,
        store: &dyn Store,
        overlays: &Overlays,
        wanted: usize,
    ) -> Result<(), StoreError> {
        while self.found.len() < wanted {
            let Some(source) = self.sources.iter_mut().find(|source| source.left > 0) else {
                return Ok(());
            };
            if self.looks == 0 {
                return Ok(());
            }
            let limit = match self.place {
                None => source.left.min(wanted - self.found.len()),
                Some(_) => CHUNK.min(self.looks),
            };
            let query = StockQuery {
                stock: source.stock.clone(),
                prefix: source.prefix.clone(),
                after: source.after.clone(),
                limit,
            };
            let numbers = store.stock(&query).await?;
            let exhausted = numbers.len() < limit;
            if self.place.is_some() {
                self.looks -= numbers.len().min(self.looks);
            }
            for number in numbers {
                if source.left == 0 {
                    break;
                }
                source.after = Some(number.id.clone());
                let facts = Facts::new(overlays, number.id.digits(), Some(&number));
                let is_there = self
                    .place
                    .as_ref()
                    .is_none_or(|place| place.includes(&facts));
                if is_there {
                    source.left -= 1;
                    if self.seen.insert(number.id.clone()) {
                        self.found.push(SearchRow::new(&number, &facts));
                    }
                }
            }
            if exhausted {
                source.left = 0;
            }
        }
        Ok(())
    }

    /// Whether carriers outside are to be asked: there are fewer than `wanted`
    /// results, and they weren't yet.
    pub(super) fn wants_outside(&self, wanted: usize) -> bool {
        self.found.len() < wanted && self.outside.is_none() && self.asked_for.is_some()
    }

    /// What carriers outside are asked for: `+1415`.
    pub(super) fn prefix(&self) -> &str {
        self.asked_for.as_deref().unwrap_or_default()
    }

    /// Adds what carriers outside answered, behind the own stock.
    pub(super) fn add_outside(&mut self, answers: Answers, overlays: &Overlays) {
        let mut offers = HashMap::new();
        for offer in answers.offers {
            if self.seen.insert(offer.number().clone()) {
                let facts = Facts::new(overlays, offer.number().digits(), None);
                self.found.push(SearchRow::offered(&offer, &facts));
                offers.insert(offer.number().clone(), offer);
            }
        }
        self.outside = Some(offers);
        self.silent = answers.silent;
    }

    /// The offers behind some of the results.
    pub(super) fn offers_of(&self, rows: &[SearchRow]) -> Vec<Offer> {
        let offers = self.outside.as_ref();
        rows.iter()
            .filter_map(|row| offers?.get(&row.number).cloned())
            .collect()
    }

    /// Carriers outside that didn't answer, and why.
    pub(super) const fn silent(&self) -> &BTreeMap<CarrierName, String> {
        &self.silent
    }

    /// Results from `first` up to, but without, `last`.
    pub(super) fn rows(&self, first: usize, last: usize) -> Vec<SearchRow> {
        let last = last.min(self.found.len());
        self.found.get(first..last).unwrap_or_default().to_vec()
    }
}

/// The results of running queries; the oldest go first.
#[derive(Default)]
pub(crate) struct SearchPages {
    running: Mutex<HashMap<QueryId, (Instant, Shared)>>,
}

impl SearchPages {
    pub(super) fn get(&self, id: &QueryId) -> Option<Shared> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .get(id)
            .filter(|(begun, _)| begun.elapsed() < LIFETIME)
            .map(|(_, pages)| Arc::clone(pages))
    }

    pub(super) fn put(&self, id: QueryId, pages: Pages) -> Shared {
        let pages = Arc::new(tokio::sync::Mutex::new(pages));
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= QUERIES {
            running.retain(|_, (begun, _)| begun.elapsed() < LIFETIME);
        }
        if running.len() >= QUERIES
            && let Some(oldest) = running
                .iter()
                .min_by_key(|(_, (begun, _))| *begun)
                .map(|(id, _)| id.clone())
        {
            running.remove(&oldest);
        }
        running.insert(id, (Instant::now(), Arc::clone(&pages)));
        pages
    }
}
