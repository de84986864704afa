//! What a granted step makes of the record.

use serde_json::Map;

use super::gate::Granted;
use super::{Change, Command, Effect, Plan, Rules, Situation};
use crate::event::Action;
use crate::life::Operation;
use crate::number::{Features, Number};
use crate::state::State;

impl Situation<'_> {
    /// The plan of a step that is allowed, before fields and features.
    pub(super) fn carry_out(
        &self,
        command: &Command,
        operation: Operation,
        granted: Granted,
        rules: &Rules,
    ) -> Plan {
        let mut plan = Plan {
            change: Change::Put,
            number: self.starting_point(command, operation, rules),
            action: action(operation),
            effects: Vec::new(),
            charges: Vec::new(),
        };
        match granted {
            Granted::Assign(state) => self.assign(&mut plan, operation, state),
            Granted::Unassign(state) => unassign(&mut plan.number, state),
            Granted::GiveBack => self.give_back(&mut plan, rules),
            Granted::Remove => {
                plan.change = Change::Remove;
                plan.number.state = State::Deleted;
            }
            // What an end of a rest leaves as it is, it has only repaired.
            Granted::Stay if operation == Operation::EndRest => plan.action = Action::Fixed,
            Granted::Stay => {}
            Granted::Waiting => plan.change = Change::Nothing,
        }
        if let Operation::Create(_) = operation {
            plan.number.ported_in |= command.ported_in;
            if command.used_by.is_some() {
                plan.number.used_by.clone_from(&command.used_by);
            }
        }
        plan
    }

    /// The record that the step changes: the stored one, the offered one, or a
    /// new one.
    fn starting_point(&self, command: &Command, operation: Operation, rules: &Rules) -> Number {
        if let Some(number) = self.number {
            return number.clone();
        }
        let fresh = |carrier| Number::new(self.key.clone(), State::Discovery, carrier, self.now);
        match (operation, self.offer) {
            (Operation::Create(State::PortIn) | Operation::Port, _) => {
                fresh(rules.port_in_carrier.clone())
            }
            (Operation::Create(_), _) if command.ported_in => fresh(rules.port_in_carrier.clone()),
            (Operation::Create(_), _) | (_, None) => fresh(rules.available_carrier.clone()),
            (_, Some(offer)) => {
                let mut number = fresh(offer.carrier.clone());
                number.carrier_data.clone_from(&offer.carrier_data);
                number
            }
        }
    }

    fn assign(&self, plan: &mut Plan, operation: Operation, state: State) {
        let number = &mut plan.number;
        let discovered = match self.number {
            Some(stored) => stored.state == State::Discovery,
            None => {
                self.offer.is_some() && !matches!(operation, Operation::Create(_) | Operation::Port)
            }
        };
        if discovered {
            plan.effects.push(Effect::Order(number.carrier.clone()));
        }
        number.state = state;
        number.disconnected = None;
        if let Some(target) = self.target {
            number.assign(Some(target.id.clone()));
            if state == State::Reserved {
                number.push_reservation(&target.id);
            }
        }
    }

    /// Back to who reserved it before, or to nobody (spec/life.md 2.5, 2.6).
    fn give_back(&self, plan: &mut Plan, rules: &Rules) {
        let number = &mut plan.number;
        number.public = Map::new();
        number.features = Features::new();
        number.mark_local();
        if number.reserve_history.len() >= 2 {
            number.reserve_history.remove(0);
            number
                .reserve_history
                .retain(|account| !self.gone.contains(account));
            number.reserve_history.dedup();
        } else {
            number.reserve_history.clear();
        }
        if let Some(heir) = number.reserve_history.first().cloned() {
            number.assign(Some(heir));
            number.state = State::Reserved;
            return;
        }
        number.assign(None);
        number.state = rules.released_state;
        number.disconnected = Some(self.now);
        plan.effects
            .push(Effect::Disconnect(number.carrier.clone()));
        if rules.remove_released || number.carrier.is_local() {
            plan.change = Change::Remove;
            number.state = State::Deleted;
        } else if rules.age_released && number.state == State::Available {
            number.state = State::Aging;
        }
    }
}

fn unassign(number: &mut Number, state: State) {
    number.assign(None);
    number.reserve_history.clear();
    number.state = state;
}

const fn action(operation: Operation) -> Action {
    match operation {
        Operation::Create(_) => Action::Created,
        Operation::Reserve => Action::Reserved,
        Operation::Activate => Action::Activated,
        Operation::Port => Action::Porting,
        Operation::Replace | Operation::Merge => Action::Updated,
        Operation::Release => Action::Released,
        Operation::HardDelete => Action::Deleted,
        Operation::EndRest => Action::Aged,
    }
}
