//! What addresses have in common, whoever keeps them.

use numbers::feature::e911::PLACE;
use serde_json::{Map, Value, json};

use crate::Address;

impl Address {
    /// As fields of a number's document, without the choice.
    pub fn fields(&self) -> Map<String, Value> {
        let second = self.extended_address.as_deref();
        let fields = [
            ("caller_name", Some(self.caller_name.as_str())),
            ("street_address", Some(&self.street_address)),
            ("extended_address", second),
            ("locality", Some(&self.locality)),
            ("region", Some(&self.region)),
            ("postal_code", Some(&self.postal_code)),
        ];
        let set = fields.into_iter().filter_map(|(name, text)| {
            let text = text.filter(|text| !text.is_empty())?;
            Some((name.to_owned(), json!(text)))
        });
        set.collect()
    }
}

/// The country of a state or province.
pub fn country(region: &str) -> &'static str {
    const PROVINCES: [&str; 13] = [
        "AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT",
    ];
    let is_province = PROVINCES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(region));
    if is_province { "CA" } else { "US" }
}

/// Words that are written in short as well (USPS Publication 28).
const SHORT: [(&str, &str); 16] = [
    ("APARTMENT", "APT"),
    ("AVENUE", "AVE"),
    ("BOULEVARD", "BLVD"),
    ("BUILDING", "BLDG"),
    ("COURT", "CT"),
    ("DRIVE", "DR"),
    ("FLOOR", "FL"),
    ("HIGHWAY", "HWY"),
    ("LANE", "LN"),
    ("PARKWAY", "PKWY"),
    ("PLACE", "PL"),
    ("ROAD", "RD"),
    ("ROOM", "RM"),
    ("SQUARE", "SQ"),
    ("STREET", "ST"),
    ("SUITE", "STE"),
];

/// Whether two sets of fields name the same place, however it is spelled.
pub fn is_same(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    PLACE
        .iter()
        .all(|name| spelled(one.get(*name)) == spelled(other.get(*name)))
}

/// In large letters, without dots and commas, words in short.
fn spelled(text: Option<&Value>) -> String {
    let text = text.and_then(Value::as_str).unwrap_or_default();
    let text = text.to_uppercase().replace(['.', ','], " ");
    let words = text.split_whitespace().map(|word| {
        let known = SHORT.iter().find(|(long, _)| *long == word);
        known.map_or(word, |(_, short)| *short)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether two sets of fields show the same caller's name.
pub fn is_same_caller(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let name = |fields: &Map<String, Value>| {
        let name = fields.get("caller_name").and_then(Value::as_str);
        name.unwrap_or_default().to_uppercase()
    };
    name(one) == name(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(street: &str, second: &str) -> Map<String, Value> {
        let fields = json!({"street_address": street, "extended_address": second});
        fields.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn the_same_place_is_known_in_every_spelling_and_no_other_is() {
        let one = place("301 Marina Blvd.", "Suite 3");
        assert!(is_same(&one, &place("301 MARINA BOULEVARD", "STE 3")));
        for other in [
            place("301 Marina Ave", "Suite 3"),
            place("301 Marina Blvd", "Suite 4"),
            place("31 Marina Blvd", "Suite 3"),
            place("301 Marina Blvd", ""),
        ] {
            assert!(!is_same(&one, &other), "{other:?}");
        }
    }
}
