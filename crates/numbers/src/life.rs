//! The life of a number: one table of what each operation does in each state
//! (spec/numbers.md 3 and 4, spec/life.md 2).

use crate::state::State;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Put a number into the database, in this state.
    Create(State),
    /// Keep it for an account.
    Reserve,
    /// Put it into service for an account; moves it from another one.
    Activate,
    /// Expect it by a port.
    Port,
    /// Replace the public fields.
    Replace,
    /// Merge into the public fields.
    Merge,
    /// Give it back.
    Release,
    /// Remove it, whatever its state.
    HardDelete,
    /// End the rest of an aging number: it is for sale again.
    EndRest,
}

/// Where the number is when the operation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// Neither record nor live offer.
    Unknown,
    /// A carrier offers it to this caller.
    Offered,
    /// A record in this state.
    Stored(State),
}

/// What else the table looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The number is the target's.
    pub target_is_owner: bool,
    /// Its carrier is `local` or `mdn`, whose numbers are simply ours.
    pub local: bool,
    /// Its carrier is `mdn`: a mobile number.
    pub mdn: bool,
}

/// Who may take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Every authenticated caller.
    Anybody,
    /// The owner or somebody above him; see [`crate::authorize`], "A".
    Authority,
    /// The same, or somebody below who takes what is reserved above him.
    AuthorityOrBelow,
    /// The last owner before the number's rest.
    PreviousOwner,
    /// Administrators.
    Admin,
}

/// What the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The number becomes the target's, or stays so, in this state.
    Assign(State, Who),
    /// The number is nobody's, in this state.
    Unassign(State, Who),
    /// State and owner stay.
    Stay(Who),
    /// The owner gives the number back: to who reserved it before, or for good.
    GiveBack(Who),
    /// The record goes.
    Remove(Who),
    /// Refused: it is what was asked for already.
    NoChangeRequired,
    /// Refused: there is no such number.
    NotFound,
    /// Refused: the number is in use.
    Exists,
    /// Refused: there is no way to this state.
    NoWay(State),
    /// Refused: mobile numbers have no way to this state.
    NoWayForMobile(State),
}

/// What an operation does to a number.
///
/// `released` is the state of numbers that nobody owns any more
/// (`released_state`).
///
/// ```
/// use numbers::life::{step, Facts, From, Operation, Step, Who};
/// use numbers::state::State;
/// let reserved = From::Stored(State::Reserved);
/// assert_eq!(
///     step(Operation::Activate, reserved, Facts::default(), State::Available),
///     Step::Assign(State::InService, Who::AuthorityOrBelow),
/// );
/// ```
pub fn step(operation: Operation, from: From, facts: Facts, released: State) -> Step {
    match operation {
        Operation::Create(state) => create(state, from, facts),
        Operation::Reserve => reserve(from, facts),
        Operation::Activate => activate(from, facts),
        Operation::Port => port(from),
        Operation::Replace | Operation::Merge => match from {
            From::Unknown | From::Offered => Step::NotFound,
            From::Stored(_) => Step::Stay(Who::Authority),
        },
        Operation::Release => release(from, facts, released),
        Operation::HardDelete => match from {
            From::Unknown | From::Offered => Step::NotFound,
            From::Stored(_) => Step::Remove(Who::Admin),
        },
        Operation::EndRest => match from {
            From::Stored(State::Aging) => Step::Unassign(State::Available, Who::Admin),
            From::Stored(_) => Step::NoWay(State::Available),
            From::Unknown | From::Offered => Step::NotFound,
        },
    }
}

fn create(to: State, from: From, facts: Facts) -> Step {
    let assign = |who| match to {
        State::Available | State::Aging => Step::Unassign(to, who),
        _ => Step::Assign(to, who),
    };
    match from {
        // Who may create at all is checked before the table is asked.
        From::Unknown | From::Offered => assign(Who::Anybody),
        From::Stored(state) if is_reused(state) && facts.mdn && to != State::InService => {
            Step::NoWayForMobile(to)
        }
        From::Stored(State::Available) => match to {
            State::InService | State::Reserved | State::Available | State::Aging => {
                assign(Who::Anybody)
            }
            _ => Step::NoWay(to),
        },
        From::Stored(State::Aging) => match to {
            State::InService => assign(Who::PreviousOwner),
            State::Aging => assign(Who::Anybody),
            _ => Step::NoWay(to),
        },
        // Somebody else's port stays his; to others the number simply exists.
        From::Stored(State::PortIn) => match to {
            State::InService | State::PortIn => assign(Who::Authority),
            _ => Step::NoWay(to),
        },
        From::Stored(_) => Step::Exists,
    }
}

/// States of a record that creation takes over.
const fn is_reused(state: State) -> bool {
    matches!(state, State::Available | State::Aging | State::PortIn)
}

fn reserve(from: From, facts: Facts) -> Step {
    match from {
        From::Unknown => Step::NotFound,
        From::Stored(_) if facts.mdn => Step::NoWayForMobile(State::Reserved),
        From::Stored(State::Reserved) if facts.target_is_owner => Step::NoChangeRequired,
        From::Offered
        | From::Stored(State::Discovery | State::Available | State::Reserved | State::InService) => {
            Step::Assign(State::Reserved, Who::Authority)
        }
        From::Stored(_) => Step::NoWay(State::Reserved),
    }
}

fn activate(from: From, facts: Facts) -> Step {
    let to = State::InService;
    match from {
        From::Unknown => Step::NotFound,
        From::Stored(
            State::Discovery | State::Available | State::Aging | State::Reserved | State::PortIn,
        ) if facts.mdn => Step::NoWayForMobile(to),
        From::Offered | From::Stored(State::Discovery | State::PortIn) => {
            Step::Assign(to, Who::Authority)
        }
        From::Stored(State::Available) => Step::Assign(to, Who::Anybody),
        From::Stored(State::Aging) => Step::Assign(to, Who::PreviousOwner),
        From::Stored(State::Reserved) => Step::Assign(to, Who::AuthorityOrBelow),
        From::Stored(State::InService) => Step::Assign(to, Who::Authority),
        From::Stored(State::PortOut | State::Released | State::Deleted) => Step::NoWay(to),
    }
}

fn port(from: From) -> Step {
    let to = State::PortIn;
    match from {
        From::Unknown | From::Offered => Step::Assign(to, Who::Anybody),
        From::Stored(State::PortIn) => Step::Assign(to, Who::Authority),
        From::Stored(State::Available | State::Aging) => Step::NoWay(to),
        From::Stored(_) => Step::Exists,
    }
}

fn release(from: From, facts: Facts, released: State) -> Step {
    match from {
        From::Unknown | From::Offered => Step::NotFound,
        From::Stored(State::Released | State::Reserved | State::PortIn | State::InService) => {
            Step::GiveBack(Who::Authority)
        }
        From::Stored(_) if facts.local && !facts.mdn => Step::GiveBack(Who::Authority),
        From::Stored(_) => Step::NoWay(released),
    }
}
