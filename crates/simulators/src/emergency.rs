//! What every keeper of emergency addresses is inside: addresses, and which of
//! them is in force for which number.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gazetteer::Place;

/// The addresses that one customer's numbers have.
#[derive(Debug, Default)]
pub struct Emergency(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    kept: BTreeMap<String, Kept>,
    /// Number → the address that is in force, or is becoming it.
    bound: BTreeMap<String, Bound>,
    /// How often a question must be asked until an address is in force.
    patience: u32,
    /// How often a number that had an address in force was left without one.
    bared: BTreeMap<String, u32>,
    next_id: u64,
}

/// An address that was given to the keeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The keeper's id of it.
    pub id: String,
    /// The number that it was given for; empty where they belong to none.
    pub owner: String,
    /// Whose name is shown to the dispatcher.
    pub caller_name: String,
    /// Where.
    pub place: Place,
    /// The customer's own reference.
    pub reference: String,
}

/// What a number has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The address that it shall have.
    pub id: String,
    /// Whether that is in force.
    pub in_force: bool,
    /// The one that is in force until then.
    before: Option<String>,
    left: u32,
}

impl Emergency {
    /// Addresses are in force only after they were asked for so many times.
    pub fn set_patience(&self, questions: u32) {
        self.lock().patience = questions;
    }

    /// Keeps an address. Its id is the place's own, while that is free.
    pub fn keep(&self, mut kept: Kept) -> Kept {
        let mut state = self.lock();
        state.next_id += 1;
        if kept.id.is_empty() || state.kept.contains_key(&kept.id) {
            kept.id = format!("{}", 90_000_000 + state.next_id);
        }
        state.kept.insert(kept.id.clone(), kept.clone());
        kept
    }

    /// An address by its id.
    pub fn kept(&self, id: &str) -> Option<Kept> {
        self.lock().kept.get(id).cloned()
    }

    /// Every address that is kept, of one number or of all.
    pub fn all(&self, owner: Option<&str>) -> Vec<Kept> {
        let state = self.lock();
        let all = state.kept.values();
        all.filter(|kept| owner.is_none_or(|owner| kept.owner == owner))
            .cloned()
            .collect()
    }

    /// Forgets an address; `false`: there was none.
    pub fn forget(&self, id: &str) -> bool {
        let mut state = self.lock();
        let numbers: Vec<String> = state
            .bound
            .iter()
            .filter(|(_, bound)| bound.id == id)
            .map(|(number, _)| number.clone())
            .collect();
        for number in numbers {
            state.unbind(&number);
        }
        state.kept.remove(id).is_some()
    }

    /// Whether an address is one that a number has or shall have.
    pub fn is_used(&self, id: &str) -> bool {
        let state = self.lock();
        state
            .bound
            .values()
            .any(|bound| bound.id == id || bound.current().as_deref() == Some(id))
    }

    /// Gives a number an address, which takes the place of another one once it
    /// is in force.
    pub fn bind(&self, number: &str, id: &str) -> Bound {
        let mut state = self.lock();
        let before = state.bound.get(number).and_then(Bound::current);
        let bound = Bound {
            id: id.to_owned(),
            in_force: state.patience == 0,
            before,
            left: state.patience,
        };
        state.bound.insert(number.to_owned(), bound.clone());
        bound
    }

    /// What a number has. Asking brings it nearer to being in force.
    pub fn ask(&self, number: &str) -> Option<Bound> {
        let mut state = self.lock();
        let bound = state.bound.get_mut(number)?;
        bound.left = bound.left.saturating_sub(1);
        bound.in_force = bound.in_force || bound.left == 0;
        Some(bound.clone())
    }

    /// What a number has, without asking.
    pub fn bound(&self, number: &str) -> Option<Bound> {
        self.lock().bound.get(number).cloned()
    }

    /// Takes a number's address away; `false`: it had none.
    pub fn unbind(&self, number: &str) -> bool {
        self.lock().unbind(number)
    }

    /// Where help is sent to when a number calls, and under which name.
    pub fn in_force(&self, number: &str) -> Option<Kept> {
        let state = self.lock();
        let current = state.bound.get(number)?.current()?;
        state.kept.get(&current).cloned()
    }

    /// How often a number that had an address in force was left without one.
    pub fn times_bared(&self, number: &str) -> u32 {
        self.lock().bared.get(number).copied().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bound {
    fn current(&self) -> Option<String> {
        if self.in_force {
            Some(self.id.clone())
        } else {
            self.before.clone()
        }
    }
}

impl State {
    fn unbind(&mut self, number: &str) -> bool {
        let Some(bound) = self.bound.remove(number) else {
            return false;
        };
        if bound.current().is_some() {
            *self.bared.entry(number.to_owned()).or_default() += 1;
        }
        true
    }
}
