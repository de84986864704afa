//! What a change costs, and what a quote shows (spec/numbers.md 11).

mod common;

use std::collections::BTreeMap;

use common::{id, number};
use numbers::carrier::CarrierName;
use numbers::feature::Feature;
use numbers::feature::provider::FeatureProviders;
use numbers::number::Number;
use numbers::price::{Category, Charge, NumberPrice, PriceList, Quote, charges};
use numbers::state::State;
use serde_json::json;

fn a_number(classifier: &str) -> Charge {
    Charge {
        category: Category::PhoneNumbers,
        item: classifier.to_owned(),
    }
}

fn a_service(name: &str) -> Charge {
    Charge {
        category: Category::NumberServices,
        item: name.to_owned(),
    }
}

fn owned(carrier: &str, owner: char, features: &[Feature]) -> Number {
    let mut number = number(State::InService, carrier, Some(owner));
    for feature in features {
        number.features.insert(*feature, json!({ "x": 1 }));
    }
    number
}

fn prices() -> PriceList {
    PriceList {
        phone_numbers: BTreeMap::from([
            (
                "did_us".to_owned(),
                NumberPrice {
                    activation: 2.0,
                    monthly: 1.5,
                },
            ),
            (
                "tollfree_us".to_owned(),
                NumberPrice {
                    activation: 0.0,
                    monthly: 4.0,
                },
            ),
            (
                "toll_us".to_owned(),
                NumberPrice {
                    activation: 10.0,
                    monthly: 0.0,
                },
            ),
            ("free".to_owned(), NumberPrice::default()),
        ]),
        number_services: BTreeMap::from([
            ("dash_e911".to_owned(), 5.0),
            ("cnam".to_owned(), 0.5),
            ("prepend".to_owned(), 0.0),
        ]),
    }
}

#[test]
fn a_provider_has_its_own_price() {
    let telnyx = FeatureProviders {
        e911: "telnyx_e911".to_owned(),
        cnam: "telnyx_cnam".to_owned(),
    };
    let both = owned("telnyx", 'R', &[Feature::E911, Feature::OutboundCnam]);
    let before = owned("telnyx", 'R', &[]);
    let charged = charges(Some(&before), &both, "did_us", &telnyx);
    assert_eq!(
        charged,
        [a_service("telnyx_cnam"), a_service("telnyx_e911")]
    );
    // What is on stays on, whoever stands behind it since.
    assert_eq!(charges(Some(&both), &both, "did_us", &telnyx), []);
}

#[test]
fn who_gets_a_number_pays_for_it_and_for_what_is_on() {
    use Feature::{E911, InboundCnam, Local, OutboundCnam, Prepend};
    let bought = |owner, features: &[Feature]| owned("telnyx", owner, features);
    let seeds = FeatureProviders::default();
    let mut nobodys = number(State::Available, "telnyx", None);
    for (what, before, after, expected) in [
        ("new", None, bought('R', &[]), vec![a_number("did_us")]),
        (
            "from nobody",
            Some(nobodys.clone()),
            bought('R', &[]),
            vec![a_number("did_us")],
        ),
        (
            "from another",
            Some(bought('C', &[E911])),
            bought('R', &[E911]),
            vec![a_number("did_us"), a_service("dash_e911")],
        ),
        (
            "his already",
            Some(bought('R', &[E911])),
            bought('R', &[E911]),
            vec![],
        ),
        (
            "a feature more",
            Some(bought('R', &[E911])),
            bought('R', &[E911, Prepend]),
            vec![a_service("prepend")],
        ),
        (
            "a feature less",
            Some(bought('R', &[E911])),
            bought('R', &[]),
            vec![],
        ),
        (
            "caller names once",
            None,
            bought('R', &[InboundCnam, OutboundCnam]),
            vec![a_number("did_us"), a_service("cnam")],
        ),
        (
            "the other half",
            Some(bought('R', &[InboundCnam])),
            bought('R', &[InboundCnam, OutboundCnam]),
            vec![],
        ),
        (
            "of the house",
            None,
            owned("local", 'R', &[Local, Prepend]),
            vec![a_service("prepend")],
        ),
        (
            "to a carrier that bills",
            Some(owned("inventory", 'R', &[])),
            bought('R', &[]),
            vec![a_number("did_us")],
        ),
        (
            "to one that doesn't",
            Some(bought('R', &[])),
            owned("local", 'R', &[Local]),
            vec![],
        ),
    ] {
        assert_eq!(
            charges(before.as_ref(), &after, "did_us", &seeds),
            expected,
            "{what}"
        );
    }
    // What nobody owns nobody pays for.
    nobodys.features.insert(E911, json!({}));
    assert_eq!(charges(None, &nobodys, "did_us", &seeds), []);
    assert_eq!(
        charges(Some(&bought('R', &[])), &nobodys, "did_us", &seeds),
        []
    );
}

#[test]
fn carriers_that_bill() {
    // 53, and spec/life.md 4.
    for (carrier, billable) in [
        ("local", false),
        ("inventory", false),
        ("mdn", false),
        ("inum", false),
        ("managed", true),
        ("other", true),
        ("bandwidth2", true),
        ("telnyx", true),
        ("blipblop", true),
    ] {
        assert_eq!(
            CarrierName::new(carrier).is_billable(),
            billable,
            "{carrier}"
        );
        assert_eq!(
            owned(carrier, 'R', &[]).is_billable(),
            billable,
            "{carrier}"
        );
        assert!(
            !number(State::Available, carrier, None).is_billable(),
            "{carrier}"
        );
    }
}

#[test]
fn a_quote_sums_up_what_has_a_price() {
    let quote = prices().quote(&[
        a_service("cnam"),
        a_number("tollfree_us"),
        a_number("did_us"),
        a_service("prepend"),
        a_number("did_us"),
        a_number("free"),
        a_number("unheard_of"),
        a_service("ringback"),
        a_number("toll_us"),
        a_service("dash_e911"),
        a_number("did_us"),
        a_service("dash_e911"),
    ]);
    let lines: Vec<_> = quote
        .items
        .iter()
        .map(|item| {
            (
                item.charge.category.as_str(),
                item.charge.item.as_str(),
                item.quantity,
                item.activation,
                item.monthly,
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("phone_numbers", "did_us", 3, 2.0, 1.5),
            ("phone_numbers", "toll_us", 1, 10.0, 0.0),
            ("phone_numbers", "tollfree_us", 1, 0.0, 4.0),
            ("number_services", "cnam", 1, 0.0, 0.5),
            ("number_services", "dash_e911", 2, 0.0, 5.0),
        ]
    );
    assert!(!quote.is_empty());
    let (activation, monthly) = (quote.activation_total(), quote.monthly_total());
    assert!((activation - 16.0).abs() < 1e-9, "{activation}");
    assert!((monthly - 19.0).abs() < 1e-9, "{monthly}");
}

#[test]
fn without_prices_nothing_costs() {
    let all = [a_number("did_us"), a_service("dash_e911")];
    assert_eq!(PriceList::default().quote(&all), Quote::default());
    assert_eq!(prices().quote(&[]), Quote::default());
    let free = prices().quote(&[a_number("free"), a_service("prepend")]);
    assert!(free.is_empty());
    assert!(free.activation_total().abs() < 1e-9 && free.monthly_total().abs() < 1e-9);
    // An item is free in the other category.
    assert!(
        prices()
            .quote(&[a_service("did_us"), a_number("cnam")])
            .is_empty()
    );
}

#[test]
fn a_price_list_is_read_from_the_configuration() {
    let read: PriceList = serde_json::from_value(json!({
        "phone_numbers": { "did_us": { "activation": 2.0, "monthly": 1.5 }, "toll_us": { "activation": 10.0 },
            "tollfree_us": { "monthly": 4 }, "free": {} },
        "number_services": { "dash_e911": 5, "cnam": 0.5, "prepend": 0.0 },
    }))
    .expect("a price list");
    assert_eq!(read, prices());
    assert_eq!(
        serde_json::from_value::<PriceList>(json!({})).expect("empty"),
        PriceList::default()
    );
    for unknown in [
        json!({ "phone_number": {} }),
        json!({ "phone_numbers": { "did_us": { "yearly": 1 } } }),
    ] {
        assert!(serde_json::from_value::<PriceList>(unknown).is_err());
    }
}

#[test]
fn a_pool_is_named_in_the_carriers_data() {
    let mut pooled = number(State::Available, "managed", None);
    assert_eq!(pooled.pool(), None);
    pooled
        .carrier_data
        .insert("pool".to_owned(), json!(id('R').as_str()));
    assert_eq!(pooled.pool(), Some(id('R').as_str()));
}
