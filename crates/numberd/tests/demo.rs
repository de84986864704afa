//! `serve --demo`: the lines that it prints work.

mod common;

use std::process::Command;

use common::{Place, Server};

/// Everything printed, up to the last line.
fn printed(server: &mut Server) -> Vec<String> {
    server.lines_until(&["curl", "-X DELETE", "+19075550100"])
}

fn script(printed: &[String]) -> String {
    let first = printed
        .iter()
        .position(|line| line.starts_with("# log in as"))
        .unwrap();
    printed[first..].join("\n")
}

/// Runs the lines in a shell, as they stand, and answers what they print.
fn paste(script: &str) -> String {
    let output = Command::new("sh")
        .args(["-eu", "-c", script])
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    assert_eq!(err, "");
    String::from_utf8(output.stdout).unwrap()
}

/// Every line that shows an answer shows a good one.
#[track_caller]
fn assert_all_good(script: &str, answers: &str) {
    let shown = script
        .lines()
        .filter(|line| line.starts_with("curl "))
        .count();
    assert!(shown >= 9, "{script}");
    // One answer is a choice between two addresses.
    let good = answers.matches(r#""status": "success""#).count();
    assert_eq!(good, shown - 1, "{answers}");
    assert_eq!(answers.matches(r#""status": "error""#).count(), 1);
    assert!(answers.contains(r#""message": "multiple_choice""#));
}

#[test]
fn the_printed_lines_work_word_by_word_and_again_after_a_restart() {
    let place = Place::new();
    let mut server = place.serve(&["--demo"]);
    let first = script(&printed(&mut server));
    let answers = paste(&first);
    assert_all_good(&first, &answers);
    for shown in [
        r#""name": "SNFC CNTRL""#,
        r#""state": "in_service""#,
        r#""note": "front desk""#,
        r#""name": "did_us""#,
        r#""street_address": "12 SAMPLE AVE""#,
        r#""street_address": "116 NATOMA ST""#,
        r#""status": "PROVISIONED""#,
        r#""number": "+16505550100""#,
        r#""kind": "purchase""#,
        r#""state": "confirmed""#,
    ] {
        assert!(answers.contains(shown), "no {shown} in {answers}");
    }
    // What was bought is given back, so that it works again.
    assert_all_good(&first, &paste(&first));
    server.stop();

    let mut server = place.serve(&["--demo"]);
    let second = script(&printed(&mut server));
    assert_all_good(&second, &paste(&second));
    server.stop();
    place.run(&["check"]).done();
}

#[test]
fn the_demo_stocks_numbers_set_aside_for_fiction() {
    let place = Place::new();
    let mut server = place.serve(&["--demo"]);
    printed(&mut server);
    server.stop();
    let numbers = place
        .run(&["number", "list", "--limit", "0", "--json"])
        .done()
        .json();
    let numbers = numbers.as_array().unwrap();
    assert!(numbers.len() >= 3000, "{}", numbers.len());
    for number in numbers {
        let id = number["id"].as_str().unwrap();
        assert_eq!((&id[5..10], id.len()), ("55501", 12), "{id}");
        assert_eq!(number["state"], "available");
        assert_eq!(number["carrier_module"], "inventory");
    }
    let accounts = place.run(&["account", "list", "--json"]).done().json();
    let named = |name: &str| {
        let accounts = accounts.as_array().unwrap();
        accounts
            .iter()
            .find(|account| account["name"] == name)
            .unwrap()
            .clone()
    };
    let (reseller, customer) = (named("Demo Reseller"), named("Demo Customer"));
    assert_eq!(reseller["is_reseller"], true);
    assert_eq!(reseller["allow_additions"], true);
    assert_eq!(customer["parent"], reseller["id"]);
}

#[test]
fn a_carrier_that_is_configured_is_not_played() {
    let place = Place::new();
    let real = "[carriers.other]\nphonebook_url = \"https://phonebook.example.com\"\n";
    place.write("numberd.toml", real);
    let mut server = place.serve(&["--demo"]);
    let script = script(&printed(&mut server));
    // Ids are random, and may have the area code in them.
    let asks = ["prefix=650", "+1650"].map(|text| script.contains(text));
    assert_eq!(asks, [false; 2], "{script}");
    server.stop();
}

#[test]
fn a_database_in_use_is_left_alone() {
    let place = Place::with_database();
    place.account("Acme");
    let run = place.serve_in_vain(&["--demo", "--log-level", "off"]);
    run.failed(4, &["isn't empty"]);
    let numbers = place.run(&["number", "list", "--json"]).done().json();
    assert_eq!(numbers, serde_json::json!([]));
}
