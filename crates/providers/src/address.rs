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
