//! What addresses have in common, whoever keeps them.

use serde_json::{Map, Value, json};

use crate::Address;

/// The fields that make a place.
const PLACE: [&str; 5] = [
    "street_address",
    "extended_address",
    "locality",
    "region",
    "postal_code",
];

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

/// Whether two sets of fields name the same place, large letters and small.
pub fn is_same(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let place = |fields: &Map<String, Value>, name: &str| {
        let text = fields.get(name).and_then(Value::as_str);
        text.unwrap_or_default().trim().to_uppercase()
    };
    PLACE
        .iter()
        .all(|name| place(one, name) == place(other, name))
}
