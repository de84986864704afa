//! E.164 numbers: the keys of all records.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// Most digits of a number (ITU-T E.164, 6.1; spec/numbers.md 8).
pub const MAX_DIGITS: usize = 15;
const MIN_DIGITS: usize = 2;

/// A number in the form in which it is stored: `+`, a first digit from 1 to 9,
/// and 2 to 15 ASCII digits in all.
///
/// ```
/// use numbers::e164::{E164, InvalidE164};
///
/// let number: E164 = "+14158867900".parse()?;
/// assert_eq!(number.as_str(), "+14158867900");
/// assert_eq!(number.digits(), "14158867900");
/// assert_eq!("14158867900".parse::<E164>(), Err(InvalidE164::NoPlus));
/// # Ok::<(), InvalidE164>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct E164(Box<str>);

/// Why a text is no E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidE164 {
    /// The first character isn't `+`.
    #[error("an E.164 number begins with '+'")]
    NoPlus,
    /// Something after the `+` isn't one of `0` to `9`.
    #[error("{0:?} is not a digit of an E.164 number")]
    NotADigit(char),
    /// No country code begins with 0.
    #[error("the first digit of an E.164 number is not 0")]
    LeadingZero,
    /// Fewer than 2 digits.
    #[error("an E.164 number has at least 2 digits, not {0}")]
    TooShort(usize),
    /// More than 15 digits.
    #[error("an E.164 number has at most 15 digits, not {0}")]
    TooLong(usize),
}

impl E164 {
    /// The number with its plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number without its plus.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    fn check(text: &str) -> Result<(), InvalidE164> {
        let digits = text.strip_prefix('+').ok_or(InvalidE164::NoPlus)?;
        if let Some(other) = digits.chars().find(|c| !c.is_ascii_digit()) {
            return Err(InvalidE164::NotADigit(other));
        }
        match digits.len() {
            _ if digits.starts_with('0') => Err(InvalidE164::LeadingZero),
            count @ ..MIN_DIGITS => Err(InvalidE164::TooShort(count)),
            MIN_DIGITS..=MAX_DIGITS => Ok(()),
            count => Err(InvalidE164::TooLong(count)),
        }
    }
}

impl TryFrom<&str> for E164 {
    type Error = InvalidE164;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        Self::check(text).map(|()| Self(text.into()))
    }
}

impl TryFrom<String> for E164 {
    type Error = InvalidE164;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::check(&text).map(|()| Self(text.into_boxed_str()))
    }
}

impl FromStr for E164 {
    type Err = InvalidE164;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0.into()
    }
}

impl AsRef<str> for E164 {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for E164 {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    #[test]
    fn each_fault_has_its_name() {
        for (text, fault) in [
            ("", InvalidE164::NoPlus),
            ("14158867900", InvalidE164::NoPlus),
            (" +14158867900", InvalidE164::NoPlus),
            ("\u{ff0b}14158867900", InvalidE164::NoPlus),
            ("+", InvalidE164::TooShort(0)),
            ("+1", InvalidE164::TooShort(1)),
            ("+0", InvalidE164::LeadingZero),
            ("+0123456789", InvalidE164::LeadingZero),
            ("+1234567890123456", InvalidE164::TooLong(16)),
            ("++1415", InvalidE164::NotADigit('+')),
            ("+1415\n", InvalidE164::NotADigit('\n')),
            ("+1415٤", InvalidE164::NotADigit('٤')),
            ("+1\u{ff14}", InvalidE164::NotADigit('\u{ff14}')),
        ] {
            assert_eq!(text.parse::<E164>(), Err(fault), "{text:?}");
            assert_eq!(E164::try_from(text.to_owned()), Err(fault), "{text:?}");
        }
        let long = format!("+{}", "1".repeat(10_000));
        assert_eq!(long.parse::<E164>(), Err(InvalidE164::TooLong(10_000)));
        for text in ["+12", "+14158867900", "+123456789012345"] {
            assert_eq!(text.parse::<E164>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn it_is_a_text_in_json_and_as_a_key() {
        let number: E164 = serde_json::from_str(r#""+14158867900""#).unwrap();
        assert_eq!(format!("{number:>14}"), "  +14158867900");
        let map = BTreeMap::from([(number.clone(), 1)]);
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(json, r#"{"+14158867900":1}"#);
        let read: HashMap<E164, i32> = serde_json::from_str(&json).unwrap();
        assert_eq!(read.get("+14158867900"), Some(&1));
        let error = serde_json::from_str::<E164>(r#""4158867900""#).unwrap_err();
        assert!(error.to_string().contains("begins with '+'"), "{error}");
    }
}
