//! Dial plans: how an account's people write numbers short
//! (spec/numbers.md 8).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::pattern::{BadPattern, Pattern, check_rule_count};

/// The setting's name in an account's document and in errors.
const NAME: &str = "dial_plan";

/// The key under which Kazoo lists dial plans of the system by name. It is no
/// pattern; numberd has no such plans.
const SYSTEM: &str = "system";

/// What a matching rule puts around the part it found. Shared with converters
/// in their object form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Affixes {
    pub(crate) prefix: String,
    pub(crate) suffix: String,
}

impl Affixes {
    /// Reads `{prefix, suffix}`; other members, like `description`, are for people.
    pub(crate) fn from_json(name: &str, pattern: &str, json: &Value) -> Result<Self, BadPattern> {
        if !json.is_object() {
            let reason = "not an object of 'prefix' and 'suffix'";
            return Err(BadPattern::new(name, pattern, reason));
        }
        Self::deserialize(json).map_err(|e| BadPattern::new(name, pattern, e.to_string()))
    }
}

/// The first rule that finds something in `text` gives `prefix + found + suffix`.
pub(crate) fn rewrite<'t>(rules: &[(Pattern, Affixes)], text: &'t str) -> Cow<'t, str> {
    matching(rules, text).map_or(Cow::Borrowed(text), |(_, rewritten)| rewritten)
}

/// The same, with the rule that it was; `None`: none finds anything.
pub(crate) fn matching<'r, 't>(
    rules: &'r [(Pattern, Affixes)],
    text: &'t str,
) -> Option<(&'r (Pattern, Affixes), Cow<'t, str>)> {
    rules.iter().find_map(|rule| {
        let (pattern, Affixes { prefix, suffix }) = rule;
        let found = pattern.capture(text)?;
        let rewritten = if found == text && prefix.is_empty() && suffix.is_empty() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned([prefix, found, suffix].concat())
        };
        Some((rule, rewritten))
    })
}

/// An account's dial plan: ordered rules, of which the first that matches
/// rewrites a text before the converters see it. The default has no rules and
/// leaves every text alone.
///
/// ```
/// use numbers::dial_plan::DialPlan;
///
/// let json = serde_json::json!({
///     r"^(\d{7})$": {"prefix": "+1415", "description": "San Francisco"}
/// });
/// let plan = DialPlan::from_map(json.as_object().unwrap())?;
/// assert_eq!(plan.apply("8867900"), "+14158867900");
/// assert_eq!(plan.apply("911"), "911");
/// # Ok::<(), numbers::pattern::BadPattern>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DialPlan {
    pub(crate) rules: Vec<(Pattern, Affixes)>,
}

impl DialPlan {
    /// Reads an account's `dial_plan`: pattern → `{prefix, suffix, description}`,
    /// in the order of the object. A list under `system`, where Kazoo names
    /// plans of the system, is passed over.
    pub fn from_map(json: &Map<String, Value>) -> Result<Self, BadPattern> {
        check_rule_count(NAME, json.len())?;
        let rules = json
            .iter()
            .filter(|(pattern, rule)| !(*pattern == SYSTEM && rule.is_array()))
            .map(|(pattern, rule)| {
                let affixes = Affixes::from_json(NAME, pattern, rule)?;
                Ok((Pattern::new(NAME, pattern)?, affixes))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The text after the first rule that matches it; without one, the text.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        rewrite(&self.rules, text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(json: &Value) -> Result<DialPlan, BadPattern> {
        DialPlan::from_map(json.as_object().unwrap())
    }

    #[test]
    fn the_first_rule_in_the_documents_order_wins() {
        let first = plan(&json!({r"^\d(\d)$": {"prefix": "a"}, r"^(\d)\d$": {"prefix": "b"}}));
        assert_eq!(first.unwrap().apply("12"), "a2");
        let turned = plan(&json!({r"^(\d)\d$": {"prefix": "b"}, r"^\d(\d)$": {"prefix": "a"}}));
        assert_eq!(turned.unwrap().apply("12"), "b1");
    }

    #[test]
    fn prefix_and_suffix_go_around_the_last_capture_or_the_whole_match() {
        let plan = plan(&json!({
            r"^9(1)?(\d{4})$": {"prefix": "+1415886", "suffix": "0"},
            r"\d{3}": {"suffix": "!"},
            "^same$": {},
        }))
        .unwrap();
        assert_eq!(plan.apply("917900"), "+141588679000");
        assert_eq!(plan.apply("x123y"), "123!");
        assert!(matches!(plan.apply("same"), Cow::Borrowed("same")));
        assert!(matches!(plan.apply("other"), Cow::Borrowed("other")));
        assert!(matches!(plan.apply("٤٤٤"), Cow::Borrowed("٤٤٤")));
    }

    #[test]
    fn the_default_is_empty_and_changes_nothing() {
        assert!(DialPlan::default().is_empty());
        assert_eq!(DialPlan::default().apply("8867900"), "8867900");
    }

    #[test]
    fn plans_of_the_system_are_passed_over() {
        let plan = plan(&json!({"system": ["home"], r"^(\d{7})$": {"prefix": "+1415"}})).unwrap();
        assert_eq!(plan.apply("8867900"), "+14158867900");
        assert_eq!(plan.apply("system"), "system");
    }

    #[test]
    fn refusals_name_the_rule() {
        let error = plan(&json!({"(": {"prefix": "1"}})).unwrap_err();
        assert_eq!((&*error.name, &*error.pattern), ("dial_plan", "("));
        for rule in [
            json!(1),
            json!(null),
            json!(["+1", ""]),
            json!({"prefix": 1}),
        ] {
            let error = plan(&json!({"^1$": rule})).unwrap_err();
            assert_eq!(error.pattern, "^1$", "{error}");
        }
        let many: Map<_, _> = (0..1000).map(|i| (format!("^{i}$"), json!({}))).collect();
        let error = DialPlan::from_map(&many).unwrap_err();
        assert!(error.reason.contains("1000 rules"), "{error}");
    }
}
