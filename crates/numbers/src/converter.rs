//! From what people write to E.164: converters, and what may become a record
//! (spec/numbers.md 8).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::dial_plan::{Affixes, DialPlan, matching, rewrite};
use crate::e164::{E164, MAX_DIGITS};
use crate::pattern::{BadPattern, Pattern, check_rule_count};

/// The setting's name in configurations and errors.
const NAME: &str = "e164_converters";
/// The other setting's name.
const RECONCILE_NAME: &str = "reconcile_regex";

/// The normalized texts that may become records, unless configured otherwise.
pub const DEFAULT_RECONCILE: &str = r"^(\+?1)?\d{10}$|^\+[2-9]\d{7,}$|^011\d*$|^00\d*$";

/// Longest text, in bytes, that [`Converters::key`] looks at. Generous: no dial
/// plan's short form is longer than a number, and no number than 16 characters.
pub const MAX_TEXT_BYTES: usize = 256;

/// One converter, as configured: a text that `pattern` matches becomes
/// `prefix`, the last capture (or the whole match), `suffix`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConverterRule {
    /// Regular expression; `pattern` is accepted as a name for it too.
    #[serde(rename = "regex", alias = "pattern")]
    pub pattern: String,
    /// Put before what was found.
    #[serde(default)]
    pub prefix: String,
    /// Put after what was found.
    #[serde(default)]
    pub suffix: String,
}

impl ConverterRule {
    /// The three converters that a system has when none are configured.
    pub fn defaults() -> Vec<Self> {
        [
            (r"^(\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})$", "+1"),
            (r"^011(\d{5,})$|^00(\d{5,})$", "+"),
            (r"^[2-9]\d{7,}$", "+"),
        ]
        .map(|(pattern, prefix)| Self {
            pattern: pattern.to_owned(),
            prefix: prefix.to_owned(),
            suffix: String::new(),
        })
        .into()
    }

    /// Reads the form in which Kazoo's accounts keep them, an object
    /// pattern → `{prefix, suffix}`, in its order.
    pub fn from_map(json: &Map<String, Value>) -> Result<Vec<Self>, BadPattern> {
        json.iter()
            .map(|(pattern, rule)| {
                let Affixes { prefix, suffix } = Affixes::from_json(NAME, pattern, rule)?;
                Ok(Self {
                    pattern: pattern.clone(),
                    prefix,
                    suffix,
                })
            })
            .collect()
    }
}

/// A text that can't be the key of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number {text} is not reconcilable")]
pub struct NotReconcilable {
    /// The text as the client sent it.
    pub text: String,
}

/// A rule that rewrote a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rewrite {
    /// Which kind of rule: `dial_plan` or `converter`.
    pub by: &'static str,
    /// Its pattern, as configured.
    pub regex: String,
    /// What it puts before what was found.
    pub prefix: String,
    /// What it puts after it.
    pub suffix: String,
    /// What came out.
    pub result: String,
}

/// The converters of a system or an account, compiled, with the pattern of
/// what may become a record.
#[derive(Clone, Debug)]
pub struct Converters {
    rules: Vec<(Pattern, Affixes)>,
    reconcile: Pattern,
    /// Whether `reconcile` is [`DEFAULT_RECONCILE`], so that texts with a plus
    /// need no regular expression.
    reconcile_is_default: bool,
}

impl Converters {
    /// Compiles `rules`, tried in their order, and the pattern of normalized
    /// texts that may become records.
    pub fn new(rules: Vec<ConverterRule>, reconcile: &str) -> Result<Self, BadPattern> {
        check_rule_count(NAME, rules.len())?;
        let rules = rules
            .into_iter()
            .map(|rule| {
                let pattern = Pattern::new(NAME, &rule.pattern)?;
                let ConverterRule { prefix, suffix, .. } = rule;
                Ok((pattern, Affixes { prefix, suffix }))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            rules,
            reconcile: Pattern::new(RECONCILE_NAME, reconcile)?,
            reconcile_is_default: reconcile == DEFAULT_RECONCILE,
        })
    }

    /// A text that begins with `+` stays as it is; else the first converter
    /// that matches rewrites it; else it stays too. Nothing is stripped.
    ///
    /// ```
    /// use numbers::converter::Converters;
    ///
    /// let converters = Converters::default();
    /// assert_eq!(converters.normalize("4158867900"), "+14158867900");
    /// assert_eq!(converters.normalize("00442079460000"), "+442079460000");
    /// assert_eq!(converters.normalize("(415) 886-7900"), "(415) 886-7900");
    /// ```
    pub fn normalize<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if text.starts_with('+') {
            Cow::Borrowed(text)
        } else {
            rewrite(&self.rules, text)
        }
    }

    /// The same for a text as people of an account write it: the dial plan
    /// first. A text that begins with `+` is complete and no plan touches it.
    pub fn normalize_dialed<'a>(&self, text: &'a str, plan: &DialPlan) -> Cow<'a, str> {
        if text.starts_with('+') {
            return Cow::Borrowed(text);
        }
        match plan.apply(text) {
            Cow::Borrowed(same) => self.normalize(same),
            Cow::Owned(changed) => self.normalize(&changed).into_owned().into(),
        }
    }

    /// The rules that [`normalize_dialed`](Self::normalize_dialed) rewrites a
    /// text by, in order: none for a text that stays as it is.
    pub fn rewrites(&self, text: &str, plan: &DialPlan) -> Vec<Rewrite> {
        let mut rewrites = Vec::new();
        let mut text = Cow::Borrowed(text);
        for (by, rules) in [("dial_plan", &plan.rules), ("converter", &self.rules)] {
            if text.starts_with('+') {
                break;
            }
            if let Some(((pattern, affixes), result)) = matching(rules, &text) {
                let result = result.into_owned();
                rewrites.push(Rewrite {
                    by,
                    regex: pattern.as_str().to_owned(),
                    prefix: affixes.prefix.clone(),
                    suffix: affixes.suffix.clone(),
                    result: result.clone(),
                });
                text = Cow::Owned(result);
            }
        }
        rewrites
    }

    /// The pattern of what may become a record.
    pub fn reconcile_regex(&self) -> &str {
        self.reconcile.as_str()
    }

    /// Whether [`normalize`](Self::normalize) would leave the text alone; true
    /// for texts that are no numbers at all.
    pub fn is_normalized(&self, text: &str) -> bool {
        self.normalize(text) == text
    }

    /// Whether the text, once normalized, matches the pattern of what may
    /// become a record. [`key`](Self::key) asks for more.
    pub fn is_reconcilable(&self, text: &str) -> bool {
        self.reconcile.is_match(&self.normalize(text))
    }

    /// The key of the record that a client means by `text`.
    ///
    /// Refused are texts with control characters (a newline at the end too:
    /// nothing is trimmed into another number), texts longer than
    /// [`MAX_TEXT_BYTES`], those that aren't reconcilable, and those that are
    /// but whose normalized form is no E.164 number: without a plus, or with
    /// more than 15 digits.
    ///
    /// ```
    /// use numbers::{converter::Converters, dial_plan::DialPlan};
    ///
    /// let converters = Converters::default();
    /// let key = |text| converters.key(text, &DialPlan::default());
    /// assert_eq!(key("4158867900")?.as_str(), "+14158867900");
    /// assert_eq!(key("+14158867900")?.as_str(), "+14158867900");
    /// assert!(key("911").is_err());
    /// assert_eq!(key("+14158867900\n").unwrap_err().text, "+14158867900\n");
    /// # Ok::<(), numbers::converter::NotReconcilable>(())
    /// ```
    pub fn key(&self, text: &str, plan: &DialPlan) -> Result<E164, NotReconcilable> {
        let key = if self.reconcile_is_default && text.starts_with('+') {
            default_key(text)
        } else {
            self.matched_key(text, plan)
        };
        key.ok_or_else(|| NotReconcilable {
            text: text.to_owned(),
        })
    }

    fn matched_key(&self, text: &str, plan: &DialPlan) -> Option<E164> {
        if text.len() > MAX_TEXT_BYTES || text.chars().any(char::is_control) {
            return None;
        }
        let normalized = self.normalize_dialed(text, plan);
        if !self.reconcile.is_match(&normalized) {
            return None;
        }
        E164::try_from(&*normalized).ok()
    }
}

impl Default for Converters {
    fn default() -> Self {
        Self::new(ConverterRule::defaults(), DEFAULT_RECONCILE)
            .expect("the built-in patterns compile, as every test shows")
    }
}

/// [`Converters::key`] for a text with a plus under [`DEFAULT_RECONCILE`], by
/// hand: `+1` and 10 digits, or `+`, 2 to 9, and at least 7 more. Every request
/// on a single number comes through here.
fn default_key(text: &str) -> Option<E164> {
    let digits = text.as_bytes().strip_prefix(b"+")?;
    let reconcilable = match digits.first()? {
        b'1' => digits.len() == 11,
        b'2'..=b'9' => (8..=MAX_DIGITS).contains(&digits.len()),
        _ => false,
    };
    if reconcilable {
        E164::try_from(text).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(text: &str) -> Option<String> {
        Converters::default()
            .key(text, &DialPlan::default())
            .ok()
            .map(String::from)
    }

    fn plan(json: &Value) -> DialPlan {
        DialPlan::from_map(json.as_object().unwrap()).unwrap()
    }

    #[test]
    fn many_ways_to_write_one_number() {
        for text in [
            "4158867900",
            "14158867900",
            "+14158867900",
            "01114158867900",
            "0014158867900",
        ] {
            assert_eq!(key(text).as_deref(), Some("+14158867900"), "{text}");
        }
        assert_eq!(key("412345678").as_deref(), Some("+412345678"));
    }

    #[test]
    fn rewrites_say_which_rules_did_it() {
        let converters = Converters::default();
        let plan = plan(&json!({r"^(\d{7})$": {"prefix": "415"}}));
        let by = |text: &str| -> Vec<_> {
            let rewrites = converters.rewrites(text, &plan);
            let result = rewrites.last().map_or(text, |rewrite| &rewrite.result);
            assert_eq!(result, converters.normalize_dialed(text, &plan), "{text}");
            rewrites.into_iter().map(|r| (r.by, r.prefix)).collect()
        };
        let step = |by, prefix: &str| (by, prefix.to_owned());
        assert_eq!(
            by("8867900"),
            [step("dial_plan", "415"), step("converter", "+1")]
        );
        assert_eq!(by("0041234567"), [step("converter", "+")]);
        assert_eq!(by("+14158867900"), []);
        assert_eq!(by("hello"), []);
    }

    #[test]
    fn what_is_no_number_is_refused_as_it_was_sent() {
        let long = "4".repeat(10_000);
        let long_plus = format!("+{long}");
        for text in [
            "",
            "+",
            "++14158867900",
            "911",
            "123",
            "abc",
            "(415) 886-7900",
            "415-886-7900",
            " 4158867900",
            "4158867900 ",
            "4158867900\n",
            "+14158867900\n",
            "+14158867900\r\n",
            "\0+14158867900",
            "+1415\u{7f}8867900",
            "+14158867900\u{85}",
            "+1415886790",
            "+141588679000",
            "+04158867900",
            "+2345678",
            "+2345678901234567",
            "12011001708",
            "0111290",
            "00",
            "٤١٥٨٨٦٧٩٠٠",
            "+٤١٥٨٨٦٧٩٠٠",
            "\u{ff14}\u{ff11}\u{ff15}\u{ff18}\u{ff18}\u{ff16}\u{ff17}\u{ff19}\u{ff10}\u{ff10}",
            "+\u{ff11}\u{ff14}\u{ff11}\u{ff15}\u{ff18}\u{ff18}\u{ff16}\u{ff17}\u{ff19}\u{ff10}\u{ff10}",
            "\u{ff0b}14158867900",
            &long,
            &long_plus,
        ] {
            let text = text.to_owned();
            let answer = Converters::default().key(&text, &DialPlan::default());
            assert_eq!(answer, Err(NotReconcilable { text }));
        }
        for text in ["+23456789", "+234567890123456"] {
            assert_eq!(key(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_dial_plan_comes_first_but_leaves_complete_numbers_alone() {
        let plan = plan(&json!({
            r"(\d{7})$": {"prefix": "415"},
            r"^#(\d+)$": {"prefix": "+49"},
            r"^bad$": {"prefix": "+1415886790"},
        }));
        let converters = Converters::default();
        let key = |text| converters.key(text, &plan).map(String::from);
        assert_eq!(key("8867900"), Ok("+14158867900".to_owned()));
        assert_eq!(key("#301234"), Ok("+49301234".to_owned()));
        assert_eq!(key("+442079460000"), Ok("+442079460000".to_owned()));
        assert!(key("bad").is_err());
        assert!(key("8867900\n").is_err());
        assert_eq!(
            converters.normalize_dialed("8867900", &plan),
            "+14158867900"
        );
        assert_eq!(converters.normalize_dialed("911", &plan), "911");
    }

    #[test]
    fn converters_and_what_may_be_a_record_can_be_configured() {
        let map = json!({
            r"^0([1-9]\d{5,})$": {"prefix": "+49"},
            r"^ext(\d)(\d)$": {"suffix": "0", "description": "for people"},
        });
        let rules = ConverterRule::from_map(map.as_object().unwrap()).unwrap();
        let german = Converters::new(rules, r"^\+49\d+$").unwrap();
        assert_eq!(german.normalize("0301234567"), "+49301234567");
        assert_eq!(german.normalize("ext12"), "20");
        assert_eq!(german.normalize("4158867900"), "4158867900");
        assert!(german.is_reconcilable("0301234567"));
        assert!(!german.is_reconcilable("+14158867900"));
        let plan = DialPlan::default();
        assert_eq!(
            german.key("0301234567", &plan).unwrap().as_str(),
            "+49301234567"
        );
        assert!(german.key("+14158867900", &plan).is_err());
        assert!(german.key("+4930\n", &plan).is_err());

        let anything = Converters::new(vec![], "").unwrap();
        assert!(anything.is_reconcilable("abc"));
        assert_eq!(anything.key("+12", &plan).unwrap().as_str(), "+12");
        for text in ["abc", "12", "+0123", "+1234567890123456", "+12\n"] {
            assert!(anything.key(text, &plan).is_err(), "{text:?}");
        }
    }

    #[test]
    fn control_characters_and_endless_texts_are_refused_under_any_pattern() {
        let rules = json!({r"(\d{10})": {"prefix": "+1"}});
        let rules = ConverterRule::from_map(rules.as_object().unwrap()).unwrap();
        let loose = Converters::new(rules, DEFAULT_RECONCILE).unwrap();
        let dialed = plan(&json!({r"#(\d{10})": {"prefix": "+1"}}));
        let padded = |count| "x".repeat(count) + "4158867900";
        assert!(loose.key("tel 4158867900", &dialed).is_ok());
        assert!(loose.key(&padded(MAX_TEXT_BYTES - 10), &dialed).is_ok());
        for text in [
            "4158867900\n",
            "\t4158867900",
            "#4158867900\u{85}",
            &padded(10_000),
        ] {
            assert!(loose.key(text, &dialed).is_err(), "{text:?}");
        }
    }

    #[test]
    fn rules_are_read_under_both_names_and_bad_ones_named() {
        let text = r#"[{"regex": "^1$", "prefix": "+"}, {"pattern": "^2$", "suffix": "x"}]"#;
        let rules: Vec<ConverterRule> = serde_json::from_str(text).unwrap();
        assert_eq!(rules[1].pattern, "^2$");
        assert_eq!(
            serde_json::to_value(&rules[0]).unwrap(),
            json!({"regex": "^1$", "prefix": "+", "suffix": ""})
        );
        assert!(serde_json::from_str::<ConverterRule>(r#"{"regex": "1", "prefx": ""}"#).is_err());

        let mut bad = ConverterRule::defaults();
        bad[1].pattern = "[".to_owned();
        let error = Converters::new(bad, DEFAULT_RECONCILE).unwrap_err();
        assert_eq!((&*error.name, &*error.pattern), ("e164_converters", "["));
        let error = Converters::new(vec![], "(").unwrap_err();
        assert_eq!((&*error.name, &*error.pattern), ("reconcile_regex", "("));
        let not_an_object = json!({"^1$": "+"});
        assert!(ConverterRule::from_map(not_an_object.as_object().unwrap()).is_err());
    }
}
