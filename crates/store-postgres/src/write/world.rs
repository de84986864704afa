//! The rows of a transaction in memory: as they are stored, and as they shall
//! be.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::revision::Revision;
use numbers::state::State;
use store::{Document, NumberChange, Operation, User, UserId};

/// A row: what is stored (`S`), and what shall be (`N`).
#[derive(Debug)]
pub struct Cell<S, N> {
    pub stored: Option<S>,
    pub now: Now<N>,
}

/// What becomes of a row.
#[derive(Debug)]
pub enum Now<N> {
    Unchanged,
    Gone,
    Is(N),
}

impl<S, N> Cell<S, N> {
    pub fn stored(stored: Option<S>) -> Self {
        Self {
            stored,
            now: Now::Unchanged,
        }
    }

    /// What holds of the row at this point of the play.
    pub fn current<T>(
        &self,
        of_stored: impl FnOnce(&S) -> T,
        of_now: impl FnOnce(&N) -> T,
    ) -> Option<T> {
        match &self.now {
            Now::Unchanged => self.stored.as_ref().map(of_stored),
            Now::Gone => None,
            Now::Is(now) => Some(of_now(now)),
        }
    }
}

/// What of a stored number matters.
#[derive(Debug)]
pub struct Head {
    pub revision: Revision,
    pub account: Option<AccountId>,
    pub state: State,
    pub billable: bool,
    pub body: String,
}

/// A document and its text.
pub type Written<'a, T> = (&'a T, &'a str);

/// An event to append.
#[derive(Debug)]
pub struct Event<'a> {
    pub change: &'a NumberChange,
    /// Whose logs it belongs to.
    pub concerned: BTreeSet<AccountId>,
    pub before: Option<String>,
    pub after: Option<&'a str>,
}

/// An account's ancestors.
#[derive(Debug, Default)]
pub struct Tree {
    pub stored: BTreeSet<AccountId>,
    /// `None`: it stays where it is.
    pub now: Option<BTreeSet<AccountId>>,
}

impl Tree {
    pub fn current(&self) -> &BTreeSet<AccountId> {
        self.now.as_ref().unwrap_or(&self.stored)
    }
}

type Named<S, N> = BTreeMap<(&'static str, String), Cell<S, N>>;

/// Every row that the batches of a transaction mention.
#[derive(Debug, Default)]
pub struct World<'a> {
    pub accounts: BTreeMap<AccountId, Cell<Revision, Written<'a, Account>>>,
    pub trees: BTreeMap<AccountId, Tree>,
    /// Accounts among the ancestors that have nobody above them.
    pub topmost: HashSet<AccountId>,
    /// Own billable numbers of accounts that may move.
    pub own: HashMap<AccountId, i64>,
    /// Accounts that aren't unused.
    pub used: HashSet<AccountId>,
    pub numbers: BTreeMap<E164, Cell<Head, Written<'a, Number>>>,
    /// Numbers taken for absent without a look.
    pub trusted: BTreeSet<E164>,
    pub events: Vec<Event<'a>>,
    pub users: BTreeMap<(AccountId, UserId), Cell<Revision, Written<'a, User>>>,
    /// Accounts that lose all their users.
    pub emptied: BTreeSet<AccountId>,
    pub claims: Named<String, &'a str>,
    pub documents: Named<Revision, &'a Document>,
    pub settings: BTreeMap<String, Cell<String, &'a str>>,
    /// Operations on data sets, in their order.
    pub data: Vec<&'a Operation>,
    /// Documents that had expired at this time go.
    pub expired: Option<GregorianSeconds>,
}
