//! What holds after any sequence of commands by anybody, and for every record.

mod common;

use std::collections::BTreeMap;

use common::{Ask, BEFORE, LETTERS, REST_DAYS, id, is_over, number, object, with_history};
use numbers::account::AccountId;
use numbers::carrier::{CarrierName, KNOWN};
use numbers::document;
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::faults;
use numbers::feature::Feature;
use numbers::feature::availability::available;
use numbers::feature::e911::{AddressAnswer, AddressWork};
use numbers::feature::lists::OwnLists;
use numbers::gregorian::GregorianSeconds;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::{Change, Effect, Offered, Plan, Rules};
use numbers::revision::Revision;
use numbers::state::State;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

// What clients send.

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i8>().prop_map(Value::from),
        2 => "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..3).prop_map(Value::Array),
            2 => objects_of(inner).prop_map(Value::Object),
        ]
    })
}

fn objects_of(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    btree_map("[a-c]", values, 0..3).prop_map(|members| members.into_iter().collect())
}

fn custom_fields() -> impl Strategy<Value = Map<String, Value>> {
    objects_of(json_values())
}

/// The address that one number of the world has confirmed.
fn confirmed() -> Value {
    json!({
        "locality": "SF", "postal_code": "94105", "region": "CA", "street_address": "1 A St",
        "location_id": "1", "latitude": "37.1", "status": "PROVISIONED",
    })
}

/// What is asked of a provider is no other address's choice or place, and never
/// says how it stands.
fn check_asked(asked: &Map<String, Value>, before: Option<&Number>) {
    assert_eq!(asked.get("status"), None);
    let before = before.and_then(|before| before.public.get("e911"));
    let Some(Value::Object(before)) = before else {
        return;
    };
    let place = ["locality", "postal_code", "region", "street_address"];
    if place
        .iter()
        .any(|part| asked.get(*part) != before.get(*part))
    {
        for made in ["location_id", "latitude"] {
            assert!(asked.get(made).is_none() || asked.get(made) != before.get(made));
        }
    }
}

/// Bodies as they come: features, private keys, old names, anything.
fn bodies() -> impl Strategy<Value = Map<String, Value>> {
    let known = select(vec![
        json!({ "cnam": { "display_name": "ACME" } }),
        json!({ "cnam": { "inbound_lookup": true } }),
        json!({ "cnam": null }),
        json!({ "prepend": { "enabled": true, "name": "x" } }),
        json!({ "force_outbound": false }),
        json!({ "ringback": { "early": "m" } }),
        json!({ "failover": { "e164": "+14158867901" } }),
        json!({ "sms": { "enabled": true } }),
        json!({ "porting": { "comments": ["soon"] } }),
        json!({ "e911": confirmed() }),
        json!({ "dash_e911": confirmed() }),
        json!({ "e911": { "region": "NV" } }),
        json!({ "e911": { "street_address": "2 B St", "location_id": "2" } }),
        json!({ "e911": null }),
        json!({ "e911": {} }),
        json!({ "carrier_name": "inventory" }),
        json!({ "carrier_name": "local" }),
        json!({ "carrier_name": "mdn" }),
        json!({ "carrier_name": "nonsense" }),
        json!({ "pvt_assigned_to": "x", "pvt_state": "in_service", "_rev": "1-a", "_read_only": {} }),
        json!({ "id": "+15", "used_by": "x", "state": "available", "features": ["cnam"], "im": {} }),
        json!({ "local": {}, "locality": { "city": "SF" } }),
        json!({ "features_allowed": ["sms", "e911"], "features_denied": [] }),
        json!({ "features_allowed": [], "features_denied": ["cnam"] }),
        json!({ "features_denied": ["teleport"] }),
    ])
    .prop_map(object);
    (vec(known, 0..3), custom_fields()).prop_map(|(known, mut fields)| {
        fields.extend(known.into_iter().flatten());
        fields
    })
}

// A small world that applies plans.

#[derive(Clone, Debug)]
struct Step {
    caller: Option<char>,
    target: Option<char>,
    operation: Operation,
    at: usize,
    body: Map<String, Value>,
    offered: bool,
    porting: bool,
    ported_in: bool,
    /// What the provider answers to a new emergency address.
    answer: ProviderSays,
    /// What an administrator forbids on the number before.
    denied: Option<Vec<&'static str>>,
}

#[derive(Clone, Copy, Debug)]
enum ProviderSays {
    No,
    Yes,
    NotYet,
}

fn denials() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    let names = vec![
        "cnam",
        "prepend",
        "ringback",
        "force_outbound",
        "inbound_cnam",
        "e911",
    ];
    option::weighted(0.15, proptest::sample::subsequence(names, 0..=4))
}

fn operations() -> impl Strategy<Value = Operation> {
    let create = select(State::ALL.to_vec()).prop_map(Operation::Create);
    let other = select(vec![
        Operation::Reserve,
        Operation::Activate,
        Operation::Port,
        Operation::Replace,
        Operation::Merge,
        Operation::Release,
        Operation::HardDelete,
        Operation::EndRest,
    ]);
    prop_oneof![1 => create, 3 => other]
}

fn steps() -> impl Strategy<Value = Step> {
    let anybody = || option::weighted(0.9, select(LETTERS.to_vec()));
    let chances = (
        proptest::bool::weighted(0.3),
        proptest::bool::weighted(0.1),
        proptest::bool::weighted(0.1),
    );
    // Half of the commands come from who is likely to be allowed something.
    let people = prop_oneof![
        (anybody(), anybody()),
        select(LETTERS.to_vec()).prop_map(|letter| (Some(letter), Some(letter))),
        select(LETTERS.to_vec()).prop_map(|letter| (Some('M'), Some(letter))),
    ];
    let answers = select(vec![
        ProviderSays::No,
        ProviderSays::Yes,
        ProviderSays::NotYet,
    ]);
    let outside = (answers, denials());
    (people, operations(), 0..WORLD, bodies(), chances, outside).prop_map(
        |(
            (caller, target),
            operation,
            at,
            body,
            (offered, porting, ported_in),
            (answer, denied),
        )| Step {
            caller,
            target,
            operation,
            at,
            body,
            offered,
            porting,
            // Only the system's own jobs say so.
            ported_in: ported_in && caller.is_none(),
            answer,
            denied,
        },
    )
}

fn rules() -> impl Strategy<Value = Rules> {
    let carriers = select(vec!["local", "inventory", "managed", "telnyx"]);
    let released = select(vec![State::Available, State::Released]);
    (carriers, released, any::<bool>(), any::<bool>()).prop_map(
        |(carrier, released_state, remove, age_released)| Rules {
            available_carrier: CarrierName::new(carrier),
            released_state,
            remove_released: remove && age_released,
            age_released,
            ..Rules::default()
        },
    )
}

const WORLD: usize = 6;

#[derive(Clone, Debug, PartialEq)]
struct World {
    numbers: BTreeMap<E164, Number>,
    /// The addresses that the provider has.
    addresses: BTreeMap<E164, Value>,
}

fn key_at(at: usize) -> E164 {
    format!("+1415886790{at}").parse().expect("a number")
}

impl World {
    fn new() -> Self {
        let mut busy = with_history(State::InService, "telnyx", Some('C'), "CR");
        busy.used_by = Some("trunkstore".to_owned());
        busy.public = object(json!({ "e911": confirmed(), "cnam": { "display_name": "ACME" } }));
        busy.features.insert(Feature::E911, confirmed());
        busy.features
            .insert(Feature::OutboundCnam, json!({ "display_name": "ACME" }));
        let mut waiting = with_history(State::Reserved, "inventory", Some('G'), "GC");
        waiting.address_work = Some(AddressWork::Pending);
        let stored = [
            number(State::Available, "inventory", None),
            busy,
            with_history(State::Reserved, "local", Some('R'), "R"),
            number(State::InService, "mdn", Some('R')),
            waiting,
        ];
        let numbers = stored.into_iter().zip(1..).map(|(mut number, at)| {
            number.id = key_at(at);
            (key_at(at), number)
        });
        Self {
            numbers: numbers.collect(),
            addresses: [(key_at(2), confirmed())].into(),
        }
    }

    /// Decides, and does what the plan says.
    fn run(
        &mut self,
        step: &Step,
        now: u64,
        rules: &Rules,
        gone: &[AccountId],
    ) -> Result<Plan, NumberError> {
        let key = key_at(step.at);
        let mut ask = Ask {
            key: key.clone(),
            now: GregorianSeconds::new(now),
            number: self.numbers.get(&key).cloned(),
            offer: step.offered.then(|| Offered {
                carrier: CarrierName::new("telnyx"),
                carrier_data: Map::new(),
            }),
            caller: step.caller,
            target: step.target,
            gone: gone.to_vec(),
            porting: step.porting,
            address: None,
            rules: rules.clone(),
            ported_in: step.ported_in,
            used_by: None,
            lists: OwnLists::of(&step.body),
        };
        let fields = document::public_fields(step.body.clone());
        let fields = Value::Object(fields);
        let mut plan = ask.decide_with(step.operation, fields.clone())?;
        let set = plan.effects.iter().find_map(|effect| match effect {
            Effect::SetAddress(address) => Some(address.clone()),
            _ => None,
        });
        if let Some(mut address) = set {
            check_asked(&address, ask.number.as_ref());
            let refused = NumberError::AddressAmbiguous {
                address: address.clone(),
                candidates: Vec::new(),
            };
            address.insert("status".to_owned(), "PROVISIONED".into());
            ask.address = match step.answer {
                ProviderSays::No => return Err(refused),
                ProviderSays::Yes => {
                    let confirmed = Value::Object(address.clone());
                    self.addresses.insert(key.clone(), confirmed);
                    Some(AddressAnswer::Confirmed(Box::leak(Box::new(address))))
                }
                ProviderSays::NotYet => Some(AddressAnswer::Pending),
            };
            plan = ask.decide_with(step.operation, fields)?;
        }
        if plan.effects.contains(&Effect::RemoveAddress) {
            self.addresses.remove(&key);
        }
        match plan.change {
            Change::Nothing => {}
            Change::Remove => {
                self.numbers.remove(&key);
            }
            Change::Put => {
                let mut number = plan.number.clone();
                number.revision = number.revision.next();
                self.numbers.insert(key, number);
            }
        }
        Ok(plan)
    }
}

// What must hold.

fn check_record(number: &Number) -> Result<(), TestCaseError> {
    let owned = number.owner.is_some();
    prop_assert_eq!(owned, number.state.needs_owner(), "{:?}", number);
    if !owned {
        prop_assert!(number.reserve_history.is_empty());
        prop_assert!(matches!(
            number.state,
            State::Available | State::Aging | State::Released
        ));
    }
    let marked = number.features.contains_key(&Feature::Local);
    prop_assert_eq!(marked, matches!(number.carrier.as_str(), "local" | "mdn"));
    prop_assert_eq!(number.rests_until.is_some(), number.state == State::Aging);
    prop_assert!(number.disconnected.is_none() || !owned);
    for private in [
        "id",
        "used_by",
        "state",
        "features",
        "im",
        "carrier_name",
        "dash_e911",
    ] {
        prop_assert!(!number.public.contains_key(private), "{}", private);
    }
    let hidden = |key: &String| key.starts_with('_') || key.starts_with("pvt_");
    prop_assert!(!number.public.keys().any(hidden));
    for never in [Feature::CarrierName, Feature::Cnam] {
        prop_assert!(!number.features.contains_key(&never));
    }
    for twice in number.reserve_history.windows(2) {
        prop_assert_ne!(&twice[0], &twice[1]);
    }
    prop_assert_eq!(faults::faults(number), vec![]);
    let read = Number::from_document(number.id.clone(), number.revision, number.to_document());
    prop_assert_eq!(read.as_ref(), Ok(number));
    Ok(())
}

/// What a step may do to a record that was there.
fn check_change(
    step: &Step,
    plan: &Plan,
    before: &Number,
    gone: &[AccountId],
) -> Result<(), TestCaseError> {
    let after = &plan.number;
    prop_assert_eq!(&after.id, &before.id);
    prop_assert_eq!(after.created, before.created);
    prop_assert_eq!(after.revision, before.revision);
    if plan.change == Change::Nothing {
        prop_assert_eq!(after, before);
        return Ok(());
    }
    let owner = before.owner.as_ref();
    // Nobody but those above touches a number, but for a child that puts into
    // service what is reserved above it.
    if let (Some(caller), Some(owner)) = (step.caller, owner) {
        let letter = common::owner(before);
        let below = step.operation == Operation::Activate
            && before.state == State::Reserved
            && is_over(letter, caller);
        let there = !gone.contains(owner);
        prop_assert!(
            caller == 'M' || there && (is_over(caller, letter) || below),
            "{:?}",
            before
        );
    }
    if plan.change == Change::Remove {
        prop_assert_eq!(after.state, State::Deleted);
        return Ok(());
    }
    prop_assert!(after.differs_from(before));
    let lists = |number: &Number| {
        (
            number.features_allowed.clone(),
            number.features_denied.clone(),
        )
    };
    prop_assert!(
        lists(after) == lists(before) || matches!(step.caller, None | Some('M')),
        "{:?} by {:?}",
        lists(after),
        step.caller
    );
    if after.owner.as_ref() == owner {
        prop_assert_eq!(&after.previous_owner, &before.previous_owner);
        prop_assert_eq!(&after.used_by, &before.used_by);
    } else {
        prop_assert_eq!(&after.used_by, &None);
        if owner.is_some() {
            prop_assert_eq!(after.previous_owner.as_ref(), owner);
        }
    }
    let (old, new) = (&before.reserve_history, &after.reserve_history);
    match step.operation {
        Operation::Release if gone.is_empty() => prop_assert!(old.ends_with(new)),
        Operation::Release => prop_assert!(new.len() <= old.len()),
        _ => prop_assert!(new.ends_with(old), "the history is never lost"),
    }
    Ok(())
}

/// What is switched on or changed was available; what was on may stay.
fn check_features(
    plan: &Plan,
    before: Option<&Number>,
    is_admin: bool,
    rules: &Rules,
) -> Result<(), TestCaseError> {
    let after = &plan.number;
    let usable = available(after, is_admin, None, &rules.features);
    let kept = before.filter(|before| before.owner == after.owner);
    for (feature, settings) in &after.features {
        let was_on = kept.and_then(|before| before.features.get(feature)) == Some(settings);
        prop_assert!(
            was_on || *feature == Feature::Local || usable.contains(*feature),
            "{}: {:?}",
            feature,
            before
        );
    }
    Ok(())
}

fn check_fields(
    step: &Step,
    world: &World,
    plan: &Plan,
    before: Option<&Number>,
) -> Result<(), TestCaseError> {
    let after = &plan.number;
    if let Some(address) = after.features.get(&Feature::E911) {
        // What the provider has, and nothing else.
        prop_assert_eq!(world.addresses.get(&after.id), Some(address));
        prop_assert_eq!(after.public.get("e911"), Some(address));
    }
    let fields = document::public_fields(step.body.clone());
    let waits = before.is_some_and(|before| before.address_work == Some(AddressWork::Pending));
    let withdraws = fields
        .get("e911")
        .is_some_and(|named| !document::is_set(named));
    if waits && withdraws && matches!(step.operation, Operation::Merge | Operation::Replace) {
        prop_assert_eq!(after.address_work, Some(AddressWork::Removing));
        prop_assert!(plan.effects.contains(&Effect::RemoveAddress));
    }
    let expected = match (step.operation, before) {
        (Operation::Release, _) => Map::new(),
        (Operation::EndRest, Some(before)) => before.public.clone(),
        (Operation::Merge, Some(before)) => model_merge(&before.public, fields),
        (Operation::Activate, Some(before))
            if fields.is_empty()
                && before.state == State::InService
                && before.owner == after.owner =>
        {
            before.public.clone()
        }
        _ => model_merge(&Map::new(), fields),
    };
    let mut expected = expected;
    expected.shift_remove("carrier_name");
    expected.shift_remove("im");
    let mut public = after.public.clone();
    // What is asked for is not what the provider makes of it; a note that stood in
    // the document before was no provider's word.
    let confirmed = before.and_then(|before| before.features.get(&Feature::E911));
    let asked = expected.get("e911") != confirmed;
    if asked && step.body.keys().any(|key| key.ends_with("e911")) {
        expected.shift_remove("e911");
        public.shift_remove("e911");
    }
    if plan.effects.contains(&Effect::RemoveAddress) {
        prop_assert_eq!(after.public.get("e911"), None);
        expected.shift_remove("e911");
    }
    prop_assert_eq!(&public, &expected);
    Ok(())
}

// The model of replacing and merging: a document is its paths.

type Paths = BTreeMap<Vec<String>, Value>;

fn paths(value: &Value, at: &[String], into: &mut Paths) {
    match value {
        Value::Object(members) if at.is_empty() || !members.is_empty() => {
            for (key, value) in members {
                paths(value, &[at, std::slice::from_ref(key)].concat(), into);
            }
        }
        leaf => {
            into.insert(at.to_vec(), leaf.clone());
        }
    }
}

fn document_of(paths: Paths) -> Map<String, Value> {
    let mut whole = json!({});
    for (path, leaf) in paths {
        let mut place = &mut whole;
        for key in path {
            place = &mut place[key];
        }
        *place = leaf;
    }
    object(whole)
}

/// Each path of the patch takes the place of what is at, below or above it; a
/// null leaves nothing but the objects that it stood in.
fn model_merge(stored: &Map<String, Value>, patch: Map<String, Value>) -> Map<String, Value> {
    let (mut document, mut changes) = (Paths::new(), Paths::new());
    paths(&Value::Object(stored.clone()), &[], &mut document);
    paths(&Value::Object(patch), &[], &mut changes);
    for (path, leaf) in changes {
        document.retain(|other, _| !other.starts_with(&path) && !path.starts_with(other));
        if !leaf.is_null() {
            document.insert(path, leaf);
            continue;
        }
        let above = &path[..path.len() - 1];
        if !above.is_empty() && !document.keys().any(|other| other.starts_with(above)) {
            document.insert(above.to_vec(), json!({}));
        }
    }
    document_of(document)
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_sequence_of_commands_by_anybody(
        steps in vec(steps(), 1..=40),
        rules in rules(),
        g_is_gone in proptest::bool::weighted(0.3),
    ) {
        let gone = if g_is_gone { vec![id('G')] } else { Vec::new() };
        let mut world = World::new();
        let mut now = BEFORE.get();
        for step in &steps {
            if g_is_gone && (step.caller == Some('G') || step.target == Some('G')) {
                continue;
            }
            now += 1;
            let key = key_at(step.at);
            if let (Some(denied), Some(number)) = (&step.denied, world.numbers.get_mut(&key)) {
                number.features_denied = denied.iter().map(|&name| name.to_owned()).collect();
            }
            let before = world.clone();
            let stored = before.numbers.get(&key);
            match world.run(step, now, &rules, &gone) {
                Err(error) => {
                    prop_assert_eq!(&world, &before, "{:?}", error);
                    prop_assert!((400..500).contains(&error.code()));
                }
                Ok(plan) => {
                    let written = world.numbers.get(&key);
                    prop_assert_eq!(plan.change == Change::Nothing, written == stored);
                    prop_assert_eq!(plan.change == Change::Put, plan.number.modified.get() == now);
                    let disconnects = plan.effects.iter().any(|effect| matches!(effect, Effect::Disconnect(_)));
                    prop_assert!(!disconnects || plan.number.owner.is_none());
                    let orders = plan.effects.iter().any(|effect| matches!(effect, Effect::Order(_)));
                    prop_assert!(!orders || stored.is_none() && step.offered && plan.number.owner.is_some());
                    if let Some(stored) = stored {
                        check_change(step, &plan, stored, &gone)?;
                    }
                    if plan.change != Change::Remove {
                        let is_admin = matches!(step.caller, None | Some('M'));
                        check_features(&plan, stored, is_admin, &rules)?;
                        check_fields(step, &world, &plan, stored)?;
                    }
                }
            }
            for number in world.numbers.values() {
                check_record(number)?;
            }
            for (other, number) in &before.numbers {
                if *other != key {
                    prop_assert_eq!(world.numbers.get(other), Some(number));
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(config(2048))]

    #[test]
    fn merging_is_what_the_paths_say(stored in custom_fields(), patch in custom_fields()) {
        let stored = document::replaced(stored);
        let mut merged = stored.clone();
        document::merge(&mut merged, patch.clone());
        prop_assert_eq!(&merged, &model_merge(&stored, patch.clone()));
        // A second time it changes nothing.
        let once = merged.clone();
        document::merge(&mut merged, patch.clone());
        prop_assert_eq!(&merged, &once);
        // Into nothing, it is a replacement.
        let mut alone = Map::new();
        document::merge(&mut alone, patch.clone());
        prop_assert_eq!(alone, document::replaced(patch));
    }

    #[test]
    fn public_fields_are_public_and_stay_so(body in bodies()) {
        let once = document::public_fields(body.clone());
        prop_assert!(once.keys().all(|key| !key.starts_with('_') && !key.starts_with("pvt_") && key != "id"));
        prop_assert_eq!(&document::public_fields(once.clone()), &once);
        for (key, value) in &body {
            if key.len() == 1 {
                prop_assert_eq!(once.get(key), Some(value));
            }
        }
    }

    #[test]
    fn stored_and_read_again_a_record_is_the_same(number in records()) {
        let text = serde_json::to_string(&number.to_document()).expect("a document");
        let document = serde_json::from_str(&text).expect("a document");
        let read = Number::from_document(number.id.clone(), number.revision, document);
        prop_assert_eq!(read.as_ref(), Ok(&number));
        let again = serde_json::to_string(&read.expect("a record").to_document());
        prop_assert_eq!(again.expect("a document"), text);
    }
}

proptest! {
    #![proptest_config(config(1024))]

    /// What is on and was denied since hinders nothing: neither dropping it nor
    /// leaving it as it is.
    #[test]
    fn no_feature_stands_in_the_way(
        first in bodies(),
        carrier in select(vec!["local", "telnyx"]),
        denied in proptest::sample::subsequence(Feature::ALL.to_vec(), 0..=13),
        note in json_values(),
        dropped in proptest::sample::subsequence(
            vec!["cnam", "prepend", "ringback", "force_outbound", "failover", "sms", "porting"], 0..=7),
    ) {
        let mut stored = number(State::InService, carrier, Some('R'));
        stored.used_by = Some("trunkstore".to_owned());
        let mut first = document::public_fields(first);
        first.shift_remove("carrier_name");
        let plan = Ask::about(stored, 'R').decide_with(Operation::Replace, Value::Object(first));
        prop_assume!(plan.is_ok());
        let mut stored = plan.expect("assumed").number;
        stored.features_denied = denied.iter().map(ToString::to_string).collect();
        let ask = Ask::about(stored.clone(), 'R');
        let same = ask.decide_with(Operation::Replace, Value::Object(stored.public.clone()));
        prop_assert_eq!(same.map(|plan| plan.change), Ok(Change::Nothing));
        let mut patch = Map::new();
        patch.insert("note".to_owned(), note);
        patch.extend(dropped.iter().map(|&field| (field.to_owned(), Value::Null)));
        let plan = ask.decide_with(Operation::Merge, Value::Object(patch));
        let plan = plan.expect("never refused");
        for field in dropped {
            prop_assert!(!plan.number.public.contains_key(field));
        }
        let left = plan.number.features.iter();
        prop_assert!(left.clone().all(|(feature, settings)| stored.features.get(feature) == Some(settings)));
        let empty = ask.decide(Operation::Replace).expect("never refused");
        prop_assert!(empty.number.features.keys().all(|feature| *feature == Feature::Local));
    }
}

proptest! {
    #![proptest_config(config(2048))]

    #[test]
    fn a_repaired_record_has_no_faults(number in records()) {
        let repaired = faults::repaired(&number, REST_DAYS);
        prop_assert_eq!(faults::faults(&repaired), vec![]);
        prop_assert_eq!(&faults::repaired(&repaired, REST_DAYS), &repaired);
        prop_assert_eq!(repaired.rests_until, repaired.rest_ends(REST_DAYS));
        // Nobody loses a number by a repair, and nobody gets one.
        prop_assert_eq!(&repaired.owner, &number.owner);
        prop_assert_eq!(&repaired.public, &number.public);
        if faults::faults(&number).is_empty() && number.state != State::Reserved {
            prop_assert_eq!(&repaired, &number);
        }
    }
}

fn accounts() -> impl Strategy<Value = AccountId> {
    select(LETTERS.to_vec()).prop_map(id)
}

fn carriers() -> impl Strategy<Value = CarrierName> {
    prop_oneof![
        4 => select(KNOWN.to_vec()).prop_map(CarrierName::new),
        1 => "x[a-z]{0,6}".prop_map(|name| CarrierName::new(&name)),
    ]
}

prop_compose! {
    /// Records as other programs may have left them, whatever their state.
    fn records()(
        (state, carrier) in (select(State::ALL.to_vec()), carriers()),
        (owner, previous_owner, authorizing_account) in (option::of(accounts()), option::of(accounts()), option::of(accounts())),
        (used_by, region) in (option::of("[a-z]{1,8}"), option::of("[A-Z]{2}")),
        (carrier_data, public) in (custom_fields(), bodies()),
        features in btree_map(select(Feature::ALL.to_vec()), json_values(), 0..4),
        (features_allowed, features_denied) in (btree_set("[a-z]{0,4}", 0..3), btree_set("[a-z]{0,4}", 0..3)),
        reserve_history in vec(accounts(), 0..4),
        ported_in in any::<bool>(),
        times in proptest::array::uniform4(any::<u32>().prop_map(|s| GregorianSeconds::new(u64::from(s)))),
        (disconnects, rests) in (any::<bool>(), any::<bool>()),
        revision in any::<u32>(),
    ) -> Number {
        let mut number = Number {
            revision: Revision(u64::from(revision)),
            owner,
            previous_owner,
            used_by,
            carrier_data,
            features: features.into_iter().collect(),
            features_allowed,
            features_denied,
            reserve_history,
            ported_in,
            region,
            disconnected: disconnects.then_some(times[0]),
            rests_until: rests.then_some(times[1]),
            modified: times[3],
            authorizing_account,
            public: document::public_fields(public),
            ..Number::new(common::key(), state, carrier, times[2])
        };
        number.mark_local();
        number
    }
}
