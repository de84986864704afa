//! Which rows a transaction needs to know, and how it locks them.

use std::collections::{BTreeMap, BTreeSet};

use numbers::account::AccountId;
use numbers::e164::E164;
use store::{Expectation, Operation, UserId};

use crate::write::queue::Prepared;

/// What others may do with a row meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// Rely on it.
    Share,
    /// Nothing but read it.
    Update,
}

impl Lock {
    pub fn sql(self) -> &'static str {
        match self {
            Self::Share => "FOR SHARE",
            Self::Update => "FOR UPDATE",
        }
    }
}

/// Rows by their keys. Sorted, so that two transactions lock in the same order
/// and don't wait for each other in a ring.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    pub accounts: BTreeMap<&'a AccountId, Lock>,
    pub numbers: BTreeMap<&'a E164, Lock>,
    /// Numbers taken for absent without a look: a batch expects that and makes
    /// them, and the insert will tell.
    pub trusted: BTreeSet<&'a E164>,
    pub users: BTreeMap<(&'a AccountId, &'a UserId), Lock>,
    pub claims: BTreeMap<(&'static str, &'a str), Lock>,
    pub documents: BTreeMap<(&'static str, &'a str), Lock>,
    pub settings: BTreeMap<&'a str, Lock>,
    /// Accounts whose ancestors count.
    pub trees: BTreeSet<&'a AccountId>,
    /// Accounts that may move, with their own counts.
    pub moving: BTreeSet<&'a AccountId>,
    /// Accounts that must have nothing below them and no numbers.
    pub unused: BTreeSet<&'a AccountId>,
}

impl<'a> Wanted<'a> {
    /// What these batches need.
    pub fn by(batches: &[&'a Prepared], trusting: bool) -> Self {
        let mut wanted = Self::default();
        for prepared in batches {
            for expectation in &prepared.batch.expectations {
                wanted.expect(expectation);
            }
            for operation in &prepared.batch.operations {
                wanted.operate(operation);
            }
            if trusting {
                wanted.trust(prepared);
            }
        }
        for key in &wanted.trusted {
            wanted.numbers.remove(key);
        }
        wanted
    }

    fn expect(&mut self, expectation: &'a Expectation) {
        match expectation {
            Expectation::Number { key, .. } => lock(&mut self.numbers, key, Lock::Share),
            Expectation::Account { id, .. } | Expectation::AccountExists { id } => {
                lock(&mut self.accounts, id, Lock::Share);
            }
            Expectation::AccountUnused { id } => {
                // Who puts something into an account shares its row.
                lock(&mut self.accounts, id, Lock::Update);
                self.unused.insert(id);
            }
            Expectation::User { account, id, .. } => {
                lock(&mut self.users, (account, id), Lock::Share);
            }
            Expectation::Claim { claim, .. } => {
                lock(
                    &mut self.claims,
                    (claim.kind.as_str(), &claim.name),
                    Lock::Share,
                );
            }
            Expectation::Document { kind, id, .. } => {
                lock(&mut self.documents, (kind.as_str(), id), Lock::Share);
            }
            Expectation::Setting { key, .. } => lock(&mut self.settings, key, Lock::Share),
        }
    }

    fn operate(&mut self, operation: &'a Operation) {
        match operation {
            Operation::ChangeNumber(change) => {
                lock(&mut self.numbers, change.key(), Lock::Update);
                let numbers = [&change.before, &change.after].into_iter().flatten();
                for owner in numbers.filter_map(|number| number.owner.as_ref()) {
                    lock(&mut self.accounts, owner, Lock::Share);
                    self.trees.insert(owner);
                }
            }
            Operation::PutAccount(account) => {
                self.move_account(&account.id);
                for above in &account.tree {
                    lock(&mut self.accounts, above, Lock::Share);
                }
            }
            Operation::DeleteAccount(id) => self.move_account(id),
            Operation::PutUser(user) => {
                lock(&mut self.users, (&user.account, &user.id), Lock::Update);
            }
            Operation::DeleteUser(account, id) => {
                lock(&mut self.users, (account, id), Lock::Update);
            }
            Operation::Claim(claim, _) | Operation::Unclaim(claim) => {
                lock(
                    &mut self.claims,
                    (claim.kind.as_str(), &claim.name),
                    Lock::Update,
                );
            }
            Operation::PutDocument(document) => {
                let key = (document.kind.as_str(), document.id.as_str());
                lock(&mut self.documents, key, Lock::Update);
            }
            Operation::DeleteDocument(kind, id) => {
                lock(&mut self.documents, (kind.as_str(), id), Lock::Update);
            }
            Operation::Set(key, _) => lock(&mut self.settings, key, Lock::Update),
            // Nobody expects anything of these.
            Operation::DropExpired(_)
            | Operation::PutDataSet(_)
            | Operation::PutDataPart(..)
            | Operation::DeleteDataSet(_) => {}
        }
    }

    fn move_account(&mut self, id: &'a AccountId) {
        lock(&mut self.accounts, id, Lock::Update);
        self.trees.insert(id);
        self.moving.insert(id);
    }

    fn trust(&mut self, prepared: &'a Prepared) {
        for expectation in &prepared.batch.expectations {
            let Expectation::Number {
                key,
                revision: None,
            } = expectation
            else {
                continue;
            };
            let makes_it = |operation: &Operation| match operation {
                Operation::ChangeNumber(change) => change.after.is_some() && change.key() == key,
                _ => false,
            };
            if prepared.batch.operations.iter().any(makes_it) {
                self.trusted.insert(key);
            }
        }
    }
}

/// The stronger of two locks.
fn lock<K: Ord>(rows: &mut BTreeMap<K, Lock>, key: K, lock: Lock) {
    let held = rows.entry(key).or_insert(lock);
    *held = (*held).max(lock);
}
