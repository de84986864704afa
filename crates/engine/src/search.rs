//! Searching for numbers to have (spec/numbers.md 10, spec/life.md 5).
//!
//! A query's answer is a list that grows as pages are asked for: each source
//! is read by keyset from where the last page ended, so numbers that others
//! take meanwhile don't shift what was shown. Offset 0 begins anew.

mod offers;
mod outside;
mod pages;
mod row;

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use carriers::OwnStock;
use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};
use store::{Stock, StoreError};

use crate::context::now;
use crate::places::CityQuery;
use crate::{Engine, EngineError, FieldError};

pub(crate) use pages::SearchPages;
pub use row::SearchRow;

use pages::{Pages, QueryId, Wanted};

/// Fewest and most characters of a prefix (spec/http.md 6.2).
const PREFIX_LENGTH: std::ops::RangeInclusive<usize> = 3..=10;

/// A city's or a state's numbers are looked for by so many beginnings at most.
const MOST_BEGINNINGS: usize = 64;

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// What the numbers begin with, after the country code; or from `+` on.
    /// May be absent where a city or state is named.
    pub prefix: Option<String>,
    /// In which city, by its name or the beginning of it.
    pub city: Option<String>,
    /// In which state or province.
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2 country; `None`: the configured one.
    pub country: Option<String>,
    /// How many numbers at most.
    pub quantity: usize,
    /// How many results come before these.
    pub offset: usize,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The numbers.
    pub rows: Vec<SearchRow>,
    /// Carriers that were asked and didn't answer, and why: for administrators.
    pub silent: BTreeMap<CarrierName, String>,
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
        let country = query
            .country
            .as_deref()
            .unwrap_or(&self.settings.number_manager.default_country);
        let Some(wanted) = self.wanted_numbers(query, country)? else {
            return Ok(Found::default());
        };
        let most = self.settings.number_manager.maximum_search_quantity;
        let first = query.offset;
        let last = first.saturating_add(query.quantity.max(1).min(most));
        let id = QueryId {
            wanted,
            account: account.map(|account| account.id.clone()),
            caller: caller.cloned(),
        };
        let running = self.searches.get(&id).filter(|_| query.offset > 0);
        let pages = if let Some(pages) = running {
            pages
        } else {
            let stock = self.searched_stock(account).await?;
            let pages = Pages::new(&stock, id.wanted.clone(), most);
            self.searches.put(id, pages)
        };
        let mut pages = pages.lock().await;
        pages
            .grow(self.store.as_ref(), &self.overlays.get(), last)
            .await?;
        // Nobody without a token makes carriers work.
        if let (Some(account), Some(_)) = (account, caller)
            && pages.wants_outside(last)
        {
            let names = self.searched_names(account).await?;
            let prefix = pages.prefix().to_owned();
            let answers = self.ask_outside(&names, &prefix, country, query).await;
            pages.add_outside(answers, &self.overlays.get());
        }
        let rows = pages.rows(first, last);
        if let Some(account) = account {
            let shown = pages.offers_of(&rows);
            self.keep_offers(&account.id, &shown, now()).await?;
        }
        Ok(Found {
            rows,
            silent: pages.silent().clone(),
        })
    }

    /// What the numbers begin with, and where they are; `None`: there can be
    /// none.
    fn wanted_numbers(
        &self,
        query: &SearchQuery,
        country: &str,
    ) -> Result<Option<Wanted>, EngineError> {
        let prefix = match &query.prefix {
            Some(prefix) => {
                let cleaned = cleaned_prefix(prefix, country)?;
                let Some(prefix) = with_country_code(&cleaned, country) else {
                    return Ok(None);
                };
                Some(prefix)
            }
            None => None,
        };
        let (city, state) = (query.city.as_deref(), query.state.as_deref());
        if city.is_none() && state.is_none() {
            return Ok(Some(Wanted {
                beginnings: prefix.into_iter().collect(),
                beyond: None,
                place: None,
            }));
        }
        let Some(place) = CityQuery::new(city.unwrap_or_default(), state, country)? else {
            return Ok(None);
        };
        let (beginnings, beyond) = if let Some(prefix) = prefix {
            (vec![prefix], None)
        } else {
            let known = place.beginnings(&self.overlays.get(), MOST_BEGINNINGS);
            (known.into_iter().collect(), Some(place.country_beginning()))
        };
        Ok(Some(Wanted {
            beginnings,
            beyond,
            place: Some(place),
        }))
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

    /// The carriers that an account's searches ask, in order.
    async fn searched_names(&self, account: &Account) -> Result<Vec<CarrierName>, StoreError> {
        let reseller = self.reseller_of(account).await?;
        Ok(self.names_searched(Some(&reseller)))
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

/// The prefix without white space and the trailing `*` of toll-free patterns,
/// and the country, checked (spec/http.md 6.2, 7.7). The `*` counts for the
/// length: `80*` is what clients send for every toll-free number.
fn cleaned_prefix(prefix: &str, country: &str) -> Result<String, EngineError> {
    let typed: String = prefix.chars().filter(|c| !c.is_whitespace()).collect();
    let cleaned = typed.trim_end_matches('*');
    let mut errors = Vec::new();
    let length = typed.strip_prefix('+').unwrap_or(&typed).chars().count();
    let says_nothing = cleaned.trim_start_matches('+').is_empty();
    if says_nothing || length < *PREFIX_LENGTH.start() {
        let least = *PREFIX_LENGTH.start();
        errors.push(FieldError::too_short("prefix", least, &typed));
    } else if length > *PREFIX_LENGTH.end() && !typed.starts_with('+') || length > 15 {
        let most = *PREFIX_LENGTH.end();
        errors.push(FieldError::too_long("prefix", most, &typed));
    }
    match country.chars().count() {
        2 => {}
        0 | 1 => errors.push(FieldError::too_short("country", 2, country)),
        _ => errors.push(FieldError::too_long("country", 2, country)),
    }
    if errors.is_empty() {
        Ok(cleaned.to_owned())
    } else {
        Err(EngineError::Validation(errors))
    }
}

/// The beginning of the keys that are meant; `None` when there can be none: an
/// unknown country, or letters in the prefix.
fn with_country_code(prefix: &str, country: &str) -> Option<String> {
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(digits) = prefix.strip_prefix('+') {
        return all_digits(digits).then(|| prefix.to_owned());
    }
    let code = country_code(country)?;
    all_digits(prefix).then(|| format!("+{code}{prefix}"))
}

/// The code that a country is called by: 1, 49.
fn country_code(country: &str) -> Option<i32> {
    let region = Region::from_str(&country.to_ascii_uppercase()).ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region)
}

/// Many callers' search results at once, shared with the engine.
pub(crate) type Shared = Arc<tokio::sync::Mutex<Pages>>;
