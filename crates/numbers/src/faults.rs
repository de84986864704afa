//! Invariants of a record, and how a broken one is repaired. Plans keep them;
//! records that were made elsewhere or by an older program may not.

use std::fmt;

use crate::feature::Feature;
use crate::number::Number;
use crate::state::State;

/// A broken invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// In a state that needs an owner, without one.
    OwnerMissing,
    /// For sale or resting, and yet somebody's.
    OwnerNotAllowed,
    /// Nobody's, and yet reserved by somebody.
    HistoryWithoutOwner,
    /// The `local` feature and the carrier don't agree.
    LocalMark,
    /// A state that exists only in answers.
    StoredDeleted,
    /// Aging without an end: no job would ever put it on sale again.
    EndlessRest,
    /// Not aging, and yet with an end of a rest.
    NeedlessRest,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnerMissing => "it was in a state that needs an owner, without one",
            Self::OwnerNotAllowed => "it was for sale and yet somebody's",
            Self::HistoryWithoutOwner => "it was nobody's and yet reserved by somebody",
            Self::LocalMark => "its carrier and its `local` feature did not agree",
            Self::StoredDeleted => "it was stored as deleted",
            Self::EndlessRest => "it was aging without an end of its rest",
            Self::NeedlessRest => "it had an end of a rest without aging",
        })
    }
}

/// What is wrong with a record.
pub fn faults(number: &Number) -> Vec<Fault> {
    let for_sale = matches!(number.state, State::Available | State::Aging);
    let marked = number.features.contains_key(&Feature::Local);
    let mut found = Vec::new();
    let mut fault = |wrong: bool, fault| {
        if wrong {
            found.push(fault);
        }
    };
    fault(
        number.owner.is_none() && number.state.needs_owner(),
        Fault::OwnerMissing,
    );
    fault(number.owner.is_some() && for_sale, Fault::OwnerNotAllowed);
    fault(
        number.owner.is_none() && !number.reserve_history.is_empty(),
        Fault::HistoryWithoutOwner,
    );
    fault(marked != number.carrier.is_local(), Fault::LocalMark);
    fault(number.state == State::Deleted, Fault::StoredDeleted);
    let (rests, aging) = (number.rests_until.is_some(), number.state == State::Aging);
    fault(aging && !rests, Fault::EndlessRest);
    fault(rests && !aging, Fault::NeedlessRest);
    found
}

/// The record with its faults repaired, in favour of whoever owns it: an owned
/// number is kept for its owner, an unowned one goes back on sale. A number of
/// its class rests for `rest_days`.
pub fn repaired(number: &Number, rest_days: u32) -> Number {
    let mut repaired = number.clone();
    for fault in faults(number) {
        match fault {
            Fault::OwnerNotAllowed => repaired.state = State::Reserved,
            Fault::HistoryWithoutOwner => repaired.reserve_history.clear(),
            Fault::LocalMark => repaired.mark_local(),
            Fault::StoredDeleted if repaired.owner.is_some() => repaired.state = State::Reserved,
            Fault::OwnerMissing | Fault::StoredDeleted => repaired.state = State::Available,
            // Below: the state decides.
            Fault::EndlessRest | Fault::NeedlessRest => {}
        }
    }
    repaired.rests_until = repaired.rest_ends(rest_days);
    if let (State::Reserved, Some(owner)) = (repaired.state, repaired.owner.clone()) {
        repaired.push_reservation(&owner);
    }
    repaired
}
