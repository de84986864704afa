//! What is read for every request and seldom written, kept in memory: accounts,
//! users, settings, and the numbers that were asked for lately, with what is
//! wanted for their caller names.
//!
//! The one writer of the database is in this process, and it empties what it
//! wrote before anybody is told of the write. So who was told of a change
//! never reads the old value again; a reader at the same moment may get
//! either, as without a cache. A store that was opened only to be read has
//! another process's writer beside it and keeps nothing.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;
use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::number::Number;
use store::{Document, DocumentKind, Operation, User, UserId};

use crate::failure::Result;
use crate::prepared::PreparedBatch;

/// Entries of each kind; a full map is emptied. Some kilobytes an entry.
const MOST: usize = 8192;
/// Numbers are smaller, about a kilobyte, and there are more of them.
const MOST_NUMBERS: usize = 2 * MOST;

/// The caches of a store.
#[derive(Debug)]
pub struct Caches {
    pub numbers: Cache<E164, Arc<Number>>,
    pub accounts: Cache<AccountId, Arc<Account>>,
    pub users: Cache<(AccountId, UserId), Arc<User>>,
    pub settings: Cache<String, String>,
    /// By number; also that there is nothing, as for most numbers.
    pub caller_names: Cache<String, Option<Arc<Document>>>,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            numbers: Cache::holding(MOST_NUMBERS),
            accounts: Cache::holding(MOST),
            users: Cache::holding(MOST),
            settings: Cache::holding(MOST),
            caller_names: Cache::holding(MOST_NUMBERS),
        }
    }
}

impl Caches {
    /// Forgets everything: what is read next comes from the file, or, once the
    /// store is closed, doesn't come.
    pub fn forget_all(&self) {
        self.numbers.forget_all();
        self.accounts.forget_all();
        self.users.forget_all();
        self.settings.forget_all();
        self.caller_names.forget_all();
    }

    fn forget_document(&self, kind: DocumentKind, id: &str) {
        if kind == DocumentKind::CallerName {
            self.caller_names.forget(id);
        }
    }

    /// Forgets what a batch writes.
    pub fn forget(&self, batch: &PreparedBatch) {
        for step in &batch.steps {
            match &step.operation {
                Operation::ChangeNumber(change) => self.numbers.forget(change.key()),
                Operation::PutDocument(document) => {
                    self.forget_document(document.kind, &document.id);
                }
                Operation::DeleteDocument(kind, id) => self.forget_document(*kind, id),
                // What is wanted for caller names has no end.
                Operation::DropExpired(_)
                | Operation::Claim(..)
                | Operation::Unclaim(_)
                | Operation::PutDataSet(_)
                | Operation::PutDataPart(..)
                | Operation::DeleteDataSet(_) => {}
                Operation::PutAccount(account) => self.accounts.forget(&account.id),
                Operation::DeleteAccount(id) => {
                    self.accounts.forget(id);
                    // Its users go with it.
                    self.users.forget_all();
                }
                Operation::PutUser(user) => {
                    self.users.forget(&(user.account.clone(), user.id.clone()));
                }
                Operation::DeleteUser(account, id) => {
                    self.users.forget(&(account.clone(), id.clone()));
                }
                Operation::Set(key, _) => self.settings.forget(key),
            }
        }
    }
}

/// Values by key. That nothing is there is kept only where that is a value.
#[derive(Debug)]
pub struct Cache<K, V> {
    kept: RwLock<Kept<K, V>>,
    most: usize,
}

#[derive(Debug)]
struct Kept<K, V> {
    /// By a quick hash: what isn't in the database can't be put in here, so
    /// that nobody can choose keys that collide.
    values: HashMap<K, V, RandomState>,
    /// Counts what was forgotten, so that a value that was read before isn't
    /// kept after.
    generation: u64,
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// A cache of at most so many values.
    fn holding(most: usize) -> Self {
        Self {
            kept: RwLock::new(Kept {
                values: HashMap::default(),
                generation: 0,
            }),
            most,
        }
    }

    /// The value of a key: kept, or else as `read` finds it.
    pub fn get<Q>(&self, key: &Q, read: impl FnOnce() -> Result<Option<V>>) -> Result<Option<V>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let generation = {
            let kept = self.read();
            if let Some(value) = kept.values.get(key) {
                return Ok(Some(value.clone()));
            }
            kept.generation
        };
        let found = read()?;
        if let Some(value) = &found {
            let mut kept = self.write();
            if kept.generation == generation {
                if kept.values.len() >= self.most {
                    kept.values.clear();
                }
                kept.values.insert(key.to_owned(), value.clone());
            }
        }
        Ok(found)
    }

    fn forget<Q: Eq + Hash + ?Sized>(&self, key: &Q)
    where
        K: Borrow<Q>,
    {
        let mut kept = self.write();
        kept.generation += 1;
        kept.values.remove(key);
    }

    fn forget_all(&self) {
        let mut kept = self.write();
        kept.generation += 1;
        kept.values.clear();
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept<K, V>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept<K, V>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_read_before_a_write_is_not_kept_after_it() {
        let cache = Cache::<u8, &str>::holding(MOST);
        let found = cache.get(&1, || {
            // The writer commits and forgets while this read is under way.
            cache.forget(&1);
            Ok(Some("old"))
        });
        assert_eq!(found.unwrap(), Some("old"));
        let found = cache.get(&1, || Ok(Some("new")));
        assert_eq!(found.unwrap(), Some("new"));
    }

    #[test]
    fn a_full_cache_begins_anew() {
        let cache = Cache::<usize, usize>::holding(MOST);
        for key in 0..=MOST {
            cache.get(&key, || Ok(Some(key))).unwrap();
        }
        assert_eq!(cache.read().values.len(), 1);
    }

    #[test]
    fn absence_is_not_kept() {
        let cache = Cache::<u8, &str>::holding(MOST);
        assert_eq!(cache.get(&1, || Ok(None)).unwrap(), None);
        assert_eq!(cache.get(&1, || Ok(Some("there"))).unwrap(), Some("there"));
    }
}
