//! `numberd copy`: from a file to a server and back.

mod common;

use common::{Place, text};
use test_postgres::Database;

/// A database file with a bit of everything.
fn filled() -> Place {
    let place = Place::with_database();
    let account = place.account("acme");
    let mut rows = String::from("e164,account_id,state,carrier_module,opaque.note\n");
    for n in 0..1200 {
        let owner = if n % 2 == 0 { account.as_str() } else { "" };
        let state = if n % 2 == 0 {
            "in_service"
        } else {
            "available"
        };
        let line = format!("+1415{:07},{owner},{state},telnyx,é{n}\n", 5_550_000 + n);
        rows.push_str(&line);
    }
    let csv = place.write("in.csv", rows);
    place.run(&["import", text(&csv)]).done();
    place.run(&["user", "create", "acme", "zoe"]).done();
    let table = place.write("blocks.csv", "npa-nxx,city\n415-555,Zürich\n");
    let load = ["data", "load", text(&table), "--kind", "npa-nxx"];
    place.run(&load).done();
    place
}

fn sound(place: &Place) -> String {
    let checked = place.run(&["check", "--json"]).done().json();
    assert_eq!(checked["found"], 0, "{checked}");
    let exported = place.run(&["export"]).done().out;
    let history = place.run(&["number", "history", "+14155550000"]).done().out;
    let data = place.run(&["data", "list"]).done().out;
    format!("{exported}{history}{data}")
}

#[test]
fn a_copy_there_and_back_is_the_same() {
    let place = filled();
    let was = sound(&place);
    let database = Database::new();
    let there = [
        "copy",
        "--from",
        "sqlite:numberd.db",
        "--to",
        database.url(),
    ];
    let told = place.run(&there).done().out;
    assert!(told.starts_with("copied and compared: "), "{told}");
    let server = Place::over(database.url());
    assert_eq!(sound(&server), was);
    // A copy that is done is only compared.
    assert_eq!(place.run(&there).done().out, told);
    // It is a database like any other: new events go on behind the old ones.
    let running = server.serve(&[]);
    assert!(!running.token().is_empty());
    running.stop();
    let more = server.write("more.csv", "e164,state\n+14155560000,available\n");
    server.run(&["import", text(&more)]).done();
    let newest = sound(&server);
    let back = ["copy", "--from", database.url(), "--to", "sqlite:back.db"];
    place.run(&back).done();
    std::fs::rename(place.path("back.db"), place.path("numberd.db")).unwrap();
    assert_eq!(sound(&place), newest);
}

#[test]
fn an_interrupted_copy_goes_on() {
    let place = filled();
    let was = sound(&place);
    let database = Database::new();
    let copy = [
        "copy",
        "--from",
        "sqlite:numberd.db",
        "--to",
        database.url(),
    ];
    place.run(&copy).done();
    // As it is when the copy ends among the numbers.
    database.execute(
        "DELETE FROM settings; DELETE FROM account_numbers; DELETE FROM state_counters; \
         DELETE FROM numbers WHERE e164 > '+14155550700'",
    );
    place.run(&copy).done();
    assert_eq!(sound(&Place::over(database.url())), was);
    // What differs behind the last key's back is found.
    database.execute("UPDATE numbers SET revision = 99 WHERE e164 = '+14155550001'");
    place.run(&copy).failed(1, &["numbers", "empty database"]);
}

#[test]
fn a_database_that_is_used_is_no_target() {
    let place = filled();
    let database = Database::new();
    Place::over(database.url()).serve(&[]).stop();
    let copy = [
        "copy",
        "--from",
        "sqlite:numberd.db",
        "--to",
        database.url(),
    ];
    place.run(&copy).failed(4, &["in use"]);
    let same = [
        "copy",
        "--from",
        "sqlite:numberd.db",
        "--to",
        "sqlite:numberd.db",
    ];
    place.run(&same).failed(2, &["same"]);
    let nothing = [
        "copy",
        "--from",
        "sqlite:nothing.db",
        "--to",
        "sqlite:to.db",
    ];
    place.run(&nothing).failed(5, &["nothing.db"]);
    // Nobody may write to it meanwhile.
    let server = place.serve(&[]);
    let copy = [
        "copy",
        "--from",
        "sqlite:numberd.db",
        "--to",
        "sqlite:to.db",
    ];
    place.run(&copy).failed(5, &["another process"]);
    server.stop();
}
