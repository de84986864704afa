//! The store interface of numberd: reads, and one way to write.
//!
//! A write is a [`Batch`] of expectations and operations, which all hold or
//! none; that is what lets one engine commit many callers' batches together
//! and another run each as a retried transaction. The conformance suite (cargo
//! feature `conformance`) says in tests what every backend must do.
//!
//! The interface keeps to what every SQL engine can do at any size: look-ups
//! by key, pages by keyset, no offsets, no notifications, no locks held
//! between calls.

mod batch;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod copy;
mod data;
mod document;
mod error;
pub mod migration;
mod read;
mod user;

pub use batch::{Batch, Claim, ClaimKind, Expectation, NumberChange, Operation};
pub use data::{DataSet, DataSetId};
pub use document::{Document, DocumentKind};
pub use error::{StoreError, Unmet};
pub use read::{Direction, EventId, EventKey, LoggedEvent, Page, Stock, StockQuery, StoredEvent};
pub use user::{PrivilegeLevel, User, UserId};

use std::sync::Arc;

use async_trait::async_trait;
use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;

/// The outcome of each batch of a [`Store::write_each`] call, in order.
pub type Outcomes = Vec<Result<(), Unmet>>;

/// Where everything is kept.
///
/// Reads see every write that was acknowledged before they began. Each method
/// is safe to call from any number of tasks at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// One number.
    async fn number(&self, key: &E164) -> Result<Option<Number>, StoreError>;

    /// One number, shared: for those who only look at it, which most requests
    /// do. A store that keeps numbers in memory answers without a copy.
    async fn shared_number(&self, key: &E164) -> Result<Option<Arc<Number>>, StoreError> {
        Ok(self.number(key).await?.map(Arc::new))
    }

    /// Many numbers, in the order of the keys, absent ones as `None`.
    async fn numbers(&self, keys: &[E164]) -> Result<Vec<Option<Number>>, StoreError>;

    /// An account's numbers, a page of them.
    async fn account_numbers(
        &self,
        account: &AccountId,
        page: &Page<E164>,
    ) -> Result<Vec<Number>, StoreError>;

    /// Numbers of the own stock whose key begins with the query's prefix,
    /// ascending.
    async fn stock(&self, query: &StockQuery) -> Result<Vec<Number>, StoreError>;

    /// Every number, in the order of the keys: for exports and checks.
    async fn all_numbers(&self, page: &Page<E164>) -> Result<Vec<Number>, StoreError>;

    /// Numbers in the state `aging` whose rest was over at `now`
    /// ([`Number::rests_until`]), the longest over first, at most `limit`.
    async fn rested(&self, now: GregorianSeconds, limit: usize) -> Result<Vec<Number>, StoreError>;

    /// What happened to a number, oldest first; also after it is gone.
    async fn events(
        &self,
        key: &E164,
        page: &Page<EventId>,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// What happened to numbers, in the order in which readers of the log may
    /// rely on: what is committed later never comes before what was answered
    /// already. So whoever goes on after the last event he has seen misses
    /// none, whenever the others' transactions end. (The order of event ids
    /// isn't that one: an id is made before its commit. A backend whose commits
    /// overtake each other holds events back until nothing can come before
    /// them.) Events of one number come in the order in which they happened.
    ///
    /// With an account: what happened to numbers that were, before or after,
    /// its own or those of an account that was below it then. That is kept for
    /// accounts that have a parent; the topmost account's log is everybody's.
    ///
    /// `None` where `after` is no event.
    async fn event_log(
        &self,
        account: Option<&AccountId>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Option<Vec<LoggedEvent>>, StoreError>;

    /// The last event of the whole log that [`Self::event_log`] answers.
    async fn newest_event(&self) -> Result<Option<EventKey>, StoreError>;

    /// How many numbers of the account and all its descendants count for
    /// billing ([`Number::is_billable`]).
    async fn billable_quantity(&self, account: &AccountId) -> Result<u64, StoreError>;

    /// How many numbers are in each state; states without numbers are left out.
    async fn state_counts(&self) -> Result<Vec<(State, u64)>, StoreError>;

    /// One account; shared, since every request reads some.
    async fn account(&self, id: &AccountId) -> Result<Option<Arc<Account>>, StoreError>;

    /// Many accounts, in the order of the ids, absent ones as `None`.
    async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<Option<Arc<Account>>>, StoreError>;

    /// Accounts directly below one, by id.
    async fn children(
        &self,
        of: &AccountId,
        page: &Page<AccountId>,
    ) -> Result<Vec<Account>, StoreError>;

    /// Accounts anywhere below one, by id.
    async fn descendants(
        &self,
        of: &AccountId,
        page: &Page<AccountId>,
    ) -> Result<Vec<Account>, StoreError>;

    /// One user.
    async fn user(&self, account: &AccountId, id: &UserId)
    -> Result<Option<Arc<User>>, StoreError>;

    /// An account's users, by id.
    async fn users(
        &self,
        account: &AccountId,
        page: &Page<UserId>,
    ) -> Result<Vec<User>, StoreError>;

    /// Who holds a unique name: an account's name or realm, a username within
    /// an account, the digest of an API key.
    async fn claimed(&self, claim: &Claim) -> Result<Option<String>, StoreError>;

    /// A setting of the whole installation: the token secret, the master's id.
    async fn setting(&self, key: &str) -> Result<Option<String>, StoreError>;

    /// One document of the engine's own work.
    async fn document(&self, kind: DocumentKind, id: &str) -> Result<Option<Document>, StoreError>;

    /// Many documents of a kind, in the order of the ids, absent ones as `None`.
    async fn documents_by_id(
        &self,
        kind: DocumentKind,
        ids: &[String],
    ) -> Result<Vec<Option<Document>>, StoreError>;

    /// Documents of a kind by id, an account's or everybody's, a page of them.
    async fn documents(
        &self,
        kind: DocumentKind,
        account: Option<&AccountId>,
        page: &Page<String>,
    ) -> Result<Vec<Document>, StoreError>;

    /// Documents of a kind that were due at `now` ([`Document::due`]), the
    /// longest due first, at most `limit`.
    async fn due_documents(
        &self,
        kind: DocumentKind,
        now: GregorianSeconds,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError>;

    /// Whether some document had expired at `now`, so that
    /// [`Operation::DropExpired`] has something to remove.
    async fn has_expired(&self, now: GregorianSeconds) -> Result<bool, StoreError>;

    /// Every data set, by its id; there are few.
    async fn data_sets(&self) -> Result<Vec<DataSet>, StoreError>;

    /// A part of a data set.
    async fn data_part(&self, id: &DataSetId, part: u32) -> Result<Option<String>, StoreError>;

    /// Writes each batch, all of it or nothing of it, on its own terms: one
    /// batch whose expectation doesn't hold spoils no other. What is answered
    /// `Ok` is durable. An error of the call as a whole ([`StoreError::Busy`]
    /// above all) means that nothing of any batch was written.
    async fn write_each(&self, batches: Vec<Batch>) -> Result<Outcomes, StoreError>;

    /// Writes one batch: all of it or, with the unmet expectation, nothing.
    async fn write(&self, batch: Batch) -> Result<Result<(), Unmet>, StoreError> {
        let mut outcomes = self.write_each(vec![batch]).await?;
        outcomes
            .pop()
            .ok_or_else(|| StoreError::Fault("a write without outcome".to_owned()))
    }

    /// Whether the store answers; for readiness probes.
    async fn ping(&self) -> Result<(), StoreError>;
}
