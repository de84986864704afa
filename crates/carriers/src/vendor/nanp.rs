//! Numbers as vendors of North America write them (spec/integrations.md 1.8).

use numbers::e164::E164;

use crate::{Query, TollFree, toll_free};

/// The ten digits of a number of country code 1; `None`: it has another one.
pub fn ten_digits(number: &E164) -> Option<&str> {
    let national = number.digits().strip_prefix('1')?;
    (national.len() == 10).then_some(national)
}

/// The number that a vendor means by ten digits, eleven with the 1, or E.164,
/// however they are set apart.
pub fn number(text: &str) -> Option<E164> {
    let text = text.replace([' ', '-', '.', '(', ')'], "");
    let national = match text.len() {
        10 => &text,
        11 => text.strip_prefix('1')?,
        12 => text.strip_prefix("+1")?,
        _ => return None,
    };
    format!("+1{national}").parse().ok()
}

/// What a query looks for in the North American plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search<'q> {
    /// Numbers that begin with these digits after the 1: an area code at least.
    Digits(&'q str),
    /// Toll-free numbers of several area codes, by a wildcard: `85*`.
    TollFree(&'static str),
    /// Numbers of a place, whatever their digits.
    Place,
}

/// What a query looks for; `None`: another country, half an area code, no
/// digits, or nothing that says which numbers.
pub fn searched(query: &Query) -> Option<Search<'_>> {
    let national = query.prefix.strip_prefix("+1")?;
    if !national.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(TollFree::Wildcard(wildcard)) = query.toll_free() {
        return Some(Search::TollFree(wildcard));
    }
    let wanted = &query.filters;
    let places = [
        &wanted.locality,
        &wanted.rate_center,
        &wanted.lata,
        &wanted.state,
    ];
    let has_place = places.into_iter().any(Option::is_some);
    match national.len() {
        0 => has_place.then_some(Search::Place),
        1 | 2 => None,
        _ => Some(Search::Digits(national)),
    }
}

/// Whether a query is about numbers of country code 1.
pub fn serves(query: &Query) -> bool {
    query.prefix.starts_with("+1")
}

/// Whether the digits after the 1 begin with a toll-free area code.
pub fn is_toll_free(national: &str) -> bool {
    matches!(toll_free(national), Some(TollFree::AreaCode(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Filters, NumberKind};

    #[test]
    fn every_way_to_write_a_number_is_read() {
        for text in [
            "4155550101",
            "14155550101",
            "+14155550101",
            " (415) 555-0101 ",
        ] {
            let read = number(text).expect(text);
            assert_eq!(read.as_str(), "+14155550101");
            assert_eq!(ten_digits(&read), Some("4155550101"));
        }
        for text in [
            "",
            "415555010",
            "+441555501011",
            "41555501o1",
            "24155550101",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(ten_digits(&"+441134960000".parse().unwrap()), None);
    }

    #[test]
    fn searches_need_an_area_code_a_wildcard_or_a_place() {
        let query = |prefix: &str, filters| Query {
            prefix: prefix.to_owned(),
            filters,
            ..Query::default()
        };
        let toll_free = Filters {
            kind: Some(NumberKind::TollFree),
            ..Filters::default()
        };
        let place = Filters {
            state: Some("CA".to_owned()),
            ..Filters::default()
        };
        for (prefix, filters, wanted) in [
            ("+1415", Filters::default(), Some(Search::Digits("415"))),
            ("+1855", toll_free.clone(), Some(Search::Digits("855"))),
            ("+185", toll_free.clone(), Some(Search::TollFree("85*"))),
            ("+1", toll_free, Some(Search::TollFree("8**"))),
            ("+1", place.clone(), Some(Search::Place)),
            ("+1", Filters::default(), None),
            ("+141", place, None),
            ("+44415", Filters::default(), None),
            ("+141a5", Filters::default(), None),
            ("415", Filters::default(), None),
        ] {
            assert_eq!(searched(&query(prefix, filters)), wanted, "{prefix}");
        }
        assert!(is_toll_free("8005") && is_toll_free("889"));
        assert!(!is_toll_free("810") && !is_toll_free("80"));
    }
}
