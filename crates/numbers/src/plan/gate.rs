//! Who may know of the number, and who may take the step.

use super::Situation;
use crate::authorize::Standing;
use crate::error::NumberError;
use crate::life::{Operation, Step, Who};
use crate::state::State;

/// A step of the life's table that this caller may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Granted {
    /// The number becomes the target's in this state.
    Assign(State),
    /// The number is nobody's in this state.
    Unassign(State),
    /// State and owner stay.
    Stay,
    /// It is being bought for who asks: nothing changes.
    Waiting,
    /// Back to who reserved it before, or to nobody.
    GiveBack,
    /// The record goes.
    Remove,
}

impl Situation<'_> {
    /// The gate before the table: who may not know of a number learns nothing
    /// of its state. Creating and porting say only that it exists, so that of
    /// two accounts that race for a number one gets it and the other a 409. A
    /// change through another account's URL finds nothing.
    pub(super) fn hide_from_others(
        &self,
        operation: Operation,
        standing: &Standing<'_>,
    ) -> Result<(), NumberError> {
        let Some(number) = self.number else {
            return Ok(());
        };
        if matches!(operation, Operation::Replace | Operation::Merge)
            && !standing.is_admin()
            && number.owner.is_some()
            && !standing.target_is_owner()
        {
            return Err(NumberError::NotFound(self.key.clone()));
        }
        if standing.may_read(number.state) {
            return Ok(());
        }
        match operation {
            Operation::Create(_) | Operation::Port => {
                Err(NumberError::NumberExists(self.key.clone()))
            }
            // Of an aging number its table row says who may have it.
            Operation::Activate if number.state == State::Aging => Ok(()),
            _ => Err(NumberError::forbidden()),
        }
    }

    /// While an order is open, nothing but the order changes the number. Who
    /// asks again for what is being bought for him has it as it stands.
    pub(super) fn waiting(
        &self,
        operation: Operation,
        standing: &Standing<'_>,
    ) -> Result<Option<Granted>, NumberError> {
        let Some(order) = self.number.and_then(|number| number.order.as_ref()) else {
            return Ok(None);
        };
        let asked = match operation {
            Operation::Activate => Some(State::InService),
            Operation::Reserve => Some(State::Reserved),
            _ => None,
        };
        if asked == Some(order.becomes) && standing.target_is_owner() {
            return Ok(Some(Granted::Waiting));
        }
        Err(NumberError::OrderOpen(self.key.clone()))
    }

    /// No rest ends before its time: between the look for numbers whose rest is
    /// over and this decision, one may have been used and given up once more. A
    /// record without an end of its rest gets one instead.
    pub(super) fn unless_resting(
        &self,
        operation: Operation,
        granted: Granted,
    ) -> Result<Granted, NumberError> {
        let resting = self.number.filter(|number| {
            let ends = number.rest_ends(self.rest_days);
            operation == Operation::EndRest && ends.is_some_and(|ends| ends > self.now)
        });
        match resting {
            None => Ok(granted),
            Some(number) if number.rests_until.is_none() => Ok(Granted::Stay),
            Some(number) => Err(NumberError::transition(
                Some(number.state),
                State::Available,
            )),
        }
    }

    /// Turns what the table says into a refusal, or lets the step pass.
    pub(super) fn authorize(
        &self,
        operation: Operation,
        step: Step,
        standing: &Standing<'_>,
    ) -> Result<Granted, NumberError> {
        let state = self.number.map(|number| number.state);
        let (who, granted) = match step {
            Step::Assign(state, who) => (who, Granted::Assign(state)),
            Step::Unassign(state, who) => (who, Granted::Unassign(state)),
            Step::Stay(who) => (who, Granted::Stay),
            Step::GiveBack(who) => (who, Granted::GiveBack),
            Step::Remove(who) => (who, Granted::Remove),
            Step::NoChangeRequired => return Err(NumberError::NoChangeRequired),
            Step::NotFound => return Err(NumberError::NotFound(self.key.clone())),
            Step::Exists => return Err(NumberError::NumberExists(self.key.clone())),
            Step::NoWay(to) => return Err(NumberError::transition(state, to)),
            Step::NoWayForMobile(to) => {
                return Err(NumberError::InvalidStateTransition {
                    from: "'MDN'".to_owned(),
                    to: to.to_string(),
                });
            }
        };
        // Releasing or changing what nobody owns is the operator's business,
        // whichever account's URL is used.
        let unowned = self.number.is_some_and(|number| number.owner.is_none());
        let keeper_only = matches!(
            operation,
            Operation::Release | Operation::Replace | Operation::Merge
        );
        let allowed = match who {
            Who::Anybody => true,
            Who::Authority if unowned && keeper_only => standing.is_admin(),
            Who::Authority => standing.has_authority(),
            Who::AuthorityOrBelow => {
                standing.has_authority() || state.is_some_and(|s| standing.is_reserved_above(s))
            }
            Who::PreviousOwner => {
                let previous = self
                    .number
                    .and_then(|number| number.previous_owner.as_ref());
                standing.is_admin() || previous.is_some() && previous == self.target.map(|t| &t.id)
            }
            Who::Admin => standing.is_admin(),
        };
        match (allowed, who) {
            (true, _) => Ok(granted),
            (false, Who::PreviousOwner) => Err(NumberError::Forbidden {
                cause: Some(format!(
                    "number {} is aging: until it is available again only its previous owner may activate it",
                    self.key
                )),
            }),
            (false, _) => Err(NumberError::forbidden()),
        }
    }
}
