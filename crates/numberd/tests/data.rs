//! `numberd lookup` and `numberd data`.

mod common;

use std::path::Path;

use common::{Place, text};
use serde_json::{Value, json};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/samples");

fn sample(name: &str) -> String {
    Path::new(SAMPLES).join(name).display().to_string()
}

#[test]
fn a_card_needs_no_database() {
    let place = Place::new();
    let card = place.run(&["lookup", "4158867900"]).done().out;
    for words in [
        "+14158867900",
        "did_us (US DID)",
        "US (United States)",
        "California",
        "America/Los_Angeles",
        "+1 415-886-7900",
        "libphonenumber",
    ] {
        assert!(card.contains(words), "{words}: {card}");
    }
    let german = place
        .run(&["lookup", "--country", "de", "030 223 344 55", "--json"])
        .done()
        .json();
    assert_eq!(german[0]["e164"], "+493022334455");
    assert_eq!(german[0]["metadata"]["geocode"], "Berlin");
    let spelled = place.run(&["lookup", "(415) 886-7900", "+49 30 22334455", "--json"]);
    let spelled = spelled.done().json();
    assert_eq!(spelled[0]["e164"], "+14158867900");
    assert_eq!(spelled[1]["e164"], "+493022334455");
    let odd = place
        .run(&["lookup", "hello\u{1b}[2J", "--json"])
        .done()
        .json();
    assert_eq!(odd[0].get("metadata"), None);
    let odd = place.run(&["lookup", "hello\u{1b}[2J"]).done().out;
    assert!(!odd.contains('\u{1b}'), "{odd:?}");
    let nothing = place.run(&["lookup"]);
    assert_eq!(nothing.code, Some(2));
    assert!(nothing.err.contains("<NUMBER>"), "{}", nothing.err);
    place
        .run(&["lookup", "1", "--country", "Germany"])
        .failed(2, &["'Germany'", "DE"]);
    assert!(!place.path("numberd.db").exists());
}

#[test]
fn tables_are_loaded_listed_and_removed() {
    let place = Place::with_database();
    let load = |file: &str, kind: &str| {
        let file = sample(file);
        place
            .run(&["data", "load", &file, "--kind", kind, "--json"])
            .done()
            .json()
    };
    let loaded = load("npa-nxx.csv", "npa-nxx");
    assert_eq!(
        (&loaded["name"], &loaded["rows"]),
        (&json!("npa-nxx"), &json!(4))
    );
    load("area-codes.csv", "area-codes");
    // Again: the same name, the same number of tables.
    load("npa-nxx.csv", "npa-nxx");
    let list = place.run(&["data", "list", "--json"]).done().json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|set| &set["name"])
        .collect();
    assert_eq!(names, ["built in", "area-codes", "npa-nxx"]);
    assert_eq!(list[2]["source"], "npa-nxx.csv");
    assert_eq!(list[2]["state"], "in use");
    assert!(list[0]["rows"].as_u64().unwrap() > 300_000);
    let table = place.run(&["data", "list"]).done().out;
    assert!(
        table.lines().all(|line| line.split("  ").count() >= 5),
        "{table}"
    );

    let card = place.run(&["lookup", "4155551000"]).done().out;
    assert!(card.contains("company Sample Wireless"), "{card}");
    let found = place
        .run(&["lookup", "+49999123456", "--json"])
        .done()
        .json();
    assert_eq!(found[0]["place"][0]["says"]["city"], "Musterstadt");
    place.run(&["check"]).done();

    place.run(&["data", "remove", "npa-nxx"]).done();
    let found = place.run(&["lookup", "4155551000", "--json"]).done().json();
    assert_eq!(found[0]["place"][0]["name"], "libphonenumber");
    place
        .run(&["data", "remove", "npa-nxx"])
        .failed(3, &["'npa-nxx'"]);
}

#[test]
fn bad_tables_change_nothing() {
    let place = Place::with_database();
    let load = |contents: &str, kind: &str, code, says: &[&str]| {
        let file = place.write("bad.csv", contents);
        place
            .run(&["data", "load", text(&file), "--kind", kind])
            .failed(code, says);
    };
    load(
        "npanxx,company\n415555,A\n41,B\n",
        "npa-nxx",
        2,
        &["line 3", "'41'"],
    );
    load("a,b\n1,2\n", "area-codes", 2, &["prefix, or NPA", "a, b"]);
    load("", "area-codes", 2, &["bad.csv"]);
    let unknown = place.run(&["data", "load", "bad.csv", "--kind", "lerg"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("kinds are npa-nxx and area-codes"));
    place
        .run(&["data", "load", "absent.csv", "--kind", "npa-nxx"])
        .failed(1, &["absent.csv"]);
    let name = "x".repeat(65);
    place
        .run(&[
            "data",
            "load",
            &sample("npa-nxx.csv"),
            "--kind",
            "npa-nxx",
            "--name",
            &name,
        ])
        .failed(2, &["64 characters"]);
    let list = place.run(&["data", "list", "--json"]).done().json();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
}

#[test]
fn a_server_uses_what_was_loaded() {
    let place = Place::with_database();
    let file = sample("npa-nxx.csv");
    place
        .run(&[
            "data", "load", &file, "--kind", "npa-nxx", "--name", "sample",
        ])
        .done();
    let server = place.serve(&[]);
    let answer = server.get("/v2/phone_numbers/classifiers/4155551000");
    assert!(answer.contains("did_us"), "{answer}");
    // The database is the server's as long as it runs.
    place
        .run(&["data", "load", &file, "--kind", "npa-nxx"])
        .failed(5, &["open for writing"]);
    let list: Value = place.run(&["data", "list", "--json"]).done().json();
    assert_eq!(list[1]["name"], "sample");
    server.stop();
}

#[test]
fn a_bad_classifier_is_refused_by_name_at_start() {
    let place = Place::new();
    let config = "[number_manager.classifiers.mine]\nregex = '('\nfriendly_name = 'Mine'\n";
    place.write("numberd.toml", config);
    place
        .serve_in_vain(&[])
        .failed(2, &["classifier 'mine'", "unclosed group"]);
    place
        .run(&["lookup", "1"])
        .failed(2, &["classifier 'mine'"]);
}
