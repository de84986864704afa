use numbers::carrier::CarrierName;
use serde_json::json;

use super::*;

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn number(public: &Value) -> Number {
    let mut number = Number::new(
        "+14155550100".parse().unwrap(),
        State::InService,
        CarrierName::local(),
        GregorianSeconds::new(63_000_000_000),
    );
    number.public = object(public);
    number
}

fn there_and_back(public: &Value) -> Map<String, Value> {
    let number = number(public);
    let custom: Vec<String> = Cells::new(&number, "").custom().cloned().collect();
    let header = Header::parse(&names(&custom).into()).unwrap();
    let cells = Cells::new(&number, "").row(&custom).unwrap();
    header.row(&cells.into()).unwrap().public
}

#[test]
fn every_document_comes_back_as_it_was() {
    for public in [
        json!({}),
        json!({"cnam": {"display_name": "A, \"B\"", "inbound_lookup": false}}),
        json!({"cnam": {"display_name": "", "more": [1, {"a": null}]}}),
        json!({"cnam": {"display_name": "sixteen letters!", "inbound_lookup": true}}),
        json!({"cnam": "text", "force_outbound": "yes", "prepend": {}}),
        json!({"e911": {"locality": "SF", "region": "CA", "latitude": "37.7", "caller_name": "x"}}),
        json!({"failover": {"e164": "+14155550101", "sip": 7}, "force_outbound": true}),
        json!({"ringback": {"early": "a", "transfer": "b"}, "prepend": {"enabled": true, "name": "n"}}),
        json!({"a.b": "x", "a": {"b": "y"}, "50%": "z", "%2E": 1}),
        json!({"n": 12, "t": "12", "b": true, "bt": "true", "j": "json:1", "e": "", "l": [], "line": "a\r\nb"}),
    ] {
        assert_eq!(there_and_back(&public), object(&public));
    }
}

#[test]
fn headers_name_what_is_wrong() {
    let deep = format!("opaque{}", ".a".repeat(100_000));
    for (header, named) in [
        (vec!["state"], "'e164' is missing"),
        (vec!["e164", "colour"], "'colour' is unknown"),
        (vec!["e164", "state", "state"], "'state' stands twice"),
        (vec!["e164", "opaque."], "'opaque.' names no field"),
        (vec!["e164", "opaque.a..b"], "'opaque.a..b' names no field"),
        (vec!["e164", &deep], "leads more than 32 objects deep"),
        (vec!["e164", "opaque.pvt_state"], "'opaque.pvt_state'"),
        (vec!["e164", "opaque._id"], "'opaque._id'"),
        (vec!["e164", "opaque.state"], "'opaque.state'"),
        (vec!["e164", "opaque.carrier_name"], "'opaque.carrier_name'"),
    ] {
        let error = Header::parse(&header.clone().into()).unwrap_err();
        assert!(error.contains(named), "{header:?}: {error}");
    }
}

#[test]
fn bad_cells_name_their_column() {
    let columns = [
        "e164",
        "state",
        "ported_in",
        "created",
        "cnam.outbound",
        "opaque.x",
        "opaque.x.y",
        "previously_assigned_to",
    ];
    let header = Header::parse(&columns.to_vec().into()).unwrap();
    for (column, cell) in [
        ("state", "in service"),
        ("ported_in", "yes"),
        ("created", "2016-04-12"),
        ("created", "18446744073709551615"),
        ("cnam.outbound", "sixteen letters!"),
        ("opaque.x", "json:{"),
        ("previously_assigned_to", "nobody"),
    ] {
        let row = columns.map(|name| match name {
            "e164" => "+14155550100",
            name if name == column => cell,
            _ => "",
        });
        let error = header.row(&row.to_vec().into()).unwrap_err();
        assert_eq!(error.column, column, "{cell}");
    }
    let short = header.row(&vec!["+14155550100"].into()).unwrap_err();
    assert!(short.message.contains("1 cells"), "{}", short.message);
    let both = ["+14155550100", "", "", "", "", "a", "b", ""];
    assert_eq!(
        header.row(&both.to_vec().into()).unwrap_err().column,
        "opaque.x.y"
    );
}

#[test]
fn dots_lead_into_objects() {
    let header = Header::parse(&vec!["e164", "opaque.a.b", "opaque.a.c", "error"].into()).unwrap();
    let row = header
        .row(&vec!["+1", "x", "json:[true]", "old"].into())
        .unwrap();
    assert_eq!(
        Value::Object(row.public),
        json!({"a": {"b": "x", "c": [true]}})
    );
}
