//! Every kind of answer, in both dialects: kept as it is in `snapshots/`, and
//! held against the description of the API.
//!
//! An answer that looks different fails the test. If it is meant to,
//! `INSTA_UPDATE=always cargo nextest run -p api --test shapes` writes the
//! snapshots anew; they are read before they are committed.

#[path = "../common/mod.rs"]
mod common;
mod description;
mod numbers;
mod people;
mod redact;
mod refusals;
mod story;

use std::collections::HashSet;

/// What no step tells any more is gone.
#[test]
fn every_snapshot_is_told() {
    let sources = [
        include_str!("numbers.rs"),
        include_str!("people.rs"),
        include_str!("refusals.rs"),
    ];
    // `step(` and the name, whatever is between them.
    let told: HashSet<&str> = sources
        .into_iter()
        .flat_map(|source| source.split("step(").skip(1))
        .filter_map(|step| step.split('"').nth(1))
        .collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shapes/snapshots");
    for file in std::fs::read_dir(folder).expect("the snapshots") {
        let name = file
            .expect("a file")
            .file_name()
            .into_string()
            .expect("text");
        let step = name.strip_prefix("shapes__story__").unwrap_or(&name);
        let step = step.strip_suffix(".snap").expect("a snapshot");
        assert!(told.contains(step), "no step tells {name}; remove it");
    }
}
