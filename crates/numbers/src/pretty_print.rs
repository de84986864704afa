//! The little language in which classifiers say how a number is shown
//! (spec/numbers.md 8).

/// How numbers of country code 1 are shown: skips `+` and `1`.
pub const NORTH_AMERICA: &str = "SS(###) ### - ####";

/// Writes `digits` (any text, character by character) into `format`.
///
/// | in the format | gives |
/// | --- | --- |
/// | `#` | the next digit, nothing when none is left |
/// | `S` | nothing, and skips a digit |
/// | `*` | all digits that are left |
/// | `\x` | `x`, whatever it is |
/// | anything else | itself |
///
/// A backslash at the end stands for itself.
///
/// ```
/// use numbers::pretty_print::pretty_print;
///
/// assert_eq!(pretty_print("SS(###) ### - ####", "+14158867900"), "(415) 886 - 7900");
/// assert_eq!(pretty_print(r"\#S## *", "+4412345"), "#44 12345");
/// ```
pub fn pretty_print(format: &str, digits: &str) -> String {
    let mut shown = String::with_capacity(format.len() + digits.len());
    let mut left = digits.chars();
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '#' => shown.extend(left.next()),
            'S' => _ = left.next(),
            '*' => shown.extend(left.by_ref()),
            '\\' => shown.push(signs.next().unwrap_or('\\')),
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_does_what_the_language_says() {
        for (format, digits, shown) in [
            ("", "123", ""),
            ("###", "123", "123"),
            ("#-#", "123", "1-2"),
            ("####", "12", "12"),
            ("S##", "123", "23"),
            ("SSSS#", "12", ""),
            ("*", "123", "123"),
            ("#*#", "123", "123"),
            ("S*x*", "123", "23x"),
            (r"\#\S\*\\#", "1", r"#S*\1"),
            (r"#\", "1", r"1\"),
            ("s.#", "1", "s.1"),
            ("+# é", "1", "+1 é"),
            ("#.*", "é٤5", "é.٤5"),
            (NORTH_AMERICA, "", "()  - "),
            (NORTH_AMERICA, "+1695", "(695)  - "),
            (NORTH_AMERICA, "+14158867900123", "(415) 886 - 7900"),
        ] {
            assert_eq!(pretty_print(format, digits), shown, "{format} {digits}");
        }
    }
}
