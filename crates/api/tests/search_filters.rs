//! What a search can want beyond a prefix, of our own stock and of carriers.

mod common;
mod market;

use common::{Answer, Harness};
use engine::Context;
use engine::import::ImportRow;
use market::Market;
use numbers::state::State;
use serde_json::{Value, json};

/// The vendor's numbers, all of San Rafael, CA, LATA 722.
const SOLD: [&str; 5] = [
    "+14155550101",
    "+14155550102",
    "+14155550103",
    "+18555550101",
    "+18885550101",
];

/// Our own, with what carriers would say of them.
async fn own_stock(server: &Harness) {
    let row = |number: &str, said: Value| ImportRow {
        e164: number.to_owned(),
        state: Some(State::Available),
        carrier_module: Some("inventory".to_owned()),
        carrier_data: said.as_object().cloned().unwrap_or_default(),
        ..ImportRow::default()
    };
    let center = |name: &str, lata: &str, state: &str| json!({"rate_center": {"name": name, "lata": lata, "state": state}, "features": ["sms"]});
    let mut rows = vec![
        row("+14155551111", center("NOVATO", "722", "CA")),
        row("+12125551112", center("NWYRCYZN01", "132", "NY")),
        row("+18005551113", json!({"features": ["voice", "fax"]})),
    ];
    for line in 2001..=2007 {
        if line != 2004 {
            rows.push(row(
                &format!("+1415555{line}"),
                center("NOVATO", "722", "CA"),
            ));
        }
    }
    let made = server
        .engine
        .import_batch(&Context::system("test"), rows)
        .await
        .expect("a working store");
    assert!(made.iter().all(Result::is_ok), "{made:?}");
}

#[tokio::test]
async fn each_filter_holds_for_our_own_stock_and_for_carriers() {
    let market = Market::selling(&SOLD).await;
    own_stock(&market.server).await;
    for (query, own, sold) in [
        ("prefix=415&ends_with=1111", "+14155551111", ""),
        ("prefix=415&ends_with=0102", "", "+14155550102"),
        ("prefix=415&contains=55510", "", ""),
        ("prefix=415&contains=5111", "+14155551111", ""),
        ("prefix=415&contains=0103", "", "+14155550103"),
        (
            "prefix=415&rate_center=sanrafael&ends_with=3",
            "",
            "+14155550103",
        ),
        ("rate_center=NOVATO&ends_with=11", "+14155551111", ""),
        ("prefix=415&lata=722&ends_with=1111", "+14155551111", ""),
        ("prefix=415&lata=132", "", ""),
        ("prefix=212&state=new%20york", "+12125551112", ""),
        (
            "prefix=415&state=california&ends_with=02",
            "+14155552002",
            "+14155550102",
        ),
        ("prefix=415&state=CA&ends_with=11", "+14155551111", ""),
        ("prefix=415&state=NY", "", ""),
        ("prefix=415&features=sms&ends_with=11", "+14155551111", ""),
        ("prefix=415&features=sms,fax", "", ""),
        ("type=tollfree&features=fax", "+18005551113", ""),
        (
            "type=tollfree&ends_with=0101&contains=888",
            "",
            "+18885550101",
        ),
        ("prefix=415&type=mobile", "", ""),
        ("prefix=855&type=tollfree", "", "+18555550101"),
        ("prefix=855&type=local", "", ""),
    ] {
        let found = market.found(&format!("{query}&quantity=10")).await;
        let fit: Vec<&str> = [own, sold]
            .into_iter()
            .filter(|one| !one.is_empty())
            .collect();
        assert_eq!(found, fit, "{query}");
    }
}

#[tokio::test]
async fn places_are_found_however_they_are_spelled() {
    let market = Market::selling(&SOLD[..3]).await;
    own_stock(&market.server).await;
    for query in [
        "city=San%20Rafael&state=CA",
        "locality=s%C3%A0n%20RAF%C3%84EL&state=California",
        "city=San%20Rafael,%20CA",
    ] {
        let found = market.found(&format!("{query}&quantity=10")).await;
        assert_eq!(found, SOLD[..3], "{query}");
    }
    let found = market.found("city=San%20Rafael&state=NY&quantity=10").await;
    assert_eq!(found, [""; 0]);
    let both = market
        .found("state=ca&prefix=415&ends_with=1&quantity=10")
        .await;
    assert_eq!(both, ["+14155551111", "+14155552001", "+14155550101"]);
}

#[tokio::test]
async fn toll_free_numbers_are_asked_for_by_wildcards_that_somebody_serves() {
    let market = Market::selling(&SOLD).await;
    own_stock(&market.server).await;
    for (query, fit) in [
        (
            "prefix=8**",
            &["+18005551113", "+18555550101", "+18885550101"][..],
        ),
        ("prefix=80*", &["+18005551113"]),
        ("prefix=85*", &["+18555550101"]),
        ("prefix=%2B188*", &["+18885550101"]),
        ("prefix=84*", &[]),
        ("prefix=800*", &["+18005551113"]),
        (
            "type=tollfree",
            &["+18005551113", "+18555550101", "+18885550101"],
        ),
    ] {
        let found = market.found(&format!("{query}&quantity=10")).await;
        assert_eq!(found, fit, "{query}");
    }
    for dialect in ["2016", "4.3"] {
        let path = "/v2/phone_numbers?prefix=83*";
        let token = Some(market.server.child.token.as_str());
        let answer = market
            .server
            .call_in(dialect, "GET", path, token, None)
            .await;
        let fault = &answer.refusal().2["prefix"]["enum"];
        assert_eq!(fault["value"], "83*");
        assert!(fault["message"].as_str().expect("text").contains("83*"));
    }
}

#[tokio::test]
async fn only_whole_blocks_of_consecutive_numbers_come() {
    let market = Market::selling(&SOLD[..3]).await;
    own_stock(&market.server).await;
    let found = market.found("prefix=4155552&blocks=3&quantity=10").await;
    let whole = [2001, 2002, 2003, 2005, 2006, 2007].map(|line| format!("+1415555{line}"));
    assert_eq!(found, whole);
    assert_eq!(
        market.found("prefix=4155552&blocks=4&quantity=10").await,
        [""; 0]
    );
    // The carrier names a block by its ends.
    let found = market.found("prefix=4155550&blocks=3&quantity=10").await;
    assert_eq!(found, [SOLD[0], SOLD[2]]);
    assert_eq!(
        market.found("prefix=415&blocks=1&ends_with=1111").await,
        ["+14155551111"]
    );
}

#[tokio::test]
async fn pages_are_those_of_the_same_filters() {
    let market = Market::selling(&SOLD).await;
    own_stock(&market.server).await;
    let page = async |query: &str, offset: usize| {
        let query = format!("prefix=415&quantity=2&offset={offset}&{query}");
        market.found(&query).await
    };
    assert_eq!(
        page("ends_with=3", 0).await,
        ["+14155552003", "+14155550103"]
    );
    assert_eq!(
        page("ends_with=1", 0).await,
        ["+14155551111", "+14155552001"]
    );
    assert_eq!(page("ends_with=1", 2).await, ["+14155550101"]);
    assert_eq!(page("ends_with=3", 2).await, [""; 0]);
    assert_eq!(page("ends_with=1&state=CA", 2).await, ["+14155550101"]);
}

#[tokio::test]
async fn wrong_parameters_are_refused_by_name() {
    let market = Market::selling(&SOLD).await;
    let ask = async |dialect: &str, query: &str| -> Answer {
        let path = market.server.child.numbers(&format!("?{query}"));
        let token = Some(market.server.child.token.as_str());
        market
            .server
            .call_in(dialect, "GET", &path, token, None)
            .await
    };
    let long = "x".repeat(101);
    for (query, name, rule) in [
        ("contains=4a", "contains", "pattern"),
        ("ends_with=12345678901", "ends_with", "maxLength"),
        ("lata=SF", "lata", "pattern"),
        ("type=fixed", "type", "enum"),
        ("features=s%20ms", "features", "pattern"),
        ("features=sms,,fax", "features", "pattern"),
        ("blocks=0", "blocks", "minimum"),
        ("blocks=-3", "blocks", "minimum"),
        ("blocks=x", "blocks", "type"),
        ("blocks=1000000000", "blocks", "maximum"),
        (&format!("rate_center={long}"), "rate_center", "maxLength"),
        (&format!("state={long}"), "state", "maxLength"),
        (&format!("locality={long}"), "city", "maxLength"),
    ] {
        for dialect in ["2016", "4.3"] {
            let answer = ask(dialect, &format!("prefix=415&{query}")).await;
            let (status, message, data) = answer.refusal();
            assert_eq!((status, message), (400, "validation error"), "{query}");
            assert!(data[name][rule]["message"].is_string(), "{query}: {data}");
        }
    }
    // What Kazoo takes for nothing, its clients may send; others are told.
    for (query, name, rule) in [
        ("prefix=415&quantity=0", "quantity", "minimum"),
        ("prefix=415&quantity=-1", "quantity", "minimum"),
        ("prefix=415&quantity=ten", "quantity", "type"),
        ("prefix=415&quantity=1.5", "quantity", "type"),
        ("prefix=415&offset=-1", "offset", "minimum"),
        ("prefix=415&offset=x", "offset", "type"),
        ("prefix=415x", "prefix", "pattern"),
        ("prefix=415&country=ZZ", "country", "enum"),
    ] {
        let answer = ask("2016", query).await;
        let data = answer.refusal().2;
        assert!(data[name][rule]["message"].is_string(), "{query}: {data}");
        let answer = ask("4.3", query).await;
        assert_eq!(answer.status, 200, "{query}");
    }
    for dialect in ["2016", "4.3"] {
        let short = ask(dialect, "prefix=41").await;
        assert!(short.refusal().2["prefix"]["minLength"].is_object());
        let long = ask(dialect, "prefix=41555501234").await;
        assert!(long.refusal().2["prefix"]["maxLength"].is_object());
        // More than there is, is as much as there is.
        let many = ask(dialect, "prefix=415&quantity=1000000000").await;
        assert_eq!(many.data().as_array().map(Vec::len), Some(3));
        // A country that nobody serves has nothing.
        let none = ask(dialect, "prefix=415&country=NZ").await;
        assert_eq!(none.data(), &json!([]));
        let none = ask(dialect, "type=tollfree&country=NZ").await;
        assert_eq!(none.data(), &json!([]));
    }
    assert_eq!(market.other.vendor.orders(), []);
}
