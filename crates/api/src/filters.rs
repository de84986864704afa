//! Filters of listings (spec/http.md 5.2, 5.3): read once a request, then
//! asked for each row.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

use numbers::number::Number;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::request::Query;

/// Filters of one request; a row is kept when all of them keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(Vec<Filter>);

/// The most filters that a request may have.
const MAX_FILTERS: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Is(Path, Wanted),
    IsNot(Path, Wanted),
    HasKey(Path),
    KeyMissing(Path),
    HasValue(Path),
    ValueMissing(Path),
    From(Path, Option<u64>),
    To(Path, Option<u64>),
}

/// Names of nested members.
type Path = Vec<String>;

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// The text, or the text without its JSON quotes.
    Text(String, Option<String>),
    /// One of several texts.
    OneOf(HashSet<String>),
    /// A list with members that are no texts.
    Nothing,
}

/// What rows are looked at.
enum Row<'a> {
    Number(&'a Number, OnceCell<Map<String, Value>>),
    Document(&'a Map<String, Value>),
}

impl Filters {
    /// The filters of a listing of numbers: names of documents and rows mean
    /// what is stored under private names.
    pub fn for_numbers(query: &Query) -> Result<Self, ApiError> {
        Self::read(query, |key| match key {
            "state" => "pvt_state",
            "assigned_to" => "pvt_assigned_to",
            "used_by" => "pvt_used_by",
            "pvt_locality" => "locality",
            "dash_e911" => "e911",
            other => other,
        })
    }

    /// The filters of a listing of other documents.
    pub fn for_documents(query: &Query) -> Result<Self, ApiError> {
        Self::read(query, |key| key)
    }

    fn read(query: &Query, renamed: fn(&str) -> &str) -> Result<Self, ApiError> {
        let path = |key: &str| -> Path {
            let mut names = key.split('.');
            let first = names.next().map(renamed).unwrap_or_default();
            std::iter::once(first)
                .chain(names)
                .map(str::to_owned)
                .collect()
        };
        let time = |key: &str| vec![format!("pvt_{key}")];
        let mut filters = Vec::new();
        for (name, value) in query.iter() {
            let filter = match name {
                "has_key" => Filter::HasKey(path(value)),
                "key_missing" => Filter::KeyMissing(path(value)),
                "has_value" => Filter::HasValue(path(value)),
                "value_missing" | "missing_value" => Filter::ValueMissing(path(value)),
                "created_from" => Filter::From(time("created"), value.parse().ok()),
                "created_to" => Filter::To(time("created"), value.parse().ok()),
                "modified_from" => Filter::From(time("modified"), value.parse().ok()),
                "modified_to" => Filter::To(time("modified"), value.parse().ok()),
                _ => {
                    if let Some(key) = name.strip_prefix("filter_not_") {
                        Filter::IsNot(path(key), Wanted::new(value))
                    } else if let Some(key) = name.strip_prefix("filter_") {
                        Filter::Is(path(key), Wanted::new(value))
                    } else {
                        continue;
                    }
                }
            };
            if filters.len() == MAX_FILTERS {
                return Err(ApiError::unreadable("too many filters"));
            }
            filters.push(filter);
        }
        Ok(Self(filters))
    }

    /// Whether every row is kept.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a number is kept.
    pub fn keep_number(&self, number: &Number) -> bool {
        self.is_empty() || self.keep(&Row::Number(number, OnceCell::new()))
    }

    /// Whether a document is kept.
    pub fn keep_document(&self, document: &Map<String, Value>) -> bool {
        self.keep(&Row::Document(document))
    }

    fn keep(&self, row: &Row<'_>) -> bool {
        self.0.iter().all(|filter| filter.keeps(row))
    }
}

impl Filter {
    fn keeps(&self, row: &Row<'_>) -> bool {
        match self {
            Self::Is(path, wanted) => wanted.is(row.find(path).as_deref()),
            Self::IsNot(path, wanted) => match row.find(path) {
                Some(value) => !wanted.is(Some(&value)),
                None => true,
            },
            Self::HasKey(path) => row.find(path).is_some(),
            Self::KeyMissing(path) => row.find(path).is_none(),
            Self::HasValue(path) => row.find(path).is_some_and(|value| !is_empty(&value)),
            Self::ValueMissing(path) => row.find(path).is_none_or(|value| is_empty(&value)),
            Self::From(path, bound) => row
                .time(path)
                .zip(*bound)
                .is_some_and(|(at, from)| at >= from),
            Self::To(path, bound) => row.time(path).zip(*bound).is_some_and(|(at, to)| at <= to),
        }
    }
}

impl Row<'_> {
    fn find(&self, path: &[String]) -> Option<Cow<'_, Value>> {
        let (first, rest) = path.split_first()?;
        let document = match self {
            Self::Document(document) => *document,
            Self::Number(number, stored) => {
                // What is asked for most is had without writing the document.
                match first.as_str() {
                    "pvt_state" if rest.is_empty() => {
                        return Some(Cow::Owned(number.state.as_str().into()));
                    }
                    "pvt_created" if rest.is_empty() => {
                        return Some(Cow::Owned(number.created.get().into()));
                    }
                    "pvt_modified" if rest.is_empty() => {
                        return Some(Cow::Owned(number.modified.get().into()));
                    }
                    "locality" => return locality(number, rest),
                    private if private.starts_with("pvt_") || private == "_id" => {
                        stored.get_or_init(|| number.to_document())
                    }
                    _ => &number.public,
                }
            }
        };
        let mut value = document.get(first)?;
        for name in rest {
            value = value.as_object()?.get(name)?;
        }
        Some(Cow::Borrowed(value))
    }

    fn time(&self, path: &[String]) -> Option<u64> {
        self.find(path)?.as_u64()
    }
}

/// Where a number is: what a client stored, else what is known. By itself it
/// is the name of the city.
fn locality<'n>(number: &'n Number, rest: &[String]) -> Option<Cow<'n, Value>> {
    let place = match number.public.get("locality") {
        Some(Value::Object(place)) => place,
        Some(other) => return rest.is_empty().then_some(Cow::Borrowed(other)),
        None => &number.locality,
    };
    let mut names = rest.iter().map(String::as_str);
    let mut value = place.get(names.next().unwrap_or("locality"))?;
    for name in names {
        value = value.as_object()?.get(name)?;
    }
    Some(Cow::Borrowed(value))
}

impl Wanted {
    fn new(text: &str) -> Self {
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Array(items)) => {
                let texts = items.into_iter().map(|item| match item {
                    Value::String(text) => Some(text),
                    _ => None,
                });
                texts
                    .collect::<Option<HashSet<_>>>()
                    .map_or(Self::Nothing, Self::OneOf)
            }
            Ok(Value::String(unquoted)) => Self::Text(text.to_owned(), Some(unquoted)),
            _ => Self::Text(text.to_owned(), None),
        }
    }

    fn is(&self, value: Option<&Value>) -> bool {
        let text = match value {
            None => Cow::Borrowed(""),
            Some(Value::String(text)) => Cow::Borrowed(text.as_str()),
            Some(other) => Cow::Owned(other.to_string()),
        };
        match self {
            Self::Text(wanted, unquoted) => {
                text == *wanted || unquoted.as_ref().is_some_and(|wanted| text == *wanted)
            }
            Self::OneOf(texts) => texts.contains(text.as_ref()),
            Self::Nothing => false,
        }
    }
}

/// Empty by the rules of filters: `false` is a value, 0 is none.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => matches!(text.as_str(), "" | "0" | "NULL" | "undefined"),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use numbers::carrier::CarrierName;
    use numbers::gregorian::GregorianSeconds;
    use numbers::state::State;
    use serde_json::json;

    use super::*;

    fn number() -> Number {
        let id = "+14155550001".parse().unwrap();
        let at = GregorianSeconds::new(63_000_000_000);
        let mut number = Number::new(id, State::InService, CarrierName::local(), at);
        number.used_by = Some("callflow".to_owned());
        let locality = json!({"locality": "San Francisco", "province": "CA"});
        number.locality = locality.as_object().unwrap().clone();
        let public = json!({
            "my": {"flag": true, "count": 3, "zero": 0, "text": "x", "none": {}},
            "note": "a b", "quoted": "\"q\"", "off": false,
            "dimension": {"number_state": "disabled"},
        });
        number.public = public.as_object().unwrap().clone();
        number
    }

    fn keeps(query: &str) -> bool {
        Filters::for_numbers(&Query::from_text(query))
            .unwrap()
            .keep_number(&number())
    }

    #[test]
    fn each_operator_keeps_and_drops() {
        for (query, kept) in [
            ("", true),
            ("unrelated=1&prefix=415", true),
            ("filter_state=in_service", true),
            ("filter_state=reserved", false),
            ("filter_state=%5B%22in_service%22%2C%22port_in%22%5D", true),
            ("filter_state=[\"reserved\",\"port_in\"]", false),
            ("filter_state=\"in_service\"", true),
            ("filter_not_state=in_service", false),
            ("filter_not_state=reserved", true),
            ("filter_not_state=[\"reserved\",\"in_service\"]", false),
            ("filter_pvt_state=in_service", true),
            ("filter_used_by=callflow", true),
            ("filter_pvt_module_name=knm_local", true),
            ("filter_my.flag=true", true),
            ("filter_my.flag=false", false),
            ("filter_my.count=3", true),
            ("filter_my.count=[\"3\",\"4\"]", true),
            ("filter_my.count=[3,4]", false),
            ("filter_note=a+b", true),
            ("filter_quoted=%22q%22", true),
            ("filter_quoted=q", false),
            ("filter_locality=San+Francisco", true),
            ("filter_pvt_locality=San+Francisco", true),
            ("filter_locality=Oakland", false),
            ("filter_not_locality=Oakland", true),
            ("filter_locality=[\"Oakland\",\"San Francisco\"]", true),
            ("filter_locality.province=CA", true),
            ("filter_locality.province=NY", false),
            ("has_key=locality", true),
            ("key_missing=locality.postal_code", true),
            ("filter_absent=", true),
            ("filter_absent=x", false),
            ("filter_absent.deeper=", true),
            ("filter_not_absent=x", true),
            ("filter_not_absent=", true),
            ("filter_dimension.number_state=disabled", true),
            ("has_key=my.flag", true),
            ("has_key=my.other", false),
            ("has_key=dimension.uk_999", false),
            ("has_key=my.none", true),
            ("key_missing=my.other", true),
            ("key_missing=note", false),
            ("has_value=my.none", false),
            ("has_value=my.zero", false),
            ("has_value=off", true),
            ("has_value=note", true),
            ("value_missing=my.none", true),
            ("value_missing=absent", true),
            ("missing_value=note", false),
            ("created_from=63000000000&created_to=63000000000", true),
            ("created_from=63000000001", false),
            ("created_to=62999999999", false),
            ("modified_from=63000000000", true),
            ("modified_to=1", false),
            ("created_from=yesterday", false),
            ("modified_to=", false),
            ("filter_state=in_service&filter_note=other", false),
        ] {
            assert_eq!(keeps(query), kept, "{query}");
        }
    }

    #[test]
    fn there_are_only_so_many() {
        let query = "has_key=note&".repeat(65);
        assert!(Filters::for_numbers(&Query::from_text(&query)).is_err());
    }
}
