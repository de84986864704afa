//! Public documents, and stored documents of every generation (spec/http.md 6.1
//! and 7.2, spec/life.md 1).

mod common;

use common::{BEFORE, NOW, id, key, number, object};
use numbers::account::AccountId;
use numbers::document::{is_set, merge, public_fields, replaced};
use numbers::feature::Feature;
use numbers::gregorian::GregorianSeconds;
use numbers::number::{Features, InvalidRecord, Number};
use numbers::revision::Revision;
use numbers::state::State;
use serde_json::{Value, json};

fn public(body: Value) -> Value {
    json!(public_fields(object(body)))
}

#[test]
fn what_the_server_puts_into_a_document_is_not_taken_back() {
    let shown = json!({
        "id": "+14158867900", "_id": "+14158867900", "_rev": "1-a", "_read_only": { "created": 1 },
        "_": 1, "pvt_": 1, "pvt_assigned_to": "x", "pvt_state": "in_service", "pvt_anything": 1,
        "state": "in_service", "used_by": "callflow", "features": ["local"], "features_available": [],
        "features_allowed": [], "features_denied": [], "assigned_to": "x", "created": 1, "updated": 1,
        "metadata": {}, "ui_metadata": { "version": "4.3" }, "auth_token": "x",
        "accept_charges": true, "create_with_state": "reserved",
    });
    assert_eq!(public(shown), json!({}));
    // Only at the top, and only these very names.
    let kept = json!({
        "a": { "id": 1, "_rev": 2, "pvt_state": 3 }, "pvt": 1, "PVT_x": 1, "identity": 1, "x_": 1,
        "State": 1, "carrier_name": "telnyx", "porting": {}, "im": {}, "nothing": null, "numbers": [],
        "constructor": 1,
    });
    assert_eq!(public(kept.clone()), kept);
    assert_eq!(public(json!({ "__proto__": { "admin": true } })), json!({}));
}

#[test]
fn the_emergency_address_has_one_name() {
    let address = |region: &str| json!({ "region": region });
    for alias in ["dash_e911", "vitelity_e911", "telnyx_e911", "e911"] {
        assert_eq!(
            public(json!({ alias: address("CA") })),
            json!({ "e911": address("CA") })
        );
    }
    // Of several, vitelity's wins, then dash's, then telnyx's, then its own.
    for (body, winner) in [
        (
            json!({ "e911": address("A"), "telnyx_e911": address("B") }),
            "B",
        ),
        (
            json!({ "telnyx_e911": address("B"), "e911": address("A") }),
            "B",
        ),
        (
            json!({ "dash_e911": address("C"), "telnyx_e911": address("B") }),
            "C",
        ),
        (
            json!({ "vitelity_e911": address("D"), "dash_e911": address("C"), "e911": address("A") }),
            "D",
        ),
    ] {
        assert_eq!(public(body), json!({ "e911": address(winner) }));
    }
    assert_eq!(
        public(json!({ "dash_e911": null })),
        json!({ "e911": null })
    );
}

#[test]
fn replacing_stores_no_nulls() {
    let body = json!({ "a": null, "b": { "c": null, "d": { "e": null, "f": 0 } }, "g": { "h": null }, "i": "", "j": false });
    let stored = json!({ "b": { "d": { "f": 0 } }, "g": {}, "i": "", "j": false });
    assert_eq!(json!(replaced(object(body))), stored);
    // Lists are values: what is in them is taken as it is.
    let lists = json!({ "l": [null, { "a": null }, [null]] });
    assert_eq!(json!(replaced(object(lists.clone()))), lists);
}

#[test]
fn merging_by_value() {
    for (stored, patch, merged) in [
        (json!({}), json!({}), json!({})),
        (json!({ "a": 1 }), json!({}), json!({ "a": 1 })),
        (json!({ "a": 1 }), json!({ "a": null }), json!({})),
        (json!({}), json!({ "a": null }), json!({})),
        (json!({ "a": 1 }), json!({ "a": "" }), json!({ "a": "" })),
        (
            json!({ "a": { "b": 1 } }),
            json!({ "a": { "c": 2 } }),
            json!({ "a": { "b": 1, "c": 2 } }),
        ),
        (
            json!({ "a": { "b": { "c": { "d": 1, "e": 2 } } } }),
            json!({ "a": { "b": { "c": { "d": null, "f": 3 } } } }),
            json!({ "a": { "b": { "c": { "e": 2, "f": 3 } } } }),
        ),
        // The last member goes, the object stays.
        (
            json!({ "a": { "b": 1 } }),
            json!({ "a": { "b": null } }),
            json!({ "a": {} }),
        ),
        (json!({}), json!({ "a": { "b": null } }), json!({ "a": {} })),
        // An empty object replaces, as lists and texts do.
        (
            json!({ "a": { "b": 1 } }),
            json!({ "a": {} }),
            json!({ "a": {} }),
        ),
        (
            json!({ "a": { "b": { "c": 1 }, "d": 1 } }),
            json!({ "a": { "b": {} } }),
            json!({ "a": { "b": {}, "d": 1 } }),
        ),
        (
            json!({ "a": { "b": 1 } }),
            json!({ "a": 1 }),
            json!({ "a": 1 }),
        ),
        (
            json!({ "a": 1 }),
            json!({ "a": { "b": { "c": null, "d": 1 } } }),
            json!({ "a": { "b": { "d": 1 } } }),
        ),
        (
            json!({ "a": [1, 2] }),
            json!({ "a": [3] }),
            json!({ "a": [3] }),
        ),
        (
            json!({ "a": { "b": 1 } }),
            json!({ "a": [null] }),
            json!({ "a": [null] }),
        ),
        (
            json!({ "a": [1] }),
            json!({ "a": { "b": 1 } }),
            json!({ "a": { "b": 1 } }),
        ),
    ] {
        let mut found = object(stored.clone());
        merge(&mut found, object(patch.clone()));
        assert_eq!(json!(found), merged, "{stored} and {patch}");
    }
}

#[test]
fn members_keep_their_order() {
    let mut stored = object(json!({ "z": 1, "a": { "y": 1, "b": 1 }, "m": 1 }));
    merge(
        &mut stored,
        object(json!({ "k": 1, "a": { "c": 1, "y": 2 }, "z": null })),
    );
    assert_eq!(
        json!(stored).to_string(),
        r#"{"a":{"y":2,"b":1,"c":1},"m":1,"k":1}"#
    );
    assert_eq!(
        public(json!({ "z": 1, "id": 1, "a": 1, "m": 1 })).to_string(),
        r#"{"z":1,"a":1,"m":1}"#
    );
}

#[test]
fn set_and_not_set() {
    for value in [json!(null), json!(""), json!([]), json!({})] {
        assert!(!is_set(&value), "{value}");
    }
    for value in [
        json!(false),
        json!(true),
        json!(0),
        json!(" "),
        json!([null]),
        json!({ "a": null }),
    ] {
        assert!(is_set(&value), "{value}");
    }
}

// Stored documents.

fn read(document: Value) -> Result<Number, InvalidRecord> {
    Number::from_document(key(), Revision(7), object(document))
}

fn features(number: &Number) -> Vec<&'static str> {
    number
        .features
        .keys()
        .map(|feature| feature.as_str())
        .collect()
}

#[test]
fn a_record_in_full() {
    let mut full = number(State::InService, "telnyx", Some('C'));
    full.revision = Revision(7);
    full.previous_owner = Some(id('R'));
    full.used_by = Some("callflow".to_owned());
    full.carrier_data = object(json!({ "order_id": "7" }));
    full.features
        .insert(Feature::Ringback, json!({ "early": "m" }));
    full.features.insert(Feature::ForceOutbound, json!(false));
    full.features_allowed = ["sms".to_owned(), "mms".to_owned()].into();
    full.features_denied = ["port".to_owned()].into();
    full.reserve_history = vec![id('C'), id('R')];
    full.ported_in = true;
    full.region = Some("US".to_owned());
    full.disconnected = Some(BEFORE);
    full.rests_until = Some(NOW);
    full.modified = NOW;
    full.authorizing_account = Some(id('M'));
    full.public =
        object(json!({ "ringback": { "early": "m" }, "force_outbound": false, "note": [1] }));
    let document = json!({
        "ringback": { "early": "m" }, "force_outbound": false, "note": [1],
        "_id": "+14158867900",
        "pvt_state": "in_service",
        "pvt_assigned_to": id('C').as_str(),
        "pvt_previously_assigned_to": id('R').as_str(),
        "pvt_used_by": "callflow",
        "pvt_module_name": "knm_telnyx",
        "pvt_carrier_data": { "order_id": "7" },
        "pvt_features": { "force_outbound": false, "ringback": { "early": "m" } },
        "pvt_features_allowed": ["mms", "sms"],
        "pvt_features_denied": ["port"],
        "pvt_reserve_history": [id('C').as_str(), id('R').as_str()],
        "pvt_ported_in": true,
        "pvt_region": "US",
        "pvt_disconnected": 63_800_000_000_u64,
        "pvt_rests_until": 63_900_000_000_u64,
        "pvt_created": 63_800_000_000_u64,
        "pvt_modified": 63_900_000_000_u64,
        "pvt_authorizing_account": id('M').as_str(),
    });
    assert_eq!(json!(full.to_document()), document);
    assert_eq!(read(document), Ok(full));
}

#[test]
fn what_is_empty_is_not_stored() {
    let bare = number(State::Available, "inventory", None);
    assert_eq!(
        json!(bare.to_document()),
        json!({
            "_id": "+14158867900", "pvt_state": "available", "pvt_module_name": "knm_inventory", "pvt_ported_in": false,
            "pvt_created": 63_800_000_000_u64, "pvt_modified": 63_800_000_000_u64,
        })
    );
    // And null is as good as absent.
    let nulls = json!({
        "pvt_state": "available", "pvt_module_name": null, "pvt_assigned_to": null, "pvt_used_by": null,
        "pvt_features": null, "pvt_carrier_data": null, "pvt_reserve_history": null, "pvt_features_allowed": null,
        "pvt_created": null, "pvt_modified": null, "pvt_ported_in": null,
    });
    let number = read(nulls).expect("a record");
    assert_eq!(
        (number.owner, number.used_by, number.carrier.as_str()),
        (None, None, "local")
    );
}

#[test]
fn the_oldest_generation_is_read() {
    let document = json!({
        "_id": "+14158867900", "_rev": "3-abc", "id": "+14158867900",
        "pvt_type": "number", "pvt_db_name": "numbers%2F%2B1415",
        "pvt_number_state": "in_service",
        "pvt_assigned_to": id('C').as_str(),
        "pvt_module_name": "wnm_telnyx",
        "pvt_features": ["dash_e911", "failover", "outbound_cnam", "nonsense", 5],
        "dash_e911": { "region": "CA" },
        "used_by": "callflow",
        "note": "kept",
    });
    let number = read(document).expect("a record");
    assert_eq!(
        (number.state, number.revision),
        (State::InService, Revision(7))
    );
    assert_eq!(
        (number.owner.clone(), number.carrier.module()),
        (Some(id('C')), "knm_telnyx".to_owned())
    );
    assert_eq!(features(&number), ["e911", "failover", "outbound_cnam"]);
    assert!(
        number
            .features
            .values()
            .all(|settings| *settings == json!({}))
    );
    assert_eq!(
        json!(number.public),
        json!({ "note": "kept", "e911": { "region": "CA" } })
    );
    assert_eq!(number.used_by, None);
    assert_eq!(
        (number.created, number.modified),
        (GregorianSeconds::new(0), GregorianSeconds::new(0))
    );
    // Written and read once more, it is today's.
    let again = json!(number.to_document());
    assert_eq!(again["pvt_state"], "in_service");
    assert_eq!(again.get("pvt_number_state"), None);
    assert_eq!(read(again), Ok(number));
}

#[test]
fn todays_state_wins_over_the_old_one() {
    let number = read(json!({ "pvt_state": "reserved", "pvt_number_state": "in_service" }))
        .expect("a record");
    assert_eq!(number.state, State::Reserved);
    assert_eq!(json!(number.public), json!({}));
}

#[test]
fn a_number_was_modified_when_it_was_made_unless_it_says_otherwise() {
    let number = read(json!({ "pvt_state": "available", "pvt_created": 5 })).expect("a record");
    assert_eq!((number.created.get(), number.modified.get()), (5, 5));
    let number = read(json!({ "pvt_state": "available", "pvt_created": 5, "pvt_modified": 9 }))
        .expect("a record");
    assert_eq!((number.created.get(), number.modified.get()), (5, 9));
}

#[test]
fn old_names_of_carriers() {
    for (module, today) in [
        ("wnm_local", "local"),
        ("knm_local", "local"),
        ("", "local"),
        ("undefined", "local"),
        ("wnm_bandwidth", "bandwidth2"),
        ("knm_bandwidth", "bandwidth2"),
        ("knm_bandwidth2", "bandwidth2"),
        ("wnm_vitelity", "vitelity"),
        ("knm_nobody_knows", "nobody_knows"),
    ] {
        let number =
            read(json!({ "pvt_state": "available", "pvt_module_name": module })).expect("a record");
        assert_eq!(number.carrier.as_str(), today, "{module}");
    }
}

#[test]
fn the_local_mark_follows_the_carrier() {
    for (module, stored, expected) in [
        ("knm_local", json!({}), vec![("local", json!({}))]),
        ("knm_mdn", json!([]), vec![("local", json!({}))]),
        (
            "knm_local",
            json!({ "local": { "a": 1 } }),
            vec![("local", json!({ "a": 1 }))],
        ),
        ("knm_telnyx", json!({ "local": {} }), vec![]),
        ("knm_inventory", json!(["local"]), vec![]),
    ] {
        let number = read(
            json!({ "pvt_state": "available", "pvt_module_name": module, "pvt_features": stored }),
        );
        let number = number.expect("a record");
        let features: Vec<_> = number
            .features
            .iter()
            .map(|(f, s)| (f.as_str(), s.clone()))
            .collect();
        assert_eq!(features, expected, "{module}");
    }
}

#[test]
fn old_names_of_features_keep_their_settings() {
    for old in ["dash_e911", "vitelity_e911", "telnyx_e911", "e911"] {
        let document = json!({ "pvt_state": "in_service", "pvt_module_name": "knm_telnyx", "pvt_features": { old: { "region": "CA" } } });
        let number = read(document).expect("a record");
        assert_eq!(
            number.features,
            Features::from_iter([(Feature::E911, json!({ "region": "CA" }))]),
            "{old}"
        );
    }
    let document = json!({ "pvt_state": "port_in", "pvt_module_name": "knm_telnyx", "pvt_features": { "port": { "comments": ["x"] } } });
    assert_eq!(features(&read(document).expect("a record")), ["port"]);
}

#[test]
fn a_wrong_member_is_named() {
    let with = |member: &str, value: Value| {
        let mut document = json!({ "pvt_state": "available" });
        document[member] = value;
        read(document)
    };
    for (member, value) in [
        ("pvt_state", json!("resting")),
        ("pvt_state", json!(5)),
        ("pvt_assigned_to", json!("short")),
        ("pvt_assigned_to", json!(5)),
        ("pvt_previously_assigned_to", json!({})),
        ("pvt_used_by", json!(true)),
        ("pvt_module_name", json!(5)),
        ("pvt_carrier_data", json!([1])),
        ("pvt_features", json!("sms")),
        ("pvt_features_allowed", json!("sms")),
        ("pvt_features_denied", json!([5])),
        ("pvt_reserve_history", json!(["short"])),
        ("pvt_reserve_history", json!({})),
        ("pvt_region", json!(5)),
        ("pvt_created", json!("5")),
        ("pvt_created", json!(-5)),
        ("pvt_modified", json!(1.5)),
        ("pvt_disconnected", json!("x")),
        ("pvt_rests_until", json!([])),
        ("pvt_authorizing_account", json!("")),
    ] {
        let error = with(member, value.clone()).expect_err(member);
        assert_eq!(
            (error.member, error.number.as_str()),
            (member, "+14158867900"),
            "{value}"
        );
        assert_eq!(
            error.to_string(),
            format!("the stored document of +14158867900 has a wrong member '{member}'")
        );
    }
    assert_eq!(read(json!({})).expect_err("no state").member, "pvt_state");
}

#[test]
fn ids_of_accounts_have_32_bytes() {
    assert_eq!(AccountId::parse(id('M').as_str()), Ok(id('M')));
    for text in [
        "",
        "m",
        &"m".repeat(31),
        &"m".repeat(33),
        &format!("{}\n", "m".repeat(31)),
    ] {
        assert!(AccountId::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn bookkeeping_is_no_difference() {
    let one = number(State::InService, "telnyx", Some('R'));
    let mut other = one.clone();
    other.revision = Revision(99);
    other.modified = NOW;
    other.authorizing_account = Some(id('M'));
    assert!(!one.differs_from(&other));
    for change in [
        (|number| number.state = State::Reserved) as fn(&mut Number),
        |number| number.owner = None,
        |number| number.previous_owner = Some(id('U')),
        |number| number.used_by = Some("x".to_owned()),
        |number| number.carrier_data = object(json!({ "a": 1 })),
        |number| number.features = Features::from_iter([(Feature::Sms, json!({}))]),
        |number| number.features_allowed = ["sms".to_owned()].into(),
        |number| number.reserve_history = vec![id('R')],
        |number| number.ported_in = true,
        |number| number.disconnected = Some(NOW),
        |number| number.rests_until = Some(NOW),
        |number| number.created = NOW,
        |number| number.public = object(json!({ "a": 1 })),
    ] {
        let mut changed = other.clone();
        change(&mut changed);
        assert!(one.differs_from(&changed), "{changed:?}");
    }
}
