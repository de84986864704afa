//! Inputs and the true answers of a running Kazoo.

use numbers::classify::Classifiers;
use numbers::converter::Converters;
use serde::Deserialize;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/converters.jsonl");

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Row {
    input: String,
    normalized: String,
    is_normalized: bool,
    is_reconcilable: bool,
    classify: Option<String>,
    pretty_print: String,
}

fn ours(input: &str, converters: &Converters, classifiers: &Classifiers) -> Row {
    let normalized = converters.normalize(input);
    Row {
        input: input.to_owned(),
        is_normalized: converters.is_normalized(input),
        is_reconcilable: converters.is_reconcilable(input),
        classify: classifiers
            .classify(&normalized)
            .map(|found| found.name.to_owned()),
        pretty_print: classifiers.pretty_print(input, &normalized),
        normalized: normalized.into_owned(),
    }
}

#[test]
fn every_row_holds() {
    let text = std::fs::read_to_string(VECTORS).expect("the vectors are there");
    let (converters, classifiers) = (Converters::default(), Classifiers::modern());
    let mut failing = Vec::new();
    let mut count = 0;
    for (index, line) in text.lines().enumerate() {
        let theirs: Row = serde_json::from_str(line).expect("a row of the vectors");
        let ours = ours(&theirs.input, &converters, &classifiers);
        if ours != theirs {
            failing.push(format!("row {}: {ours:?} is not {theirs:?}", index + 1));
        }
        count += 1;
    }
    assert_eq!(count, 1441);
    let report = failing.join("\n");
    assert!(failing.is_empty(), "{} rows:\n{report}", failing.len());
}
