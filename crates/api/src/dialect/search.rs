//! What searches answer.

use std::collections::BTreeMap;

use engine::search::{CarrierClass, SearchRow};
use numbers::carrier::CarrierName;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Dialect;

/// A search's rows. Newer clients are told where each number would come from
/// and how old the news of it is.
pub struct SearchRows<'a> {
    rows: &'a [SearchRow],
    dialect: Dialect,
}

#[derive(Serialize)]
struct WithSource<'a> {
    #[serde(flatten)]
    row: &'a SearchRow,
    carrier_class: CarrierClass,
    age_s: u64,
}

impl Serialize for SearchRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.dialect {
            Dialect::D2016 => self.rows.serialize(serializer),
            Dialect::V43 => serializer.collect_seq(self.rows.iter().map(|row| WithSource {
                row,
                carrier_class: row.carrier_class,
                age_s: row.age_s,
            })),
        }
    }
}

impl Dialect {
    /// The data of a search.
    pub const fn search_rows(self, rows: &[SearchRow]) -> SearchRows<'_> {
        SearchRows {
            rows,
            dialect: self,
        }
    }

    /// Whether a search takes a quantity or offset that is none for one that
    /// isn't given, and finds nothing by a prefix with letters or in a country
    /// that there isn't, as Kazoo was recorded to (spec/http.md 12); else those
    /// are refused by name.
    pub(crate) const fn searches_leniently(self) -> bool {
        matches!(self, Self::V43)
    }

    /// The metadata of an answer that some carriers had no part in: who, and
    /// for administrators why; or that is empty: why. 2016 knows no such thing.
    pub fn search_metadata(
        self,
        silent: &BTreeMap<CarrierName, String>,
        why_none: Option<&str>,
        for_admin: bool,
    ) -> Option<Value> {
        if self == Self::D2016 {
            return None;
        }
        let mut metadata = Map::new();
        let said = |reason| {
            if for_admin { reason } else { "not available" }
        };
        let carriers: Map<String, Value> = silent
            .iter()
            .map(|(name, reason)| {
                let warning = json!({"status": "error", "message": said(reason.as_str())});
                (name.to_string(), warning)
            })
            .collect();
        if !carriers.is_empty() {
            metadata.insert("carriers".to_owned(), carriers.into());
        }
        if let Some(why) = why_none {
            metadata.insert("message".to_owned(), json!(why));
        }
        (!metadata.is_empty()).then_some(Value::Object(metadata))
    }
}
