//! What kind of number a text is: ordered classifiers (spec/numbers.md 8,
//! spec/http.md 7.10).

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::pattern::{BadPattern, Pattern, check_rule_count};
use crate::pretty_print::{NORTH_AMERICA, pretty_print};

/// The classifier that takes what no other does; its answer knows nothing.
pub const UNKNOWN: &str = "unknown";

/// The toll-free area codes that are in use at present.
const PRESENT_TOLL_FREE: &str = r"^\+1((?:800|833|844|855|866|877|888)\d{7})$";

const CARIBBEAN: &str = concat!(
    r"^\+?1((?:684|264|268|242|246|441|284|345|767|809|829|849|473|671|876|664|670|787|939|869",
    r"|758|784|721|868|649|340)\d{7})$"
);

/// One classifier, as configured and as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierRule {
    /// Regular expression, printed as configured.
    pub regex: String,
    /// For people.
    pub friendly_name: String,
    /// How its numbers are shown, see [`pretty_print`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretty_print: Option<String>,
    /// Whether its numbers reach an emergency service.
    #[serde(default, skip_serializing_if = "is_false")]
    pub emergency: bool,
}

// serde hands over a reference.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The answer of a table of classifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classified<'a> {
    /// Name of the classifier.
    pub name: &'a str,
    /// The classifier.
    pub rule: &'a ClassifierRule,
    /// What its pattern found: the last group that took part, else the whole
    /// match.
    pub capture: &'a str,
}

#[derive(Clone, Debug)]
struct Classifier {
    name: String,
    rule: ClassifierRule,
    pattern: Pattern,
}

/// Classifiers in the order in which they are tried; the first that matches
/// wins. In JSON it is the object name → classifier, in this order.
///
/// ```
/// use numbers::classify::Classifiers;
///
/// let table = Classifiers::modern();
/// let found = table.classify("+14158867900").unwrap();
/// assert_eq!((found.name, found.capture), ("did_us", "4158867900"));
/// assert!(table.classify("911").unwrap().rule.emergency);
/// assert_eq!(table.classify("hello").unwrap().name, "unknown");
/// ```
#[derive(Clone, Debug)]
pub struct Classifiers(Vec<Classifier>);

impl Classifiers {
    /// Compiles named rules in their order.
    pub fn new(
        rules: impl IntoIterator<Item = (String, ClassifierRule)>,
    ) -> Result<Self, BadPattern> {
        let table = rules
            .into_iter()
            .map(|(name, rule)| {
                let pattern = Pattern::new(&setting(&name), &rule.regex)?;
                Ok(Classifier {
                    name,
                    rule,
                    pattern,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        check_rule_count("classifiers", table.len())?;
        Ok(Self(table))
    }

    /// Reads a configuration: name → `{regex, friendly_name, pretty_print?,
    /// emergency?}`, in the order of the object. Errors name the classifier.
    pub fn from_map(json: &Map<String, Value>) -> Result<Self, BadPattern> {
        check_rule_count("classifiers", json.len())?;
        let rules = json
            .iter()
            .map(|(name, json)| {
                let rule = ClassifierRule::deserialize(json).map_err(|error| {
                    let regex = json.get("regex").and_then(Value::as_str);
                    BadPattern::new(&setting(name), regex.unwrap_or(""), error.to_string())
                })?;
                Ok((name.clone(), rule))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(rules)
    }

    /// Today's defaults (spec/numbers.md 8).
    pub fn modern() -> Self {
        Self::built_in(&[
            (
                "tollfree_us",
                r"^\+1((?:800|88\d|877|866|855|844|833|822)\d{7})$",
                "US TollFree",
            ),
            ("toll_us", r"^\+1(900\d{7})$", "US Toll"),
            (
                "emergency",
                "^(911|922|933|833|811|711|999)$",
                "Emergency Dispatcher",
            ),
            ("caribbean", CARIBBEAN, "Caribbean"),
            ("did_us", r"^(\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})$", "US DID"),
            ("international", r"^\+([2-9]\d{7,})$", "International"),
            (UNKNOWN, "^(.*)$", "Unknown"),
        ])
    }

    /// The defaults of 2016, as the first API document prints them ("Load
    /// classifiers"), without the doubling of backslashes that is an artefact
    /// of its own printing (spec/http.md 7.10).
    pub fn seed_2016() -> Self {
        let mut table = Self::built_in(&[
            (
                "tollfree_us",
                r"^\+1((?:800|888|877|866|855)\d{7})$",
                "US TollFree",
            ),
            ("toll_us", r"^\+1(900\d{7})$", "US Toll"),
            ("emergency", "^(911)$", "Emergency Dispatcher"),
            ("caribbean", CARIBBEAN, "Caribbean"),
            ("did_us", r"^\+?1?([2-9][0-9]{2}[2-9][0-9]{6})$", "US DID"),
            ("international", r"^(011\d*)$|^(00\d*)$", "International"),
            (UNKNOWN, "^(.*)$", "Unknown"),
        ]);
        // The flag is younger than 2016.
        for classifier in &mut table.0 {
            classifier.rule.emergency = false;
        }
        table
    }

    /// The same, with the toll-free area codes of today and no others under the
    /// name `tollfree_us`, if there is such a classifier.
    #[must_use]
    pub fn with_present_toll_free(mut self) -> Self {
        let pattern = Pattern::new("tollfree_us", PRESENT_TOLL_FREE)
            .expect("the built-in patterns compile, as every test shows");
        for classifier in &mut self.0 {
            if classifier.name == "tollfree_us" {
                PRESENT_TOLL_FREE.clone_into(&mut classifier.rule.regex);
                classifier.pattern = pattern.clone();
            }
        }
        self
    }

    fn built_in(table: &[(&str, &str, &str)]) -> Self {
        let rules = table.iter().map(|&(name, regex, friendly_name)| {
            let shown = !matches!(name, "emergency" | "international" | UNKNOWN);
            let rule = ClassifierRule {
                regex: regex.to_owned(),
                friendly_name: friendly_name.to_owned(),
                pretty_print: shown.then(|| NORTH_AMERICA.to_owned()),
                emergency: name == "emergency",
            };
            (name.to_owned(), rule)
        });
        Self::new(rules).expect("the built-in patterns compile, as every test shows")
    }

    /// The first classifier that matches `text`, which should be normalized:
    /// the patterns expect that.
    pub fn classify<'a>(&'a self, text: &'a str) -> Option<Classified<'a>> {
        self.0.iter().find_map(|classifier| {
            let capture = classifier.pattern.capture(text)?;
            Some(Classified {
                name: &classifier.name,
                rule: &classifier.rule,
                capture,
            })
        })
    }

    /// The classifier of that name.
    pub fn get(&self, name: &str) -> Option<&ClassifierRule> {
        self.iter()
            .find_map(|(other, rule)| (other == name).then_some(rule))
    }

    /// Names and classifiers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ClassifierRule)> {
        self.0.iter().map(|c| (&*c.name, &c.rule))
    }

    /// A number as people like to read it.
    ///
    /// `normalized`, in the format of the classifier that takes it. A
    /// classifier without one leaves `given`, the text as it was written,
    /// unless the normalized text begins with `+1`: those are always shown the
    /// North American way (as a running Kazoo answers).
    ///
    /// ```
    /// use numbers::classify::Classifiers;
    ///
    /// let table = Classifiers::modern();
    /// let shown = table.pretty_print("4158867900", "+14158867900");
    /// assert_eq!(shown, "(415) 886 - 7900");
    /// assert_eq!(table.pretty_print("0041234567", "+41234567"), "0041234567");
    /// ```
    pub fn pretty_print(&self, given: &str, normalized: &str) -> String {
        let configured = self
            .classify(normalized)
            .and_then(|found| found.rule.pretty_print.as_deref());
        match configured {
            Some(format) => pretty_print(format, normalized),
            None if normalized.starts_with("+1") => pretty_print(NORTH_AMERICA, normalized),
            None => given.to_owned(),
        }
    }
}

impl Serialize for Classifiers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, rule) in self.iter() {
            map.serialize_entry(name, rule)?;
        }
        map.end()
    }
}

/// Classifies for clients of 2016 by both tables: today's on the normalized
/// text, and that of 2016 on the text as given.
///
/// A number is never worse known than today (spec/numbers.md 8), so today's
/// answer holds where it knows one: the older patterns take the toll-free
/// `8005551212` and the German `+4930223456` for ordinary US numbers. The older
/// table adds what only it knows, such as `0111290`.
///
/// [`UNKNOWN`] doesn't count as knowing. The rule is the older table's when it
/// has one of that name, whichever of the two found the number.
///
/// ```
/// use numbers::classify::{Classifiers, classify_2016};
///
/// let (seed, today) = (Classifiers::seed_2016(), Classifiers::modern());
/// let found = classify_2016(&seed, &today, "0111290", "0111290").unwrap();
/// assert_eq!(found.name, "international");
/// let found = classify_2016(&seed, &today, "8335551212", "+18335551212").unwrap();
/// assert_eq!(found.name, "tollfree_us");
/// assert_eq!(found.rule, seed.get("tollfree_us").unwrap());
/// ```
pub fn classify_2016<'a>(
    seed: &'a Classifiers,
    today: &'a Classifiers,
    given: &'a str,
    normalized: &'a str,
) -> Option<Classified<'a>> {
    let known = |found: &Classified<'_>| found.name != UNKNOWN;
    let of_seed = seed.classify(given);
    let of_today = today.classify(normalized);
    let found = of_today
        .filter(known)
        .or(of_seed.filter(known))
        .or(of_seed)
        .or(of_today)?;
    let rule = seed.get(found.name).unwrap_or(found.rule);
    Some(Classified { rule, ..found })
}

/// How errors call a classifier.
fn setting(name: &str) -> String {
    format!("classifier '{name}'")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::converter::Converters;

    fn table(json: &Value) -> Result<Classifiers, BadPattern> {
        Classifiers::from_map(json.as_object().unwrap())
    }

    fn name_2016(given: &str) -> String {
        let converters = Converters::default();
        let (seed, today) = (Classifiers::seed_2016(), Classifiers::modern());
        let normalized = converters.normalize(given);
        let found = classify_2016(&seed, &today, given, &normalized).unwrap();
        assert_eq!(Some(found.rule), seed.get(found.name));
        found.name.to_owned()
    }

    #[test]
    fn the_table_of_2016_prints_as_its_document_does() {
        let caribbean = r"^\+?1((?:684|264|268|242|246|441|284|345|767|809|829|849|473|671|876|664|670|787|939|869|758|784|721|868|649|340)\d{7})$";
        let pretty = "SS(###) ### - ####";
        let expected = json!({
            "tollfree_us": {"regex": r"^\+1((?:800|888|877|866|855)\d{7})$", "friendly_name": "US TollFree", "pretty_print": pretty},
            "toll_us": {"regex": r"^\+1(900\d{7})$", "friendly_name": "US Toll", "pretty_print": pretty},
            "emergency": {"regex": "^(911)$", "friendly_name": "Emergency Dispatcher"},
            "caribbean": {"regex": caribbean, "friendly_name": "Caribbean", "pretty_print": pretty},
            "did_us": {"regex": r"^\+?1?([2-9][0-9]{2}[2-9][0-9]{6})$", "friendly_name": "US DID", "pretty_print": pretty},
            "international": {"regex": r"^(011\d*)$|^(00\d*)$", "friendly_name": "International"},
            "unknown": {"regex": "^(.*)$", "friendly_name": "Unknown"},
        });
        // As text: the order counts.
        let printed = serde_json::to_string(&Classifiers::seed_2016()).unwrap();
        assert_eq!(printed, expected.to_string());
    }

    #[test]
    fn todays_table_prints_the_emergency_flag_and_reads_back_in_order() {
        let json = serde_json::to_value(Classifiers::modern()).unwrap();
        assert_eq!(json["emergency"]["emergency"], true);
        assert_eq!(json["did_us"].get("emergency"), None);
        assert_eq!(json["emergency"].get("pretty_print"), None);
        let read = table(&json).unwrap();
        assert!(read.iter().eq(Classifiers::modern().iter()));
    }

    #[test]
    fn present_toll_free_area_codes_are_an_option() {
        for table in [Classifiers::seed_2016(), Classifiers::modern()] {
            let table = table.with_present_toll_free();
            assert_eq!(table.get("tollfree_us").unwrap().regex, PRESENT_TOLL_FREE);
            for npa in ["800", "833", "844", "855", "866", "877", "888"] {
                let text = format!("+1{npa}5551212");
                assert_eq!(table.classify(&text).unwrap().name, "tollfree_us", "{npa}");
            }
            for npa in ["822", "881", "415"] {
                let text = format!("+1{npa}5551212");
                assert_eq!(table.classify(&text).unwrap().name, "did_us", "{npa}");
            }
        }
    }

    #[test]
    fn the_order_of_the_configuration_decides() {
        let two = table(&json!({
            "b": {"regex": "^1", "friendly_name": "B"},
            "a": {"regex": "^12", "friendly_name": "A"},
        }))
        .unwrap();
        assert_eq!(two.classify("12").unwrap().name, "b");
        assert_eq!(two.classify("12").unwrap().capture, "1");
        assert_eq!(two.classify("2"), None);
        assert_eq!(two.pretty_print("2", "2"), "2");
    }

    #[test]
    fn clients_of_2016_know_at_least_what_today_is_known() {
        for (given, name) in [
            ("4158867900", "did_us"),
            ("4158551292", "did_us"),
            ("+14158867900", "did_us"),
            ("911", "emergency"),
            ("922", "emergency"),
            ("999", "emergency"),
            ("8005551212", "tollfree_us"),
            ("+18335551212", "tollfree_us"),
            ("18225551212", "tollfree_us"),
            ("9005551212", "toll_us"),
            ("2425551212", "caribbean"),
            ("+41234567", "international"),
            ("+4930223456", "international"),
            ("0041234567", "international"),
            ("01114158867900", "did_us"),
            ("0111290", "international"),
            ("00", "international"),
            ("hello", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(name_2016(given), name, "{given}");
        }
    }

    #[test]
    fn names_that_only_one_table_has() {
        let seed = table(&json!({
            "old": {"regex": "^1", "friendly_name": "Old"},
            "unknown": {"regex": "", "friendly_name": "?"},
        }))
        .unwrap();
        let today = table(&json!({"new": {"regex": "^.2", "friendly_name": "New"}})).unwrap();
        let name = |text| classify_2016(&seed, &today, text, text).unwrap().name;
        assert_eq!(name("1"), "old");
        assert_eq!(name("12"), "new");
        assert_eq!(name("3"), "unknown");
        assert_eq!(classify_2016(&today, &today, "3", "3"), None);
        let found = classify_2016(&seed, &today, "12", "12").unwrap();
        assert_eq!(found.rule.friendly_name, "New");
    }

    #[test]
    fn a_configured_format_shows_the_normalized_text() {
        let british = table(&json!({
            "gb": {"regex": r"^\+44(\d+)$", "friendly_name": "GB", "pretty_print": "SSS0## *"},
            "unknown": {"regex": "^(.*)$", "friendly_name": "Unknown"},
        }))
        .unwrap();
        let shown = british.pretty_print("00442079460000", "+442079460000");
        assert_eq!(shown, "020 79460000");
        assert_eq!(british.pretty_print("123", "123"), "123");
        let american = british.pretty_print("4158867900", "+14158867900");
        assert_eq!(american, "(415) 886 - 7900");
    }

    #[test]
    fn odd_texts_are_unknown_or_nothing() {
        let long = "1".repeat(10_000);
        for text in [
            "",
            "+",
            "٤١٥٨٨٦٧٩٠٠",
            "٩١١",
            "\u{ff19}\u{ff11}\u{ff11}",
            &long,
        ] {
            assert_eq!(Classifiers::modern().classify(text).unwrap().name, UNKNOWN);
        }
        for text in ["911\n", "+14158867900\n"] {
            assert_eq!(Classifiers::modern().classify(text), None);
        }
    }

    #[test]
    fn refusals_name_the_classifier() {
        for (rule, reason) in [
            (
                json!({"regex": "(", "friendly_name": "x"}),
                "unclosed group",
            ),
            (json!({"friendly_name": "x"}), "missing field `regex`"),
            (json!({"regex": 1, "friendly_name": "x"}), "invalid type"),
            (
                json!({"regex": "", "friendly_name": "x", "emergncy": true}),
                "emergncy",
            ),
            (json!("^1$"), "invalid type"),
        ] {
            let error = table(&json!({"mine": rule})).unwrap_err();
            assert_eq!(error.name, "classifier 'mine'");
            assert!(error.reason.contains(reason), "{error}");
        }
    }
}
