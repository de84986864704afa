//! A number's own lists of what is allowed and denied on it; administrators set
//! them (spec/numbers.md 1).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Feature;
use crate::error::NumberError;
use crate::number::Number;

/// What a command sets a number's own lists to. `None` leaves a list as it is;
/// an empty one is taken away, so that the account's or the system's holds again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnLists {
    /// In place of `features_allowed`.
    pub allowed: Option<BTreeSet<String>>,
    /// In place of `features_denied`.
    pub denied: Option<BTreeSet<String>>,
}

impl OwnLists {
    /// These lists, each feature by the name that documents use.
    pub fn new(allowed: Option<BTreeSet<String>>, denied: Option<BTreeSet<String>>) -> Self {
        let clean = |list: BTreeSet<String>| one_name_each(list.iter().map(String::as_str));
        Self {
            allowed: allowed.map(clean),
            denied: denied.map(clean),
        }
    }

    /// The lists that a request names, in members of their names.
    ///
    /// ```
    /// # use serde_json::json;
    /// use numbers::feature::lists::OwnLists;
    /// let data = json!({"features_denied": ["knm_dash_e911", "sms"]});
    /// let lists = OwnLists::of(data.as_object().unwrap());
    /// assert_eq!(lists.allowed, None);
    /// assert_eq!(lists.denied, Some(["e911".to_owned(), "sms".to_owned()].into()));
    /// ```
    pub fn of(data: &Map<String, Value>) -> Self {
        let list = |name: &str| {
            let names = data.get(name)?.as_array()?;
            let names = names.iter().filter_map(Value::as_str);
            Some(names.map(str::to_owned).collect())
        };
        Self::new(list("features_allowed"), list("features_denied"))
    }

    /// Sets them. Clients send back what they were shown, so whoever sets a list
    /// to what it is may.
    pub(crate) fn set(&self, number: &mut Number, by_admin: bool) -> Result<(), NumberError> {
        let lists = [
            (&self.allowed, &mut number.features_allowed),
            (&self.denied, &mut number.features_denied),
        ];
        for (wanted, list) in lists {
            let Some(wanted) = wanted else { continue };
            if *wanted == one_name_each(list.iter().map(String::as_str)) {
                continue;
            }
            if !by_admin {
                return Err(NumberError::Forbidden {
                    cause: Some(
                        "only administrators may set which features a number may have".to_owned(),
                    ),
                });
            }
            let unknown: Vec<String> = wanted
                .iter()
                .filter(|name| Feature::named(name).is_none())
                .map(|name| format!("'{name}'"))
                .collect();
            if !unknown.is_empty() {
                let known = Feature::ALL.map(Feature::as_str).join(", ");
                return Err(NumberError::Invalid {
                    cause: format!("no features: {}; features are {known}", unknown.join(", ")),
                });
            }
            list.clone_from(wanted);
        }
        Ok(())
    }
}

/// Names as a set in which each feature has the one that documents use.
fn one_name_each<'n>(names: impl Iterator<Item = &'n str>) -> BTreeSet<String> {
    names
        .map(|name| match Feature::named(name) {
            Some(feature) => feature.to_string(),
            None => name.to_owned(),
        })
        .collect()
}
