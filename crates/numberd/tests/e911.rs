//! `numberd e911 coverage`: which numbers an emergency call can't be located
//! from.

mod common;

use common::{Place, Run};
use serde_json::{Value, json};

fn coverage(place: &Place, options: &[&str]) -> Run {
    place.run(&[&["e911", "coverage"], options].concat())
}

/// Number and account of each row, in the order in which they are printed.
fn rows(place: &Place, options: &[&str]) -> Vec<(String, String)> {
    let listed = coverage(place, &[options, &["--json"]].concat())
        .done()
        .json();
    let text = |row: &Value, name: &str| row[name].as_str().expect(name).to_owned();
    let rows = listed.as_array().expect("a list").iter();
    rows.map(|row| (text(row, "id"), text(row, "account")))
        .collect()
}

#[test]
fn numbers_without_a_confirmed_address_are_listed() {
    let place = Place::with_database();
    let made = ["account", "create", "Acme", "--reseller", "--json"];
    let made = place.run(&made).done().json();
    let acme = made["id"].as_str().expect("an id").to_owned();
    let other = place.account("Other");
    assert_eq!(rows(&place, &[]), []);
    place.write(
        "n.csv",
        "e164,account_name,state,carrier_module,e911.street_address,e911.locality,e911.region,e911.postal_code\n\
         +14155550100,Acme,in_service,inventory,,,,\n\
         +14155550101,Acme,reserved,inventory,,,,\n\
         +14165550100,Acme,in_service,telnyx,,,,\n\
         +17875550100,Other,in_service,inventory,1 A St,San Juan,PR,00901\n\
         +18095550100,Other,in_service,inventory,,,,\n\
         +442079460100,Other,in_service,inventory,,,,\n\
         +14155550102,,available,inventory,,,,\n",
    );
    place.run(&["import", "n.csv"]).done();
    let of_acme = [("+14155550100", &acme), ("+14165550100", &acme)];
    // An address that was only imported no provider has confirmed.
    let of_other = [("+17875550100", &other)];
    let texts = |rows: &[(&str, &String)]| -> Vec<(String, String)> {
        let rows = rows.iter();
        rows.map(|(number, account)| ((*number).to_owned(), (*account).clone()))
            .collect()
    };
    assert_eq!(rows(&place, &["--account", "acme"]), texts(&of_acme));
    assert_eq!(rows(&place, &["--account", &other]), texts(&of_other));
    let mut all = rows(&place, &[]);
    all.sort();
    assert_eq!(all, texts(&[of_acme, [of_other[0]; 2]].concat()[..3]));

    let listed = coverage(&place, &["--account", "Acme", "--json"])
        .done()
        .json();
    let expected = json!({
        "id": "+14155550100", "carrier": "inventory", "used_by": null,
        "state": "never_asked", "account": acme,
    });
    assert_eq!(listed[0], expected);
    // Whoever has a provider that doesn't suit the number's carrier is told so.
    place.write("numberd.toml", "[providers.telnyx_e911]\ntoken = \"t\"\n");
    let chosen = [
        "account",
        "settings",
        "Acme",
        "--set",
        "e911_provider=telnyx_e911",
    ];
    place.run(&chosen).done();
    let listed = coverage(&place, &["--account", "Acme", "--json"])
        .done()
        .json();
    let warning = listed[0]["warning"].as_str().expect("a warning");
    assert!(warning.contains("not of inventory's"), "{warning}");
    assert_eq!(listed[1].get("warning"), None, "{listed}");
    coverage(&place, &["--account", "Nobody"]).failed(3, &["Nobody"]);
    let table = coverage(&place, &[]).done().out;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].starts_with("NUMBER"), "{table}");
    let line = lines.iter().find(|line| line.starts_with("+14155550100"));
    assert!(
        line.is_some_and(|line| line.contains("never_asked") && line.contains(&acme)),
        "{table}"
    );
}

#[test]
fn more_than_a_page_of_them_are_listed_once_each() {
    let place = Place::with_database();
    let id = place.account("Acme");
    let numbers: Vec<String> = (0..1_100)
        .map(|number| format!("+1415555{:04}", 2_000 + number))
        .collect();
    let lines = numbers
        .iter()
        .map(|number| format!("{number},Acme,in_service\n"));
    let csv = std::iter::once("e164,account_name,state\n".to_owned()).chain(lines);
    place.write("n.csv", csv.collect::<String>());
    place.run(&["import", "n.csv"]).done();
    let expected: Vec<_> = numbers
        .into_iter()
        .map(|number| (number, id.clone()))
        .collect();
    assert_eq!(rows(&place, &[]), expected);
}
