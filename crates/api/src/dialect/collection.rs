//! Results of collections: what was done and what wasn't, by number.

use engine::change::Outcome;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Dialect;

/// Two maps by number; the empty one is left out (spec/http.md 7.9).
#[derive(Clone, Copy, Debug)]
pub struct CollectionResult<'a> {
    pub(super) outcomes: &'a [Outcome],
    pub(super) dialect: Dialect,
}

impl Serialize for CollectionResult<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let done = self
            .outcomes
            .iter()
            .filter(|outcome| outcome.result.is_ok())
            .count();
        let mut map = serializer.serialize_map(None)?;
        if done > 0 {
            map.serialize_entry("success", &Done(*self))?;
        }
        if done < self.outcomes.len() {
            map.serialize_entry("error", &Refused(*self))?;
        }
        map.end()
    }
}

struct Done<'a>(CollectionResult<'a>);

impl Serialize for Done<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let CollectionResult { outcomes, dialect } = self.0;
        serializer.collect_map(outcomes.iter().filter_map(|outcome| {
            let view = outcome.result.as_ref().ok()?;
            Some((&outcome.key, dialect.number_document(view)))
        }))
    }
}

struct Refused<'a>(CollectionResult<'a>);

impl Serialize for Refused<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let CollectionResult { outcomes, dialect } = self.0;
        serializer.collect_map(outcomes.iter().filter_map(|outcome| {
            let refusal = outcome.result.as_ref().err()?;
            Some((&outcome.key, dialect.number_error(refusal)))
        }))
    }
}
