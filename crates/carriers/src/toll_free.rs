//! Toll-free numbers of the North American plan, and the wildcards that ask for
//! any of a family of them (spec/integrations.md 1.8).

use crate::{NumberKind, Query};

/// How a prefix asks for toll-free numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TollFree {
    /// It begins with this area code: `855`.
    AreaCode(&'static str),
    /// It wants any area code that begins with these digits, and is written
    /// with stars up to three signs: `85*`, `8**`.
    Wildcard(&'static str),
}

/// Toll-free area codes.
const AREA_CODES: [&str; 17] = [
    "800", "822", "833", "844", "855", "866", "877", "880", "881", "882", "883", "884", "885",
    "886", "887", "888", "889",
];

/// There is none for 83: no vendor has it.
pub const WILDCARDS: [&str; 7] = ["8**", "80*", "84*", "85*", "86*", "87*", "88*"];

/// Whether digits after +1 are of a toll-free number, by their area code or a
/// wildcard.
///
/// ```
/// use carriers::{TollFree, toll_free};
/// assert_eq!(toll_free("8555550101"), Some(TollFree::AreaCode("855")));
/// assert_eq!(toll_free("85*"), Some(TollFree::Wildcard("85*")));
/// assert_eq!(toll_free("850"), None, "Florida");
/// assert_eq!(toll_free("8**"), Some(TollFree::Wildcard("8**")));
/// assert_eq!(toll_free("83*"), None);
/// ```
pub fn toll_free(national: &str) -> Option<TollFree> {
    let wildcard = WILDCARDS.iter().find(|wildcard| national == **wildcard);
    let area_code = AREA_CODES.iter().find(|code| national.starts_with(**code));
    wildcard
        .map(|wildcard| TollFree::Wildcard(wildcard))
        .or(area_code.map(|code| TollFree::AreaCode(code)))
}

/// Whether a number with its plus is toll-free: one of the North American plan,
/// or a universal freephone number (+800).
pub fn is_toll_free(number: &str) -> bool {
    match number.strip_prefix("+1") {
        Some(national) => matches!(toll_free(national), Some(TollFree::AreaCode(_))),
        None => number.starts_with("+800"),
    }
}

impl Query {
    /// How the query asks for toll-free numbers of the North American plan, if
    /// it does. A wildcard is a prefix of at most two digits (`+185`, `+1`) with
    /// the type `tollfree`.
    pub fn toll_free(&self) -> Option<TollFree> {
        let national = self.prefix.strip_prefix("+1")?;
        let by_code = toll_free(national);
        if self.filters.kind != Some(NumberKind::TollFree) {
            return by_code;
        }
        let begun = if national.is_empty() { "8" } else { national };
        by_code.or_else(|| toll_free(&format!("{begun:*<3}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Filters;

    #[test]
    fn codes_and_wildcards_are_those_that_exist() {
        for code in 800..=899 {
            let known = matches!(code, 800 | 822 | 833 | 844 | 855 | 866 | 877 | 880..=889);
            assert_eq!(toll_free(&code.to_string()).is_some(), known, "{code}");
        }
        for digit in 0..=9 {
            let known = matches!(digit, 0 | 4..=8);
            let wildcard = format!("8{digit}*");
            assert_eq!(toll_free(&wildcard).is_some(), known, "{wildcard}");
        }
        assert_eq!(toll_free("85"), None);
        assert_eq!(toll_free(""), None);
    }

    #[test]
    fn only_numbers_that_are_called_for_nothing_are_toll_free() {
        assert!(is_toll_free("+18555550101"));
        assert!(is_toll_free("+80012345678"));
        assert!(!is_toll_free("+18505550101"));
        assert!(!is_toll_free("+448005550101"), "another plan's 800");
    }

    #[test]
    fn two_digits_are_a_wildcard_only_among_toll_free_numbers() {
        let mut query = Query {
            prefix: "+185".to_owned(),
            ..Query::default()
        };
        assert_eq!(query.toll_free(), None);
        query.filters = Filters {
            kind: Some(NumberKind::TollFree),
            ..Filters::default()
        };
        assert_eq!(query.toll_free(), Some(TollFree::Wildcard("85*")));
        for any in ["+1", "+18"] {
            query.prefix = any.to_owned();
            assert_eq!(query.toll_free(), Some(TollFree::Wildcard("8**")), "{any}");
        }
        query.prefix = "+141".to_owned();
        assert_eq!(query.toll_free(), None);
        query.prefix = "+1855".to_owned();
        assert_eq!(query.toll_free(), Some(TollFree::AreaCode("855")));
        query.prefix = "+4485".to_owned();
        assert_eq!(query.toll_free(), None);
    }
}
