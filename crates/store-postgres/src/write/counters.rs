//! Counters kept beside the numbers: how many are in each state, and how many
//! count for billing in each account and below it.
//!
//! The changes of a whole transaction are summed up from its rows and written
//! once, each worker's into a slot of its own. What holds in every committed
//! state, over all slots: `own` of an account is the count of its billable
//! numbers, and `total` the sum of `own` over it and all accounts that have it
//! in their tree.

use std::collections::{BTreeMap, BTreeSet};

use numbers::account::AccountId;
use numbers::number::Number;
use numbers::state::State;

use crate::failure::{Failure, Result};
use crate::write::statement::Statement;
use crate::write::world::{Head, Now, World};

/// How many slots there are. A read sums up those that were used.
pub const SLOTS: i32 = 32;

/// What changes.
#[derive(Debug, Default)]
pub struct Deltas {
    states: BTreeMap<State, i64>,
    /// `own` and `total`.
    accounts: BTreeMap<AccountId, (i64, i64)>,
}

impl Deltas {
    /// What the rows of a transaction change.
    pub fn of(world: &World<'_>) -> Result<Self> {
        let mut deltas = Self::default();
        let mut own: BTreeMap<&AccountId, i64> = BTreeMap::new();
        for cell in world.numbers.values() {
            let new = match &cell.now {
                Now::Unchanged => continue,
                Now::Gone => None,
                Now::Is((number, _)) => Some(*number),
            };
            let was = cell
                .stored
                .as_ref()
                .map(|head| (head.state, payer_of_head(head)));
            let is = new.map(|number| (number.state, payer(number)));
            for (counted, by) in [(was, -1), (is, 1)] {
                let Some((state, payer)) = counted else {
                    continue;
                };
                *deltas.states.entry(state).or_default() += by;
                if let Some(payer) = payer {
                    *own.entry(payer).or_default() += by;
                }
            }
        }
        for (account, by) in own.into_iter().filter(|(_, by)| *by != 0) {
            let tree = world.trees.get(account).ok_or_else(not_loaded)?;
            deltas.add(account, by, by);
            for above in tree.current() {
                deltas.add(above, 0, by);
            }
        }
        deltas.add_moves(world);
        Ok(deltas)
    }

    /// An account that moves takes what was counted before along.
    fn add_moves(&mut self, world: &World<'_>) {
        for (account, tree) in &world.trees {
            let own = world.own.get(account).copied().unwrap_or_default();
            if own == 0 {
                continue;
            }
            let new: &BTreeSet<AccountId> = tree.current();
            for left in tree.stored.difference(new) {
                self.add(left, 0, -own);
            }
            for joined in new.difference(&tree.stored) {
                self.add(joined, 0, own);
            }
        }
    }

    fn add(&mut self, account: &AccountId, own: i64, total: i64) {
        let counters = self.accounts.entry(account.clone()).or_default();
        counters.0 += own;
        counters.1 += total;
    }

    /// How that is written.
    pub fn statements<'a>(self, slot: i32) -> impl Iterator<Item = Statement<'a>> {
        let accounts = self.accounts.into_iter();
        let accounts = accounts.filter(|(_, counters)| *counters != (0, 0)).map(
            move |(account, (own, total))| {
                let sql = "INSERT INTO account_counters (account_id, slot, own, total) \
                     VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, slot) DO UPDATE SET \
                     own = account_counters.own + excluded.own, \
                     total = account_counters.total + excluded.total";
                Statement::new(sql)
                    .with(String::from(account))
                    .with(slot)
                    .with(own)
                    .with(total)
            },
        );
        let states = self.states.into_iter().filter(|(_, by)| *by != 0);
        let states = states.map(move |(state, by)| {
            let sql = "INSERT INTO state_counters (state, slot, numbers) VALUES ($1, $2, $3) \
                 ON CONFLICT (state, slot) DO UPDATE SET \
                 numbers = state_counters.numbers + excluded.numbers";
            Statement::new(sql).with(state.as_str()).with(slot).with(by)
        });
        accounts.chain(states)
    }
}

/// The account that a number is billed to, if it is.
fn payer(number: &Number) -> Option<&AccountId> {
    number.owner.as_ref().filter(|_| number.is_billable())
}

fn payer_of_head(head: &Head) -> Option<&AccountId> {
    head.account.as_ref().filter(|_| head.billable)
}

fn not_loaded() -> Failure {
    Failure::fault("a number belongs to an account whose place was not loaded")
}
