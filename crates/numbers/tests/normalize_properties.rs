//! What holds for every text, number or not.

use numbers::classify::{Classifiers, UNKNOWN, classify_2016};
use numbers::converter::{ConverterRule, Converters, DEFAULT_RECONCILE};
use numbers::dial_plan::DialPlan;
use numbers::e164::E164;
use numbers::pretty_print::pretty_print;
use proptest::prelude::*;
use std::sync::LazyLock;

static CONVERTERS: LazyLock<Converters> = LazyLock::new(Converters::default);

/// The defaults, with the reconcile pattern written differently: no shortcut.
static LONG_WAY: LazyLock<Converters> = LazyLock::new(|| {
    let reconcile = format!("(?:{DEFAULT_RECONCILE})");
    Converters::new(ConverterRule::defaults(), &reconcile).expect("it compiles")
});

static TODAY: LazyLock<Classifiers> = LazyLock::new(Classifiers::modern);
static SEED: LazyLock<Classifiers> = LazyLock::new(Classifiers::seed_2016);

/// Rewrites what it can, wherever it finds it.
static GREEDY_PLAN: LazyLock<DialPlan> = LazyLock::new(|| {
    let json = serde_json::json!({
        r"(\d{7})$": {"prefix": "+1415"},
        "(.)$": {"suffix": "00"},
    });
    DialPlan::from_map(json.as_object().expect("an object")).expect("it compiles")
});

/// Numbers, almost-numbers, and anything.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => r"\+?[0-9]{0,17}",
        4 => r"(\+1|1)?[2-9][0-9]{2}[2-9][0-9]{6}",
        4 => r"\+[0-9]{7,17}",
        2 => r"(011|00)[0-9]{0,16}",
        2 => r"\+?[0-9]{8,12}[\n\r\t\x00 x٤\u{ff14}é]",
        2 => r"[+0-9٤\u{ff14}\u{ff0b}\n -]{0,16}",
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn normalize_is_idempotent(text in texts()) {
        let once = CONVERTERS.normalize(&text).into_owned();
        prop_assert_eq!(&CONVERTERS.normalize(&once), &once);
        prop_assert!(CONVERTERS.is_normalized(&once));
        prop_assert_eq!(CONVERTERS.is_normalized(&text), once == text);
        prop_assert_eq!(CONVERTERS.is_reconcilable(&text), CONVERTERS.is_reconcilable(&once));
    }

    #[test]
    fn a_key_is_its_own_key_under_every_plan(text in texts()) {
        for plan in [&DialPlan::default(), &*GREEDY_PLAN] {
            if let Ok(key) = CONVERTERS.key(&text, plan) {
                for again in [&DialPlan::default(), &*GREEDY_PLAN] {
                    let same = CONVERTERS.key(key.as_str(), again);
                    prop_assert_eq!(same.as_ref(), Ok(&key));
                }
            }
        }
    }

    #[test]
    fn a_key_is_what_the_specification_asks_for(text in texts()) {
        let normalized = CONVERTERS.normalize(&text);
        let expected = !text.chars().any(char::is_control)
            && CONVERTERS.is_reconcilable(&text)
            && normalized.starts_with('+')
            && normalized.len() <= 16;
        match CONVERTERS.key(&text, &DialPlan::default()) {
            Ok(key) => {
                prop_assert!(expected, "{:?} gave {}", text, key);
                prop_assert_eq!(key.as_str(), &normalized);
            }
            Err(refused) => {
                prop_assert!(!expected, "{:?} was refused", text);
                prop_assert_eq!(refused.text, text);
            }
        }
    }

    #[test]
    fn the_short_way_and_the_long_way_agree(text in texts()) {
        for plan in [&DialPlan::default(), &*GREEDY_PLAN] {
            prop_assert_eq!(CONVERTERS.key(&text, plan), LONG_WAY.key(&text, plan));
        }
    }

    #[test]
    fn clients_of_2016_know_no_less(text in texts()) {
        let normalized = CONVERTERS.normalize(&text);
        let today = TODAY.classify(&normalized);
        let both = classify_2016(&SEED, &TODAY, &text, &normalized);
        prop_assert_eq!(today.is_some(), both.is_some());
        if let Some(today) = today.filter(|found| found.name != UNKNOWN) {
            prop_assert_eq!(both.map(|found| found.name), Some(today.name));
        }
    }

    #[test]
    fn nothing_panics(text in any::<String>(), format in r"[#S*\\()é -]{0,12}") {
        let normalized = CONVERTERS.normalize_dialed(&text, &GREEDY_PLAN);
        let _ = (CONVERTERS.key(&text, &GREEDY_PLAN), E164::try_from(&*text));
        let _ = (TODAY.classify(&text), TODAY.pretty_print(&text, &normalized));
        let shown = pretty_print(&format, &text);
        prop_assert!(shown.len() <= format.len() + text.len());
    }
}
