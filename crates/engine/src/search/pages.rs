//! What running queries found in our own stock, kept for the pages that follow.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use serde::{Deserialize, Serialize};
use store::{Stock, StockQuery, Store, StoreError};

use super::row::Hit;
use super::wanted::{QueryId, Wanted};
use crate::places::Facts;
use crate::places::overlays::Overlays;

/// How many queries' results are kept.
const QUERIES: usize = 1024;

/// How long a query's results are kept (spec/numbers.md 7).
pub(super) const LIFETIME: Duration = Duration::from_mins(15);

/// How many numbers are looked at for those of a place, or with a filter.
const LOOKED_AT: usize = 20_000;

/// How many of our own numbers one query finds at most.
const MOST_FOUND: usize = 3_000;

/// How many are read at once where some are sifted out.
const CHUNK: usize = 500;

/// A part of the stock and how far it was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Source {
    stock: Stock,
    prefix: String,
    after: Option<E164>,
    /// How many more numbers it may give; none, when there are no more.
    left: usize,
    /// The beginning of what may become a block of consecutive numbers.
    run: Vec<Hit>,
}

/// What a query has found in our own stock so far, and where it goes on.
pub(crate) struct Pages {
    wanted: Wanted,
    /// How many numbers may still be looked at, where some are sifted out.
    looks: usize,
    sources: Vec<Source>,
    found: Vec<Hit>,
    seen: HashSet<E164>,
    /// Since when what was found is kept.
    begun: GregorianSeconds,
}

/// Where a query goes on that has found something.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Rest {
    begun: GregorianSeconds,
    looks: usize,
    sources: Vec<Source>,
}

/// Many callers' search results at once, shared with the engine.
pub(crate) type Shared = Arc<tokio::sync::Mutex<Pages>>;

impl Pages {
    /// Each part of the stock gives `most` numbers at most.
    pub(super) fn new(
        stock: &[Stock],
        wanted: Wanted,
        most: usize,
        begun: GregorianSeconds,
    ) -> Self {
        let source = |stock: &Stock, prefix: &String| Source {
            stock: stock.clone(),
            prefix: prefix.clone(),
            after: None,
            left: most,
            run: Vec::new(),
        };
        let known = &wanted.beginnings;
        let known = stock
            .iter()
            .flat_map(|stock| known.iter().map(move |prefix| source(stock, prefix)));
        let beyond = wanted.beyond.iter();
        let beyond = beyond.flat_map(|prefix| stock.iter().map(move |stock| source(stock, prefix)));
        Self {
            sources: known.chain(beyond).collect(),
            looks: LOOKED_AT,
            wanted,
            found: Vec::new(),
            seen: HashSet::new(),
            begun,
        }
    }

    /// Those of a query that another node began, or this one before.
    pub(super) fn resumed(wanted: Wanted, found: Vec<Hit>, rest: Rest) -> Self {
        Self {
            wanted,
            looks: rest.looks,
            sources: rest.sources,
            seen: found.iter().map(|hit| hit.number.clone()).collect(),
            found,
            begun: rest.begun,
        }
    }

    /// Where it goes on.
    pub(super) fn rest(&self) -> Rest {
        let sources = self.sources.iter().filter(|source| source.left > 0);
        Rest {
            begun: self.begun,
            looks: self.looks,
            sources: sources.cloned().collect(),
        }
    }

    /// Whether there may be more than was found.
    pub(super) fn goes_on(&self) -> bool {
        let may_give = self.sources.iter().any(|source| source.left > 0);
        may_give && self.looks > 0 && self.found.len() < MOST_FOUND
    }

    /// Since when what was found is kept.
    pub(super) const fn begun(&self) -> GregorianSeconds {
        self.begun
    }

    /// Reads on until there are `wanted` results, or as many as one query finds,
    /// or the sources are exhausted.
    pub(super) async fn grow(
        &mut self,
        store: &dyn Store,
        overlays: &Overlays,
        wanted: usize,
        now: GregorianSeconds,
    ) -> Result<(), StoreError> {
        let sifts = self.wanted.sifts();
        let wanted = wanted.min(MOST_FOUND);
        while self.found.len() < wanted && self.looks > 0 {
            let next = self.sources.iter().position(|source| source.left > 0);
            let Some(index) = next else {
                return Ok(());
            };
            let source = &self.sources[index];
            let limit = if sifts {
                CHUNK.min(self.looks)
            } else {
                source.left.min(wanted - self.found.len())
            };
            let query = StockQuery {
                stock: source.stock.clone(),
                prefix: source.prefix.clone(),
                after: source.after.clone(),
                limit,
            };
            let numbers = store.stock(&query).await?;
            let exhausted = numbers.len() < limit;
            if sifts {
                self.looks -= numbers.len().min(self.looks);
            }
            for number in numbers {
                if self.sources[index].left == 0 {
                    break;
                }
                self.look_at(index, &number, overlays, now);
            }
            if exhausted {
                self.sources[index].left = 0;
            }
        }
        Ok(())
    }

    /// Takes a number that a source gave, if it is wanted.
    fn look_at(
        &mut self,
        index: usize,
        number: &Number,
        overlays: &Overlays,
        now: GregorianSeconds,
    ) {
        let source = &mut self.sources[index];
        source.after = Some(number.id.clone());
        let facts = Facts::new(overlays, number.id.digits(), Some(number));
        if !self.wanted.admits(number, &facts) || self.seen.contains(&number.id) {
            return;
        }
        let hit = Hit::own(number, &facts, now);
        let whole = match self.wanted.block_size() {
            None => vec![hit],
            Some(size) => match source.with(hit, size) {
                Some(block) => block,
                None => return,
            },
        };
        if whole.len() > source.left {
            source.left = 0;
            return;
        }
        source.left -= whole.len();
        self.seen.extend(whole.iter().map(|hit| hit.number.clone()));
        self.found.extend(whole);
    }

    /// What was found.
    pub(super) fn found(&self) -> &[Hit] {
        &self.found
    }
}

impl Source {
    /// The block that this number makes whole.
    fn with(&mut self, hit: Hit, size: usize) -> Option<Vec<Hit>> {
        let follows = self
            .run
            .last()
            .is_some_and(|last| value(&last.number).checked_add(1) == Some(value(&hit.number)));
        if !follows {
            self.run.clear();
        }
        self.run.push(hit);
        (self.run.len() == size).then(|| std::mem::take(&mut self.run))
    }
}

/// A number's digits as an integer: at most fifteen.
fn value(number: &E164) -> u64 {
    number.digits().parse().unwrap_or_default()
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
