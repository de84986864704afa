//! Counters kept beside the numbers: how many are in each state, and how many
//! count for billing in each account and below it.
//!
//! The changes of a whole group commit are summed up here and written once.
//! What holds in every committed state: `own` of an account is the count of its
//! billable numbers, and `total` the sum of `own` over it and all accounts that
//! have it in their tree.

use std::collections::{BTreeSet, HashMap};

use numbers::account::AccountId;
use numbers::state::State;
use rusqlite::{Connection, OptionalExtension, params};

use crate::failure::{Failure, Result};

/// What of a number is counted.
#[derive(Debug)]
pub struct Counted<'a> {
    pub state: State,
    /// The account for which it is billable, if it is.
    pub account: Option<&'a AccountId>,
}

/// Changes of counters that aren't written yet.
#[derive(Debug, Default)]
pub struct Deltas {
    states: HashMap<State, i64>,
    billable: HashMap<AccountId, i64>,
}

impl Deltas {
    pub fn add(&mut self, counted: &Counted<'_>) {
        self.count(counted, 1);
    }

    pub fn remove(&mut self, counted: &Counted<'_>) {
        self.count(counted, -1);
    }

    fn count(&mut self, counted: &Counted<'_>, by: i64) {
        *self.states.entry(counted.state).or_default() += by;
        if let Some(account) = counted.account {
            match self.billable.get_mut(account) {
                Some(count) => *count += by,
                None => {
                    self.billable.insert(account.clone(), by);
                }
            }
        }
    }

    /// Writes what has changed.
    pub fn flush(&mut self, connection: &Connection) -> Result<()> {
        for (state, by) in self.states.drain().filter(|(_, by)| *by != 0) {
            connection
                .prepare_cached(
                    "INSERT INTO state_counters (state, numbers) VALUES (?1, ?2) \
                     ON CONFLICT DO UPDATE SET numbers = numbers + excluded.numbers",
                )?
                .execute(params![state.as_str(), by])?;
        }
        let mut counters: HashMap<String, (i64, i64)> = HashMap::new();
        for (account, by) in self.billable.drain().filter(|(_, by)| *by != 0) {
            for ancestor in ancestors(connection, &account)? {
                counters.entry(ancestor).or_default().1 += by;
            }
            let (own, total) = counters.entry(account.into()).or_default();
            *own += by;
            *total += by;
        }
        for (account, (own, total)) in counters {
            add(connection, &account, own, total)?;
        }
        Ok(())
    }
}

fn add(connection: &Connection, account: &str, own: i64, total: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO account_counters (account_id, own, total) VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET own = own + excluded.own, total = total + excluded.total",
        )?
        .execute(params![account, own, total])?;
    Ok(())
}

/// The accounts that have `account` below them.
fn ancestors(connection: &Connection, account: &AccountId) -> Result<BTreeSet<String>> {
    let ancestors = connection
        .prepare_cached("SELECT ancestor FROM account_tree WHERE descendant = ?1")?
        .query_map([account.as_str()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ancestors)
}

/// Puts an account below `tree` and nothing else, moving its billable numbers
/// from the totals of the accounts it leaves to those it comes to. What is still
/// to be flushed will be counted along the new tree.
pub fn move_account(
    connection: &Connection,
    account: &AccountId,
    tree: &[AccountId],
) -> Result<()> {
    let old = ancestors(connection, account)?;
    let new: BTreeSet<String> = tree
        .iter()
        .filter(|ancestor| *ancestor != account)
        .map(ToString::to_string)
        .collect();
    if old == new {
        return Ok(());
    }
    let own: i64 = connection
        .prepare_cached("SELECT own FROM account_counters WHERE account_id = ?1")?
        .query_row([account.as_str()], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    for left in old.difference(&new) {
        add(connection, left, 0, -own)?;
        connection
            .prepare_cached("DELETE FROM account_tree WHERE descendant = ?1 AND ancestor = ?2")?
            .execute([account.as_str(), left])?;
    }
    for joined in new.difference(&old) {
        add(connection, joined, 0, own)?;
        connection
            .prepare_cached("INSERT INTO account_tree (descendant, ancestor) VALUES (?1, ?2)")?
            .execute([account.as_str(), joined])?;
    }
    Ok(())
}

pub fn billable_quantity(connection: &Connection, account: &AccountId) -> Result<u64> {
    let total: i64 = connection
        .prepare_cached("SELECT total FROM account_counters WHERE account_id = ?1")?
        .query_row([account.as_str()], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    u64::try_from(total).map_err(|_| {
        Failure::fault(format!(
            "the count of billable numbers of {account} is {total}"
        ))
    })
}

pub fn state_counts(connection: &Connection) -> Result<Vec<(State, u64)>> {
    let mut statement = connection
        .prepare_cached("SELECT state, numbers FROM state_counters WHERE numbers <> 0")?;
    let mut rows = statement.query([])?;
    let mut counts = Vec::new();
    while let Some(row) = rows.next()? {
        let (name, count): (String, i64) = (row.get(0)?, row.get(1)?);
        let wrong = || Failure::fault(format!("the count of the state '{name}' is {count}"));
        let state: State = name.parse().map_err(|_| wrong())?;
        counts.push((state, u64::try_from(count).map_err(|_| wrong())?));
    }
    counts.sort_unstable();
    Ok(counts)
}
