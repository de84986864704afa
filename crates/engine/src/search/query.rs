//! What is searched for, as it was asked, and what of it is wrong.

use std::ops::RangeInclusive;
use std::str::FromStr;

use carriers::{NumberKind, TollFree, WILDCARDS, toll_free};
use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

use crate::{EngineError, FieldError};

/// Fewest and most characters of a prefix (spec/http.md 6.2).
const PREFIX_LENGTH: RangeInclusive<usize> = 3..=10;

/// The most digits of E.164.
const MOST_DIGITS: usize = 15;

/// The most digits that are looked for within a number or at its end.
const MOST_WANTED_DIGITS: usize = 10;

/// The most digits of a LATA: three, and two that some append.
const MOST_LATA_DIGITS: usize = 5;

/// The longest name of a place, in characters.
const MAX_NAME: usize = 100;

/// How many features are looked for at most, and how long their names are.
const MAX_FEATURES: usize = 16;
const MAX_FEATURE: usize = 32;

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// What the numbers begin with, after the country code; or from `+` on; or
    /// a wildcard for toll-free numbers (`80*`). May be absent where something
    /// else says which numbers.
    pub prefix: Option<String>,
    /// In which city, by its name or the beginning of it.
    pub city: Option<String>,
    /// In which state or province.
    pub state: Option<String>,
    /// ISO 3166-1 alpha-2 country; `None`: the configured one.
    pub country: Option<String>,
    /// Digits somewhere after the country code.
    pub contains: Option<String>,
    /// Digits at the end.
    pub ends_with: Option<String>,
    /// In which rate center.
    pub rate_center: Option<String>,
    /// In which LATA.
    pub lata: Option<String>,
    /// What the numbers must be able to do.
    pub features: Vec<String>,
    /// What sort of numbers: `local`, `tollfree`, `mobile`.
    pub kind: Option<String>,
    /// In blocks of so many consecutive numbers.
    pub blocks: Option<usize>,
    /// How many numbers at most.
    pub quantity: usize,
    /// How many results come before these.
    pub offset: usize,
    /// Whether nothing is found by a prefix that is no digits and in a country
    /// that there isn't, as in Kazoo; else they are refused.
    pub lenient: bool,
}

/// The checked part of a query that says what the digits are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// `+` and digits, the country code first; `None`: any of the country.
    pub prefix: Option<String>,
    /// `+` and the country code.
    pub code: String,
    /// ISO 3166-1 alpha-2, in capitals.
    pub country: String,
    /// What sort of numbers.
    pub kind: Option<NumberKind>,
}

impl SearchQuery {
    /// Checks everything; an error inside: there can be no such numbers, and
    /// why.
    ///
    /// # Errors
    /// Each wrong parameter, by its name in the API.
    pub(super) fn checked(
        &self,
        default_country: &str,
        most: usize,
    ) -> Result<Result<Digits, FieldError>, EngineError> {
        let mut errors = self.wrong_filters(most);
        let country = self.country.as_deref().unwrap_or(default_country);
        errors.extend(not_two_letters(country));
        let cleaned = self.prefix.as_deref().map(cleaned_prefix).transpose();
        let kind = self.kind.as_deref().map(kind_named).transpose();
        let (cleaned, kind) = match (cleaned, kind) {
            (Ok(cleaned), Ok(kind)) if errors.is_empty() => (cleaned, kind),
            (cleaned, kind) => {
                errors.extend(cleaned.err().map(|error| *error));
                errors.extend(kind.err().map(|error| *error));
                return Err(EngineError::Validation(errors));
            }
        };
        match digits(cleaned, country, kind) {
            Ok(digits) => Ok(Ok(digits)),
            Err(Wrong::Odd(error)) if self.lenient => Ok(Err(*error)),
            Err(Wrong::Odd(error) | Wrong::Never(error)) => {
                Err(EngineError::Validation(vec![*error]))
            }
        }
    }

    fn wrong_filters(&self, most: usize) -> Vec<FieldError> {
        let digits = [
            ("contains", &self.contains, MOST_WANTED_DIGITS),
            ("ends_with", &self.ends_with, MOST_WANTED_DIGITS),
            ("lata", &self.lata, MOST_LATA_DIGITS),
        ];
        let digits = digits
            .into_iter()
            .filter_map(|(name, text, most)| wrong_digits(name, text.as_deref()?, most));
        let names = [
            ("city", &self.city),
            ("state", &self.state),
            ("rate_center", &self.rate_center),
        ];
        let names = names.into_iter().filter_map(|(name, text)| {
            let text = text.as_deref()?;
            let too_long = text.chars().count() > MAX_NAME;
            too_long.then(|| FieldError::too_long(name, MAX_NAME, &shown(text)))
        });
        let features = wrong_features(&self.features);
        let blocks = self.blocks.and_then(|size| wrong_blocks(size, most));
        digits.chain(names).chain(features).chain(blocks).collect()
    }
}

/// What is wrong with the digits.
enum Wrong {
    /// Kazoo finds nothing by that and says nothing.
    Odd(Box<FieldError>),
    /// Nobody can mean it.
    Never(Box<FieldError>),
}

impl Wrong {
    fn odd(error: FieldError) -> Self {
        Self::Odd(Box::new(error))
    }
}

/// A prefix without white space and the stars at its end.
struct Cleaned {
    typed: String,
    digits: String,
}

impl Cleaned {
    /// Whether it asks for toll-free numbers by a wildcard, whatever the
    /// country code: an 8 and at most one more digit before stars.
    fn is_wildcard(&self, national: &str) -> bool {
        self.typed.ends_with('*') && national.starts_with('8') && national.len() <= 2
    }
}

/// The prefix by its length (spec/http.md 6.2, 7.7). Stars count for it: `80*`
/// is what clients send for every toll-free number that begins so.
fn cleaned_prefix(prefix: &str) -> Result<Cleaned, Box<FieldError>> {
    let typed: String = prefix.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = typed.trim_end_matches('*').to_owned();
    let length = typed.strip_prefix('+').unwrap_or(&typed).chars().count();
    let says_nothing = digits.trim_start_matches('+').is_empty();
    if says_nothing || length < *PREFIX_LENGTH.start() {
        let least = *PREFIX_LENGTH.start();
        return Err(Box::new(FieldError::too_short("prefix", least, &typed)));
    }
    let most = *PREFIX_LENGTH.end();
    if length > most && !typed.starts_with('+') || length > MOST_DIGITS {
        return Err(Box::new(FieldError::too_long(
            "prefix",
            most,
            &shown(&typed),
        )));
    }
    Ok(Cleaned { typed, digits })
}

/// What the digits are, in which country.
fn digits(
    prefix: Option<Cleaned>,
    country: &str,
    mut kind: Option<NumberKind>,
) -> Result<Digits, Wrong> {
    let named = country_code(country);
    let Some(prefix) = prefix else {
        return Ok(Digits {
            prefix: None,
            code: named.ok_or_else(|| Wrong::odd(no_country(country)))?,
            country: country.to_ascii_uppercase(),
            kind,
        });
    };
    let (digits, is_whole) = match prefix.digits.strip_prefix('+') {
        Some(digits) => (digits, true),
        None => (prefix.digits.as_str(), false),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::odd(no_digits("prefix", &prefix.typed)));
    }
    let mut country = country.to_ascii_uppercase();
    let (code, national) = if is_whole {
        let of_country = named.filter(|code| prefix.digits.starts_with(code.as_str()));
        let code = of_country.or_else(|| {
            let (code, region) = region_of(digits)?;
            country = region;
            Some(code)
        });
        let code = code.unwrap_or_else(|| "+".to_owned());
        let national = prefix.digits.get(code.len()..).unwrap_or_default();
        (code, national.to_owned())
    } else {
        let code = named.ok_or_else(|| Wrong::odd(no_country(&country)))?;
        (code, digits.to_owned())
    };
    if code == "+1" && prefix.is_wildcard(&national) {
        let wildcard = format!("{national:*<3}");
        let Some(TollFree::Wildcard(_)) = toll_free(&wildcard) else {
            let error = no_wildcard(&wildcard, &prefix.typed);
            return Err(Wrong::Never(Box::new(error)));
        };
        kind = kind.or(Some(NumberKind::TollFree));
    }
    Ok(Digits {
        prefix: Some(format!("{code}{national}")),
        code,
        country,
        kind,
    })
}

/// `+` and the code that a country is called by: `+1`, `+49`.
fn country_code(country: &str) -> Option<String> {
    let region = Region::from_str(&country.to_ascii_uppercase()).ok()?;
    let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region)?;
    Some(format!("+{code}"))
}

/// The country code that digits begin with, and the main country that has it.
fn region_of(digits: &str) -> Option<(String, String)> {
    // None is the beginning of another.
    (1..=3).find_map(|length| {
        let code = digits.get(..length)?;
        let region = PHONE_NUMBER_UTIL.get_region_for_country_code(code.parse().ok()?)?;
        Some((format!("+{code}"), region.to_string()))
    })
}

fn not_two_letters(country: &str) -> Option<FieldError> {
    match country.chars().count() {
        2 => None,
        0 | 1 => Some(FieldError::too_short("country", 2, country)),
        _ => Some(FieldError::too_long("country", 2, &shown(country))),
    }
}

fn no_country(country: &str) -> FieldError {
    let text = "Value is not the two letters of a country (ISO 3166-1)";
    FieldError::new("country", "enum", text).with_value(country)
}

fn no_digits(name: &str, text: &str) -> FieldError {
    let message = "Value has something else than digits";
    FieldError::new(name, "pattern", message).with_value(shown(text))
}

fn no_wildcard(wildcard: &str, typed: &str) -> FieldError {
    let known = WILDCARDS.join(", ");
    let text =
        format!("Nobody sells toll-free numbers by the wildcard {wildcard}; there are {known}");
    FieldError::new("prefix", "enum", text)
        .with_target(WILDCARDS.to_vec())
        .with_value(typed)
}

fn wrong_digits(name: &str, text: &str, most: usize) -> Option<FieldError> {
    if text.len() > most {
        return Some(FieldError::too_long(name, most, &shown(text)));
    }
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (!fits).then(|| no_digits(name, text))
}

fn kind_named(text: &str) -> Result<NumberKind, Box<FieldError>> {
    text.parse().map_err(|_| {
        let known =
            [NumberKind::Local, NumberKind::TollFree, NumberKind::Mobile].map(NumberKind::as_str);
        let message = format!("Value is not one of {}", known.join(", "));
        let error = FieldError::new("type", "enum", message).with_target(known.to_vec());
        Box::new(error.with_value(shown(text)))
    })
}

fn wrong_features(features: &[String]) -> Option<FieldError> {
    if features.len() > MAX_FEATURES {
        let text = format!("The list is more than {MAX_FEATURES} items");
        return Some(FieldError::new("features", "maxItems", text).with_target(MAX_FEATURES));
    }
    let is_word = |feature: &&String| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        (1..=MAX_FEATURE).contains(&feature.len()) && feature.chars().all(is_part)
    };
    let wrong = features.iter().find(|feature| !is_word(feature))?;
    let text = "A feature's name is letters, digits, _ and -: sms,fax";
    Some(FieldError::new("features", "pattern", text).with_value(shown(wrong)))
}

fn wrong_blocks(size: usize, most: usize) -> Option<FieldError> {
    if size == 0 {
        let text = "Value is less than 1, the least size of a block";
        return Some(FieldError::new("blocks", "minimum", text).with_target(1));
    }
    (size > most).then(|| {
        let text = format!("Value is more than {most}, the most that one search answers");
        FieldError::new("blocks", "maximum", text).with_target(most)
    })
}

/// The beginning of a text that is too long to be shown.
fn shown(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(query: &SearchQuery) -> Result<Option<Digits>, Vec<String>> {
        let result = query.checked("US", 500).map(Result::ok);
        result.map_err(|error| match error {
            EngineError::Validation(errors) => errors
                .iter()
                .map(|error| format!("{}.{}", error.path, error.rule))
                .collect(),
            other => panic!("{other:?}"),
        })
    }

    fn by_prefix(prefix: &str) -> SearchQuery {
        SearchQuery {
            prefix: Some(prefix.to_owned()),
            ..SearchQuery::default()
        }
    }

    #[test]
    fn prefixes_are_read_in_every_form_that_clients_send() {
        for (typed, country, prefix, code, of) in [
            ("415", "US", "+1415", "+1", "US"),
            (" 4 15*", "us", "+1415", "+1", "US"),
            ("+1415", "US", "+1415", "+1", "US"),
            ("+4930", "US", "+4930", "+49", "DE"),
            ("+4930", "DE", "+4930", "+49", "DE"),
            ("+1604", "CA", "+1604", "+1", "CA"),
            ("301", "de", "+49301", "+49", "DE"),
        ] {
            let query = SearchQuery {
                country: Some(country.to_owned()),
                ..by_prefix(typed)
            };
            let digits = checked(&query).unwrap().unwrap();
            assert_eq!(digits.prefix.as_deref(), Some(prefix), "{typed}");
            assert_eq!((&*digits.code, &*digits.country), (code, of), "{typed}");
            assert_eq!(digits.kind, None);
        }
    }

    #[test]
    fn wildcards_ask_for_toll_free_numbers_or_are_refused_by_name() {
        for (typed, prefix) in [
            ("80*", "+180"),
            ("8**", "+18"),
            ("+188*", "+188"),
            ("800*", "+1800"),
        ] {
            let digits = checked(&by_prefix(typed)).unwrap().unwrap();
            assert_eq!(digits.prefix.as_deref(), Some(prefix), "{typed}");
            let is_wildcard = typed != "800*";
            assert_eq!(digits.kind.is_some(), is_wildcard, "{typed}");
        }
        for typed in ["81*", "82*", "83*", "89*", "+183*"] {
            let refused = checked(&by_prefix(typed)).unwrap_err();
            assert_eq!(refused, ["prefix.enum"], "{typed}");
        }
        let german = SearchQuery {
            country: Some("DE".to_owned()),
            ..by_prefix("83*")
        };
        assert!(checked(&german).is_ok(), "another plan's 83");
    }

    #[test]
    fn what_is_odd_is_refused_or_finds_nothing_and_never_more() {
        for (prefix, country, rule) in [
            ("abc", "US", "prefix.pattern"),
            ("41x", "US", "prefix.pattern"),
            ("415", "ZZ", "country.enum"),
        ] {
            let mut query = SearchQuery {
                country: Some(country.to_owned()),
                ..by_prefix(prefix)
            };
            assert_eq!(checked(&query), Err(vec![rule.to_owned()]));
            query.lenient = true;
            assert_eq!(checked(&query), Ok(None));
        }
        let none = SearchQuery {
            lenient: true,
            ..by_prefix("83*")
        };
        assert!(checked(&none).is_err());
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let long = "x".repeat(101);
        let query = SearchQuery {
            prefix: Some("41".to_owned()),
            city: Some(long.clone()),
            state: Some(long.clone()),
            rate_center: Some(long),
            country: Some("USA".to_owned()),
            contains: Some("4a".to_owned()),
            ends_with: Some("12345678901".to_owned()),
            lata: Some(String::new()),
            features: vec!["sms".to_owned(), "a b".to_owned()],
            kind: Some("fixed".to_owned()),
            blocks: Some(0),
            ..SearchQuery::default()
        };
        let named = checked(&query).unwrap_err();
        let expected = [
            "contains.pattern",
            "ends_with.maxLength",
            "lata.pattern",
            "city.maxLength",
            "state.maxLength",
            "rate_center.maxLength",
            "features.pattern",
            "blocks.minimum",
            "country.maxLength",
            "prefix.minLength",
            "type.enum",
        ];
        assert_eq!(named, expected);
        let many = SearchQuery {
            features: vec!["sms".to_owned(); 17],
            blocks: Some(501),
            ..by_prefix("415")
        };
        let named = checked(&many).unwrap_err();
        assert_eq!(named, ["features.maxItems", "blocks.maximum"]);
    }
}
