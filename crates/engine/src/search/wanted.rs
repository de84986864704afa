//! Which numbers a search wants: of our own stock, and of carriers.

use carriers::{Filters, NumberKind, Query};
use numbers::account::AccountId;
use numbers::number::Number;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::SearchQuery;
use super::query::Digits;
use crate::places::overlays::Overlays;
use crate::places::{CityQuery, Facts};
use crate::{Engine, EngineError};

/// A city's or a state's numbers are looked for by so many beginnings at most.
const MOST_BEGINNINGS: usize = 64;

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
    place: Option<CityQuery>,
    /// What carriers are asked for, but for how many.
    asked: Query,
    /// What our own stock is sifted by, places aside: those are told from the
    /// digits too.
    own: Query,
}

impl Wanted {
    /// Takes a checked query; `None`: there can be no such numbers.
    fn new(
        query: &SearchQuery,
        digits: &Digits,
        overlays: &Overlays,
    ) -> Result<Option<Self>, EngineError> {
        let (city, state) = (query.city.as_deref(), query.state.as_deref());
        let place = if city.is_none() && state.is_none() {
            None
        } else {
            let place = CityQuery::new(city.unwrap_or_default(), state, &digits.country)?;
            let Some(place) = place else {
                return Ok(None);
            };
            Some(place)
        };
        let filters = Filters {
            contains: query.contains.clone(),
            ends_with: query.ends_with.clone(),
            rate_center: query.rate_center.clone(),
            lata: query.lata.clone(),
            features: query.features.clone(),
            kind: digits.kind,
            ..Filters::default()
        };
        let own = Query {
            prefix: digits.code.clone(),
            country: digits.country.clone(),
            block_size: query.blocks.filter(|size| *size > 1),
            filters: filters.clone(),
            ..Query::default()
        };
        let begun = digits.prefix.clone().unwrap_or_else(|| {
            let toll_free = digits.kind == Some(NumberKind::TollFree) && digits.code == "+1";
            format!("{}{}", digits.code, if toll_free { "8" } else { "" })
        });
        let (beginnings, beyond) = match &place {
            Some(place) if digits.prefix.is_none() => {
                let known = place.beginnings(overlays, MOST_BEGINNINGS);
                (known.into_iter().collect(), Some(begun.clone()))
            }
            _ => (vec![begun.clone()], None),
        };
        let asked = Query {
            national: begun[digits.code.len()..].to_owned(),
            prefix: begun,
            filters: Filters {
                locality: place.as_ref().and_then(CityQuery::city),
                state: place.as_ref().and_then(CityQuery::state),
                ..filters
            },
            ..own.clone()
        };
        Ok(Some(Self {
            beginnings,
            beyond,
            place,
            asked,
            own,
        }))
    }

    /// What a carrier is asked for.
    pub(super) fn of_carriers(&self, quantity: usize) -> Query {
        Query {
            quantity,
            ..self.asked.clone()
        }
    }

    /// In which country, and `+` and its code.
    pub(super) fn country(&self) -> (&str, &str) {
        (&self.own.country, &self.own.prefix)
    }

    /// How many numbers a block has, where blocks are wanted.
    pub(super) const fn block_size(&self) -> Option<usize> {
        self.own.block_size
    }

    /// Whether some numbers that begin right aren't wanted.
    pub(super) fn sifts(&self) -> bool {
        self.place.is_some() || !self.own.filters.is_empty() || self.own.block_size.is_some()
    }

    /// Whether a number of our own stock that begins right is wanted.
    pub(super) fn admits(&self, number: &Number, facts: &Facts<'_>) -> bool {
        let is_there = self
            .place
            .as_ref()
            .is_none_or(|place| place.includes(facts));
        is_there
            && (self.own.filters.is_empty()
                || self
                    .own
                    .admits_number(&number.id, &known(number, facts), &[]))
    }
}

/// What is known of a number of our own, in the form in which carriers tell it.
fn known(number: &Number, facts: &Facts<'_>) -> Map<String, Value> {
    let mut known = Map::new();
    for member in ["features", "type"] {
        if let Some(said) = number.carrier_data.get(member) {
            known.insert(member.to_owned(), said.clone());
        }
    }
    if let Some(center) = facts.rate_center() {
        known.insert("rate_center".to_owned(), center);
    }
    known
}

impl QueryId {
    /// The key of the query's results among those of its account.
    pub(super) fn key(&self) -> Uuid {
        let asked = &self.wanted.asked;
        let said = json!([
            asked.prefix,
            asked.country,
            asked.filters,
            asked.block_size,
            self.wanted.place.as_ref().map(CityQuery::words),
            self.caller,
        ]);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, said.to_string().as_bytes())
    }
}

impl Engine {
    /// What a query wants; an error inside: there can be no such numbers, and
    /// why.
    pub(super) fn wanted(
        &self,
        query: &SearchQuery,
    ) -> Result<Result<Wanted, String>, EngineError> {
        let manager = &self.settings.number_manager;
        let most = manager.maximum_search_quantity;
        let digits = match query.checked(&manager.default_country, most)? {
            Ok(digits) => digits,
            Err(error) => return Ok(Err(format!("{}: {}", error.path, error.message))),
        };
        let wanted = Wanted::new(query, &digits, &self.overlays.get())?;
        Ok(wanted.ok_or_else(|| "there is no such city or state".to_owned()))
    }
}
