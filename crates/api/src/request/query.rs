//! Query strings (spec/http.md 1.5).

use percent_encoding::percent_decode;

use crate::error::ApiError;

/// The parameters of a query string, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, Option<String>)>);

/// The most parameters that a query may have; the length of the path bounds
/// their size.
const MAX_PARAMETERS: usize = 512;

impl Query {
    /// Form decoding: a plus is a space, `%2B` a plus.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let mut parameters = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            if parameters.len() == MAX_PARAMETERS {
                return Err(ApiError::unreadable("too many query parameters"));
            }
            parameters.push(match part.split_once('=') {
                Some((key, value)) => (decode(key)?, Some(decode(value)?)),
                None => (decode(part)?, None),
            });
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter, `true` if it has none; the first one counts.
    ///
    /// ```
    /// # let query = api::request::Query::default();
    /// assert_eq!(query.get("page_size"), None);
    /// ```
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_deref().unwrap_or("true"))
    }

    /// Whether a parameter is there and says yes.
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether a parameter is there and says no.
    pub fn is_false(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| value.eq_ignore_ascii_case("false"))
    }

    /// Every parameter; `true` for those without value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or("true")))
    }

    /// A query for tests of what reads one.
    #[cfg(test)]
    pub(crate) fn from_text(text: &str) -> Self {
        Self::parse(text).expect("a good query")
    }

    /// A text that is form data; `None` for the value of a valueless key.
    pub(super) fn into_pairs(self) -> Vec<(String, Option<String>)> {
        self.0
    }
}

fn decode(text: &str) -> Result<String, ApiError> {
    let spaced = text.replace('+', " ");
    percent_decode(spaced.as_bytes())
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| ApiError::unreadable("the query is not UTF-8 after percent-decoding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_decode() {
        let query = Query::parse("a=1+2&b=%2B1&c&d=&a=9&&%C3%BC=x").unwrap();
        assert_eq!(query.get("a"), Some("1 2"));
        assert_eq!(query.get("b"), Some("+1"));
        assert_eq!(query.get("c"), Some("true"));
        assert_eq!(query.get("d"), Some(""));
        assert_eq!(query.get("ü"), Some("x"));
        assert_eq!(query.get("e"), None);
        assert!(query.is_true("c") && !query.is_true("d"));
        assert!(Query::parse("a=%FF").is_err());
        assert!(Query::parse(&"a&".repeat(513)).is_err());
    }
}
