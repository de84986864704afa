//! `numberd import` and `numberd export`.

mod common;

use common::Place;
use serde_json::json;

const HEADER: &str = "e164,account_name,account_id,previously_assigned_to,state,created,modified,used_by,\
ported_in,carrier_module,cnam.inbound,cnam.outbound,e911.locality,e911.name,e911.region,\
e911.street_address,e911.extended_address,e911.postal_code,prepend.enabled,prepend.name,prepend.number,\
ringback.early,ringback.transfer,force_outbound,failover.e164,failover.sip";

/// A file with a row for each kind of thing that a row can say.
fn everything(account: &str) -> String {
    format!(
        "{HEADER},opaque.note,opaque.a.b,opaque.list\n\
         +14155550100,Acme,{account},,in_service,63000000000,63000000001,callflow,true,bandwidth2,true,\"Acme, \"\"A\"\"\",\
         San Francisco,Ann,CA,140 Main St,Floor 2,94105,true,Sales,415,early,late,true,+14155550101,sip:a@b,\
         \"two\nlines\",x,\"json:[1,{{\"\"y\"\":true}}]\"\n\
         +14155550101,Acme,,,reserved,,,,,inventory,false,,,,,,,,false,,,,,false,,,,,\n\
         +14155550102,,{account},0123456789abcdef0123456789abcdef,port_in,,,,,,,,,,,,,,,,,,,,,,,,\n\
         +14155550103,,,,,,,,,inventory,,,,,,,,,,,,,,,,,,,\n\
         +14155550104,,,,aging,,,,,inventory,,,,,,,,,,,,,,,,,,,\n\
         +14155550105,Acme,,,available,,,,,managed,,,,,,,,,,,,,,,,,,,\n\
         +14155550106,Acme,,,port_out,,,,,telnyx,,,,,,,,,,,,,,,,,,,\n\
         4155550107,,,,released,,,,,,,,,,,,,,,,,,,,,,,,\n"
    )
}

#[test]
fn what_was_exported_is_imported_as_it_was() {
    let first = Place::with_database();
    let account = first.account("Acme");
    first.write("all.csv", everything(&account));
    let summary = first.run(&["import", "all.csv", "--json"]).done().json();
    assert_eq!(summary["created"], 8);
    assert_eq!(summary["rows"], 8);

    let number = |place: &Place, number: &str| {
        place
            .run(&["number", "show", number, "--json"])
            .done()
            .json()
    };
    let shown = number(&first, "+14155550100");
    assert_eq!(shown["assigned_to"], account.as_str());
    assert_eq!(shown["created"], 63_000_000_000_u64);
    assert_eq!(shown["modified"], 63_000_000_001_u64);
    assert_eq!(shown["ported_in"], true);
    assert_eq!(shown["carrier_module"], "bandwidth2");
    assert_eq!(shown["used_by"], "callflow");
    assert_eq!(
        shown["fields"],
        json!({
            "note": "two\nlines", "a": {"b": "x"}, "list": [1, {"y": true}],
            "cnam": {"inbound_lookup": true, "display_name": "Acme, \"A\""},
            "e911": {
                "locality": "San Francisco", "caller_name": "Ann", "region": "CA",
                "street_address": "140 Main St", "extended_address": "Floor 2", "postal_code": "94105",
            },
            "prepend": {"enabled": true, "name": "Sales", "number": "415"},
            "ringback": {"early": "early", "transfer": "late"},
            "force_outbound": true,
            "failover": {"e164": "+14155550101", "sip": "sip:a@b"},
        })
    );
    // No provider has confirmed the address: it is no feature.
    let features: Vec<&String> = shown["features"].as_object().unwrap().keys().collect();
    assert_eq!(
        features,
        [
            "failover",
            "force_outbound",
            "inbound_cnam",
            "outbound_cnam",
            "prepend",
            "ringback"
        ]
    );
    assert_eq!(
        number(&first, "+14155550101")["reserve_history"],
        json!([account])
    );
    assert_eq!(number(&first, "+14155550103")["state"], "available");
    assert!(number(&first, "+14155550104")["rests_until"].is_u64());
    assert_eq!(
        number(&first, "+14155550105")["carrier_data"],
        json!({"pool": account})
    );
    assert_eq!(number(&first, "+14155550107")["carrier_module"], "local");
    first.run(&["check"]).done();

    first.run(&["export", "out.csv"]).done();
    let exported = first.read("out.csv");
    assert_eq!(first.run(&["export"]).done().out, exported);
    assert!(exported.starts_with(HEADER), "{exported}");
    // Into the database of somebody else, where the account has another id.
    let second = Place::with_database();
    let other = second.account("Acme");
    second.write("out.csv", &exported);
    second.run(&["import", "out.csv"]).failed_rows(1);
    // A pooled number has no account name to find the account by.
    second.write("out.csv", exported.replace(&account, &other));
    second.run(&["import", "out.csv"]).done();
    let again = second.run(&["export"]).done().out;
    assert_eq!(again, exported.replace(&account, &other));
}

trait FailedRows {
    fn failed_rows(self, rows: u64) -> serde_json::Value;
}

impl FailedRows for common::Run {
    #[track_caller]
    fn failed_rows(self, rows: u64) -> serde_json::Value {
        assert_eq!(self.code, Some(4), "{self:?}");
        if let Ok(summary) = serde_json::from_str::<serde_json::Value>(&self.out) {
            assert_eq!(summary["failed"], rows, "{self:?}");
            return summary;
        }
        let line = self
            .out
            .lines()
            .find(|line| line.starts_with("failed"))
            .unwrap();
        assert!(line.ends_with(&format!(" {rows}")), "{self:?}");
        json!(null)
    }
}

#[test]
fn the_same_file_again_changes_nothing_and_the_rest_of_one_is_added() {
    let place = Place::with_database();
    let account = place.account("Acme");
    let all = everything(&account);
    // Interrupted after some rows.
    let cut = all.find("+14155550102").unwrap();
    place.write("part.csv", &all[..cut]);
    place.run(&["import", "part.csv"]).done();
    place.write("all.csv", &all);
    let summary = place.run(&["import", "all.csv", "--json"]).done().json();
    assert_eq!(
        (&summary["created"], &summary["unchanged"]),
        (&json!(6), &json!(2))
    );
    let before = place.run(&["export"]).done().out;
    let summary = place.run(&["import", "all.csv", "--json"]).done().json();
    assert_eq!(
        (&summary["created"], &summary["unchanged"]),
        (&json!(0), &json!(8))
    );
    assert_eq!(place.run(&["export"]).done().out, before);
    let history = place
        .run(&["number", "history", "+14155550100", "--json"])
        .done()
        .json();
    assert_eq!(history.as_array().unwrap().len(), 1);
}

#[test]
fn a_number_that_is_there_is_never_changed() {
    let place = Place::with_database();
    place.account("Acme");
    place.account("Other");
    place.write("n.csv", "e164,account_name\n+14155550100,Acme\n");
    place.run(&["import", "n.csv"]).done();
    let before = place.run(&["export"]).done().out;
    for row in [
        "+14155550100,Other,,",
        "+14155550100,,,",
        "+14155550100,Acme,reserved,",
        "+14155550100,Acme,,note",
    ] {
        place.write(
            "o.csv",
            format!("e164,account_name,state,opaque.note\n{row}\n"),
        );
        let summary = place.run(&["import", "o.csv", "--json"]).failed_rows(1);
        let told = summary["failures"][0]["error"].as_str().unwrap();
        assert!(told.contains("+14155550100 exists already"), "{told}");
    }
    assert_eq!(place.run(&["export"]).done().out, before);
}

#[test]
fn bad_rows_are_told_kept_and_spoil_no_other() {
    let place = Place::with_database();
    place.account("Acme");
    let rows = [
        ("+14155550100,Acme,,,", ""),
        ("911,,,,", "e164: '911' is not a number"),
        (
            "+14155550101,Nobody,,,",
            "account_id: there is no account 'Nobody'",
        ),
        (
            "+14155550102,,in_service,,",
            "account_id: a number in state 'in_service' needs an account",
        ),
        (
            "+14155550103,Acme,available,,",
            "state: a number in state 'available' can't belong",
        ),
        (
            "+14155550104,Acme,deleted,,",
            "state: no number is stored in state 'deleted'",
        ),
        ("+14155550105,Acme,sold,,", "state: 'sold' is not a state"),
        (
            "+14155550106,Acme,,acme_tel,",
            "carrier_module: the carrier 'acme_tel'",
        ),
        (
            "+14155550107,Acme,,reserved,",
            "carrier_module: the carrier 'reserved'",
        ),
        ("+14155550108,Acme,reserved,mdn,", "state: mobile numbers"),
        (
            "+14155550109,Acme,,,a caller name that is too long",
            "cnam.outbound: ",
        ),
        ("+14155550110,Acme", "the row has 2 cells"),
        (
            "+14155550100,Acme,reserved,,",
            "e164: +14155550100 exists already",
        ),
        ("+14155550100,Acme,,,", ""),
        ("+14155550111,ACME,,,", ""),
    ];
    let header = "e164,account_name,state,carrier_module,cnam.outbound";
    let lines: Vec<&str> = rows.iter().map(|(row, _)| *row).collect();
    place.write("n.csv", format!("{header}\n{}\n", lines.join("\n")));
    let run = place.run(&["import", "n.csv", "--errors", "bad.csv", "--json"]);
    let summary = run.failed_rows(12);
    assert_eq!(
        (&summary["created"], &summary["unchanged"]),
        (&json!(2), &json!(1))
    );
    let bad = place.read("bad.csv");
    let mut kept = bad.lines();
    assert_eq!(kept.next().unwrap(), format!("{header},error"));
    for (index, (row, error)) in rows
        .iter()
        .enumerate()
        .filter(|(_, (_, error))| !error.is_empty())
    {
        let line = kept.next().unwrap();
        assert!(line.starts_with(row.trim_end_matches(',')), "{line}");
        assert!(line.contains(error), "{line} lacks {error}");
        let told = summary["failures"].as_array().unwrap();
        let number = index + 2;
        let told = told.iter().find(|told| told["line"] == number).unwrap();
        assert!(told["error"].as_str().unwrap().contains(error), "{told}");
    }
    assert_eq!(kept.next(), None);
    place.run(&["check"]).done();

    // The file of errors can be mended and taken in; it is never written over.
    place
        .run(&["import", "n.csv", "--errors", "bad.csv"])
        .failed(4, &["bad.csv", "exists"]);
    place.write(
        "bad.csv",
        format!("{header},error\n+14155550102,Acme,in_service,,,account_id: …\n"),
    );
    place.run(&["import", "bad.csv"]).done();
}

#[test]
fn without_a_file_the_errors_are_told_and_many_are_counted() {
    let place = Place::with_database();
    let rows: Vec<String> = (0..30).map(|n| format!("9{n:02}")).collect();
    place.write("n.csv", format!("e164\n{}\n", rows.join("\n")));
    let run = place.run(&["import", "n.csv"]);
    assert!(run.err.contains("line 2: e164: '900'"), "{run:?}");
    assert!(run.err.contains("and 10 more: --errors"), "{run:?}");
    run.failed_rows(30);
}

#[test]
fn a_dry_run_says_the_same_and_does_nothing() {
    let place = Place::with_database();
    let account = place.account("Acme");
    place.write(
        "first.csv",
        "e164,account_name\n+14155550101,Acme\n+14155550102,Acme\n",
    );
    place.run(&["import", "first.csv"]).done();
    let before = place.run(&["export"]).done().out;
    place.write(
        "n.csv",
        "e164,account_name\n+14155550100,Acme\n+14155550100,Acme\n+14155550100,\n\
         +14155550101,Acme\n+14155550102,\n+14155550102,Acme\n911,\n",
    );
    let dry = place
        .run(&["import", "n.csv", "--dry-run", "--json"])
        .failed_rows(3);
    assert_eq!(dry["dry_run"], true);
    assert_eq!(place.run(&["export"]).done().out, before);
    let wet = place.run(&["import", "n.csv", "--json"]).failed_rows(3);
    for key in ["rows", "created", "unchanged", "failed", "failures"] {
        assert_eq!(dry[key], wet[key], "{key}");
    }
    assert_eq!(wet["created"], 1);
    let shown = place
        .run(&["number", "show", "+14155550100", "--json"])
        .done()
        .json();
    assert_eq!(shown["assigned_to"], account.as_str());
}

#[test]
fn many_rows_keep_their_order_over_batches() {
    let place = Place::with_database();
    place.account("Acme");
    // Several batches, each number twice, far apart, and bad rows in between.
    let mut lines = vec!["e164,account_name".to_owned()];
    for round in 0..2 {
        for n in 0..3500 {
            let account = if n % 2 == 0 { "Acme" } else { "" };
            lines.push(format!("+1415555{n:04},{account}"));
        }
        lines.push(format!("bad{round},"));
    }
    let text = lines.join("\n");
    place.write("n.csv", text);
    let summary = place.run(&["import", "n.csv", "--json"]).failed_rows(2);
    assert_eq!(
        (&summary["created"], &summary["unchanged"]),
        (&json!(3500), &json!(3500))
    );
    let lines: Vec<u64> = summary["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|told| told["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3502, 7003]);
    let export = place.run(&["export", "--account", "Acme"]).done().out;
    assert_eq!(export.lines().count(), 1 + 1750);
    place.run(&["check"]).done();
}

#[test]
fn files_that_cant_be_read_say_where() {
    let place = Place::with_database();
    let import = |text: &[u8]| {
        place.write("n.csv", text);
        place.run(&["import", "n.csv"])
    };
    import(b"").failed(2, &["n.csv", "'e164' is missing"]);
    import(b"e164,colour\n").failed(2, &["n.csv", "'colour'"]);
    import(b"e164,opaque.pvt_x\n").failed(2, &["n.csv", "'opaque.pvt_x'"]);
    import(b"\xef\xbb\xbfe164\r\n+14155550100\r\n").done();
    let run = import(b"e164,opaque.n\n+14155550101,\xff\n+14155550102,x\n");
    assert!(run.err.contains("line 2: the row is not UTF-8"), "{run:?}");
    run.failed_rows(1);
    let mut endless = b"e164,opaque.n\n+14155550103,\"".to_vec();
    endless.extend(vec![b'x'; 3 << 20]);
    let run = import(&endless);
    assert_eq!(run.code, Some(1), "{:?}", run.err);
    assert!(run.err.contains("quote"), "{}", run.err);
    place
        .run(&["import", "absent.csv"])
        .failed(2, &["absent.csv"]);
    assert_eq!(place.run(&["import", "."]).code, Some(2));
}

#[test]
fn the_input_and_the_output_can_be_pipes() {
    let place = Place::with_database();
    let rows: Vec<String> = (0..9000).map(|n| format!("+1415555{n:04}")).collect();
    let text = format!("e164\n{}\n", rows.join("\n"));
    let run = place.run_with_input(&["import", "-", "--json"], &text);
    assert_eq!(run.done().json()["created"], 9000);
    // Whoever reads may stop: no failure, no noise.
    let output = std::process::Command::new("sh")
        .args(["-c", "{ \"$0\" export; echo \"code $?\" >&2; } | head -n 1"])
        .arg(env!("CARGO_BIN_EXE_numberd"))
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "code 0\n");
}

#[test]
fn an_export_never_writes_over_a_file() {
    let place = Place::with_database();
    place.write("out.csv", "precious");
    place
        .run(&["export", "out.csv"])
        .failed(4, &["out.csv", "exists"]);
    assert_eq!(place.read("out.csv"), "precious");
    place
        .run(&["export", "--account", "Nobody"])
        .failed(3, &["Nobody"]);
}
