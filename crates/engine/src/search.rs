//! Searching for numbers to have (spec/numbers.md 10, spec/life.md 5).
//!
//! Our own stock is read first, a page at a time, by keyset from where the last
//! page ended, so numbers that others take meanwhile don't shift what was
//! shown. Where it isn't enough, carriers are asked; then everything that was
//! found is written down, and every further page comes from that, on any node.
//! Offset 0 begins anew.
//!
//! Pages of our own stock alone are written down, with where the reading goes on,
//! only where other nodes work on the same database and more may follow: a node
//! that is alone remembers them, and a page that is all there is has no next.

mod kept;
mod offers;
mod outside;
mod pages;
mod query;
mod row;
mod wanted;

use std::collections::{BTreeMap, HashSet};

use carriers::{Offer, OwnStock};
use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use store::{Stock, StockQuery, StoreError};

use crate::context::now;
use crate::places::Facts;
use crate::{Engine, EngineError};

pub(crate) use pages::SearchPages;
pub use query::SearchQuery;
pub use row::{CarrierClass, SearchRow};

use kept::Kept;
use outside::{MOST_OFFERS, shared_out};
use pages::{Pages, Shared};
use row::Hit;
use wanted::{QueryId, Wanted};

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The numbers.
    pub rows: Vec<SearchRow>,
    /// Carriers that were asked and didn't answer, and why: for administrators.
    pub silent: BTreeMap<CarrierName, String>,
    /// Why nothing was found, where there can be no such numbers, or our own
    /// stock has none of the country.
    pub why_none: Option<String>,
}

/// Which of a query's results are shown.
#[derive(Clone, Copy)]
struct Span {
    first: usize,
    /// Without it.
    last: usize,
    now: GregorianSeconds,
}

impl Span {
    fn of(self, hits: &[Hit]) -> Vec<SearchRow> {
        let last = self.last.min(hits.len());
        let shown = hits.get(self.first..last).unwrap_or_default();
        shown
            .iter()
            .map(|hit| SearchRow::new(hit, self.now))
            .collect()
    }
}

impl Engine {
    /// Numbers that the account can have, own stock first, then what carriers
    /// outside sell, which the account may then order; without an account, what
    /// is for sale to everybody of the own stock. `caller` is the token's account, whose
    /// query it is.
    pub async fn search(
        &self,
        caller: Option<&AccountId>,
        account: Option<&Account>,
        query: &SearchQuery,
    ) -> Result<Found, EngineError> {
        let wanted = match self.wanted(query)? {
            Ok(wanted) => wanted,
            Err(why) => {
                return Ok(Found {
                    why_none: Some(why),
                    ..Found::default()
                });
            }
        };
        let mut found = self.find(caller, account, query, wanted.clone()).await?;
        if found.rows.is_empty() && query.offset == 0 {
            let buyer = account.filter(|_| caller.is_some());
            found.why_none = self
                .why_none(buyer, account, &wanted, &found.silent)
                .await?;
        }
        Ok(found)
    }

    async fn find(
        &self,
        caller: Option<&AccountId>,
        account: Option<&Account>,
        query: &SearchQuery,
        wanted: Wanted,
    ) -> Result<Found, EngineError> {
        let most = self.settings.number_manager.maximum_search_quantity;
        let last = query.offset.saturating_add(query.quantity.max(1).min(most));
        let span = Span {
            first: query.offset,
            last,
            now: now(),
        };
        let id = QueryId {
            wanted,
            account: account.map(|account| account.id.clone()),
            caller: caller.cloned(),
        };
        // Nobody without a token makes carriers work, or us write.
        let holder = account.filter(|_| caller.is_some());
        let buyer = holder.filter(|_| self.looks_outside());
        let keeper = holder.filter(|_| self.settings.many_nodes);
        let kept = match buyer.or(keeper).filter(|_| span.first > 0) {
            Some(reader) => self.kept_search(&reader.id, &id, span.now).await?,
            None => None,
        };
        let pages = match kept {
            Some(kept) if kept.shows(last) => {
                return Ok(Found {
                    rows: span.of(&kept.hits),
                    silent: kept.silent,
                    why_none: None,
                });
            }
            Some(kept) => self.searches.put(id.clone(), kept.resume(&id.wanted)),
            None => self.own_pages(account, &id, span).await?,
        };
        let mut pages = pages.lock().await;
        let known = pages.found().len();
        pages
            .grow(self.store.as_ref(), &self.overlays.get(), last, span.now)
            .await?;
        if let Some(buyer) = buyer
            && pages.found().len() < last
            && let Some(found) = self.go_outside(buyer, &id, pages.found(), span).await?
        {
            return Ok(found);
        }
        let more_may_follow = buyer.is_some() || span.first > 0 || pages.goes_on();
        if let Some(keeper) = keeper
            && more_may_follow
        {
            if pages.found().len() > known {
                let kept = Kept::of_pages(&id, &pages);
                let begun = pages.begun();
                self.keep_search(&keeper.id, &id, &kept, &[], begun).await?;
            }
        } else if span.first == 0
            && let Some(reader) = buyer.or(keeper)
        {
            self.forget_search(&reader.id, &id, span.now).await?;
        }
        Ok(Found {
            rows: span.of(pages.found()),
            ..Found::default()
        })
    }

    /// Why nothing was found, where our own stock has no number of the country.
    async fn why_none(
        &self,
        buyer: Option<&Account>,
        account: Option<&Account>,
        wanted: &Wanted,
        silent: &BTreeMap<CarrierName, String>,
    ) -> Result<Option<String>, EngineError> {
        let (country, code) = wanted.country();
        for stock in self.searched_stock(account).await? {
            let any = StockQuery {
                stock,
                prefix: code.to_owned(),
                after: None,
                limit: 1,
            };
            if !self.store.stock(&any).await?.is_empty() {
                return Ok(None);
            }
        }
        let shelves = match buyer {
            Some(buyer) => self.outside(buyer).await?,
            None => Vec::new(),
        };
        let query = wanted.of_carriers(1);
        let asked = shelves.iter().filter(|shelf| shelf.serves(&query));
        let asked: Vec<&CarrierName> = asked.map(|shelf| &shelf.name).collect();
        if asked.is_empty() {
            let text = format!("nobody who is searched has numbers of {country} ({code})");
            return Ok(Some(text));
        }
        // Who is silent is named besides.
        let answered = asked.into_iter().filter(|name| !silent.contains_key(*name));
        let answered: Vec<&str> = answered.map(CarrierName::as_str).collect();
        Ok((!answered.is_empty()).then(|| {
            let answered = answered.join(", ");
            format!("no number of {country} ({code}) is in stock, and none that fits at {answered}")
        }))
    }

    /// A query's results of our own stock so far: those of a running query, or
    /// none.
    async fn own_pages(
        &self,
        account: Option<&Account>,
        id: &QueryId,
        span: Span,
    ) -> Result<Shared, StoreError> {
        let running = self.searches.get(id).filter(|_| span.first > 0);
        if let Some(running) = running {
            return Ok(running);
        }
        let stock = self.searched_stock(account).await?;
        let most = self.settings.number_manager.maximum_search_quantity;
        let pages = Pages::new(&stock, id.wanted.clone(), most, span.now);
        Ok(self.searches.put(id.clone(), pages))
    }

    /// Adds what carriers sell to what our own stock has, and keeps all of it;
    /// `None`: no carrier is searched.
    async fn go_outside(
        &self,
        buyer: &Account,
        id: &QueryId,
        own: &[Hit],
        span: Span,
    ) -> Result<Option<Found>, EngineError> {
        let shelves = self.outside(buyer).await?;
        if shelves.is_empty() {
            return Ok(None);
        }
        let most = self.settings.number_manager.maximum_search_quantity;
        let query = id.wanted.of_carriers(most);
        let answers = self.ask_for_offers(&shelves, &query).await;
        let asked = now();
        let made = self.sellable(buyer, answers.said, own).await?;
        let overlays = self.overlays.get();
        let offered = made.iter().map(|offer| {
            let facts = Facts::new(&overlays, offer.number().digits(), None);
            Hit::offered(offer, &facts, asked)
        });
        let hits = own.iter().cloned().chain(offered).collect();
        let kept = Kept::new(id, hits, answers.silent);
        self.keep_search(&buyer.id, id, &kept, &made, asked).await?;
        Ok(Some(Found {
            rows: Span { now: asked, ..span }.of(&kept.hits),
            silent: kept.silent,
            why_none: None,
        }))
    }

    /// Each offered number once, without what is no whole number, and without
    /// those that have a record here: a carrier may go on offering what we
    /// bought from it. The carriers share what room there is.
    async fn sellable(
        &self,
        buyer: &Account,
        mut offered: Vec<Vec<Offer>>,
        own: &[Hit],
    ) -> Result<Vec<Offer>, StoreError> {
        let numbering = self.numbering(Some(buyer));
        let is_number = |offer: &Offer| {
            let key = numbering.key(offer.number().as_str());
            key.is_ok_and(|key| key == *offer.number())
        };
        let mut seen: HashSet<E164> = own.iter().map(|hit| hit.number.clone()).collect();
        for offers in &mut offered {
            offers.retain(|offer| is_number(offer) && seen.insert(offer.number().clone()));
        }
        let mut offers = shared_out(offered, MOST_OFFERS);
        let keys: Vec<E164> = offers.iter().map(|offer| offer.number().clone()).collect();
        let mut known = self.store.numbers(&keys).await?.into_iter();
        offers.retain(|_| known.next().flatten().is_none());
        Ok(offers)
    }

    /// Whether any carrier can be asked at all.
    fn looks_outside(&self) -> bool {
        let mut carriers = self.carriers.all();
        let own_credentials = self.dealers.key().is_some();
        own_credentials || carriers.any(|carrier| carrier.offers().is_some())
    }

    /// Where an account's searches look, in order, each once: its own reserved
    /// numbers, its reseller's, the local stock, then what its reseller's
    /// `carrier_modules` names. Without an account, only what is for everybody.
    pub(crate) async fn searched_stock(
        &self,
        account: Option<&Account>,
    ) -> Result<Vec<Stock>, StoreError> {
        let reseller = match account {
            Some(account) => Some(self.reseller_of(account).await?),
            None => None,
        };
        let names = self.names_searched(reseller.as_deref());
        let own = account.map(|account| account.id.clone());
        let above = reseller
            .map(|reseller| reseller.id.clone())
            .filter(|id| Some(id) != own.as_ref());
        let mut stock = Vec::new();
        for name in names {
            let Some(carrier) = self.carriers.get(&name) else {
                continue;
            };
            let (own, above) = (own.clone(), above.clone());
            match carrier.stock() {
                OwnStock::None => {}
                OwnStock::Available => stock.push(Stock::Carrier(name)),
                OwnStock::Pool => {
                    let pools = own.into_iter().chain(above);
                    stock.extend(pools.map(|id| Stock::Pool(name.clone(), id)));
                }
                OwnStock::Reserved => stock.extend(own.map(Stock::Reserved)),
                OwnStock::ReservedByReseller => stock.extend(above.map(Stock::Reserved)),
            }
        }
        Ok(stock)
    }

    fn names_searched(&self, reseller: Option<&Account>) -> Vec<CarrierName> {
        let mut names = ["reserved", "reserved_reseller", "local"]
            .map(CarrierName::new)
            .to_vec();
        for name in self.searched_carriers(reseller) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// `carrier_modules` of the reseller, else of the system.
    pub(crate) fn searched_carriers(&self, reseller: Option<&Account>) -> Vec<CarrierName> {
        let own = reseller
            .and_then(|reseller| reseller.number_manager.get("carrier_modules"))
            .and_then(|modules| modules.as_array());
        if let Some(modules) = own {
            modules
                .iter()
                .filter_map(|name| name.as_str())
                .map(CarrierName::new)
                .collect()
        } else {
            let modules = &self.settings.number_manager.carrier_modules;
            modules.iter().map(|name| CarrierName::new(name)).collect()
        }
    }
}
