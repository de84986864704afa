//! From a city to what its numbers begin with: the embedded table and the
//! loaded ones turned round, and the stock at hand.

use std::collections::{BTreeMap, BTreeSet};

use numbers::account::Account;
use places::cities::{
    MAX_CITIES, MAX_PREFIXES, Wanted, city_alone, find, national_prefix, state_prefixes,
};
use places::overlay::{Field, Kind};
use serde_json::{Map, Value};
use store::StockQuery;

use super::Facts;
use super::overlays::Overlays;
use crate::{Engine, EngineError, FieldError};

/// How many numbers of the stock one question about a city looks at.
const LOOKED_AT: usize = 20_000;

/// How many numbers are read at once.
const CHUNK: usize = 2_000;

/// The longest name of a city or state, in characters.
const MAX_NAME: usize = 100;

/// The prefixes of a city's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CityPrefixes {
    /// State or province.
    pub state: Option<String>,
    /// Area codes, or what stands after the country code elsewhere, ascending.
    pub prefixes: BTreeSet<String>,
}

/// Which city or state is meant, checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CityQuery {
    wanted: Wanted,
    /// The city as it was typed.
    typed: String,
}

impl CityQuery {
    /// A city by its name or the beginning of it, or all of a state, in a
    /// country. `None`: there is no such country, or the name is none.
    pub fn new(
        city: &str,
        state: Option<&str>,
        country: &str,
    ) -> Result<Option<Self>, EngineError> {
        let mut errors = Vec::new();
        for (field, text) in [("city", city), ("state", state.unwrap_or_default())] {
            if text.chars().count() > MAX_NAME {
                errors.push(FieldError::too_long(field, MAX_NAME, &shown(text)));
            }
        }
        match country.chars().count() {
            2 => {}
            0 | 1 => errors.push(FieldError::too_short("country", 2, country)),
            _ => errors.push(FieldError::too_long("country", 2, &shown(country))),
        }
        if !errors.is_empty() {
            return Err(EngineError::Validation(errors));
        }
        let typed = city.trim().to_owned();
        // Signs alone name no city.
        if !typed.is_empty() && places::fold(&typed).is_empty() {
            return Ok(None);
        }
        let wanted = Wanted::new(&typed, state, country);
        Ok(wanted.map(|wanted| Self { wanted, typed }))
    }

    /// Whether a number lies in the city or state.
    pub(crate) fn includes(&self, facts: &Facts<'_>) -> bool {
        self.wanted
            .matches(facts.city().unwrap_or_default(), facts.state())
    }

    /// The city as the data spells it, where its name leaves no doubt; else as
    /// it was typed. `None`: all of a state.
    pub(crate) fn city(&self) -> Option<String> {
        if !self.wanted.has_city() {
            return None;
        }
        let typed = city_alone(&self.typed);
        let mut names = find(&self.wanted).into_iter().map(|city| city.name);
        match names.next() {
            Some(first) if names.all(|name| places::same_name(&name, &first)) => Some(first),
            _ => Some(typed.to_owned()),
        }
    }

    /// The state: in the United States and Canada its two letters.
    pub(crate) fn state(&self) -> Option<String> {
        self.wanted.state().map(str::to_owned)
    }

    /// City and state as they are compared, for the key of a search.
    pub(crate) fn words(&self) -> [Option<String>; 2] {
        [Some(places::fold(&self.typed)), self.state()]
    }

    /// What numbers begin with that may lie there, from `+` on: at most
    /// `most`, by cutting them shorter.
    pub(crate) fn beginnings(&self, overlays: &Overlays, most: usize) -> BTreeSet<String> {
        let code = self.wanted.country_code();
        let mut national: BTreeSet<String> = BTreeSet::new();
        if self.wanted.has_city() {
            for city in find(&self.wanted) {
                national.extend(city.prefixes);
            }
        } else {
            national = state_prefixes(&self.wanted);
        }
        for (prefix, _) in loaded(overlays, &self.wanted) {
            national.insert(prefix);
        }
        let mut length = national.iter().map(String::len).max().unwrap_or(0);
        while national.len() > most && length > 1 {
            length -= 1;
            let cut = |prefix: String| prefix.get(..length).map_or(prefix.clone(), str::to_owned);
            national = national.into_iter().map(cut).collect();
        }
        let whole = |prefix: String| format!("+{code}{prefix}");
        national.into_iter().map(whole).collect()
    }
}

/// The beginning of a text that is too long to be shown.
fn shown(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

/// National prefixes that loaded tables know for a city, with the city's name
/// and state.
fn loaded<'o>(
    overlays: &'o Overlays,
    wanted: &Wanted,
) -> Vec<(String, (&'o str, Option<&'o str>))> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        for (prefix, said) in overlays.rows(kind) {
            let name = said.place_name().unwrap_or_default();
            let state = said.get(Field::State);
            if let Some(national) = national_prefix(wanted.country_code(), &prefix)
                && wanted.matches(name, state)
            {
                found.push((national.to_owned(), (name, state)));
            }
        }
    }
    found
}

/// Cities by name and state, whatever the spelling.
#[derive(Default)]
struct Cities(BTreeMap<(String, String), (String, CityPrefixes)>);

impl Cities {
    /// The first spelling of a name stays.
    fn add(&mut self, name: &str, state: Option<&str>, prefix: &str) {
        let key = (places::fold(name), state.unwrap_or_default().to_uppercase());
        let entry = self.0.entry(key);
        let (_, city) = entry.or_insert_with(|| {
            let state = state.map(str::to_owned);
            let prefixes = BTreeSet::new();
            (name.to_owned(), CityPrefixes { state, prefixes })
        });
        city.prefixes.insert(prefix.to_owned());
    }

    /// By name; by name and state where several have one name.
    fn by_name(self) -> BTreeMap<String, CityPrefixes> {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for (folded, _) in self.0.keys() {
            *count.entry(folded.clone()).or_default() += 1;
        }
        let named = self.0.into_iter().map(|((folded, _), (name, city))| {
            let shared = count.get(&folded).is_some_and(|count| *count > 1);
            match &city.state {
                Some(state) if shared => (format!("{name}, {state}"), city),
                _ => (name, city),
            }
        });
        named.collect()
    }
}

impl Engine {
    /// The cities that are meant and what their numbers begin with, by the
    /// data, and by the numbers that the account can have.
    pub async fn city_prefixes(
        &self,
        account: &Account,
        query: &CityQuery,
    ) -> Result<BTreeMap<String, CityPrefixes>, EngineError> {
        let wanted = &query.wanted;
        let overlays = self.overlays.get();
        let mut cities = Cities::default();
        for city in find(wanted) {
            for prefix in &city.prefixes {
                cities.add(&city.name, city.state.as_deref(), prefix);
            }
        }
        for (prefix, (name, state)) in loaded(&overlays, wanted) {
            cities.add(name, state, &prefix);
        }
        self.add_stock(account, query, &overlays, &mut cities)
            .await?;
        self.add_known_to_phonebook(query, &mut cities).await;
        Ok(cities.by_name())
    }

    /// Adds what the operator's own service knows, if it answers.
    async fn add_known_to_phonebook(&self, query: &CityQuery, cities: &mut Cities) {
        let Some(phonebook) = &self.phonebook else {
            return;
        };
        let known = phonebook.cities(query.wanted.country(), &query.typed).await;
        let known = known.unwrap_or_else(|error| {
            tracing::warn!(%error, "the locality service didn't answer; our own data was used");
            Map::new()
        });
        for (name, city) in known.iter().take(MAX_CITIES) {
            let state = city["state"].as_str();
            let prefixes = city["prefixes"].as_array().into_iter().flatten();
            for prefix in prefixes.filter_map(Value::as_str).take(MAX_PREFIXES) {
                cities.add(name, state, prefix);
            }
        }
    }

    async fn add_stock(
        &self,
        account: &Account,
        query: &CityQuery,
        overlays: &Overlays,
        cities: &mut Cities,
    ) -> Result<(), EngineError> {
        let wanted = &query.wanted;
        let mut left = LOOKED_AT;
        for stock in self.searched_stock(Some(account)).await? {
            let mut request = StockQuery {
                stock,
                prefix: format!("+{}", wanted.country_code()),
                after: None,
                limit: CHUNK.min(left),
            };
            while request.limit > 0 {
                let numbers = self.store.stock(&request).await?;
                left -= numbers.len();
                for number in &numbers {
                    let facts = Facts::new(overlays, number.id.digits(), Some(number));
                    if let Some(city) = facts.city()
                        && query.includes(&facts)
                        && wanted.is_in(facts.state())
                        && let Some(prefix) = area_code(wanted, number.id.digits())
                    {
                        cities.add(city, facts.state(), prefix);
                    }
                }
                if numbers.len() < request.limit {
                    break;
                }
                request.after = numbers.last().map(|number| number.id.clone());
                request.limit = CHUNK.min(left);
            }
        }
        Ok(())
    }
}

/// The area code of a North American number; other plans don't say by
/// themselves where theirs ends.
fn area_code<'d>(wanted: &Wanted, digits: &'d str) -> Option<&'d str> {
    let is_north_american = wanted.country_code() == "1";
    is_north_american
        .then(|| national_prefix("1", digits))
        .flatten()
}
