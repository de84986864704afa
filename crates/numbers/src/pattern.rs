//! Patterns that operators and tenants configure: converters, dial plans,
//! classifiers, and what may become a record.
//!
//! The crate `regex` matches in time linear in the text, whatever the pattern,
//! so a tenant can't hang the server. Matching is on bytes with Unicode off,
//! which gives `\d`, `\w`, `\s` and `\b` their ASCII meaning: a number written
//! with Arabic digits is no number. `$` is the end of the text and, unlike in
//! PCRE, never the place before a final newline. What `regex` has not
//! (look-around, back-references) is refused when the configuration is read.

use regex::bytes::{Regex, RegexBuilder};

/// Longest accepted pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 4096;
/// Most rules in one table of converters, dial plan or classifiers.
pub const MAX_RULES: usize = 128;
/// Bound on one compiled pattern, in bytes; none of the built-in ones needs 4096.
const MAX_COMPILED_BYTES: usize = 128 * 1024;
/// Bound on the cache that one pattern fills while matching, in bytes.
const MAX_CACHE_BYTES: usize = 512 * 1024;

/// A rule of the configuration that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason} (pattern '{pattern}')")]
pub struct BadPattern {
    /// Which rule: the setting, or the classifier, as the configuration calls it.
    pub name: String,
    /// The pattern as configured; empty when there is none.
    pub pattern: String,
    /// What is wrong, in one line.
    pub reason: String,
}

impl BadPattern {
    /// A refusal of the rule `name`.
    pub fn new(name: &str, pattern: &str, reason: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            pattern: pattern.to_owned(),
            reason: reason.into(),
        }
    }
}

/// A compiled pattern that remembers how it was written.
///
/// ```
/// use numbers::pattern::Pattern;
///
/// let international = Pattern::new("converter", r"^011(\d{5,})$|^00(\d{5,})$")?;
/// assert_eq!(international.capture("0041234567"), Some("41234567"));
/// assert_eq!(international.capture("0041234567\n"), None);
/// assert_eq!(international.capture("00٤١٢٣٤٥٦٧"), None);
/// # Ok::<(), numbers::pattern::BadPattern>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles `pattern`; `name` says in an error which rule it belongs to.
    pub fn new(name: &str, pattern: &str) -> Result<Self, BadPattern> {
        if pattern.len() > MAX_PATTERN_BYTES {
            let reason = format!("longer than {MAX_PATTERN_BYTES} bytes");
            let start = pattern.chars().take(40).collect::<String>() + "…";
            return Err(BadPattern::new(name, &start, reason));
        }
        RegexBuilder::new(pattern)
            .unicode(false)
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_CACHE_BYTES)
            .build()
            .map(|regex| Self { regex })
            .map_err(|error| BadPattern::new(name, pattern, one_line(&error)))
    }

    /// The pattern as configured.
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether the pattern is found anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text.as_bytes())
    }

    /// What the pattern found in `text`: its last group that took part, or the
    /// whole match when none did (spec/numbers.md 8). A find that would cut a
    /// character in two is none.
    pub fn capture<'t>(&self, text: &'t str) -> Option<&'t str> {
        let captures = self.regex.captures(text.as_bytes())?;
        let last = captures.iter().flatten().last()?;
        text.get(last.range())
    }
}

/// Refuses tables longer than [`MAX_RULES`].
pub(crate) fn check_rule_count(name: &str, count: usize) -> Result<(), BadPattern> {
    if count > MAX_RULES {
        let reason = format!("{count} rules, at most {MAX_RULES} are allowed");
        return Err(BadPattern::new(name, "", reason));
    }
    Ok(())
}

/// The part of a regex error that says what is wrong, without its drawing.
fn one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("too large: needs more than {limit} bytes when compiled")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pattern: &str) -> BadPattern {
        Pattern::new("rule 'x'", pattern).unwrap_err()
    }

    #[test]
    fn the_last_group_that_took_part_is_the_capture() {
        let pattern = Pattern::new("x", r"^a(\d+)$|^b(\d+)$").unwrap();
        assert_eq!(pattern.capture("a12"), Some("12"));
        assert_eq!(pattern.capture("b34"), Some("34"));
        let none = Pattern::new("x", r"^[2-9]\d{7,}$").unwrap();
        assert_eq!(none.capture("41234567"), Some("41234567"));
    }

    #[test]
    fn digits_are_ascii_digits() {
        let pattern = Pattern::new("x", r"^\d+$").unwrap();
        assert!(pattern.is_match("0123456789"));
        for text in ["٤١٥", "\u{ff14}\u{ff11}\u{ff15}", "๔๑๕", "४१५", "41५", ""] {
            assert!(!pattern.is_match(text), "{text}");
        }
        let negated = Pattern::new("x", r"^\D+$").unwrap();
        assert!(negated.is_match("٤١٥"));
    }

    #[test]
    fn dots_and_literals_take_text_beyond_ascii_but_no_half_characters() {
        let all = Pattern::new("x", "^(.*)$").unwrap();
        assert_eq!(all.capture("Zürich ٤"), Some("Zürich ٤"));
        assert!(Pattern::new("x", "^Zürich$").unwrap().is_match("Zürich"));
        assert_eq!(Pattern::new("x", "^(.)").unwrap().capture("é"), None);
    }

    #[test]
    fn the_end_is_the_end() {
        let pattern = Pattern::new("x", r"^(\d+)$").unwrap();
        assert!(!pattern.is_match("911\n"));
        assert!(!pattern.is_match("\n911"));
    }

    #[test]
    fn refusals_name_the_rule_the_pattern_and_the_reason_in_one_line() {
        for (pattern, reason) in [
            ("(", "unclosed group"),
            (r"(?=\d)", "look-around"),
            (r"(\d)\1", "backreferences"),
            (r"^(\d{1000}){1000}$", "too large"),
        ] {
            let error = refusal(pattern);
            assert_eq!(error.pattern, pattern);
            assert!(error.reason.contains(reason), "{error}");
            let text = error.to_string();
            assert!(text.starts_with("rule 'x': ") && !text.contains('\n'));
        }
        let long = refusal(&"1".repeat(MAX_PATTERN_BYTES + 1));
        assert!(long.reason.contains("longer than 4096 bytes"), "{long}");
        assert!(long.to_string().len() < 200);
    }
}
