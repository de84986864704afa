//! What is decided, by value: the test cases of spec/life.md 7 that apply here
//! (their numbers stand in the comments), every combination of accounts, and
//! what a plan does to the record.

mod common;

use common::{
    Ask, BEFORE, LETTERS, NOW, REST_DAYS, account, history, id, is_over, key, number, object,
    owner, previous, shown, with_history,
};
use numbers::account::Account;
use numbers::authorize::{self, Standing, creation_states};
use numbers::carrier::CarrierName;
use numbers::event::Action;
use numbers::feature::Feature;
use numbers::feature::e911::{AddressAnswer, AddressWork, confirm};
use numbers::life::Operation::{
    self, Activate, Create, HardDelete, Merge, Port, Release, Replace, Reserve,
};
use numbers::number::Number;
use numbers::plan::{Change, Effect, Rules};
use numbers::price::{Category, Charge};
use numbers::state::State::{
    self, Aging, Available, Deleted, Discovery, InService, PortIn, PortOut, Released, Reserved,
};
use serde_json::{Value, json};

fn rules_with_carrier(carrier: &str) -> Rules {
    Rules {
        available_carrier: CarrierName::new(carrier),
        ..Rules::default()
    }
}

fn features(number: &Number) -> Vec<&'static str> {
    number.features.keys().map(|f| f.as_str()).collect()
}

fn order(carrier: &str) -> Effect {
    Effect::Order(CarrierName::new(carrier))
}

fn disconnect(carrier: &str) -> Effect {
    Effect::Disconnect(CarrierName::new(carrier))
}

// Who may do what: the rule, stated once more.

/// A question about accounts only.
#[derive(Clone, Copy, Debug)]
struct Case {
    operation: Operation,
    state: State,
    local: bool,
    caller: Option<char>,
    owner: Owner,
    target: Option<char>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Owner {
    Nobody,
    Is(char),
    Gone,
}

/// Who owned the number before, in every case.
const PREVIOUS: char = 'R';

impl Case {
    fn admin(self) -> bool {
        matches!(self.caller, None | Some('M'))
    }

    fn caller_is_over(self, other: Option<char>) -> bool {
        self.caller
            .zip(other)
            .is_some_and(|(caller, other)| is_over(caller, other))
    }

    /// Spec/life.md 2.1, AUTH. Of what nobody owns, what gives nobody anything is
    /// the administrators' business.
    fn authority(self) -> bool {
        let gives = !matches!(self.operation, Release | HardDelete | Operation::EndRest);
        self.admin()
            || match self.owner {
                Owner::Is(owner) => self.caller_is_over(Some(owner)),
                Owner::Nobody => gives && self.caller_is_over(self.target),
                Owner::Gone => false,
            }
    }

    /// Spec/life.md 2.1, RFP.
    fn reserved_above(self) -> bool {
        match (self.state, self.owner, self.caller) {
            (Reserved, Owner::Is(owner), Some(caller)) => owner == 'M' || is_over(owner, caller),
            _ => false,
        }
    }

    fn visible(self) -> bool {
        self.state == Available || self.authority() || self.reserved_above()
    }

    fn target_owns(self) -> bool {
        self.target
            .is_some_and(|target| self.owner == Owner::Is(target))
    }

    /// The state and the owner afterwards, or the refusal.
    fn expected(self) -> Result<(State, char), &'static str> {
        let target = self.target.ok_or("400 assign_failure: field_undefined");
        let owned_by_target = |state, allowed: bool| {
            let owner = target?;
            if allowed {
                Ok((state, owner))
            } else {
                Err("403 forbidden")
            }
        };
        let kept = match self.owner {
            Owner::Nobody => '-',
            Owner::Is(owner) => owner,
            Owner::Gone => 'X',
        };
        let rest = "403 forbidden: number +14158867900 is aging: until it is available again only its previous owner may activate it";
        match self.operation {
            Create(to) => self.expected_of_create(to, rest),
            Port => {
                target?;
                match self.state {
                    _ if !self.visible() => Err("409 number_exists: +14158867900"),
                    PortIn => owned_by_target(PortIn, self.authority()),
                    Available => Err("400 invalid_state_transition: from available to port_in"),
                    Aging => Err("400 invalid_state_transition: from aging to port_in"),
                    _ => Err("409 number_exists: +14158867900"),
                }
            }
            Reserve => {
                target?;
                match self.state {
                    _ if !self.visible() => Err("403 forbidden"),
                    Reserved if self.target_owns() => Err("400 no_change_required"),
                    Discovery | Available | Reserved | InService => {
                        owned_by_target(Reserved, self.authority())
                    }
                    _ => Err(no_way(self.state, Reserved)),
                }
            }
            Activate => {
                target?;
                match self.state {
                    Aging => {
                        let his = self.admin() || self.target == Some(PREVIOUS);
                        owned_by_target(InService, his).map_err(|_| rest)
                    }
                    _ if !self.visible() => Err("403 forbidden"),
                    Available => owned_by_target(InService, true),
                    Reserved => {
                        owned_by_target(InService, self.authority() || self.reserved_above())
                    }
                    Discovery | InService | PortIn => owned_by_target(InService, self.authority()),
                    _ => Err(no_way(self.state, InService)),
                }
            }
            // A change through the URL of who is not the owner finds nothing.
            Replace | Merge => match self.owner {
                _ if self.admin() => Ok((self.state, kept)),
                Owner::Nobody => Err("403 forbidden"),
                _ if !self.target_owns() => Err("404 not_found: +14158867900"),
                _ if self.authority() => Ok((self.state, kept)),
                _ => Err("403 forbidden"),
            },
            Release => match self.state {
                _ if !self.visible() => Err("403 forbidden"),
                Available | Aging | Discovery | PortOut | Deleted if !self.local => {
                    Err(no_way(self.state, Available))
                }
                _ if self.owner == Owner::Nobody && !self.admin() => Err("403 forbidden"),
                _ if !self.authority() => Err("403 forbidden"),
                _ => Ok((if self.local { Deleted } else { Available }, '-')),
            },
            HardDelete if self.admin() => Ok((Deleted, kept)),
            HardDelete => Err("403 forbidden"),
            Operation::EndRest => match self.state {
                _ if !self.visible() => Err("403 forbidden"),
                Aging if self.admin() => Ok((Available, '-')),
                Aging => Err("403 forbidden"),
                state => Err(no_way(state, Available)),
            },
        }
    }

    fn expected_of_create(
        self,
        to: State,
        rest: &'static str,
    ) -> Result<(State, char), &'static str> {
        let may = match to {
            PortIn => true,
            InService | Reserved => self.admin() || self.caller == Some('R'),
            _ => self.admin(),
        };
        if !may {
            return Err(creation_forbidden(to));
        }
        let target = self.target.ok_or("400 assign_failure: field_undefined")?;
        let owner = if matches!(to, Available | Aging) {
            '-'
        } else {
            target
        };
        match (self.state, to) {
            _ if !self.visible() => Err("409 number_exists: +14158867900"),
            (Available, PortIn)
            | (Aging, Reserved | Available | PortIn)
            | (PortIn, Reserved | Available | Aging) => Err(no_way(self.state, to)),
            (Aging, InService) if !self.admin() && target != PREVIOUS => Err(rest),
            (Available | Aging | PortIn, _) => Ok((to, owner)),
            _ => Err("409 number_exists: +14158867900"),
        }
    }
}

/// Texts live as long as the tests.
fn no_way(from: State, to: State) -> &'static str {
    Box::leak(format!("400 invalid_state_transition: from {from} to {to}").into_boxed_str())
}

fn creation_forbidden(to: State) -> &'static str {
    Box::leak(
        format!("403 forbidden: creating number in state '{to}' is not allowed").into_boxed_str(),
    )
}

const OPERATIONS: [Operation; 13] = [
    Create(Aging),
    Create(Available),
    Create(InService),
    Create(PortIn),
    Create(Reserved),
    Reserve,
    Activate,
    Port,
    Replace,
    Merge,
    Release,
    HardDelete,
    Operation::EndRest,
];

fn with_nobody() -> impl Iterator<Item = Option<char>> + Clone {
    std::iter::once(None).chain(LETTERS.into_iter().map(Some))
}

fn owners() -> impl Iterator<Item = Owner> + Clone {
    [Owner::Nobody, Owner::Gone]
        .into_iter()
        .chain(LETTERS.into_iter().map(Owner::Is))
}

fn check(case: Case) {
    let owner_letter = match case.owner {
        Owner::Nobody => None,
        Owner::Is(letter) => Some(letter),
        Owner::Gone => Some('X'),
    };
    let carrier = if case.local { "local" } else { "inventory" };
    let mut stored = number(case.state, carrier, owner_letter);
    stored.previous_owner = Some(id(PREVIOUS));
    let ask = Ask {
        caller: case.caller,
        target: case.target,
        ..Ask::about(stored.clone(), 'M')
    };
    let result = ask.decide(case.operation);
    let found = match &result {
        Ok(plan) => Ok((plan.number.state, owner(&plan.number))),
        Err(error) => Err(shown(error)),
    };
    assert_eq!(found, case.expected().map_err(str::to_owned), "{case:?}");
    let Ok(plan) = result else { return };
    let removes = case.operation == HardDelete || (case.operation == Release && case.local);
    assert_eq!(plan.change == Change::Remove, removes, "{case:?}");
    if !removes {
        assert_eq!(
            plan.change == Change::Nothing,
            plan.number == stored,
            "{case:?}"
        );
    }
    assert_eq!(
        plan.effects.contains(&disconnect(carrier)),
        case.operation == Release && plan.number.owner.is_none(),
        "{case:?}"
    );
    assert_eq!(
        plan.effects.contains(&order(carrier)),
        case.state == Discovery && matches!(case.operation, Reserve | Activate),
        "{case:?}"
    );
}

#[test]
fn every_caller_owner_target_state_and_operation() {
    for operation in OPERATIONS {
        for state in State::ALL {
            for (caller, target) in with_nobody().flat_map(|c| with_nobody().map(move |t| (c, t))) {
                for (owner, local) in owners().flat_map(|o| [(o, false), (o, true)]) {
                    check(Case {
                        operation,
                        state,
                        local,
                        caller,
                        owner,
                        target,
                    });
                }
            }
        }
    }
}

#[test]
fn what_is_unknown_is_created_or_ported_or_not_found() {
    for (caller, target) in with_nobody().flat_map(|c| with_nobody().map(move |t| (c, t))) {
        let ask = Ask {
            caller,
            target,
            ..Ask::unknown('M')
        };
        for operation in OPERATIONS {
            let found = ask
                .decide(operation)
                .map(|plan| (plan.number.state, owner(&plan.number)))
                .map_err(|error| shown(&error));
            let admin = matches!(caller, None | Some('M'));
            let expected = match operation {
                Create(InService | Reserved) if !admin && caller != Some('R') => {
                    creates(operation).map_err(creation_forbidden)
                }
                Create(Available | Aging) if !admin => {
                    creates(operation).map_err(creation_forbidden)
                }
                Create(_) | Port | Reserve | Activate if target.is_none() => {
                    Err("400 assign_failure: field_undefined")
                }
                Create(to @ (Available | Aging)) => Ok((to, '-')),
                Create(to) => Ok((to, target.unwrap())),
                Port => Ok((PortIn, target.unwrap())),
                _ => Err("404 not_found: +14158867900"),
            };
            assert_eq!(
                found,
                expected.map_err(str::to_owned),
                "{operation:?} by {caller:?} for {target:?}"
            );
        }
    }
}

fn creates(operation: Operation) -> Result<(State, char), State> {
    match operation {
        Create(state) => Err(state),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_offer_is_ordered_for_those_who_may_have_it() {
    for (caller, target) in with_nobody().flat_map(|c| LETTERS.into_iter().map(move |t| (c, t))) {
        let ask = Ask {
            caller,
            target: Some(target),
            ..Ask::offered("telnyx", 'M')
        };
        let allowed = caller.is_none_or(|caller| is_over(caller, target));
        for (operation, state) in [(Reserve, Reserved), (Activate, InService)] {
            match ask.decide(operation) {
                Ok(plan) => {
                    assert!(allowed, "{operation:?} by {caller:?} for {target}");
                    assert_eq!((plan.number.state, owner(&plan.number)), (state, target));
                    assert_eq!(plan.effects, [order("telnyx")]);
                    assert_eq!(plan.number.carrier.as_str(), "telnyx");
                    assert_eq!(
                        json!(plan.number.carrier_data),
                        json!({ "rate_center": "SAN FRANCISCO" })
                    );
                    assert_eq!(plan.change, Change::Put);
                }
                Err(error) => {
                    assert!(!allowed, "{operation:?} by {caller:?} for {target}");
                    assert_eq!(shown(&error), "403 forbidden");
                }
            }
        }
    }
    for operation in [Replace, Merge, Release, HardDelete, Operation::EndRest] {
        assert_eq!(
            shown(&Ask::offered("telnyx", 'M').refusal(operation)),
            "404 not_found: +14158867900"
        );
    }
}

#[test]
fn creating_never_orders() {
    for state in [Aging, Available, InService, PortIn, Reserved] {
        for ask in [Ask::unknown('M'), Ask::offered("telnyx", 'M')] {
            let plan = ask.plan(Create(state));
            assert_eq!(plan.effects, [], "{state}");
            assert_eq!(plan.number.carrier.as_str(), "local", "{state}");
        }
    }
    assert_eq!(Ask::offered("telnyx", 'C').plan(Port).effects, []);
}

// The rows of spec/life.md 7.

#[test]
fn created_in_service_for_a_reseller() {
    // 1
    let plan = Ask::unknown('M').for_account('R').plan(Create(InService));
    let number = &plan.number;
    assert_eq!((plan.change, plan.action), (Change::Put, Action::Created));
    assert_eq!(
        (number.state, owner(number), previous(number)),
        (InService, 'R', '-')
    );
    assert_eq!(
        (history(number), number.carrier.as_str()),
        (String::new(), "local")
    );
    assert_eq!((number.created, number.modified), (NOW, NOW));
    assert_eq!(number.authorizing_account, Some(id('M')));
    assert_eq!(features(number), ["local"]);
    assert_eq!(number.revision.0, 0);
    assert!(!number.ported_in);
    // 3
    let plan = Ask::unknown('R').plan(Create(InService));
    assert_eq!((plan.number.state, owner(&plan.number)), (InService, 'R'));
}

#[test]
fn an_unknown_carrier_is_kept() {
    // 2
    let ask = Ask::unknown('M')
        .for_account('R')
        .under(rules_with_carrier("blipblop"));
    let plan = ask.plan(Create(InService));
    assert_eq!(plan.number.carrier.module(), "knm_blipblop");
    assert_eq!(features(&plan.number), [""; 0]);
    // 37
    let released = Ask::about(plan.number, 'R')
        .by_system()
        .for_nobody()
        .plan(Release);
    let number = &released.number;
    assert_eq!(
        (released.change, number.state, owner(number)),
        (Change::Put, Available, '-')
    );
    assert_eq!(history(number), "");
}

#[test]
fn creation_needs_a_right() {
    // 4, 14
    for caller in ['C', 'G', 'U'] {
        let error = Ask::unknown(caller).refusal(Create(InService));
        assert_eq!(
            shown(&error),
            "403 forbidden: creating number in state 'in_service' is not allowed"
        );
        assert_eq!(
            error.to_string(),
            "requestor is unauthorized to perform operation"
        );
    }
    // No state but these, for nobody, not even the system itself.
    for state in [Deleted, Discovery, PortOut, Released] {
        let cause = format!("403 forbidden: creating number in state '{state}' is not allowed");
        assert_eq!(shown(&Ask::unknown('M').refusal(Create(state))), cause);
        assert_eq!(
            shown(&Ask::unknown('M').by_system().refusal(Create(state))),
            cause
        );
    }
    // 52
    let admins = [Aging, Available, InService, PortIn, Reserved];
    assert_eq!(creation_states(None), admins);
    assert_eq!(creation_states(Some(account('M'))), admins);
    assert_eq!(creation_states(Some(account('R'))), [InService, Reserved]);
    for caller in ['C', 'G', 'U'] {
        assert_eq!(creation_states(Some(account(caller))), []);
    }
}

#[test]
fn the_right_to_add_is_the_callers() {
    // R may add numbers for its child, who may not for itself.
    let plan = Ask::unknown('R').for_account('C').plan(Create(Reserved));
    assert_eq!(
        (owner(&plan.number), history(&plan.number)),
        ('C', "C".to_owned())
    );
    assert_eq!(
        shown(&Ask::unknown('C').for_account('R').refusal(Create(Reserved))),
        "403 forbidden: creating number in state 'reserved' is not allowed"
    );
}

#[test]
fn what_is_created_for_sale_or_aging_is_nobodys() {
    // 5, and the RULE of spec/numbers.md 3 for aging.
    for (state, target) in [
        (Available, 'M'),
        (Available, 'R'),
        (Aging, 'M'),
        (Aging, 'R'),
    ] {
        let plan = Ask::unknown('M').for_account(target).plan(Create(state));
        assert_eq!((plan.number.state, owner(&plan.number)), (state, '-'));
        assert_eq!(
            (history(&plan.number), plan.number.carrier.as_str()),
            (String::new(), "local")
        );
        assert_eq!(plan.change, Change::Put);
        assert_eq!(plan.charges, []);
    }
}

#[test]
fn a_number_that_is_created_aging_begins_its_rest_now() {
    let rest = Some(NOW.plus_days(REST_DAYS));
    let created = Ask::unknown('M').plan(Create(Aging)).number;
    assert_eq!(created.rests_until, rest);
    let for_sale = number(Available, "inventory", None);
    let again = Ask::about(for_sale, 'M').plan(Create(Aging)).number;
    assert_eq!(again.rests_until, rest);
    // One that rests already doesn't begin anew.
    let resting = number(Aging, "inventory", None);
    let again = Ask::about(resting.clone(), 'M').plan(Create(Aging));
    assert_eq!((again.change, again.number), (Change::Nothing, resting));
}

#[test]
fn created_over_what_is_for_sale() {
    // 6
    let mut stored = number(Available, "local", None);
    stored.public = object(json!({ "old": true }));
    let plan = Ask::about(stored, 'M')
        .for_account('R')
        .plan_with(Create(InService), json!({ "new": 1 }));
    let number = &plan.number;
    assert_eq!(
        (number.state, owner(number), history(number)),
        (InService, 'R', String::new())
    );
    assert_eq!((number.created, number.modified), (BEFORE, NOW));
    assert_eq!(json!(number.public), json!({ "new": 1 }));
    assert_eq!(number.revision.0, 3);
    assert_eq!(plan.effects, []);
}

#[test]
fn everybody_may_expect_a_number_by_port() {
    // 7
    for operation in [Create(PortIn), Port] {
        for caller in LETTERS {
            let ask = Ask::unknown(caller).under(rules_with_carrier("inventory"));
            let plan = ask.plan(operation);
            let number = &plan.number;
            assert_eq!((number.state, owner(number)), (PortIn, caller));
            assert_eq!(
                (number.carrier.as_str(), number.ported_in),
                ("local", false)
            );
            assert!(!number.is_billable());
            assert_eq!(plan.charges, []);
        }
    }
}

#[test]
fn created_again_exists() {
    // 8, 12
    for state in [Deleted, Discovery, InService, PortOut, Released, Reserved] {
        let ask = Ask::about(number(state, "local", Some('R')), 'R').by_system();
        assert_eq!(
            shown(&ask.refusal(Create(InService))),
            "409 number_exists: +14158867900",
            "{state}"
        );
    }
    for state in [Available, PortIn, Aging] {
        let ask = Ask::about(number(state, "local", None), 'M').for_account('R');
        assert_eq!(
            ask.plan(Create(InService)).number.state,
            InService,
            "{state}"
        );
    }
}

#[test]
fn of_two_that_create_one_number_the_loser_hears_that_it_exists() {
    // A 409 rather than a 403, though the number is a stranger's.
    for state in [Reserved, InService, PortIn] {
        let taken = number(state, "local", Some('U'));
        for operation in [Create(InService), Create(Reserved), Create(PortIn), Port] {
            let error = Ask::about(taken.clone(), 'R').refusal(operation);
            assert_eq!(shown(&error), "409 number_exists: +14158867900");
        }
    }
}

#[test]
fn a_number_on_an_open_port_cannot_be_created() {
    // 16
    for operation in [Create(InService), Create(Reserved), Create(PortIn), Port] {
        let ask = Ask {
            porting: true,
            ..Ask::unknown('M')
        };
        assert_eq!(
            shown(&ask.refusal(operation)),
            "400 number_is_porting: +14158867900"
        );
        assert_eq!(
            ask.refusal(operation).to_string(),
            "number +14158867900 is porting"
        );
    }
    // A record that is there is not asked about (spec/life.md 2.2, 6).
    let ask = Ask {
        porting: true,
        ..Ask::about(number(Available, "local", None), 'M')
    };
    assert_eq!(ask.plan(Create(InService)).number.state, InService);
    // The right to create comes first.
    let ask = Ask {
        porting: true,
        ..Ask::unknown('C')
    };
    assert_eq!(ask.refusal(Create(InService)).code(), 403);
}

#[test]
fn a_completed_port_is_created_in_service() {
    for state in [Aging, Available, InService, PortIn, Reserved] {
        let ask = Ask {
            ported_in: true,
            ..Ask::unknown('C')
        };
        let rules = Rules {
            port_in_carrier: CarrierName::new("other"),
            ..rules_with_carrier("inventory")
        };
        let number = ask.under(rules).plan(Create(state)).number;
        assert_eq!(
            (number.state, owner(&number), number.ported_in),
            (InService, 'C', true),
            "{state}"
        );
        assert_eq!(number.carrier.as_str(), "other", "{state}");
    }
    let stored = number(PortIn, "local", Some('C'));
    let ask = Ask {
        ported_in: true,
        ..Ask::about(stored, 'C').by_system()
    };
    let number = ask.plan(Create(Reserved)).number;
    assert_eq!(
        (number.state, number.ported_in, number.created),
        (InService, true, BEFORE)
    );
}

#[test]
fn mobile_numbers_are_the_systems() {
    // 10
    let mdn = json!({ "carrier_name": "mdn", "mobile": { "mdn": "4158867900" } });
    assert_eq!(
        Ask::unknown('M').refusal_with(Activate, mdn.clone()).code(),
        404
    );
    // 11: in service, whatever was asked.
    for state in [InService, Reserved, Available, Aging, PortIn] {
        let number = Ask::unknown('R')
            .by_system()
            .plan_with(Create(state), mdn.clone())
            .number;
        assert_eq!(
            (number.state, owner(&number), number.carrier.as_str()),
            (InService, 'R', "mdn")
        );
        assert_eq!(
            json!(number.public),
            json!({ "mobile": { "mdn": "4158867900" } })
        );
        assert_eq!(features(&number), ["local"]);
    }
    // 41: callers of HTTP can't store one, the system can.
    let mobile = number(InService, "mdn", Some('R'));
    for caller in ['M', 'R'] {
        let ask = Ask::about(mobile.clone(), caller).for_account('R');
        assert_eq!(
            shown(&ask.refusal_with(Merge, json!({ "a": 1 }))),
            "403 forbidden"
        );
        assert_eq!(ask.plan(Merge).change, Change::Nothing);
        assert_eq!(ask.plan(Activate).change, Change::Nothing);
        let wired = Ask::about(number(InService, "local", Some('R')), caller).for_account('R');
        assert_eq!(
            wired.plan_with(Merge, json!({ "a": 1 })).change,
            Change::Put
        );
    }
    assert_eq!(
        shown(&Ask::unknown('M').refusal_with(Create(InService), mdn)),
        "403 forbidden"
    );
    let system = Ask::about(mobile.clone(), 'R').by_system();
    assert_eq!(
        system.plan_with(Merge, json!({ "a": 1 })).change,
        Change::Put
    );
    // 40
    let moved = system.clone().for_account('M').plan(Activate).number;
    assert_eq!(
        (moved.state, owner(&moved), moved.carrier.as_str()),
        (InService, 'M', "mdn")
    );
    // 31
    let error = system.clone().for_account('C').refusal(Reserve);
    assert_eq!(
        shown(&error),
        "400 invalid_state_transition: from 'MDN' to reserved"
    );
    // 38
    for ask in [
        system,
        Ask::about(mobile.clone(), 'M').for_nobody(),
        Ask::about(mobile, 'R').for_nobody(),
    ] {
        let plan = ask.plan(Release);
        assert_eq!((plan.change, plan.number.state), (Change::Remove, Deleted));
        assert_eq!(plan.number.carrier.as_str(), "mdn");
    }
}

#[test]
fn mobile_numbers_have_one_state() {
    for state in [Available, Aging, PortIn] {
        let ask = Ask::about(number(state, "mdn", None), 'R').by_system();
        for to in [Reserved, Available, Aging, PortIn] {
            let expected = format!("400 invalid_state_transition: from 'MDN' to {to}");
            assert_eq!(shown(&ask.refusal(Create(to))), expected, "{state}");
        }
    }
    for state in [Discovery, Available, Aging, Reserved, PortIn] {
        let ask = Ask::about(number(state, "mdn", Some('R')), 'R').by_system();
        assert_eq!(
            shown(&ask.refusal(Activate)),
            "400 invalid_state_transition: from 'MDN' to in_service",
            "{state}"
        );
    }
}

#[test]
fn anybody_may_take_what_is_for_sale() {
    // 18, 19, 20, 21
    for (carrier, on) in [("local", vec!["local"]), ("telnyx", vec![])] {
        let mut stored = number(Available, carrier, None);
        stored.previous_owner = Some(id('R'));
        for caller in [None, Some('M'), Some('R'), Some('C'), Some('U')] {
            for target in ['M', 'R', 'C'] {
                let ask = Ask {
                    caller,
                    target: Some(target),
                    ..Ask::about(stored.clone(), 'M')
                };
                let plan = ask.plan(Activate);
                let number = &plan.number;
                assert_eq!(
                    (number.state, owner(number), previous(number)),
                    (InService, target, 'R')
                );
                assert_eq!(
                    (history(number), features(number)),
                    (String::new(), on.clone())
                );
                assert_eq!(
                    (plan.action, plan.effects.as_slice()),
                    (Action::Activated, [].as_slice())
                );
            }
        }
    }
}

#[test]
fn reserved_numbers_may_be_taken_from_above_and_below() {
    let reserved = with_history(Reserved, "inventory", Some('R'), "R");
    // 22, 23, 25; and a grandchild (spec/numbers.md 12).
    for (caller, target) in [
        (Some('C'), 'C'),
        (Some('G'), 'G'),
        (None, 'C'),
        (None, 'U'),
        (Some('R'), 'R'),
        (Some('M'), 'U'),
    ] {
        let ask = Ask {
            caller,
            target: Some(target),
            ..Ask::about(reserved.clone(), 'M')
        };
        let plan = ask.plan(Activate);
        assert_eq!(
            (plan.number.state, owner(&plan.number)),
            (InService, target)
        );
        assert_eq!(
            previous(&plan.number),
            if target == 'R' { '-' } else { 'R' }
        );
        assert_eq!(history(&plan.number), "R", "activation leaves the history");
    }
    // 24
    assert_eq!(
        shown(&Ask::about(reserved.clone(), 'U').refusal(Activate)),
        "403 forbidden"
    );
    // But only to use it: not to keep, change, or give it back.
    for operation in [Reserve, Release, HardDelete] {
        assert_eq!(
            shown(&Ask::about(reserved.clone(), 'C').refusal(operation)),
            "403 forbidden"
        );
    }
    // What the master reserved, everybody may take.
    let masters = with_history(Reserved, "inventory", Some('M'), "M");
    assert_eq!(owner(&Ask::about(masters, 'U').plan(Activate).number), 'U');
}

#[test]
fn what_any_administrator_reserved_everybody_may_take() {
    // Wherever in the tree he stands (spec/life.md 2.1).
    let mut aside = account('U').clone();
    let reserved_by = |owner: &Account| {
        let standing = Standing {
            caller: Some(account('C')),
            target: Some(account('C')),
            owner: authorize::Owner::Account(owner),
        };
        State::ALL.map(|state| (standing.is_reserved_above(state), standing.may_read(state)))
    };
    let for_sale = State::ALL.map(|state| (false, state == Available));
    assert_eq!(reserved_by(&aside), for_sale);
    aside.superduper = true;
    let taken = State::ALL.map(|s| (s == Reserved, matches!(s, Reserved | Available)));
    assert_eq!(reserved_by(&aside), taken);
}

#[test]
fn put_up_for_sale_a_number_forgets_who_reserved_it() {
    // A record made elsewhere: for sale, and yet somebody's.
    for state in [Available, Aging] {
        let stored = with_history(Available, "inventory", Some('R'), "RM");
        let number = Ask::about(stored, 'M').plan(Create(state)).number;
        assert_eq!((owner(&number), previous(&number)), ('-', 'R'), "{state}");
        assert_eq!(history(&number), "", "{state}");
    }
}

#[test]
fn fields_are_stored_as_sent() {
    // 26
    let mut stored = number(Available, "local", None);
    stored.public = object(json!({ "my_key": "my string", "gone": true }));
    let plan = Ask::about(stored, 'R').plan_with(Activate, json!({ "a": "bla", "my_key": 42 }));
    assert_eq!(
        json!(plan.number.public),
        json!({ "a": "bla", "my_key": 42 })
    );
}

#[test]
fn reserving_puts_the_target_on_top() {
    // 27
    let available = number(Available, "inventory", None);
    let plan = Ask::about(available, 'M').for_account('R').plan(Reserve);
    assert_eq!(
        (
            plan.number.state,
            owner(&plan.number),
            history(&plan.number)
        ),
        (Reserved, 'R', "R".to_owned())
    );
    assert_eq!(
        (plan.action, plan.effects.as_slice()),
        (Action::Reserved, [].as_slice())
    );
    // 28, 29
    let stored = with_history(InService, "inventory", Some('R'), "R");
    for (target, expected) in [('R', "R"), ('C', "CR")] {
        let plan = Ask::about(stored.clone(), target).by_system().plan(Reserve);
        assert_eq!((plan.number.state, owner(&plan.number)), (Reserved, target));
        assert_eq!(history(&plan.number), expected);
    }
    // 30
    let error = Ask::about(stored, 'R').for_nobody().refusal(Reserve);
    assert_eq!(shown(&error), "400 assign_failure: field_undefined");
    assert_eq!(error.to_string(), "invalid account to assign to");
}

#[test]
fn reserving_twice_changes_nothing() {
    let stored = with_history(Reserved, "inventory", Some('R'), "R");
    let error = Ask::about(stored.clone(), 'R').refusal(Reserve);
    assert_eq!(shown(&error), "400 no_change_required");
    assert_eq!(error.to_string(), "no change required");
    // Whoever asks for R may see it: it is said to the child, not to a stranger.
    assert_eq!(
        shown(
            &Ask::about(stored.clone(), 'C')
                .for_account('R')
                .refusal(Reserve)
        ),
        "400 no_change_required"
    );
    assert_eq!(
        shown(
            &Ask::about(stored.clone(), 'U')
                .for_account('R')
                .refusal(Reserve)
        ),
        "403 forbidden"
    );
    // For another account it is a change; nothing is ordered again.
    let plan = Ask::about(stored, 'R').for_account('C').plan(Reserve);
    assert_eq!(
        (owner(&plan.number), history(&plan.number)),
        ('C', "CR".to_owned())
    );
    assert_eq!(plan.effects, []);
}

#[test]
fn from_a_carrier_to_the_child_and_back_again() {
    // Spec/numbers.md 12, the first.
    let mut number = Ask::offered("telnyx", 'R').plan(Reserve).number;
    number = Ask::about(number, 'R')
        .for_account('C')
        .plan(Reserve)
        .number;
    assert_eq!((owner(&number), history(&number)), ('C', "CR".to_owned()));
    let plan = Ask::about(number, 'C').for_nobody().plan(Release);
    assert_eq!(
        (
            plan.number.state,
            owner(&plan.number),
            previous(&plan.number)
        ),
        (Reserved, 'R', 'C')
    );
    assert_eq!(
        (history(&plan.number), plan.effects.as_slice()),
        ("R".to_owned(), [].as_slice())
    );
    let plan = Ask::about(plan.number, 'R').for_nobody().plan(Release);
    assert_eq!(
        (
            plan.number.state,
            owner(&plan.number),
            previous(&plan.number)
        ),
        (Available, '-', 'R')
    );
    assert_eq!(
        (history(&plan.number), plan.effects),
        (String::new(), vec![disconnect("telnyx")])
    );
}

#[test]
fn released_numbers_of_each_carrier() {
    // 32
    assert_eq!(
        shown(&Ask::unknown('M').for_nobody().refusal(Release)),
        "404 not_found: +14158867900"
    );
    // 33
    let plan = Ask::about(number(Available, "local", None), 'M')
        .by_system()
        .for_nobody()
        .plan(Release);
    assert_eq!(
        (plan.change, plan.number.state, owner(&plan.number)),
        (Change::Remove, Deleted, '-')
    );
    // 34
    let error = Ask::about(number(Available, "telnyx", None), 'M')
        .by_system()
        .for_nobody()
        .refusal(Release);
    assert_eq!(
        shown(&error),
        "400 invalid_state_transition: from available to available"
    );
    // 35, 36
    for caller in [None, Some('M'), Some('R')] {
        let ask = |history| Ask {
            caller,
            target: None,
            ..Ask::about(with_history(InService, "local", Some('R'), history), 'R')
        };
        let plan = ask("R").plan(Release);
        assert_eq!((plan.change, plan.number.state), (Change::Remove, Deleted));
        assert_eq!(
            (owner(&plan.number), history(&plan.number)),
            ('-', String::new())
        );
        assert_eq!(features(&plan.number), ["local"]);
        assert_eq!(plan.effects, [disconnect("local")]);
        let plan = ask("RM").plan(Release);
        assert_eq!((plan.change, plan.number.state), (Change::Put, Reserved));
        assert_eq!(
            (owner(&plan.number), history(&plan.number)),
            ('M', "M".to_owned())
        );
        assert_eq!(
            (plan.action, plan.effects.as_slice()),
            (Action::Released, [].as_slice())
        );
    }
}

#[test]
fn a_released_number_is_for_sale_or_rests_or_goes_by_the_rules() {
    let stored = with_history(InService, "inventory", Some('R'), "R");
    let released = |remove, age, state| {
        let rules = Rules {
            remove_released: remove,
            age_released: age,
            released_state: state,
            ..Rules::default()
        };
        let plan = Ask::about(stored.clone(), 'R')
            .for_nobody()
            .under(rules)
            .plan(Release);
        assert_eq!(owner(&plan.number), '-');
        assert_eq!(previous(&plan.number), 'R');
        assert_eq!(history(&plan.number), "");
        assert_eq!(plan.number.disconnected, Some(NOW));
        assert_eq!(plan.effects, [disconnect("inventory")]);
        (plan.change, plan.number.state)
    };
    assert_eq!(released(false, false, Available), (Change::Put, Available));
    assert_eq!(released(false, true, Available), (Change::Put, Aging));
    assert_eq!(released(false, false, Released), (Change::Put, Released));
    assert_eq!(released(false, true, Released), (Change::Put, Released));
    assert_eq!(released(true, false, Available), (Change::Remove, Deleted));
    assert_eq!(released(true, true, Available), (Change::Remove, Deleted));
    let rules = Rules {
        released_state: Released,
        ..Rules::default()
    };
    let refused = Ask::about(number(Available, "telnyx", None), 'M')
        .under(rules)
        .refusal(Release);
    assert_eq!(
        shown(&refused),
        "400 invalid_state_transition: from available to released"
    );
}

#[test]
fn release_takes_off_everything_that_the_owner_set() {
    let mut stored = with_history(InService, "telnyx", Some('C'), "CR");
    stored.public = object(json!({ "note": 1, "ringback": { "early": "m" } }));
    stored
        .features
        .insert(Feature::Ringback, json!({ "early": "m" }));
    stored.used_by = Some("callflow".to_owned());
    stored.carrier_data = object(json!({ "order_id": "7" }));
    for history in ["CR", "C", ""] {
        stored.reserve_history = history.chars().map(id).collect();
        let number = Ask::about(stored.clone(), 'C')
            .for_nobody()
            .plan_with(Release, json!({ "ignored": 1 }))
            .number;
        assert_eq!(json!(number.public), json!({}));
        assert_eq!(features(&number), [""; 0]);
        assert_eq!(number.used_by, None);
        assert_eq!(json!(number.carrier_data), json!({ "order_id": "7" }));
        assert_eq!((number.created, number.modified), (BEFORE, NOW));
    }
}

#[test]
fn a_number_is_never_given_back_to_an_account_that_is_gone() {
    let give_back = |history: &str, gone: &str| {
        let ask = Ask {
            gone: gone.chars().map(id).collect(),
            target: None,
            ..Ask::about(
                with_history(InService, "inventory", Some('C'), history),
                'M',
            )
        };
        let plan = ask.plan(Release);
        let freed = !plan.effects.is_empty();
        assert_eq!(freed, plan.number.owner.is_none());
        (
            plan.number.state,
            owner(&plan.number),
            common::history(&plan.number),
        )
    };
    assert_eq!(give_back("CRM", ""), (Reserved, 'R', "RM".to_owned()));
    assert_eq!(give_back("CRM", "R"), (Reserved, 'M', "M".to_owned()));
    assert_eq!(give_back("CXRX", "X"), (Reserved, 'R', "R".to_owned()));
    assert_eq!(give_back("CX", "X"), (Available, '-', String::new()));
    assert_eq!(give_back("CXRXR", "X"), (Reserved, 'R', "R".to_owned()));
}

#[test]
fn only_an_administrator_frees_the_number_of_an_account_that_is_gone() {
    let ask = |caller| Ask {
        gone: vec![id('C')],
        ..Ask::about(with_history(InService, "inventory", Some('C'), "C"), caller)
    };
    for caller in ['R', 'C', 'G', 'U'] {
        assert_eq!(shown(&ask(caller).refusal(Release)), "403 forbidden");
        assert_eq!(shown(&ask(caller).refusal(Activate)), "403 forbidden");
    }
    let plan = ask('M').plan(Release);
    assert_eq!((plan.number.state, owner(&plan.number)), (Available, '-'));
}

#[test]
fn hard_delete_takes_the_record_and_calls_nobody() {
    // 39
    let mut stored = with_history(InService, "telnyx", Some('R'), "RM");
    stored
        .features
        .insert(Feature::Ringback, json!({ "early": "m" }));
    stored.public = object(json!({ "note": 1 }));
    let mobile = number(InService, "mdn", Some('R'));
    for ask in [
        Ask::about(stored.clone(), 'M'),
        Ask::about(stored.clone(), 'M').by_system(),
        Ask::about(mobile, 'M'),
    ] {
        let plan = ask.plan(HardDelete);
        assert_eq!(
            (plan.change, plan.number.state, plan.action),
            (Change::Remove, Deleted, Action::Deleted)
        );
        let stored = ask.number.expect("a record");
        assert_eq!(
            (&plan.number.features, &plan.number.public),
            (&stored.features, &stored.public)
        );
        assert_eq!((plan.effects, plan.charges), (vec![], vec![]));
    }
    for caller in ['R', 'C', 'U'] {
        assert_eq!(
            shown(&Ask::about(stored.clone(), caller).refusal(HardDelete)),
            "403 forbidden"
        );
    }
}

#[test]
fn features_that_may_not_be_had_are_refused() {
    // 44
    let address = json!({ "locality": "SF", "postal_code": "94105", "region": "CA", "street_address": "1 A St" });
    let local = number(InService, "local", Some('R'));
    for operation in [Replace, Merge, Activate, Reserve] {
        let error = Ask::about(local.clone(), 'R')
            .refusal_with(operation, json!({ "note": 1, "e911": address }));
        assert_eq!(
            shown(&error),
            "403 forbidden: feature 'e911' is not available for number +14158867900"
        );
    }
    let mut bought = number(InService, "bandwidth2", Some('R'));
    bought.features_denied = ["e911".to_owned()].into();
    assert_eq!(
        Ask::about(bought.clone(), 'R')
            .refusal_with(Merge, json!({ "e911": address }))
            .code(),
        403
    );
}

/// An emergency address, as it is asked for and as a provider has it.
fn addresses() -> (Value, Value) {
    let asked = json!({ "locality": "SF", "postal_code": "94105", "region": "CA", "street_address": "1 a st" });
    let mut confirmed = asked.clone();
    confirmed["street_address"] = json!("1 A ST");
    confirmed["status"] = json!("PROVISIONED");
    (asked, confirmed)
}

#[test]
fn an_address_is_asked_for_before_it_is_written() {
    let (asked, confirmed) = addresses();
    let bought = number(InService, "bandwidth2", Some('R'));
    let plan = Ask::about(bought.clone(), 'R').plan_with(Merge, json!({ "e911": asked }));
    assert_eq!(plan.effects, [Effect::SetAddress(object(asked.clone()))]);
    let billed: Vec<&str> = plan
        .charges
        .iter()
        .map(|charge| charge.item.as_str())
        .collect();
    assert_eq!(billed, ["dash_e911"]);

    let answer: &'static _ = Box::leak(Box::new(object(confirmed.clone())));
    let mut ask = Ask::about(bought.clone(), 'R');
    ask.address = Some(AddressAnswer::Confirmed(answer));
    let plan = ask.plan_with(Merge, json!({ "e911": asked }));
    assert_eq!(plan.effects, []);
    assert_eq!(plan.number.public["e911"], confirmed);
    assert_eq!(plan.number.features[&Feature::E911], confirmed);

    // The same document again asks nobody.
    let again = Ask::about(plan.number.clone(), 'R')
        .plan_with(Replace, Value::Object(plan.number.public.clone()));
    assert_eq!((again.change, again.effects), (Change::Nothing, vec![]));

    // Not confirmed yet: the old address stands, or none.
    let mut ask = Ask::about(bought, 'R');
    ask.address = Some(AddressAnswer::Pending);
    let waiting = ask
        .plan_with(Merge, json!({ "e911": asked, "note": 1 }))
        .number;
    assert_eq!(waiting.public.get("e911"), None);
    assert_eq!(waiting.public["note"], 1);
    assert_eq!(waiting.address_work, Some(AddressWork::Pending));
    let mut moved = asked.clone();
    moved["street_address"] = json!("2 b st");
    let mut ask = Ask::about(plan.number, 'R');
    ask.address = Some(AddressAnswer::Pending);
    let waiting = ask.plan_with(Merge, json!({ "e911": moved })).number;
    assert_eq!(waiting.features[&Feature::E911], confirmed);
    assert_eq!(waiting.public["e911"], confirmed);
}

#[test]
fn a_part_of_an_address_is_asked_for_without_what_was_made_of_the_one_before() {
    let made = json!({
        "status": "PROVISIONED", "location_id": "1", "latitude": "37.1", "longitude": "-122.1",
        "plus_four": "1234", "legacy_data": { "house_number": "1" },
    });
    let (asked, _) = addresses();
    let mut confirmed = object(asked.clone());
    confirmed.extend(object(made));
    confirmed.insert("notification_contact_emails".into(), json!(["a@b.example"]));
    let mut stored = number(InService, "bandwidth2", Some('R'));
    confirm(&mut stored, &confirmed);
    let asks = |operation, fields: Value| {
        let plan = Ask::about(stored.clone(), 'R').plan_with(operation, fields);
        match &plan.effects[..] {
            [Effect::SetAddress(address)] => json!(address),
            other => panic!("{other:?}"),
        }
    };
    let mut moved = asked;
    moved["street_address"] = json!("2 b st");
    moved["notification_contact_emails"] = json!(["a@b.example"]);
    let patch = json!({ "e911": { "street_address": "2 b st" } });
    assert_eq!(asks(Merge, patch), moved);
    // A document that was read, edited and sent back whole.
    let mut whole = Value::Object(confirmed.clone());
    whole["street_address"] = json!("2 b st");
    assert_eq!(asks(Replace, json!({ "e911": whole })), moved);
    // One of several candidates is chosen by its id.
    moved["location_id"] = json!("2");
    for (operation, mut choice) in [(Merge, json!({})), (Replace, whole)] {
        choice["street_address"] = json!("2 b st");
        choice["location_id"] = json!("2");
        assert_eq!(asks(operation, json!({ "e911": choice })), moved);
    }
    // Under another name it is the same place, and the same choice.
    let patch = json!({ "e911": { "caller_name": "Bakery" } });
    assert_eq!(asks(Merge, patch)["location_id"], "1");
}

#[test]
fn an_address_that_the_number_loses_goes_at_the_provider_too() {
    let (asked, confirmed) = addresses();
    let confirmed = object(confirmed);
    let mut bought = number(InService, "bandwidth2", Some('R'));
    confirm(&mut bought, &confirmed);
    let mut waiting = number(InService, "bandwidth2", Some('R'));
    waiting.address_work = Some(AddressWork::Pending);
    let goes = |stored: &Number, operation, fields| {
        let plan = Ask::about(stored.clone(), 'R').plan_with(operation, fields);
        let removes = plan.effects.contains(&Effect::RemoveAddress);
        assert_eq!(
            removes,
            plan.number.address_work == Some(AddressWork::Removing)
        );
        removes
    };
    for stored in [&bought, &waiting] {
        assert!(goes(stored, Release, json!({})));
        assert!(!goes(stored, Merge, json!({ "note": 1 })));
    }
    assert!(goes(&bought, Merge, json!({ "e911": null })));
    assert!(goes(&bought, Replace, json!({ "note": 1 })));
    for nothing in [json!(null), json!({})] {
        assert!(goes(&waiting, Merge, json!({ "e911": nothing })));
        assert!(goes(&waiting, Replace, json!({ "e911": nothing })));
    }
    // Once is enough.
    let mut going = waiting.clone();
    going.address_work = Some(AddressWork::Removing);
    let again = Ask::about(going, 'R').plan_with(Merge, json!({ "e911": null }));
    assert_eq!((again.change, again.effects), (Change::Nothing, vec![]));
    // What isn't confirmed yet isn't in the document that a client sends back.
    assert!(!goes(&waiting, Replace, json!({ "note": 1 })));
    assert!(!goes(
        &number(InService, "bandwidth2", Some('R')),
        Release,
        json!({})
    ));
    // In states without providers it is a note, and nobody is asked.
    let asked = Ask::about(number(PortOut, "bandwidth2", Some('R')), 'M')
        .plan_with(Merge, json!({ "e911": asked }));
    assert_eq!(asked.effects, []);
}

/// A number on which everything was switched on that `denied` forbids since.
fn denied_since(denied: &[&str]) -> Number {
    let mut stored = number_of('R');
    stored.used_by = Some("trunkstore".to_owned());
    let everything = json!({
        "cnam": { "display_name": "ACME", "inbound_lookup": true },
        "failover": { "e164": "+14158867901" },
        "force_outbound": true,
        "prepend": { "enabled": true, "name": "x" },
        "ringback": { "early": "m" },
        "sms": { "enabled": true },
    });
    let mut on = Ask::about(stored, 'R')
        .plan_with(Replace, everything)
        .number;
    on.public
        .insert("e911".to_owned(), json!({ "region": "CA" }));
    on.features.insert(Feature::E911, json!({ "region": "CA" }));
    on.features_denied = denied.iter().map(|&name| name.to_owned()).collect();
    on
}

const EVERYTHING: [&str; 7] = [
    "cnam",
    "e911",
    "failover",
    "force_outbound",
    "prepend",
    "ringback",
    "sms",
];

#[test]
fn what_was_denied_since_may_stay_and_may_go() {
    // Kazoo refuses every save of a number on which something is on that isn't
    // available any more, even the one that drops it (spec/numbers.md 9): the
    // owner could do nothing with his number but give it back. What a save
    // neither switches on nor changes needs no permission here.
    let stored = denied_since(&EVERYTHING);
    let ask = Ask::about(stored.clone(), 'R');
    let whole = Value::Object(stored.public.clone());
    // It stays: whatever else is changed, whoever sends the document back whole.
    let plan = ask.plan_with(Merge, json!({ "note": 1 }));
    assert_eq!(
        (plan.change, &plan.number.features),
        (Change::Put, &stored.features)
    );
    assert_eq!(
        ask.plan_with(Replace, whole.clone()).change,
        Change::Nothing
    );
    let mut noted = stored.public.clone();
    noted.insert("note".to_owned(), 1.into());
    let plan = ask.plan_with(Replace, Value::Object(noted));
    assert_eq!(
        (plan.change, &plan.number.features),
        (Change::Put, &stored.features)
    );
    assert_eq!(plan.charges, []);
    // It goes: all at once, or one by one in each of the ways to say so.
    assert_eq!(features(&ask.plan(Replace).number), [""; 0]);
    for (field, off, feature) in [
        ("cnam", json!({ "inbound_lookup": false }), "inbound_cnam"),
        ("cnam", json!({ "display_name": null }), "outbound_cnam"),
        ("e911", json!({}), "e911"),
        ("failover", json!(null), "failover"),
        ("force_outbound", json!(null), "force_outbound"),
        ("prepend", json!({ "enabled": false }), "prepend"),
        ("ringback", json!({}), "ringback"),
        ("sms", json!({ "enabled": false }), "sms"),
    ] {
        let number = ask.plan_with(Merge, json!({ field: off })).number;
        let mut left = features(&stored);
        left.retain(|name| *name != feature);
        assert_eq!(features(&number), left, "{field}: {off}");
        // Off is off: it doesn't come back.
        let again = Ask::about(number, 'R').refusal_with(Merge, json!({ field: whole[field] }));
        assert_eq!(
            shown(&again),
            format!("403 forbidden: feature '{feature}' is not available for number +14158867900")
        );
    }
}

#[test]
fn what_was_denied_since_may_not_be_changed() {
    let ask = Ask::about(denied_since(&EVERYTHING), 'R');
    for (field, other, feature) in [
        ("cnam", json!({ "display_name": "OTHER" }), "outbound_cnam"),
        ("e911", json!({ "region": "NV" }), "e911"),
        ("failover", json!({ "e164": "+14158867902" }), "failover"),
        ("force_outbound", json!(false), "force_outbound"),
        ("prepend", json!({ "name": "y" }), "prepend"),
        ("ringback", json!({ "transfer": "m" }), "ringback"),
        ("sms", json!({ "more": 1 }), "sms"),
    ] {
        let error = ask.refusal_with(Merge, json!({ "note": 1, field: other }));
        assert_eq!(
            shown(&error),
            format!("403 forbidden: feature '{feature}' is not available for number +14158867900")
        );
    }
    // Nor carried over to another account: for that one it is all new.
    let mut stored = denied_since(&["prepend"]);
    stored.public.shift_remove("e911");
    stored.features.remove(&Feature::E911);
    let fields = Value::Object(stored.public.clone());
    let ask = Ask::about(stored, 'R').for_account('C');
    let error = ask.refusal_with(Activate, fields);
    assert_eq!(error.code(), 403);
    assert_eq!(features(&ask.plan(Activate).number), [""; 0]);
}

#[test]
fn an_address_from_elsewhere_is_a_note_until_somebody_asks_for_it() {
    // Imports keep addresses that nobody has confirmed here.
    for carrier in ["local", "telnyx"] {
        let mut stored = number(InService, carrier, Some('R'));
        stored.public = object(json!({ "e911": { "region": "CA", "locality": "SF" } }));
        let ask = Ask::about(stored.clone(), 'R');
        let number = ask.plan_with(Merge, json!({ "note": 1 })).number;
        assert_eq!(number.public["e911"], stored.public["e911"]);
        assert_eq!(number.features, stored.features);
        // A request that names it wants it confirmed, in whatever words.
        for fields in [
            json!({ "e911": stored.public["e911"] }),
            json!({ "e911": { "region": "NV" } }),
        ] {
            for operation in [Merge, Replace, Activate, Reserve] {
                let found = ask.decide_with(operation, fields.clone());
                let asks = found.map(|plan| matches!(plan.effects[..], [Effect::SetAddress(_)]));
                let expected = if carrier == "local" {
                    Err(403)
                } else {
                    Ok(true)
                };
                assert_eq!(
                    asks.map_err(|error| error.code()),
                    expected,
                    "{operation:?} {fields}"
                );
            }
        }
        assert_eq!(json!(ask.plan(Replace).number.public), json!({}));
    }
    // While its provider thinks about it, it isn't shown as what help would find.
    let mut stored = number(Available, "telnyx", None);
    stored.public = object(json!({ "e911": { "region": "CA", "status": "PROVISIONED" } }));
    let mut ask = Ask::about(stored.clone(), 'R');
    ask.address = Some(AddressAnswer::Pending);
    let waiting = ask.plan_with(Reserve, Value::Object(stored.public)).number;
    assert_eq!(waiting.public.get("e911"), None);
    assert_eq!(waiting.address_work, Some(AddressWork::Pending));
}

#[test]
fn one_half_of_caller_names_can_be_denied() {
    for (denied, fields) in [
        (
            "inbound_cnam",
            json!({ "cnam": { "inbound_lookup": true } }),
        ),
        (
            "outbound_cnam",
            json!({ "cnam": { "display_name": "ACME" } }),
        ),
    ] {
        let mut stored = number(InService, "telnyx", Some('R'));
        stored.features_denied = [denied.to_owned()].into();
        let error = Ask::about(stored, 'R').refusal_with(Replace, fields);
        assert_eq!(
            shown(&error),
            format!("403 forbidden: feature '{denied}' is not available for number +14158867900")
        );
    }
    let mut stored = number(InService, "telnyx", Some('R'));
    stored.features_denied = ["inbound_cnam".to_owned()].into();
    let plan =
        Ask::about(stored, 'R').plan_with(Replace, json!({ "cnam": { "display_name": "ACME" } }));
    assert_eq!(features(&plan.number), ["outbound_cnam"]);
}

#[test]
fn administrators_rename_the_carrier() {
    // 45
    let ask = Ask::unknown('M').for_account('R');
    for (name, module) in [
        ("telnyx", "knm_telnyx"),
        ("knm_telnyx", "knm_telnyx"),
        ("bandwidth", "knm_bandwidth2"),
    ] {
        let number = ask
            .plan_with(Create(InService), json!({ "carrier_name": name, "a": 1 }))
            .number;
        assert_eq!(number.carrier.module(), module);
        assert_eq!(json!(number.public), json!({ "a": 1 }));
        assert_eq!(features(&number), [""; 0]);
    }
    for (sent, cause) in [
        (json!("wrong_carrier"), "wrong_carrier"),
        (json!("knm_wrong"), "knm_wrong"),
        (json!(5), "5"),
        (json!("reserved"), "reserved"),
    ] {
        let error = ask.refusal_with(Create(InService), json!({ "carrier_name": sent }));
        assert_eq!(
            shown(&error),
            format!("400 invalid: '{cause}' is not known by the system")
        );
    }
    let error =
        Ask::unknown('R').refusal_with(Create(InService), json!({ "carrier_name": "telnyx" }));
    assert_eq!((error.code(), error.name()), (403, "forbidden"));
    // 46
    let bought = number(InService, "telnyx", Some('R'));
    let number = Ask::about(bought.clone(), 'M')
        .plan_with(Merge, json!({ "carrier_name": "local" }))
        .number;
    assert_eq!(
        (number.carrier.as_str(), features(&number)),
        ("local", vec!["local"])
    );
    assert_eq!(json!(number.public), json!({}));
    let back = Ask::about(number, 'M')
        .plan_with(Merge, json!({ "carrier_name": "telnyx" }))
        .number;
    assert_eq!((back.carrier.as_str(), features(&back)), ("telnyx", vec![]));
    // An empty name asks for nothing; its own name changes nothing.
    for name in [json!(""), Value::Null, json!("telnyx")] {
        let plan =
            Ask::about(bought.clone(), 'M').plan_with(Merge, json!({ "carrier_name": name }));
        assert_eq!(plan.change, Change::Nothing);
    }
    for caller in ['R', 'C'] {
        let error = Ask::about(number_of(caller), caller)
            .refusal_with(Replace, json!({ "carrier_name": "telnyx" }));
        assert_eq!(error.code(), 403);
    }
}

fn number_of(owner: char) -> Number {
    number(InService, "telnyx", Some(owner))
}

#[test]
fn the_new_carrier_drops_what_it_denies_first() {
    let mut stored = number_of('R');
    stored.public =
        object(json!({ "cnam": { "display_name": "ACME" }, "ringback": { "early": "m" } }));
    stored
        .features
        .insert(Feature::OutboundCnam, json!({ "display_name": "ACME" }));
    stored
        .features
        .insert(Feature::Ringback, json!({ "early": "m" }));
    let fields = json!({ "carrier_name": "local", "ringback": { "early": "m" } });
    let number = Ask::about(stored.clone(), 'M')
        .plan_with(Replace, fields)
        .number;
    assert_eq!(features(&number), ["local", "ringback"]);
    // As long as the document asks for it, it is refused instead.
    assert_eq!(
        Ask::about(stored, 'M')
            .refusal_with(Merge, json!({ "carrier_name": "local" }))
            .code(),
        403
    );
}

#[test]
fn a_managed_number_is_made_for_the_account_that_it_is_created_for() {
    let pool = |ask: Ask, fields| {
        ask.plan_with(Create(Available), fields)
            .number
            .pool()
            .map(str::to_owned)
    };
    let ask = Ask::unknown('M').for_account('R');
    let r = Some(id('R').as_str().to_owned());
    assert_eq!(
        pool(ask.clone().under(rules_with_carrier("managed")), json!({})),
        r
    );
    assert_eq!(pool(ask.clone(), json!({ "carrier_name": "managed" })), r);
    assert_eq!(pool(ask, json!({})), None);
}

// What moves and what stays.

#[test]
fn every_change_of_owner_forgets_the_application_and_remembers_the_owner() {
    let mut stored = with_history(InService, "inventory", Some('C'), "CR");
    stored.used_by = Some("callflow".to_owned());
    stored.previous_owner = Some(id('U'));
    let moved = Ask::about(stored.clone(), 'R').plan(Activate).number;
    assert_eq!(
        (owner(&moved), previous(&moved), moved.used_by.as_deref()),
        ('R', 'C', None)
    );
    let reserved = Ask::about(stored.clone(), 'R').plan(Reserve).number;
    assert_eq!(
        (
            owner(&reserved),
            previous(&reserved),
            reserved.used_by.as_deref()
        ),
        ('R', 'C', None)
    );
    assert_eq!(common::history(&reserved), "RCR");
    let returned = Ask::about(stored.clone(), 'C')
        .for_nobody()
        .plan(Release)
        .number;
    assert_eq!(
        (
            owner(&returned),
            previous(&returned),
            returned.used_by.as_deref()
        ),
        ('R', 'C', None)
    );
    // The same owner again: both stay.
    let kept = Ask::about(stored, 'C').plan(Reserve).number;
    assert_eq!(
        (owner(&kept), previous(&kept), kept.used_by.as_deref()),
        ('C', 'U', Some("callflow"))
    );
    assert_eq!(common::history(&kept), "CR");
}

#[test]
fn the_systems_own_jobs_say_who_uses_a_new_number() {
    let ask = Ask {
        used_by: Some("trunkstore".to_owned()),
        ..Ask::unknown('R').by_system()
    };
    assert_eq!(
        ask.plan(Create(InService)).number.used_by.as_deref(),
        Some("trunkstore")
    );
}

#[test]
fn updates_never_change_state_or_owner() {
    for state in State::ALL {
        for operation in [Replace, Merge] {
            let stored = with_history(state, "inventory", Some('C'), "CR");
            let ask = Ask::about(stored.clone(), 'M').for_account('U');
            let plan = ask.plan_with(operation, json!({ "a": 1 }));
            assert_eq!((plan.change, plan.action), (Change::Put, Action::Updated));
            assert_eq!((plan.number.state, owner(&plan.number)), (state, 'C'));
            assert_eq!(plan.number.reserve_history, stored.reserve_history);
            assert_eq!(
                (plan.number.modified, plan.number.authorizing_account),
                (NOW, Some(id('M')))
            );
        }
    }
}

#[test]
fn replace_replaces_and_merge_merges() {
    let mut stored = number_of('R');
    stored.public = object(json!({ "a": { "b": 1, "c": 2 }, "d": 3 }));
    let fields = json!({ "a": { "b": null, "e": 4 }, "d": null, "im": {}, "list": [1, null] });
    let replaced = Ask::about(stored.clone(), 'R')
        .plan_with(Replace, fields.clone())
        .number;
    assert_eq!(
        json!(replaced.public),
        json!({ "a": { "e": 4 }, "list": [1, null] })
    );
    let merged = Ask::about(stored.clone(), 'R')
        .plan_with(Merge, fields)
        .number;
    assert_eq!(
        json!(merged.public),
        json!({ "a": { "c": 2, "e": 4 }, "list": [1, null] })
    );
    // Creating, reserving, activating and porting replace too.
    for (state, operation) in [
        (Available, Reserve),
        (Available, Activate),
        (Available, Create(InService)),
        (InService, Reserve),
        (Reserved, Activate),
        (PortIn, Port),
    ] {
        let owner = state.needs_owner().then_some('R');
        let mut stored = number(state, "telnyx", owner);
        stored.public = object(json!({ "old": 1 }));
        let number = Ask::about(stored, 'R')
            .plan_with(operation, json!({ "new": 1, "null": null }))
            .number;
        assert_eq!(
            json!(number.public),
            json!({ "new": 1 }),
            "{operation:?} from {state}"
        );
    }
}

#[test]
fn what_changes_nothing_is_not_written() {
    let mut stored = with_history(InService, "telnyx", Some('R'), "R");
    stored.public = object(json!({ "a": 1, "cnam": { "display_name": "ACME" } }));
    stored
        .features
        .insert(Feature::OutboundCnam, json!({ "display_name": "ACME" }));
    stored.used_by = Some("callflow".to_owned());
    stored.authorizing_account = Some(id('R'));
    let document = Value::Object(stored.public.clone());
    for caller in ['M', 'R'] {
        let ask = Ask::about(stored.clone(), caller).for_account('R');
        for plan in [
            ask.plan(Activate),
            ask.plan(Merge),
            ask.plan_with(Merge, json!({ "a": 1, "b": null })),
            ask.plan_with(Replace, document.clone()),
            ask.plan_with(Activate, document.clone()),
        ] {
            assert_eq!(plan.change, Change::Nothing);
            assert_eq!(plan.number, stored);
            assert_eq!(plan.number.modified, BEFORE);
            assert_eq!((plan.effects, plan.charges), (vec![], vec![]));
        }
    }
    // With other fields the activation is a change like any other.
    let plan = Ask::about(stored, 'R').plan_with(Activate, json!({ "a": 2 }));
    assert_eq!(
        (plan.change, json!(plan.number.public)),
        (Change::Put, json!({ "a": 2 }))
    );
    assert_eq!(
        (plan.number.modified, features(&plan.number)),
        (NOW, vec![])
    );
}

#[test]
fn force_outbound_survives_as_a_boolean() {
    for (sent, kept) in [
        (json!(true), Some(json!(true))),
        (json!(false), Some(json!(false))),
        (json!("true"), None),
    ] {
        let number = Ask::about(number_of('R'), 'R')
            .plan_with(Replace, json!({ "force_outbound": sent }))
            .number;
        assert_eq!(number.features.get(&Feature::ForceOutbound), kept.as_ref());
    }
}

#[test]
fn aging_numbers_go_to_who_had_them_last() {
    let mut stored = number(Aging, "inventory", None);
    stored.disconnected = Some(BEFORE);
    stored.previous_owner = Some(id('C'));
    for caller in ['C', 'R'] {
        let plan = Ask::about(stored.clone(), caller)
            .for_account('C')
            .plan(Activate);
        let number = &plan.number;
        assert_eq!(
            (number.state, owner(number), number.disconnected),
            (InService, 'C', None)
        );
        assert_eq!(plan.effects, []);
    }
    let cause = "number +14158867900 is aging: until it is available again only its previous owner may activate it";
    for caller in ['R', 'G', 'U'] {
        let error = Ask::about(stored.clone(), caller).refusal(Activate);
        assert_eq!(shown(&error), format!("403 forbidden: {cause}"));
    }
    assert_eq!(
        owner(
            &Ask::about(stored.clone(), 'M')
                .for_account('U')
                .plan(Activate)
                .number
        ),
        'U'
    );
    // By creating neither.
    assert_eq!(
        Ask::about(stored.clone(), 'R')
            .refusal(Create(InService))
            .code(),
        403
    );
    stored.previous_owner = Some(id('R'));
    assert_eq!(
        owner(
            &Ask::about(stored.clone(), 'R')
                .plan(Create(InService))
                .number
        ),
        'R'
    );
    // Nobody had it: administrators only.
    stored.previous_owner = None;
    assert_eq!(
        Ask::about(stored.clone(), 'R').refusal(Activate).code(),
        403
    );
    assert_eq!(owner(&Ask::about(stored, 'M').plan(Activate).number), 'M');
}

#[test]
fn the_end_of_the_rest_puts_a_number_up_for_sale() {
    let mut stored = number(Aging, "inventory", None);
    stored.previous_owner = Some(id('C'));
    stored.disconnected = Some(BEFORE);
    let ask = Ask::about(stored, 'M').by_system().for_nobody();
    let plan = ask.plan(Operation::EndRest);
    assert_eq!((plan.change, plan.action), (Change::Put, Action::Aged));
    assert_eq!(
        (
            plan.number.state,
            owner(&plan.number),
            previous(&plan.number)
        ),
        (Available, '-', 'C')
    );
    assert_eq!(
        (plan.number.modified, plan.number.authorizing_account),
        (NOW, None)
    );
    assert_eq!((plan.effects, plan.charges), (vec![], vec![]));
}

#[test]
fn no_rest_ends_before_its_time() {
    // Used and given up once more since the job looked for it.
    let mut stored = number(Aging, "inventory", None);
    stored.rests_until = Some(NOW.plus_days(1));
    let job = |stored: &Number| Ask::about(stored.clone(), 'M').by_system().for_nobody();
    assert_eq!(
        shown(&job(&stored).refusal(Operation::EndRest)),
        "400 invalid_state_transition: from aging to available"
    );
    stored.rests_until = Some(NOW);
    let number = job(&stored).plan(Operation::EndRest).number;
    assert_eq!((number.state, number.rests_until), (Available, None));
}

#[test]
fn a_rest_without_an_end_gets_one() {
    // A record made elsewhere: it rests from its last change on.
    let endless = |modified: numbers::gregorian::GregorianSeconds| {
        let mut stored = number(Aging, "inventory", None);
        (stored.rests_until, stored.modified) = (None, modified);
        Ask::about(stored, 'M').by_system().for_nobody()
    };
    let since = numbers::gregorian::GregorianSeconds::new(NOW.get() - 86_400);
    let plan = endless(since).plan(Operation::EndRest);
    assert_eq!((plan.change, plan.action), (Change::Put, Action::Fixed));
    assert_eq!(
        (plan.number.state, plan.number.rests_until),
        (Aging, Some(since.plus_days(REST_DAYS)))
    );
    // Long ago: it is over.
    let plan = endless(BEFORE).plan(Operation::EndRest);
    assert_eq!((plan.change, plan.action), (Change::Put, Action::Aged));
    assert_eq!(
        (plan.number.state, plan.number.rests_until),
        (Available, None)
    );
    // Any other change writes it down too.
    let ask = Ask {
        caller: Some('M'),
        target: Some('M'),
        ..endless(since)
    };
    let number = ask.plan_with(Merge, json!({ "a": 1 })).number;
    assert_eq!(number.rests_until, Some(since.plus_days(REST_DAYS)));
}

#[test]
fn what_nobody_owns_is_hidden_from_who_would_give_it_back() {
    // The account in the URL gets nothing by it, so it gives no right
    // (spec/life.md 2.1): not even the state is told.
    for state in [Aging, Discovery, Released, PortOut] {
        for carrier in ["local", "inventory"] {
            for caller in ['R', 'C', 'U'] {
                let ask = Ask::about(number(state, carrier, None), caller);
                for operation in [Release, HardDelete, Operation::EndRest] {
                    assert_eq!(shown(&ask.refusal(operation)), "403 forbidden", "{state}");
                }
            }
        }
    }
}

#[test]
fn a_mobile_number_is_released_only_where_every_number_is() {
    // Spec/life.md 2.6: `local` alone may be released in any state.
    for state in [Available, Aging, Discovery, PortOut] {
        let ask = Ask::about(number(state, "mdn", None), 'M');
        assert_eq!(
            shown(&ask.refusal(Release)),
            format!("400 invalid_state_transition: from {state} to available")
        );
        let ask = Ask::about(number(state, "local", None), 'M');
        assert_eq!(ask.plan(Release).change, Change::Remove, "{state}");
    }
}

#[test]
fn numbers_of_others_are_not_talked_about() {
    // A change through another's URL finds nothing, even where reading is allowed.
    let reserved = number(Reserved, "inventory", Some('R'));
    assert_eq!(Ask::about(reserved.clone(), 'C').refusal(Merge).code(), 404);
    assert_eq!(
        Ask::about(reserved.clone(), 'C')
            .for_account('R')
            .refusal(Merge)
            .code(),
        403
    );
    let taken = number_of('C');
    for caller in ['R', 'G', 'U'] {
        for operation in [Replace, Merge] {
            assert_eq!(
                shown(&Ask::about(taken.clone(), caller).refusal(operation)),
                "404 not_found: +14158867900"
            );
        }
    }
    assert_eq!(
        Ask::about(taken.clone(), 'R')
            .for_account('C')
            .plan_with(Merge, json!({ "a": 1 }))
            .change,
        Change::Put
    );
    // A stranger learns nothing of the state: a number that could not be
    // reserved or released anyway is forbidden like every other.
    for state in State::ALL.into_iter().filter(|state| *state != Available) {
        let hidden = number(state, "inventory", Some('C'));
        for operation in [Reserve, Release, HardDelete] {
            assert_eq!(
                shown(&Ask::about(hidden.clone(), 'U').refusal(operation)),
                "403 forbidden",
                "{state}"
            );
        }
    }
}

#[test]
fn the_first_of_several_faults_is_told() {
    // State, target, existing record, port, way, right, carrier, feature.
    let taken = number_of('C');
    assert_eq!(
        shown(
            &Ask::about(taken.clone(), 'C')
                .for_nobody()
                .refusal(Create(Aging))
        ),
        "403 forbidden: creating number in state 'aging' is not allowed"
    );
    assert_eq!(
        shown(
            &Ask::about(taken.clone(), 'M')
                .for_nobody()
                .refusal(Create(Aging))
        ),
        "400 assign_failure: field_undefined"
    );
    assert_eq!(
        shown(&Ask::about(taken, 'U').for_nobody().refusal(Activate)),
        "400 assign_failure: field_undefined"
    );
    let bad = json!({ "carrier_name": "nonsense", "e911": { "region": "CA" } });
    let ask = Ask::unknown('M');
    assert_eq!(
        ask.refusal_with(Create(InService), bad.clone()).name(),
        "invalid"
    );
    let ask = Ask {
        porting: true,
        ..ask
    };
    assert_eq!(
        ask.refusal_with(Create(InService), bad.clone()).name(),
        "number_is_porting"
    );
    let ask = Ask::about(number(Aging, "local", None), 'M');
    assert_eq!(
        ask.refusal_with(Create(Reserved), bad).name(),
        "invalid_state_transition"
    );
}

// Charges.

fn charge(category: Category, item: &str) -> Charge {
    Charge {
        category,
        item: item.to_owned(),
    }
}

#[test]
fn the_new_owner_pays_for_what_he_gets() {
    let number_charge = || charge(Category::PhoneNumbers, "did_us");
    let offered = Ask::offered("telnyx", 'R');
    assert_eq!(offered.plan(Reserve).charges, [number_charge()]);
    let fields = json!({ "cnam": { "display_name": "ACME", "inbound_lookup": true }, "prepend": { "enabled": true, "name": "x" } });
    assert_eq!(
        offered.plan_with(Activate, fields.clone()).charges,
        [
            number_charge(),
            charge(Category::NumberServices, "cnam"),
            charge(Category::NumberServices, "prepend")
        ]
    );
    // His own, put into service: paid for already, but for the feature.
    let reserved = offered.plan(Reserve).number;
    assert_eq!(Ask::about(reserved.clone(), 'R').plan(Activate).charges, []);
    assert_eq!(
        Ask::about(reserved.clone(), 'R')
            .plan_with(Merge, fields)
            .charges,
        [charge(Category::NumberServices, "cnam")]
    );
    assert_eq!(
        Ask::about(reserved, 'C').plan(Activate).charges,
        [number_charge()]
    );
    // Numbers of the house are free.
    for carrier in ["local", "inventory"] {
        assert_eq!(
            Ask::about(number(Available, carrier, None), 'R')
                .plan(Activate)
                .charges,
            [],
            "{carrier}"
        );
    }
}

#[test]
fn giving_back_never_costs() {
    // Spec/life.md 2.6: not even the account that gets it back.
    let stored = with_history(InService, "telnyx", Some('C'), "CR");
    let plan = Ask::about(stored, 'C').for_nobody().plan(Release);
    assert_eq!((owner(&plan.number), plan.charges), ('R', vec![]));
    let plan = Ask::about(number_of('C'), 'C').for_nobody().plan(Release);
    assert_eq!(plan.charges, []);
}

#[test]
fn the_same_question_has_the_same_answer() {
    let ask = Ask::offered("telnyx", 'R');
    assert_eq!(ask.decide(Activate), ask.decide(Activate));
    assert_eq!(ask.plan(Activate).number.id, key());
}
