//! Features: on, off or forbidden, for every feature, state, carrier, caller and
//! list of what is allowed and denied (spec/numbers.md 9).

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Ask, id, number, object, shown};
use numbers::carrier::CarrierName;
use numbers::feature::availability::{FeatureRules, available};
use numbers::feature::lists::OwnLists;
use numbers::feature::provider::FeatureProviders;
use numbers::feature::{Feature, FeatureSet, requested, settings, unconfirmed_address};
use numbers::life::Operation::Replace;
use numbers::number::{Features, Number};
use numbers::plan::{Effect, Rules};
use numbers::state::State;
use serde_json::{Value, json};

/// What a client sends for a feature, and where it is on when it may be had.
/// States: `s` `reserved`, `in_service` and `port_in`; `i` `in_service`; `*` all; `-` none.
const FEATURES: &str = r#"
    carrier_name   - carrier_name   "telnyx"
    inbound_cnam   s cnam           {"inbound_lookup": true}
    outbound_cnam  s cnam           {"display_name": "ACME"}
    e911           s e911           {"locality": "SF", "postal_code": "94105", "region": "CA", "street_address": "1 A St"}
    failover       i failover       {"e164": "+14158867901"}
    failover       i failover       {"sip": "sip:desk@example.com"}
    force_outbound i force_outbound true
    force_outbound i force_outbound false
    mms            i mms            {"enabled": true}
    port           * porting        {"comments": ["soon"]}
    prepend        i prepend        {"enabled": true, "name": "x"}
    ringback       * ringback       {"early": "medium"}
    ringback       * ringback       {"transfer": "medium"}
    sms            i sms            {"enabled": true}
"#;

/// Which may be had, by the lists: `+` everybody, `a` administrators, `.` nobody.
/// In the lists `n+` is the number's own `allow`, `n-` its `deny`, `r+` and `r-`
/// those of the reseller, `s+` and `s-` those of the system, `ro` and `so` the
/// override for local numbers, `c-` what its carrier lacks, `trunk` a number used by trunks. `owned` numbers
/// are of `inventory` or bought; `free` ones have no owner.
const AVAILABLE: &str = "
    on     lists                            carrier_name inbound_cnam outbound_cnam e911 failover force_outbound mms port prepend ringback sms
    local  -                                a . . . . + . . + + .
    owned  -                                a + + + . + + + + + +
    free   -                                a . . . . + . . + + .
    local  trunk                            a . . . + + . . + + .
    owned  trunk                            a + + + + + + + + + +
    local  so                               a + + + . + + + + + +
    local  ro                               a + + + . + + + + + +
    free   so                               a . . . . + . . + + .
    owned  n+:cnam                          . + + . . . . . . . .
    local  n+:cnam                          . . . . . . . . . . .
    owned  n+:failover,e911                 . . . + + . . . . . .
    local  n+:failover,e911                 . . . . + . . . . . .
    owned  n+:failover;n-:failover          . . . . . . . . . . .
    owned  n-:prepend                       a + + + + + + + . + +
    local  n-:prepend                       a + + + + + + + . + +
    free   n-:prepend                       a + + + + + + + . + +
    owned  n-:cnam_notifier                 a . . + + + + + + + +
    owned  n-:inbound_cnam                  a . + + + + + + + + +
    owned  r+:dash_e911,prepend             . . . + . . . . + . .
    local  r+:dash_e911,prepend             . . . . . . . . + . .
    owned  r+:                              . . . . . . . . . . .
    owned  r-:ringback                      a + + + . + + + + . +
    local  r-:ringback                      a + + + . + + + + . +
    local  r-:                              a + + + . + + + + + +
    free   r-:                              a + + + . + + + + + +
    owned  s+:knm_ringback,wnm_sms          . . . . . . . . . + +
    local  s+:knm_ringback,wnm_sms          . . . . . . . . . + .
    owned  s-:port_notifier                 a + + + . + + . + + +
    owned  n+:sms;r+:mms;s+:port            . . . . . . . . . . +
    owned  r+:mms;s+:port                   . . . . . . + . . . .
    owned  n-:sms;r-:mms;s-:port            a + + + + + + + + + .
    owned  r-:mms;s-:port                   a + + + . + . + + + +
    owned  r+:mms,sms;s-:mms                . . . . . . . . . . +
    owned  r+:teleport,sms                  . . . . . . . . . . +
    owned  n+:teleport                      . . . . . . . . . . .
    owned  n+:carrier_name                  a . . . . . . . . . .
    owned  n+:local                         . . . . . . . . . . .
    owned  c-:mms                           a + + + . + . + + + +
    owned  c-:mms,sms                       a + + + . + . + + + .
    owned  n+:mms,sms,port;c-:sms           . . . . . . + + . . .
    owned  r-:;s+:mms,sms;c-:mms            . . . . . . . . . . +
    local  c-:sms                           a . . . . + . . + + .
    local  so;c-:sms                        a + + + . + + + + + .
    free   n-:prepend;c-:mms                a + + + + + . + . + +
";

struct Sent {
    feature: Feature,
    states: &'static str,
    field: &'static str,
    value: Value,
}

fn sent() -> Vec<Sent> {
    let lines = FEATURES.trim().lines();
    lines
        .map(|line| {
            let (name, rest) = line.trim().split_once(' ').expect("a feature");
            let (states, rest) = rest.trim_start().split_once(' ').expect("states");
            let (field, value) = rest.split_once(' ').expect("a field");
            Sent {
                feature: Feature::named(name).expect("a feature"),
                states,
                field,
                value: serde_json::from_str(value.trim()).expect("a value"),
            }
        })
        .collect()
}

fn is_on(states: &str, state: State) -> bool {
    match states {
        "s" => state.needs_owner(),
        "i" => state == State::InService,
        "*" => true,
        "-" => false,
        other => panic!("no such states: {other}"),
    }
}

/// One line of the table, with the number and the rules that it is about.
struct Line {
    text: &'static str,
    carriers: &'static [&'static str],
    owned: bool,
    used_by: Option<String>,
    own: [BTreeSet<String>; 2],
    rules: Rules,
    may: Vec<(Feature, char)>,
}

fn lines() -> Vec<Line> {
    let mut lines = AVAILABLE.trim().lines();
    let head = lines.next().expect("a head").split_whitespace().skip(2);
    let features: Vec<Feature> = head
        .map(|name| Feature::named(name).expect("a feature"))
        .collect();
    lines
        .map(|text| {
            let mut words = text.split_whitespace();
            let (on, lists) = (words.next().expect("a kind"), words.next().expect("lists"));
            let may: Vec<_> = features
                .iter()
                .copied()
                .zip(words.map(|word| word.chars().next().expect("a sign")))
                .collect();
            assert_eq!(may.len(), features.len(), "{text}");
            line(text, on, lists, may)
        })
        .collect()
}

fn line(text: &'static str, on: &str, lists: &str, may: Vec<(Feature, char)>) -> Line {
    let (mut system, mut reseller) = (json!({}), json!({}));
    let (mut own, mut used_by) = ([BTreeSet::new(), BTreeSet::new()], None);
    let carriers: &'static [&'static str] = match on {
        "local" => &["local", "mdn"],
        _ => &["inventory", "telnyx", "blipblop"],
    };
    let mut carriers_lack = BTreeMap::new();
    for list in lists.split(';') {
        let (name, values) = list.split_once(':').unwrap_or((list, ""));
        let names: Vec<String> = values
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        match name {
            "n+" => own[0] = names.into_iter().collect(),
            "n-" => own[1] = names.into_iter().collect(),
            "r+" => reseller["features"]["allow"] = json!(names),
            "r-" => reseller["features"]["deny"] = json!(names),
            "s+" => system["features"]["allow"] = json!(names),
            "s-" => system["features"]["deny"] = json!(names),
            "ro" => reseller["local_feature_override"] = json!(true),
            "so" => system["local_feature_override"] = json!(true),
            "c-" => {
                let lacking = names.iter().filter_map(|name| Feature::named(name));
                let lacking: FeatureSet = lacking.collect();
                carriers_lack = carriers
                    .iter()
                    .map(|name| (CarrierName::new(name), lacking))
                    .collect();
            }
            "trunk" => used_by = Some("trunkstore".to_owned()),
            "-" => {}
            other => panic!("no such list: {other}"),
        }
    }
    let has_rules = reseller != json!({});
    Line {
        text,
        carriers,
        owned: on != "free",
        used_by,
        own,
        rules: Rules {
            features: FeatureRules {
                carriers_lack,
                ..FeatureRules::from_settings(&object(system))
            },
            reseller_features: has_rules.then(|| FeatureRules::from_settings(&object(reseller))),
            ..Rules::default()
        },
        may,
    }
}

impl Line {
    fn number(&self, state: State, carrier: &str) -> Number {
        let mut number = number(state, carrier, self.owned.then_some('C'));
        number.used_by.clone_from(&self.used_by);
        [number.features_allowed, number.features_denied] = self.own.clone();
        number
    }

    fn may(&self, feature: Feature, admin: bool) -> bool {
        let (_, sign) = self
            .may
            .iter()
            .find(|(known, _)| *known == feature)
            .expect("a column");
        *sign == '+' || *sign == 'a' && admin
    }
}

#[test]
fn allowed_without_denied_is_available() {
    for line in lines() {
        for carrier in line.carriers {
            let number = line.number(State::InService, carrier);
            for admin in [true, false] {
                let reseller = line.rules.reseller_features.as_ref();
                let mut found = available(&number, admin, reseller, &line.rules.features);
                // The switch of both directions has no settings of its own.
                found.remove(Feature::Cnam);
                let expected: FeatureSet = line
                    .may
                    .iter()
                    .map(|(feature, _)| *feature)
                    .filter(|feature| line.may(*feature, admin))
                    .collect();
                assert_eq!(found, expected, "{carrier}, admin {admin}: {}", line.text);
            }
        }
    }
}

/// A number in a state, with what the client sends stored or confirmed where
/// only somebody else could do that.
fn prepared(line: &Line, state: State, carrier: &str, sent: &Sent) -> Number {
    let mut number = line.number(state, carrier);
    if sent.feature == Feature::E911 {
        number.features.insert(Feature::E911, sent.value.clone());
    }
    number
}

/// `on`, `off` or `forbidden`.
fn outcome(ask: &Ask, sent: &Sent) -> &'static str {
    let fields = json!({ sent.field: sent.value });
    match ask.decide_with(Replace, fields) {
        Ok(plan) => match plan.number.features.get(&sent.feature) {
            Some(settings) => {
                assert_eq!(*settings, sent.value, "{}", sent.feature);
                "on"
            }
            None => "off",
        },
        Err(error) => {
            assert_eq!(
                (error.code(), error.name()),
                (403, "forbidden"),
                "{}",
                shown(&error)
            );
            "forbidden"
        }
    }
}

#[test]
fn every_feature_state_carrier_caller_and_list() {
    let (sent, mut checked) = (sent(), 0);
    for line in lines().iter().filter(|line| line.owned) {
        let carriers = line.carriers.iter().filter(|carrier| **carrier != "mdn");
        for (carrier, state) in carriers.flat_map(|c| State::ALL.map(|s| (c, s))) {
            for sent in &sent {
                for caller in ['M', 'R', 'C'] {
                    let ask = Ask::about(prepared(line, state, carrier, sent), caller)
                        .for_account('C')
                        .under(line.rules.clone());
                    let expected = match sent.feature {
                        // The carrier is for administrators, whatever the lists say.
                        Feature::CarrierName if caller == 'M' => "off",
                        // It is on already: whatever may be had now, it stays.
                        Feature::E911 if is_on(sent.states, state) => "on",
                        Feature::E911 => "off",
                        // One half of `cnam` that is denied is refused where it would
                        // be on; the field itself may be stored.
                        Feature::InboundCnam
                            if line.text.contains("n-:inbound_cnam")
                                && !is_on(sent.states, state) =>
                        {
                            "off"
                        }
                        feature if !line.may(feature, caller == 'M') => "forbidden",
                        _ if is_on(sent.states, state) => "on",
                        _ => "off",
                    };
                    assert_eq!(
                        outcome(&ask, sent),
                        expected,
                        "{} on {carrier} {state} by {caller}: {}",
                        sent.feature,
                        line.text
                    );
                    checked += 1;
                }
                // Below the owner, and a stranger.
                for caller in ['G', 'U'] {
                    let ask = Ask::about(prepared(line, state, carrier, sent), caller)
                        .for_account('C')
                        .under(line.rules.clone());
                    let refused = ask.decide_with(Replace, json!({ sent.field: sent.value }));
                    let code = refused.err().map(|error| error.code());
                    assert!(
                        matches!(code, Some(403 | 404)),
                        "{} on {carrier} {state} by {caller}: {code:?}",
                        sent.feature
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 20_000, "{checked}");
}

/// Whatever lists say: `im` is never kept, and asks for nothing; `carrier_name`
/// of an administrator moves the number and is not kept either.
#[test]
fn what_is_no_feature_of_the_record_leaves_it() {
    for line in lines().iter().filter(|line| line.owned) {
        let carriers = line.carriers.iter().filter(|carrier| **carrier != "mdn");
        for (carrier, state) in carriers.flat_map(|c| State::ALL.map(|s| (c, s))) {
            let ask = |caller| {
                Ask::about(line.number(state, carrier), caller)
                    .for_account('C')
                    .under(line.rules.clone())
            };
            for caller in ['M', 'R', 'C'] {
                let im = json!({ "im": { "sms": { "enabled": true } } });
                let plan = ask(caller).plan_with(Replace, im);
                assert_eq!(plan.number.public.get("im"), None, "{}", line.text);
                assert_eq!(plan.number.carrier.as_str(), *carrier);
            }
            for name in ["knm_twilio", "inventory", "local"] {
                let named = json!({ "carrier_name": name });
                let number = ask('M').plan_with(Replace, named).number;
                assert_eq!(number.carrier, CarrierName::new(name), "{}", line.text);
                assert_eq!(number.public.get("carrier_name"), None);
                let is_local = number.features.contains_key(&Feature::Local);
                assert_eq!(is_local, name == "local", "{}", line.text);
            }
            let unknown = json!({ "carrier_name": "teleport" });
            let refused = ask('M').decide_with(Replace, unknown);
            assert_eq!(refused.err().map(|error| error.code()), Some(400));
        }
    }
}

#[test]
fn what_nobody_owns_is_for_administrators() {
    let (sent, mut checked) = (sent(), 0);
    for line in lines().iter().filter(|line| !line.owned) {
        let states = State::ALL.into_iter().filter(|state| !state.needs_owner());
        for (state, carrier) in states.flat_map(|s| line.carriers.iter().map(move |c| (s, c))) {
            for sent in &sent {
                let stored = line.number(state, carrier);
                let ask = |caller| {
                    Ask::about(stored.clone(), caller)
                        .for_account('C')
                        .under(line.rules.clone())
                };
                let what = format!("{} on {carrier} {state}: {}", sent.feature, line.text);
                let expected = match sent.feature {
                    // Where nobody is to be reached by it, it is only a note.
                    Feature::E911 => "off",
                    feature if !line.may(feature, true) => "forbidden",
                    _ if is_on(sent.states, state) => "on",
                    _ => "off",
                };
                if sent.feature != Feature::E911 || line.may(Feature::E911, true) {
                    assert_eq!(outcome(&ask('M'), sent), expected, "{what}");
                }
                for caller in ['R', 'C'] {
                    let fields = json!({ sent.field: sent.value });
                    let refused = ask(caller).decide_with(Replace, fields);
                    let code = refused.err().map(|error| error.code());
                    assert!(
                        matches!(code, Some(403 | 404)),
                        "{what} by {caller}: {code:?}"
                    );
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn a_numbers_own_lists_hold_in_the_command_that_sets_them() {
    let (sent, mut checked) = (sent(), 0);
    for line in lines()
        .iter()
        .filter(|line| line.owned && line.text.contains(" n"))
    {
        let lists = OwnLists::new(Some(line.own[0].clone()), Some(line.own[1].clone()));
        // What names no feature can only come from elsewhere.
        if line.text.contains("teleport") {
            continue;
        }
        for (state, sent) in State::ALL
            .into_iter()
            .flat_map(|s| sent.iter().map(move |f| (s, f)))
        {
            let stored = prepared(line, state, "telnyx", sent);
            let mut bare = stored.clone();
            bare.features_allowed.clear();
            bare.features_denied.clear();
            for caller in ['M', 'R', 'C'] {
                let ask = |number, lists| Ask {
                    lists,
                    ..Ask::about(number, caller)
                        .for_account('C')
                        .under(line.rules.clone())
                };
                let expected = match caller {
                    'M' => outcome(&ask(stored.clone(), OwnLists::default()), sent),
                    _ => "forbidden",
                };
                let found = outcome(&ask(bare.clone(), lists.clone()), sent);
                assert_eq!(
                    found, expected,
                    "{} {state} by {caller}: {}",
                    sent.feature, line.text
                );
                // Sent back as they are, they change nothing for anybody.
                assert_eq!(
                    outcome(&ask(stored.clone(), lists.clone()), sent),
                    outcome(&ask(stored.clone(), OwnLists::default()), sent),
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 1_000, "{checked}");
}

#[test]
fn a_new_address_needs_the_feature() {
    let address = json!({ "e911": { "locality": "SF", "region": "CA" } });
    for line in lines().iter().filter(|line| line.owned) {
        let carriers = line.carriers.iter().filter(|carrier| **carrier != "mdn");
        for (carrier, state) in carriers.flat_map(|c| State::ALL.map(|s| (c, s))) {
            for confirmed in [None, Some(json!({ "region": "NV" }))] {
                let mut stored = line.number(state, carrier);
                if let Some(confirmed) = &confirmed {
                    stored.features.insert(Feature::E911, confirmed.clone());
                    stored.public = object(json!({ "e911": confirmed }));
                }
                let ask = Ask::about(stored, 'C').under(line.rules.clone());
                let found = ask.decide_with(Replace, address.clone());
                let found = found.map(|plan| {
                    let effects = plan.effects.iter();
                    effects
                        .filter(|effect| matches!(effect, Effect::SetAddress(_)))
                        .count()
                        == 1
                });
                let found = found.map_err(|error| error.code());
                let expected = match (line.may(Feature::E911, false), state.needs_owner()) {
                    // The provider is asked, or it is no more than a note.
                    (true, asked) => Ok(asked),
                    // One that is on where none can be goes off.
                    (false, false) if confirmed.is_some() => Ok(false),
                    (false, _) => Err(403),
                };
                assert_eq!(found, expected, "{carrier} {state}: {}", line.text);
            }
        }
    }
}

#[test]
fn mobile_numbers_are_like_local_ones() {
    for line in lines().iter().filter(|line| line.carriers.contains(&"mdn")) {
        for sent in &sent() {
            let ask = Ask::about(prepared(line, State::InService, "mdn", sent), 'C')
                .by_system()
                .under(line.rules.clone());
            let expected = match sent.feature {
                Feature::CarrierName => "off",
                Feature::E911 => "on",
                feature if !line.may(feature, true) => "forbidden",
                _ if sent.states == "-" => "off",
                _ => "on",
            };
            assert_eq!(
                outcome(&ask, sent),
                expected,
                "{}: {}",
                sent.feature,
                line.text
            );
        }
    }
}

#[test]
fn the_old_key_of_the_systems_list_is_read() {
    let rules = |settings| FeatureRules::from_settings(&object(settings));
    let owned = number(State::InService, "telnyx", Some('C'));
    let old = rules(
        json!({ "providers": ["cnam_notifier", "port_notifier", "knm_dash_e911", "nonsense", 5] }),
    );
    let found = available(&owned, false, None, &old);
    assert_eq!(
        found,
        Feature::Cnam
            | Feature::InboundCnam
            | Feature::OutboundCnam
            | Feature::Port
            | Feature::E911
    );
    // The new one wins.
    let both = rules(json!({ "providers": ["sms"], "features": { "allow": ["mms"] } }));
    assert_eq!(available(&owned, false, None, &both), Feature::Mms);
    // What isn't a list says nothing.
    assert_eq!(
        rules(
            json!({ "features": { "allow": "sms", "deny": null }, "local_feature_override": "yes" })
        ),
        FeatureRules::default()
    );
    assert_eq!(rules(json!({ "features": "all" })), FeatureRules::default());
}

#[test]
fn names_of_features_and_of_their_old_modules() {
    for feature in Feature::ALL {
        for name in [
            feature.as_str().to_owned(),
            format!("knm_{feature}"),
            format!("wnm_{feature}"),
        ] {
            assert_eq!(Feature::named(&name), Some(feature), "{name}");
        }
    }
    let names: Vec<_> = Feature::ALL
        .iter()
        .map(|feature| feature.as_str())
        .collect();
    assert!(names.is_sorted());
    for (name, feature) in [
        ("dash_e911", Feature::E911),
        ("knm_dash_e911", Feature::E911),
        ("wnm_vitelity_e911", Feature::E911),
        ("telnyx_e911", Feature::E911),
        ("cnam_notifier", Feature::Cnam),
        ("knm_cnam_notifier", Feature::Cnam),
        ("vitelity_cnam", Feature::Cnam),
        ("telnyx_cnam", Feature::Cnam),
        ("port_notifier", Feature::Port),
        ("wnm_port_notifier", Feature::Port),
    ] {
        assert_eq!(Feature::named(name), Some(feature), "{name}");
    }
    for name in [
        "",
        "im",
        "knm_",
        "E911",
        "teleport",
        "locality",
        "knm_knm_sms",
    ] {
        assert_eq!(Feature::named(name), None, "{name}");
    }
}

#[test]
fn names_on_a_bill() {
    let seeds = FeatureProviders::default();
    let telnyx = FeatureProviders {
        e911: "telnyx_e911".to_owned(),
        cnam: "telnyx_cnam".to_owned(),
    };
    for (feature, name, of_telnyx) in [
        (Feature::E911, "dash_e911", "telnyx_e911"),
        (Feature::InboundCnam, "cnam", "telnyx_cnam"),
        (Feature::OutboundCnam, "cnam", "telnyx_cnam"),
        (Feature::Prepend, "prepend", "prepend"),
        (Feature::Sms, "sms", "sms"),
    ] {
        assert_eq!(seeds.billing_name(feature), name);
        assert_eq!(telnyx.billing_name(feature), of_telnyx);
    }
}

/// Fields that are there and switch nothing on, in service.
#[test]
fn values_that_are_off() {
    for (field, value) in [
        ("cnam", json!({})),
        ("cnam", json!({ "display_name": "" })),
        ("cnam", json!({ "inbound_lookup": false })),
        (
            "cnam",
            json!({ "inbound_lookup": "true", "display_name": 5 }),
        ),
        ("cnam", json!("ACME")),
        ("e911", json!({})),
        ("failover", json!({})),
        ("failover", json!({ "e164": "", "other": 1 })),
        ("failover", json!("+14158867901")),
        ("force_outbound", json!("true")),
        ("force_outbound", json!(1)),
        ("mms", json!({ "enabled": false })),
        ("mms", json!(true)),
        ("porting", json!({})),
        ("porting", json!("soon")),
        ("prepend", json!({ "enabled": false, "name": "x" })),
        ("prepend", json!({ "name": "x" })),
        ("prepend", json!({ "enabled": "true" })),
        ("ringback", json!({ "early": "" })),
        ("ringback", json!({ "other": "m" })),
        ("sms", json!({ "enabled": 1 })),
        ("local", json!({})),
        ("im", json!({ "enabled": true })),
        ("locality", json!({ "city": "SF" })),
    ] {
        let mut stored = number(State::InService, "telnyx", Some('R'));
        stored.used_by = Some("trunkstore".to_owned());
        // Whatever was on before goes off.
        let had = Feature::named(field).filter(|f| !matches!(f, Feature::Local | Feature::Cnam));
        if let Some(feature) = had {
            stored.features.insert(feature, json!({ "was": "on" }));
        }
        let plan = Ask::about(stored, 'R').plan_with(Replace, json!({ field: value }));
        assert_eq!(plan.number.features, Features::new(), "{field}: {value}");
    }
}

#[test]
fn both_directions_of_caller_names() {
    let cnam = json!({ "cnam": { "display_name": "ACME", "inbound_lookup": true, "other": 1 } });
    let plan = Ask::about(number(State::Reserved, "telnyx", Some('R')), 'R')
        .plan_with(Replace, cnam.clone());
    let features: Vec<_> = plan.number.features.into_iter().collect();
    assert_eq!(
        features,
        [
            (Feature::InboundCnam, json!({ "inbound_lookup": true })),
            (Feature::OutboundCnam, json!({ "display_name": "ACME" })),
        ]
    );
    assert_eq!(json!(plan.number.public), cnam);
}

#[test]
fn settings_are_the_whole_object_that_was_sent() {
    let sent = json!({
        "prepend": { "enabled": true, "name": "x", "number": "1", "more": [1] },
        "failover": { "sip": "sip:a@example.com", "more": 1 },
        "ringback": { "transfer": "medium", "more": 1 },
        "sms": { "enabled": true, "more": 1 },
    });
    let mut stored = number(State::InService, "telnyx", Some('R'));
    stored.used_by = Some("trunkstore".to_owned());
    let plan = Ask::about(stored, 'R').plan_with(Replace, sent.clone());
    for (feature, settings) in &plan.number.features {
        assert_eq!(Some(settings), sent.get(feature.as_str()));
    }
    assert_eq!(plan.number.features.len(), 4);
}

#[test]
fn a_document_asks_for_the_features_of_its_set_fields() {
    for sent in sent() {
        let field = object(json!({ sent.field: sent.value }));
        let asked = if sent.field == "cnam" {
            Feature::Cnam
        } else {
            sent.feature
        };
        assert_eq!(requested(&field), [(sent.field, asked)]);
        for empty in [json!(null), json!(""), json!([]), json!({})] {
            assert_eq!(requested(&object(json!({ sent.field: empty }))), []);
        }
    }
    assert_eq!(
        requested(&object(json!({ "force_outbound": false }))),
        [("force_outbound", Feature::ForceOutbound)]
    );
    assert_eq!(
        requested(&object(
            json!({ "im": { "a": 1 }, "local": { "a": 1 }, "locality": 1 })
        )),
        []
    );
}

#[test]
fn an_address_is_kept_only_as_it_was_confirmed() {
    let address = json!({ "locality": "SF", "street_address": "1 A St" });
    let other = json!({ "locality": "SF", "street_address": "2 A St" });
    for state in State::ALL {
        let served = state.needs_owner();
        let mut number = number(state, "telnyx", Some('R'));
        number.public = object(json!({ "e911": address }));
        // Asked for, but not confirmed.
        assert_eq!(settings(&number).get(&Feature::E911), None, "{state}");
        assert_eq!(unconfirmed_address(&number).is_some(), served, "{state}");
        // Confirmed.
        number.features.insert(Feature::E911, address.clone());
        assert_eq!(
            settings(&number).contains_key(&Feature::E911),
            served,
            "{state}"
        );
        assert_eq!(unconfirmed_address(&number), None, "{state}");
        // Asked for another one.
        number.public = object(json!({ "e911": other }));
        assert_eq!(settings(&number).get(&Feature::E911), None, "{state}");
        assert_eq!(unconfirmed_address(&number).is_some(), served, "{state}");
        // Not asked for any more.
        number.public.clear();
        assert_eq!(settings(&number).get(&Feature::E911), None, "{state}");
        assert_eq!(unconfirmed_address(&number), None, "{state}");
    }
}

#[test]
fn a_new_address_is_asked_for_and_switching_it_off_takes_it_away() {
    let mut stored = number(State::InService, "telnyx", Some('R'));
    stored.public = object(json!({ "e911": { "region": "CA" } }));
    stored
        .features
        .insert(Feature::E911, json!({ "region": "CA" }));
    let ask = Ask::about(stored, 'R');
    let plan = ask.plan_with(Replace, json!({ "e911": { "region": "NV" } }));
    let asked = object(json!({ "region": "NV" }));
    assert_eq!(plan.effects, [Effect::SetAddress(asked)]);
    let plan = ask.plan_with(Replace, json!({}));
    assert_eq!(plan.effects, [Effect::RemoveAddress]);
    assert_eq!(
        (plan.number.features.len(), plan.number.owner),
        (0, Some(id('R')))
    );
}
