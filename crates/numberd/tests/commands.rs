//! Commands on accounts, users, numbers, and whole databases.

mod common;

use common::Place;
use serde_json::json;

#[test]
fn accounts_are_made_listed_and_given_rights() {
    let place = Place::with_database();
    let made = place
        .run(&[
            "account",
            "create",
            "Reseller",
            "--reseller",
            "--realm",
            "R.example.com",
            "--json",
        ])
        .done()
        .json();
    assert_eq!(made["name"], "Reseller");
    assert_eq!(made["realm"], "r.example.com");
    assert_eq!(made["is_reseller"], true);
    assert_eq!(made["allow_additions"], false);
    let id = made["id"].as_str().unwrap();
    // By its name, its realm, its id.
    for (name, parent) in [("A", "reseller"), ("B", "r.example.com"), ("C", id)] {
        let child = place
            .run(&["account", "create", name, "--parent", parent, "--json"])
            .done()
            .json();
        assert_eq!(child["parent"], id);
    }
    let below = place
        .run(&["account", "list", "--below", "Reseller", "--json"])
        .done()
        .json();
    assert_eq!(below.as_array().unwrap().len(), 3);
    let all = place.run(&["account", "list"]).done().out;
    assert_eq!(all.lines().count(), 1 + 5, "{all}");
    let starts: Vec<usize> = all.lines().map(|line| line.find("  ").unwrap()).collect();
    assert!(starts[1..].iter().all(|start| *start == 32), "{all}");

    let on = place
        .run(&["account", "allow-additions", "A", "--json"])
        .done()
        .json();
    assert_eq!(on["allow_additions"], true);
    let off = place
        .run(&["account", "allow-additions", "A", "off", "--json"])
        .done()
        .json();
    assert_eq!(off["allow_additions"], false);

    place
        .run(&["account", "create", "reseller"])
        .failed(4, &["name", "already in use"]);
}

#[test]
fn accounts_end_when_they_are_told_to() {
    let place = Place::with_database();
    place.run(&["account", "create", "Trial"]).done();
    let expiry = |when| {
        let run = place.run(&["account", "expiry", "trial", when, "--json"]);
        run.done().json()["expires"].clone()
    };
    // 2027-02-01T00:00:00Z is 63968659200 Gregorian seconds.
    assert_eq!(expiry("2027-01-31"), 63_968_659_200_u64);
    assert_eq!(expiry("2027-01-31T23:59:59Z"), 63_968_659_199_u64);
    let shown = place.run(&["account", "list"]).done().out;
    assert!(shown.contains("expires"), "{shown}");
    assert_eq!(expiry("never"), json!(null));
    for when in ["tomorrow", "2027-13-01", "1969-12-01", ""] {
        let run = place.run(&["account", "expiry", "trial", when]);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains("2027-01-31"), "{run:?}");
    }
    place
        .run(&["account", "expiry", "master", "never"])
        .failed(4, &["method not allowed"]);
    place
        .run(&["account", "create", "X", "--realm", "a b"])
        .failed(2, &["realm"]);
    place
        .run(&["account", "create", "X", "--parent", "Nobody"])
        .failed(3, &["Nobody"]);
    place
        .run(&["account", "allow-additions", "Nobody"])
        .failed(3, &["Nobody"]);
    place.run(&["check"]).done();
}

#[test]
fn api_keys_are_shown_once_and_replaced_only_on_demand() {
    let place = Place::with_database();
    place.account("Acme");
    let key = |arguments: &[&str]| {
        let run = place
            .run(&[&["account", "api-key", "Acme", "--json"], arguments].concat())
            .done();
        run.json()["api_key"].as_str().unwrap().to_owned()
    };
    let first = key(&[]);
    assert_eq!(first.len(), 64);
    place
        .run(&["account", "api-key", "Acme"])
        .failed(4, &["--replace"]);
    let second = key(&["--replace"]);
    assert_ne!(first, second);
    let server = place.serve(&[]);
    for (key, status) in [(first, "404"), (second, "201")] {
        let answer = put(&server, "/v2/api_auth", &json!({"data": {"api_key": key}}));
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    server.stop();
}

fn put(server: &common::Server, path: &str, body: &serde_json::Value) -> String {
    use std::io::{Read, Write};

    let body = body.to_string();
    let mut stream = server.connect();
    let request = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn users_are_made_and_get_new_passwords() {
    use md5::{Digest, Md5};

    let place = Place::with_database();
    place.account("Acme");
    let made = place
        .run(&[
            "user",
            "create",
            "Acme",
            "Ann@x.org",
            "--admin",
            "--email",
            "a@x.org",
            "--json",
        ])
        .done()
        .json();
    assert_eq!(made["username"], "ann@x.org");
    assert_eq!(made["priv_level"], "admin");
    let given = made["password"].as_str().unwrap().to_owned();
    let run = place.run_with_input(
        &["user", "create", "Acme", "bob", "--password-stdin"],
        "s3cret\nmore\n",
    );
    assert!(!run.done().out.contains("s3cret"));
    let server = place.serve(&[]);
    let login = |server: &common::Server, username: &str, password: &str| {
        let digest: [u8; 16] = Md5::digest(format!("{username}:{password}")).into();
        let credentials = format!("{:032x}", u128::from_be_bytes(digest));
        let data = json!({"data": {"credentials": credentials, "account_name": "acme"}});
        put(server, "/v2/user_auth", &data)[9..12].to_owned()
    };
    assert_eq!(login(&server, "ann@x.org", &given), "201");
    assert_eq!(login(&server, "bob", "s3cret"), "201");
    server.stop();

    let run = place.run_with_input(
        &["user", "password", "Acme", "BOB", "--password-stdin"],
        "n3w",
    );
    run.done();
    let server = place.serve(&[]);
    assert_eq!(login(&server, "bob", "s3cret"), "401");
    assert_eq!(login(&server, "bob", "n3w"), "201");
    server.stop();

    place
        .run(&["user", "create", "Acme", "bob"])
        .failed(4, &["username"]);
    place
        .run(&["user", "create", "Nobody", "bob"])
        .failed(3, &["Nobody"]);
    place
        .run(&["user", "password", "Acme", "carl"])
        .failed(3, &["carl"]);
    place
        .run(&["user", "password", "Acme", "bob", "--password-stdin"])
        .failed(2, &["password"]);
    place.run(&["check"]).done();
}

#[test]
fn numbers_are_listed_shown_and_have_a_history() {
    let place = Place::with_database();
    let id = place.account("Acme");
    place.write(
        "n.csv",
        "e164,account_name,state,opaque.note\n\
         +14155550100,Acme,,front desk\n+14155550101,Acme,reserved,\n\
         +12125550100,,,\n+493012345678,,,\n",
    );
    place.run(&["import", "n.csv"]).done();
    let list = |arguments: &[&str]| {
        let run = place
            .run(&[&["number", "list", "--json"], arguments].concat())
            .done();
        let rows = run.json();
        let ids = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(
        list(&[]),
        [
            "+12125550100",
            "+14155550100",
            "+14155550101",
            "+493012345678"
        ]
    );
    assert_eq!(
        list(&["--account", "Acme"]),
        ["+14155550100", "+14155550101"]
    );
    assert_eq!(
        list(&["--state", "available"]),
        ["+12125550100", "+493012345678"]
    );
    assert_eq!(
        list(&["--prefix", "+1415"]),
        ["+14155550100", "+14155550101"]
    );
    assert_eq!(
        list(&["--prefix", "+1", "--state", "reserved"]),
        ["+14155550101"]
    );
    let some = place.run(&["number", "list", "--limit", "3"]).done();
    assert_eq!(some.out.lines().count(), 4, "{some:?}");
    assert!(some.err.contains("--limit 0"), "{some:?}");
    assert_eq!(list(&["--limit", "0"]).len(), 4);
    place
        .run(&["number", "list", "--prefix", "415"])
        .failed(2, &["+"]);

    let shown = place
        .run(&["number", "show", "4155550100", "--json"])
        .done()
        .json();
    assert_eq!(shown["assigned_to"], id.as_str());
    assert_eq!(shown["fields"], json!({"note": "front desk"}));
    let shown = place.run(&["number", "show", "+14155550101"]).done().out;
    assert!(shown.contains("account name  Acme\n"), "{shown}");
    place
        .run(&["number", "show", "+14155550199"])
        .failed(3, &["+14155550199"]);
    place.run(&["number", "show", "911"]).failed(3, &["911"]);

    let history = place
        .run(&["number", "history", "+14155550100", "--json"])
        .done()
        .json();
    let events = history.as_array().unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["action"], "imported");
    assert_eq!(events[0]["before"], json!(null));
    let history = place.run(&["number", "history", "+14155550100"]).done().out;
    assert!(history.contains("(nothing) -> in_service"), "{history}");
    place
        .run(&["number", "history", "+14155550199"])
        .failed(3, &["+14155550199"]);
}

#[test]
fn a_number_has_lists_of_features_of_its_own() {
    let place = Place::with_database();
    place.account("Acme");
    place.write(
        "n.csv",
        "e164,account_name,carrier_module\n+14155550100,Acme,inventory\n",
    );
    place.run(&["import", "n.csv"]).done();
    let features = |options: &[&str]| {
        let number = ["number", "features", "+14155550100"];
        place.run(&[&number[..], options].concat())
    };
    let set = features(&["--allow", "dash_e911, sms", "--deny", "sms", "--json"]);
    let set = set.done().json();
    let wanted = json!({
        "id": "+14155550100", "features_allowed": ["e911", "sms"],
        "features_denied": ["sms"], "features_available": ["e911"],
    });
    assert_eq!(set, wanted);
    assert_eq!(features(&["--json"]).done().json(), wanted);
    let shown = place.run(&["number", "show", "+14155550100"]).done().out;
    assert!(shown.contains("allowed features  e911, sms\n"), "{shown}");
    let set = features(&["--allow", "none", "--json"]).done().json();
    assert_eq!(set["features_allowed"], json!([]));
    assert_eq!(set["features_denied"], json!(["sms"]));
    features(&["--deny", "teleport"]).failed(2, &["'teleport'", "outbound_cnam"]);
    place
        .run(&["number", "features", "+14155550199", "--deny", "sms"])
        .failed(3, &["+14155550199"]);
}

#[test]
fn an_account_has_settings_of_its_own() {
    let place = Place::with_database();
    let id = place.account("Acme");
    let settings = |options: &[&str]| {
        let account = ["account", "settings", "acme"];
        place.run(&[&account[..], options].concat())
    };
    let none = json!({ "account_id": id, "number_manager": {} });
    assert_eq!(settings(&["--json"]).done().json(), none);
    let set = settings(&[
        "--set",
        "cnam_provider=cnam_notifier",
        "--set",
        "local_feature_override=true",
        "--deny",
        "sms,mms",
        "--json",
    ]);
    let wanted = json!({
        "cnam_provider": "cnam_notifier", "local_feature_override": true,
        "features": { "deny": ["sms", "mms"] },
    });
    assert_eq!(set.done().json()["number_manager"], wanted);
    let shown = settings(&[]).done().out;
    assert!(shown.contains("cnam_notifier\n"), "{shown}");

    // All that is wrong at once, and nothing of it is kept.
    let wrong = settings(&["--set", "colour=red", "--deny", "teleport"]);
    wrong.failed(2, &["colour", "teleport"]);
    let typed = settings(&["--set", "colour"]);
    assert!(typed.err.contains("write KEY=VALUE"), "{typed:?}");
    settings(&["--unset", "prices"]).failed(3, &["'prices' is not set"]);
    assert_eq!(
        settings(&["--json"]).done().json()["number_manager"],
        wanted
    );

    let set = settings(&[
        "--deny",
        "none",
        "--unset",
        "cnam_provider",
        "--unset",
        "local_feature_override",
        "--json",
    ]);
    assert_eq!(set.done().json(), none);
    place
        .run(&["account", "settings", "Nobody"])
        .failed(3, &["Nobody"]);
}

#[test]
fn the_log_is_followed_from_where_one_was() {
    let place = Place::with_database();
    place.account("Acme");
    place.account("Other");
    place.write(
        "a.csv",
        "e164,account_name\n+14155550100,Acme\n+14155550101,Other\n",
    );
    place.write("b.csv", "e164,account_name\n+14155550102,Acme\n");
    place.run(&["import", "a.csv"]).done();
    let numbers = |run: &serde_json::Value| -> Vec<String> {
        let rows = run.as_array().unwrap().iter();
        rows.map(|row| row["number"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = place.run(&["events", "--json"]).done().json();
    assert_eq!(numbers(&first), ["+14155550100", "+14155550101"]);
    let cursor = first[1]["cursor"].as_str().unwrap();
    place.run(&["import", "b.csv"]).done();
    let then = place
        .run(&["events", "--json", "--after", cursor])
        .done()
        .json();
    assert_eq!(numbers(&then), ["+14155550102"]);
    let of_one = place.run(&["events", "--json", "--account", "Acme"]);
    assert_eq!(
        numbers(&of_one.done().json()),
        ["+14155550100", "+14155550102"]
    );
    let table = place.run(&["events", "--limit", "1"]).done();
    assert!(table.out.contains("+14155550100"), "{}", table.out);
    assert!(
        table.err.contains("go on with --after 14155550100-"),
        "{}",
        table.err
    );
    let absent = "14155550100-00000000000000000000000000000000";
    for cursor in ["x", absent] {
        place
            .run(&["events", "--after", cursor])
            .failed(2, &[cursor, "no place in the log"]);
    }
    place
        .run(&["events", "--account", "Nobody"])
        .failed(3, &["Nobody"]);
}

#[test]
fn reading_works_beside_a_server_and_writing_says_why_not() {
    let place = Place::with_database();
    place.account("Acme");
    place.write("n.csv", "e164\n+14155550100\n");
    let server = place.serve(&[]);
    for reading in [
        &["account", "list"][..],
        &["account", "settings", "Acme"],
        &["number", "list"],
        &["export"],
        &["check"],
        &["backup", "copy.db"],
        &["import", "n.csv", "--dry-run"],
    ] {
        place.run(reading).done();
    }
    for writing in [
        &["account", "create", "Other"][..],
        &["account", "allow-additions", "Acme"],
        &["account", "settings", "Acme", "--deny", "sms"],
        &["user", "create", "Acme", "bob"],
        &["import", "n.csv"],
    ] {
        let run = place.run(writing);
        run.failed(5, &["another process has the database", "numberd.db"]);
    }
    server.stop();
}

#[test]
fn a_backup_is_a_whole_database_and_never_written_over() {
    let place = Place::with_database();
    place.account("Acme");
    place.run(&["backup", "copy.db"]).done();
    let copy = ["--database", "sqlite:copy.db"];
    let accounts = |more: &[&str]| {
        place
            .run(&[&["account", "list", "--json"], more].concat())
            .done()
            .out
    };
    assert_eq!(accounts(&copy), accounts(&[]));
    place.run(&[&["check"], &copy[..]].concat()).done();
    let before = std::fs::read(place.path("copy.db")).unwrap();
    let run = place.run(&["backup", "copy.db"]);
    assert_ne!(run.code, Some(0));
    assert!(run.err.contains("copy.db"), "{run:?}");
    assert_eq!(std::fs::read(place.path("copy.db")).unwrap(), before);
}

#[test]
fn commands_dont_make_databases_by_mistake() {
    let place = Place::new();
    for arguments in [
        &["account", "list"][..],
        &["account", "create", "Acme"],
        &["number", "list"],
        &["check"],
        &["export"],
        &["backup", "copy.db"],
    ] {
        place.run(arguments).failed(5, &["numberd.db"]);
    }
    assert!(!place.path("numberd.db").exists());
}

#[test]
fn help_tells_of_commands_and_exit_codes() {
    let place = Place::new();
    let help = place.run(&["--help"]).done().out;
    for word in [
        "serve",
        "account",
        "user",
        "number",
        "import",
        "export",
        "backup",
        "check",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{help}");
    }
    let serve = place.run(&["serve", "--help"]).done().out;
    for word in [
        "NUMBERD_LISTEN",
        "NUMBERD_ADMIN_PASSWORD",
        "--demo",
        "--dialect",
    ] {
        assert!(serve.contains(word), "{serve}");
    }
    // Values of the environment may be secrets of somebody.
    let mut command = place.command(&["serve", "--help"]);
    command.env("NUMBERD_DATABASE", "sqlite:hidden.db");
    let output = command.output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("hidden"));
    assert_eq!(place.run(&["frobnicate"]).code, Some(2));
    assert_eq!(place.run(&[]).code, Some(2));
    assert_eq!(place.run(&["backup", "a", "b"]).code, Some(2));
}
