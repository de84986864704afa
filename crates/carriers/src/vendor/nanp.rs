//! Numbers as vendors of North America write them (spec/integrations.md 1.8).

use numbers::e164::E164;

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

/// The digits that are searched for after the 1; `None`: another country, not
/// even an area code, or no digits.
pub fn searched(prefix: &str) -> Option<&str> {
    let national = prefix.strip_prefix("+1")?;
    let digits = national.bytes().all(|byte| byte.is_ascii_digit());
    (digits && national.len() >= 3).then_some(national)
}

/// Whether the digits after the 1 begin with a toll-free area code.
pub fn is_toll_free(national: &str) -> bool {
    let area = national.get(..3).unwrap_or_default();
    area.starts_with("88") || matches!(area, "800" | "822" | "833" | "844" | "855" | "866" | "877")
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn searches_need_an_area_code_of_country_code_1() {
        assert_eq!(searched("+1415"), Some("415"));
        for prefix in ["+141", "+44415", "+141a5", "415"] {
            assert_eq!(searched(prefix), None, "{prefix}");
        }
        assert!(is_toll_free("8005") && is_toll_free("889"));
        assert!(!is_toll_free("810") && !is_toll_free("80"));
    }
}
