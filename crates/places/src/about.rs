//! libphonenumber's view of one number: its country and kind, whether it is
//! valid, how it is written, and what the embedded data says of its place. The
//! rules are those of the original's geocoder, carrier mapper and time-zone
//! mapper, so that the answers are the same.

use std::str::FromStr;

use numbers::e164::E164;
use rlibphonenumber::{
    PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
};

use crate::geodata::Geodata;

/// The longest text that is looked at, in characters, as in the original.
const MAX_TEXT: usize = 250;

/// What is known of a number from data alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// ISO 3166-1 code; `None` where the number is of no country, like +800,
    /// or of none that can be told.
    pub country: Option<String>,
    /// `fixed_line`, `mobile`, `toll_free`, …; `unknown`: no such numbers.
    pub kind: &'static str,
    /// Whether numbers like this are given out in its country.
    pub valid: bool,
    /// Whether it has the length of numbers of its country.
    pub possible: bool,
    /// The most exact description of the place; the country's name where there
    /// is none better.
    pub description: Option<&'static str>,
    /// How many digits of the number the description needs; `None`: it is the
    /// country's name.
    pub described_by: Option<usize>,
    /// For mobile numbers: whom the block was given to.
    pub carrier: Option<&'static str>,
    /// IANA names.
    pub time_zones: Vec<&'static str>,
    /// As it is written within its country.
    pub national: String,
    /// As it is written elsewhere.
    pub international: String,
}

/// Whether a text is the two letters of a country that has telephone numbers,
/// in either case.
pub fn is_country(code: &str) -> bool {
    let region = Region::from_str(&code.to_ascii_uppercase()).ok();
    let known = region.and_then(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region));
    code.len() == 2 && known.is_some()
}

/// A text of a country as a number; `None`: it is none, or there is no such
/// country.
///
/// ```
/// let berlin = places::parse("030 223456", "DE").unwrap();
/// assert_eq!(berlin.as_str(), "+4930223456");
/// assert_eq!(places::parse("030 223456", "XX"), None);
/// ```
pub fn parse(text: &str, country: &str) -> Option<E164> {
    if text.chars().nth(MAX_TEXT).is_some() {
        return None;
    }
    let region = Region::from_str(&country.to_ascii_uppercase()).ok()?;
    let number = PHONE_NUMBER_UTIL.parse(text, Some(region)).ok()?;
    let written = number.format_as(PhoneNumberFormat::E164);
    E164::try_from(&*written).ok()
}

/// The countries that a number may be counted to: its own, and the main one of
/// its country code. None for a country code that is nobody's.
///
/// ```
/// let jersey = "+441534123456".parse().unwrap();
/// assert_eq!(places::countries(&jersey), ["JE", "GB"]);
/// ```
pub fn countries(number: &E164) -> Vec<String> {
    let Ok(parsed) = PhoneNumber::from_str(number.as_str()) else {
        return Vec::new();
    };
    let main = PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code);
    let main = main.map(|main| main.to_string());
    let mut countries: Vec<String> = country(&parsed).into_iter().collect();
    countries.extend(main.filter(|main| is_country(main) && countries.first() != Some(main)));
    countries
}

/// A number as it is written in other countries; `None`: its country code is
/// nobody's.
pub fn international(number: &E164) -> Option<String> {
    let parsed = PhoneNumber::from_str(number.as_str()).ok()?;
    Some(
        parsed
            .format_as(PhoneNumberFormat::International)
            .into_owned(),
    )
}

/// What is known of a number; `None`: its country code is nobody's.
///
/// ```
/// let about = places::about(&"+14155550100".parse()?).unwrap();
/// assert_eq!(about.country.as_deref(), Some("US"));
/// assert_eq!(about.description, Some("San Francisco, CA"));
/// assert_eq!(about.time_zones, ["America/Los_Angeles"]);
/// # Ok::<(), numbers::e164::InvalidE164>(())
/// ```
pub fn about(number: &E164) -> Option<About> {
    let parsed: Result<PhoneNumber, ParseError> = PHONE_NUMBER_UTIL.parse(number.as_str(), None);
    let parsed = parsed.ok()?;
    let kind = parsed.get_type();
    let geodata = Geodata::embedded();
    let written = parsed.format_as(PhoneNumberFormat::E164);
    let digits = written.strip_prefix('+')?;
    let geographical = PHONE_NUMBER_UTIL
        .is_number_geographical_by_country_code_and_type(kind, parsed.country_code);
    let known = kind != PhoneNumberType::Unknown;
    let place = (known && geographical)
        .then(|| area(geodata, &parsed, digits))
        .flatten();
    let description = match place {
        Some((_, name)) => Some(name),
        None if known => country_name(geodata, &parsed),
        None => None,
    };
    let carries = matches!(
        kind,
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile | PhoneNumberType::Pager
    );
    let country_code = parsed.country_code.to_string();
    let zones = match (known, geographical) {
        (true, true) => geodata.time_zones(digits),
        (true, false) => geodata.time_zones(&country_code),
        (false, _) => None,
    };
    Some(About {
        country: country(&parsed),
        kind: kind_name(kind),
        // Numbers of a kind are those that are given out, and no others are.
        valid: known,
        possible: parsed.is_possible_with_reason().is_ok(),
        description,
        described_by: place.map(|(digits, _)| digits),
        carrier: carries
            .then(|| geodata.carrier(digits))
            .flatten()
            .map(|found| found.name),
        time_zones: zones.map_or_else(Vec::new, |zones| zones.name.split(' ').collect()),
        national: parsed.format_as(PhoneNumberFormat::National).into_owned(),
        international: parsed
            .format_as(PhoneNumberFormat::International)
            .into_owned(),
    })
}

/// The area, and how many of the number's digits say so.
fn area(
    geodata: &Geodata<'static>,
    parsed: &PhoneNumber,
    digits: &str,
) -> Option<(usize, &'static str)> {
    let country_code = parsed.country_code.to_string();
    let token = PHONE_NUMBER_UTIL.get_country_mobile_token(parsed.country_code);
    let without_token = token.and_then(|token| {
        let national = digits
            .strip_prefix(country_code.as_str())?
            .strip_prefix(token)?;
        let region = PHONE_NUMBER_UTIL.get_region_for_country_code(parsed.country_code);
        PHONE_NUMBER_UTIL.parse(national, region).ok()
    });
    // Where mobile numbers begin with a token of their own, the place's code
    // comes after it.
    if let Some(number) = without_token {
        let written = number.format_as(PhoneNumberFormat::E164);
        let found = geodata.place(written.strip_prefix('+')?)?;
        return Some((found.digits, found.name));
    }
    let found = geodata.place(digits)?;
    Some((found.digits, found.name))
}

fn country(parsed: &PhoneNumber) -> Option<String> {
    let region = parsed.get_region_code()?.to_string();
    let is_country = region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase());
    is_country.then_some(region)
}

/// The name of the one country that the number can be of.
fn country_name(geodata: &Geodata<'static>, parsed: &PhoneNumber) -> Option<&'static str> {
    let regions: Vec<Region> = PHONE_NUMBER_UTIL
        .get_regions_for_country_calling_code(parsed.country_code)?
        .collect();
    let region = match regions.as_slice() {
        [only] => *only,
        several => {
            let mut valid = several
                .iter()
                .filter(|region| parsed.is_valid_for_region(**region));
            let first = valid.next()?;
            if valid.next().is_some() {
                return None;
            }
            *first
        }
    };
    geodata.country_name(&region.to_string())
}

const fn kind_name(kind: PhoneNumberType) -> &'static str {
    match kind {
        PhoneNumberType::FixedLine => "fixed_line",
        PhoneNumberType::Mobile => "mobile",
        PhoneNumberType::FixedLineOrMobile => "fixed_line_or_mobile",
        PhoneNumberType::TollFree => "toll_free",
        PhoneNumberType::PremiumRate => "premium_rate",
        PhoneNumberType::SharedCost => "shared_cost",
        PhoneNumberType::VoIP => "voip",
        PhoneNumberType::PersonalNumber => "personal_number",
        PhoneNumberType::Pager => "pager",
        PhoneNumberType::UAN => "uan",
        PhoneNumberType::VoiceMail => "voicemail",
        PhoneNumberType::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_up_to_a_length() {
        let padded = |count: usize| format!("{}030 223456", " ".repeat(count));
        assert!(parse(&padded(MAX_TEXT - 10), "DE").is_some());
        assert_eq!(parse(&padded(MAX_TEXT - 9), "DE"), None);
        assert_eq!(parse(&"4".repeat(1_000_000), "US"), None);
        for odd in ["", "+", "' OR 1=1", "(.*)+$", "\u{0}", "hello"] {
            assert_eq!(parse(odd, "US"), None, "{odd}");
        }
    }

    #[test]
    fn numbers_of_no_country_are_known_as_far_as_they_can_be() {
        let kind =
            |text: &str| about(&text.parse().unwrap()).map(|about| (about.country, about.kind));
        assert_eq!(kind("+80012345678"), Some((None, "toll_free")));
        assert_eq!(
            kind("+18005551212"),
            Some((Some("US".to_owned()), "toll_free"))
        );
        assert_eq!(kind("+99912345678"), None);
        let invalid = about(&"+14150000000".parse().unwrap()).unwrap();
        assert_eq!(
            (invalid.valid, invalid.kind, invalid.description),
            (false, "unknown", None)
        );
    }
}
