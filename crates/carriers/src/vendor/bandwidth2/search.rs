//! Looking for numbers.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::{Bandwidth2, complaint, document, nanp};
use crate::{CarrierError, Failure, Offer, Offers, Query};
use outside::xml::Element;

#[async_trait]
impl Offers for Bandwidth2 {
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let Some(national) = nanp::searched(&query.prefix) else {
            return Ok(Vec::new());
        };
        let (criterion, value, exact) = criterion(national);
        // What the vendor can't narrow down is asked for in full and sifted here.
        let quantity = if exact {
            query.quantity.min(self.max_search_quantity)
        } else {
            self.max_search_quantity
        };
        let answer = self
            .ask(
                "search",
                &["availableNumbers"],
                &[
                    (criterion, &value),
                    ("enableTNDetail", "true"),
                    ("LCA", "false"),
                    ("quantity", &quantity.to_string()),
                ],
            )
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
        Ok(offers
            .filter(|offer| offer.number().as_str().starts_with(&query.prefix))
            .take(query.quantity)
            .collect())
    }
}

impl Bandwidth2 {
    fn offer(&self, text: &str, data: Map<String, Value>) -> Option<Offer> {
        Some(Offer::new(nanp::number(text)?, &self.name, data))
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
