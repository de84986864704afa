//! The table turned round: from a city to what its numbers begin with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::LazyLock;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, Region};

use crate::fold;
use crate::geodata::Geodata;
use crate::split::{Place, country_of, split, state_code};

/// The most cities of one answer.
pub const MAX_CITIES: usize = 200;

/// The most prefixes of one city: mobile blocks of large countries are given
/// to cities by the thousand.
pub const MAX_PREFIXES: usize = 1000;

/// The descriptions of all places, as names are compared.
static FOLDED: LazyLock<Vec<Box<str>>> = LazyLock::new(|| {
    let names = Geodata::embedded().places().names();
    names.map(|name| fold(name).into_boxed_str()).collect()
});

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// The city, as names are compared; empty: any.
    city: String,
    /// The state: two letters, or as names are compared.
    state: Option<String>,
    country: String,
    country_code: String,
}

/// A city, or all of a state, and what its numbers begin with after the
/// country code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct City {
    /// Its name, as the data spells it.
    pub name: String,
    /// State or province, where there is one.
    pub state: Option<String>,
    /// Area codes in North America, the shortest that will do elsewhere.
    pub prefixes: BTreeSet<String>,
}

impl Wanted {
    /// Looks for a city by its name or the beginning of it ("San Francisco",
    /// "san fran", "San Francisco, CA"), or for a whole state, in a country.
    /// `None`: there is no such country.
    pub fn new(city: &str, state: Option<&str>, country: &str) -> Option<Self> {
        let country = country.to_ascii_uppercase();
        let region = Region::from_str(&country).ok()?;
        let country_code = PHONE_NUMBER_UTIL.get_country_code_for_region(region)?;
        let (city, named) = apart(city);
        Some(Self {
            city: fold(city),
            state: state.or(named).map(comparable_state),
            country,
            country_code: country_code.to_string(),
        })
    }

    /// The two letters of the country.
    pub fn country(&self) -> &str {
        &self.country
    }

    /// The calling code of the country.
    pub fn country_code(&self) -> &str {
        &self.country_code
    }

    /// The state: of the United States and Canada by its two letters, else as
    /// names are compared.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Whether a city is named, not only a state.
    pub const fn has_city(&self) -> bool {
        !self.city.is_empty()
    }

    /// Whether a state can be of the country: the states of the United States
    /// and Canada are known, others aren't doubted.
    pub fn is_in(&self, state: Option<&str>) -> bool {
        match (self.country.as_str(), state.and_then(country_of)) {
            (wanted @ ("US" | "CA"), Some(country)) => country == wanted,
            _ => true,
        }
    }

    /// Whether a city of this name in this state is meant, or may be when
    /// more is typed.
    pub fn matches(&self, city: &str, state: Option<&str>) -> bool {
        fold(city).starts_with(&self.city) && self.matches_state(state)
    }

    /// Whether its whole name is what was asked for.
    fn is_named(&self, city: &str) -> bool {
        fold(city) == self.city
    }

    fn matches_state(&self, state: Option<&str>) -> bool {
        match &self.state {
            None => true,
            Some(wanted) => {
                state.is_some_and(|state| state == wanted || comparable_state(state) == *wanted)
            }
        }
    }

    /// Whether the place of a prefix lies in the country: several share a
    /// country code.
    fn is_in_country(&self, place: &Place<'_>, prefix: &str) -> bool {
        if matches!(self.country.as_str(), "US" | "CA") {
            return place.country == Some(self.country.as_str());
        }
        let Ok(code) = self.country_code.parse() else {
            return false;
        };
        let several = PHONE_NUMBER_UTIL
            .get_regions_for_country_calling_code(code)
            .is_some_and(|regions| regions.count() > 1);
        if !several {
            return true;
        }
        let padded = format!("+{prefix:0<11}");
        let region = PhoneNumber::from_str(&padded)
            .ok()
            .and_then(|number| number.get_region_code())
            .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(code));
        region.is_some_and(|region| region.to_string() == self.country)
    }
}

/// A city and the state that is named with it: "San Francisco, CA".
fn apart(city: &str) -> (&str, Option<&str>) {
    match city.rsplit_once(',') {
        Some((city, state)) if state_code(state).is_some() => (city.trim(), Some(state)),
        _ => (city, None),
    }
}

/// The name of a city without the state that is typed with it.
///
/// ```
/// assert_eq!(places::cities::city_alone("San Francisco, CA"), "San Francisco");
/// ```
pub fn city_alone(typed: &str) -> &str {
    apart(typed).0
}

/// A state as states are compared: its letters, else its name.
fn comparable_state(state: &str) -> String {
    match state_code(state) {
        Some(code) => code.to_owned(),
        None => fold(state),
    }
}

/// The cities that are meant, by name and state; those of exactly this name
/// if there are any, else those whose names begin so.
pub fn find(wanted: &Wanted) -> Vec<City> {
    if wanted.city.is_empty() {
        return Vec::new();
    }
    let table = Geodata::embedded().places();
    let mut descriptions: HashMap<usize, (&str, Option<&str>)> = HashMap::new();
    for (index, folded) in FOLDED.iter().enumerate() {
        if !folded.starts_with(&wanted.city) {
            continue;
        }
        let Some(name) = table.name(index) else {
            continue;
        };
        let place = split(&wanted.country_code, name);
        if let Some(city) = place.city
            && wanted.matches(city, place.state)
        {
            descriptions.insert(index, (city, place.state));
        }
    }
    let exact = |(city, _): &(&str, Option<&str>)| wanted.is_named(city);
    if descriptions.values().any(exact) {
        descriptions.retain(|_, place| exact(place));
    }
    let mut cities: BTreeMap<(&str, Option<&str>), BTreeSet<String>> = BTreeMap::new();
    for (prefix, index) in table.prefixes(&wanted.country_code) {
        let Some((city, state)) = descriptions.get(&index) else {
            continue;
        };
        let place = Place {
            city: Some(city),
            state: *state,
            country: state.and_then(country_of),
        };
        if wanted.is_in_country(&place, &prefix)
            && let Some(national) = national_prefix(&wanted.country_code, &prefix)
        {
            let prefixes = cities.entry((city, *state)).or_default();
            prefixes.insert(national.to_owned());
        }
    }
    let cities = cities.into_iter().take(MAX_CITIES);
    cities
        .map(|((name, state), prefixes)| City {
            name: name.to_owned(),
            state: state.map(str::to_owned),
            prefixes: shortest(prefixes),
        })
        .collect()
}

/// What the numbers of a whole state begin with after the country code.
pub fn state_prefixes(wanted: &Wanted) -> BTreeSet<String> {
    let table = Geodata::embedded().places();
    let states: Vec<bool> = table
        .names()
        .map(|name| {
            let place = split(&wanted.country_code, name);
            place.state.is_some() && wanted.matches_state(place.state)
        })
        .collect();
    let prefixes = table.prefixes(&wanted.country_code);
    let national = prefixes
        .filter(|(_, index)| states.get(*index) == Some(&true))
        .filter_map(|(prefix, _)| {
            national_prefix(&wanted.country_code, &prefix).map(str::to_owned)
        });
    shortest(national.collect())
}

/// What stands after the country code; in North America the area code.
pub fn national_prefix<'p>(country_code: &str, prefix: &'p str) -> Option<&'p str> {
    let national = prefix.strip_prefix(country_code)?;
    if country_code == "1" {
        return national.get(..3);
    }
    (!national.is_empty()).then_some(national)
}

/// The same numbers by as few prefixes as possible: ten that differ in their
/// last digit are one, and what a shorter one covers isn't said again.
fn shortest(mut prefixes: BTreeSet<String>) -> BTreeSet<String> {
    let longest = prefixes.iter().map(String::len).max().unwrap_or(0);
    for length in (2..=longest).rev() {
        let mut families: HashMap<String, u8> = HashMap::new();
        for prefix in prefixes.iter().filter(|prefix| prefix.len() == length) {
            *families.entry(prefix[..length - 1].to_owned()).or_default() += 1;
        }
        let whole = families.into_iter().filter(|(_, count)| *count == 10);
        prefixes.extend(whole.map(|(parent, _)| parent));
    }
    let mut kept: Vec<String> = Vec::new();
    for prefix in prefixes {
        // Sorted: whatever covers a prefix is the last one kept before it.
        if kept.last().is_none_or(|last| !prefix.starts_with(last)) {
            kept.push(prefix);
        }
    }
    kept.sort_by_key(String::len);
    kept.truncate(MAX_PREFIXES);
    kept.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(city: &str, state: Option<&str>, country: &str) -> Vec<(String, String, String)> {
        let wanted = Wanted::new(city, state, country).unwrap();
        let row = |city: City| {
            let prefixes = city.prefixes.into_iter().collect::<Vec<_>>().join(" ");
            (city.name, city.state.unwrap_or_default(), prefixes)
        };
        find(&wanted).into_iter().map(row).collect()
    }

    fn first(city: &str, country: &str) -> (String, String, String) {
        found(city, None, country)
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    #[test]
    fn case_accents_and_the_rest_of_a_name_are_forgiven() {
        for (typed, country, name, state, prefix) in [
            ("San Francisco", "US", "San Francisco", "CA", "415"),
            ("  sAN   fRANCISC", "us", "San Francisco", "CA", "415"),
            ("San Francisco, CA", "US", "San Francisco", "CA", "415"),
            (
                "san francisco,california",
                "US",
                "San Francisco",
                "CA",
                "415",
            ),
            ("montreal", "CA", "Montreal", "QC", "263 438 514"),
            ("Berlin", "DE", "Berlin", "", "30"),
            ("munich", "DE", "Munich", "", "89"),
            ("Cuiaba", "BR", "Cuiabá", "MT", "65"),
        ] {
            let (found, found_state, prefixes) = first(typed, country);
            assert_eq!((&*found, &*found_state), (name, state), "{typed}");
            assert!(prefixes.starts_with(prefix), "{typed}: {prefixes}");
        }
    }

    #[test]
    fn cities_of_one_name_are_told_apart_by_state() {
        let springfields = found("springfield", None, "US");
        let states: Vec<&str> = springfields.iter().map(|(_, state, _)| &**state).collect();
        assert!(
            ["IL", "MA", "MO", "OH"]
                .iter()
                .all(|state| states.contains(state))
        );
        let one = found("springfield", Some("Illinois"), "US");
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].1, "IL");
        assert!(found("springfield", Some("ON"), "US").is_empty());
    }

    #[test]
    fn countries_with_one_code_are_told_apart() {
        assert!(found("Toronto", None, "US").iter().all(|row| row.1 != "ON"));
        assert_eq!(first("Toronto", "CA").1, "ON");
        assert!(
            found("New Providence", None, "US")
                .iter()
                .all(|row| row.1 == "NJ")
        );
        assert_eq!(first("New Providence", "BS").2, "242");
    }

    #[test]
    fn nothing_is_found_for_nonsense() {
        for odd in ["%", "' OR 1=1 --", "(.*)", "٤١٥", "\u{0}", "zzzz"] {
            assert_eq!(found(odd, None, "US"), [], "{odd}");
        }
        assert_eq!(Wanted::new("Berlin", None, "XX"), None);
        assert_eq!(Wanted::new("Berlin", None, ""), None);
    }

    #[test]
    fn answers_are_bounded() {
        assert!(found("s", None, "US").len() <= MAX_CITIES);
        for city in find(&Wanted::new("Shenzhen", None, "CN").unwrap()) {
            assert!(city.prefixes.len() <= MAX_PREFIXES);
        }
    }

    #[test]
    fn a_state_has_its_area_codes() {
        let wanted = Wanted::new("", Some("california"), "US").unwrap();
        let codes = state_prefixes(&wanted);
        for code in ["415", "628", "213"] {
            assert!(codes.contains(code), "{code}");
        }
        assert!(!codes.contains("212"));
    }

    #[test]
    fn ten_siblings_are_their_parent() {
        let set = |list: &[&str]| list.iter().map(|p| (*p).to_owned()).collect();
        let all: BTreeSet<String> = (0..10).map(|digit| format!("30{digit}")).collect();
        assert_eq!(shortest(all), set(&["30"]));
        assert_eq!(shortest(set(&["30", "301", "31"])), set(&["30", "31"]));
    }
}
