//! Looking for numbers.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::nanp::{self, Search};
use super::{Bandwidth2, complaint, document};
use crate::{CarrierError, Failure, Offer, Offers, Query};
use outside::xml::Element;

#[async_trait]
impl Offers for Bandwidth2 {
    fn serves(&self, query: &Query) -> bool {
        nanp::serves(query)
    }

    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let Some(asked) = nanp::searched(query).and_then(|search| criteria(search, query)) else {
            return Ok(Vec::new());
        };
        let Asked { criteria, exact } = asked;
        // What the vendor can't narrow down is asked for in full and sifted here.
        let quantity = if exact {
            query.quantity.min(self.max_search_quantity)
        } else {
            self.max_search_quantity
        };
        let quantity = quantity.to_string();
        let mut parameters: Vec<(&str, &str)> = criteria
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        parameters.extend([
            ("enableTNDetail", "true"),
            ("LCA", "false"),
            ("quantity", quantity.as_str()),
        ]);
        let answer = self
            .ask("search", &["availableNumbers"], &parameters)
            .await?;
        let found = document(&answer)?;
        let plain = found.find("TelephoneNumberList");
        let detailed = found.find("TelephoneNumberDetailList");
        if plain.is_none() && detailed.is_none() {
            return match (found.find("Error"), found.name.as_str()) {
                (None, "SearchResult") => Ok(Vec::new()),
                (None, _) => Err(answer.garbled("it holds no list of numbers")),
                (Some(_), _) => {
                    let reason = complaint(&found, None);
                    Err(self.client.error(Failure::Refused, reason))
                }
            };
        }
        let plain = plain.into_iter().flat_map(|list| &list.children);
        let detailed = detailed.into_iter().flat_map(|list| &list.children);
        let offers = plain
            .filter_map(|element| self.offer(&element.text, Map::new()))
            .chain(detailed.filter_map(|element| {
                self.offer(element.text_of("FullNumber")?, details(element))
            }));
        Ok(query.pick(offers, &[]))
    }
}

impl Bandwidth2 {
    fn offer(&self, text: &str, data: Map<String, Value>) -> Option<Offer> {
        Some(Offer::new(nanp::number(text)?, &self.name, data))
    }
}

/// What the vendor is asked for.
struct Asked {
    criteria: Vec<(&'static str, String)>,
    /// Whether it fits exactly the numbers that are looked for.
    exact: bool,
}

/// How the vendor is asked; `None`: it can't be asked for that.
fn criteria(search: Search<'_>, query: &Query) -> Option<Asked> {
    let wanted = &query.filters;
    let sifted = !wanted.is_empty() || query.block_size.is_some();
    match search {
        Search::Digits(national) => {
            let (name, value, exact) = criterion(national);
            let criteria = vec![(name, value)];
            let exact = exact && !sifted;
            Some(Asked { criteria, exact })
        }
        Search::TollFree(wildcard) => Some(Asked {
            criteria: vec![("tollFreeWildCardPattern", wildcard.to_owned())],
            exact: false,
        }),
        Search::Place => {
            // A city or rate center only within a state, and no state alone.
            let state = wanted.state.iter().map(|state| ("state", state));
            let within = [
                ("rateCenter", &wanted.rate_center),
                ("city", &wanted.locality),
            ];
            let within = within
                .into_iter()
                .find_map(|(name, text)| Some((name, text.as_ref()?)))
                .filter(|_| wanted.state.is_some());
            let lata = wanted.lata.iter().map(|lata| ("lata", lata));
            let criteria: Vec<_> = match within {
                Some(within) => state.chain([within]).collect(),
                None => lata.collect(),
            };
            let named = criteria.into_iter();
            let criteria: Vec<_> = named.map(|(name, text)| (name, text.clone())).collect();
            (!criteria.is_empty()).then_some(Asked {
                criteria,
                exact: false,
            })
        }
    }
}

/// What to search by, with which value, and whether it fits exactly the numbers
/// that are looked for. `national` has at least three digits.
fn criterion(national: &str) -> (&'static str, String, bool) {
    let length = national.len();
    match length {
        // The vendor's patterns for toll-free area codes have two digits.
        _ if nanp::is_toll_free(national) => {
            let pattern = format!("{}*", &national[..2]);
            ("tollFreeWildCardPattern", pattern, false)
        }
        ..=5 => ("areaCode", national[..3].to_owned(), length == 3),
        6 => ("npaNxx", national.to_owned(), true),
        _ => ("npaNxxx", national[..7].to_owned(), length == 7),
    }
}

/// What the vendor tells of a number, under Kazoo's names.
fn details(number: &Element) -> Map<String, Value> {
    let text = |name| number.text_of(name).unwrap_or_default();
    let mut data = Map::new();
    if let Some(rate_center) = number.text_of("RateCenter") {
        data.insert(
            "rate_center".to_owned(),
            json!({"name": rate_center, "lata": text("LATA"), "state": text("State")}),
        );
    }
    for (key, name) in [("city", "City"), ("tier", "Tier")] {
        if let Some(value) = number.text_of(name) {
            data.insert(key.to_owned(), json!(value));
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_is_asked_as_narrowly_as_it_can_be() {
        for (national, name, value, exact) in [
            ("415", "areaCode", "415", true),
            ("4155", "areaCode", "415", false),
            ("415555", "npaNxx", "415555", true),
            ("4155550", "npaNxxx", "4155550", true),
            ("41555501", "npaNxxx", "4155550", false),
            ("855", "tollFreeWildCardPattern", "85*", false),
            ("8005", "tollFreeWildCardPattern", "80*", false),
        ] {
            assert_eq!(criterion(national), (name, value.to_owned(), exact));
        }
    }
}
