//! Names of places as people type them: case, accents and punctuation are
//! forgiven.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A name in the form in which names are compared: lower case, without
/// accents, one space between words, and with the short forms of words that
/// have one.
///
/// ```
/// assert_eq!(places::fold("  São  Paulo"), "sao paulo");
/// assert_eq!(places::fold("Saint-Étienne"), places::fold("St. ETIENNE"));
/// ```
pub fn fold(name: &str) -> String {
    let plain: String = name
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && *c != '\'' && *c != '’')
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let mut folded = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(match word {
            "saint" => "st",
            "sainte" => "ste",
            "fort" => "ft",
            "mount" => "mt",
            other => other,
        });
    }
    folded
}

/// Whether two texts name one place, as people and vendors spell it: rate
/// centers come without their blanks too.
///
/// ```
/// assert!(places::same_name("São Paulo", "SAOPAULO"));
/// assert!(!places::same_name("San", "San Rafael"));
/// ```
pub fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| fold(name).replace(' ', "");
    letters(one) == letters(other)
}
