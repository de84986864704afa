//! The store itself: each call to its place.

use std::borrow::Borrow;
use std::hash::Hash;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;
use rusqlite::Connection;
use store::{
    Batch, Claim, DataSet, DataSetId, Document, DocumentKind, EventId, EventKey, LoggedEvent,
    Outcomes, Page, StockQuery, Store, StoreError, StoredEvent, User, UserId,
};
use tokio::sync::oneshot;

use crate::cache::{Cache, Caches};
use crate::failure::Result;
use crate::open::{self, WriteSide};
use crate::pool::Pool;
use crate::prepared::PreparedBatch;
use crate::queue::{Queue, Request};
use crate::readers::Readers;
use crate::{
    Options, account, backup, check, connection, counters, data, document, event, name, number,
    user,
};

type Answer<T> = std::result::Result<T, StoreError>;

/// More keys or batches than this at once are work for a thread that may block.
const INLINE: usize = 32;

/// A database file, open.
#[derive(Debug)]
pub struct SqliteStore {
    pools: Pools,
    /// `None` when read-only.
    queue: Option<Arc<Queue>>,
    /// `None` when read-only.
    caches: Option<Arc<Caches>>,
    side: Mutex<Option<WriteSide>>,
}

/// Connections for reading.
#[derive(Debug)]
pub struct Pools {
    /// For look-ups by key, on the calling task.
    pub lookups: Pool,
    /// For lists, on threads of their own.
    pub lists: Readers,
}

impl SqliteStore {
    /// Opens the database at `path`; makes and migrates it where needed, unless
    /// it is to be only read.
    ///
    /// # Errors
    /// [`StoreError::TooNew`] when a newer program made the schema;
    /// [`StoreError::Unavailable`] when the path is a folder, can't be written,
    /// or is open for writing in another process; [`StoreError::Fault`] when
    /// the file is no database, one of another program, or damaged.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Answer<Self> {
        let (side, pools) = open::open(path.as_ref(), options)?;
        Ok(Self {
            pools,
            queue: side.as_ref().map(|side| side.writer.queue()),
            caches: side.as_ref().map(|side| side.writer.caches()),
            side: Mutex::new(side),
        })
    }

    /// Writes what waits, moves the log into the database file and closes it;
    /// blocks until that is done. Later calls answer
    /// [`StoreError::Unavailable`]. Dropping the store does the same.
    pub fn close(&self) {
        let side = self
            .side
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(WriteSide {
            writer,
            checkpointer,
            lock,
        }) = side
        {
            let database = checkpointer.stop();
            // Readers would keep the log from being moved and removed.
            self.pools.lookups.close();
            self.pools.lists.close();
            writer.stop();
            drop(database);
            if let Some(caches) = &self.caches {
                caches.forget_all();
            }
            drop(lock);
        }
    }

    /// Writes a complete copy of the database, as it is at this moment, to a
    /// file that must not exist yet, while others read and write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file exists or can't be written;
    /// nothing is left of it then.
    pub async fn backup(&self, to: &Path) -> Answer<()> {
        let to = to.to_owned();
        self.list(move |connection| backup::run(connection, &to))
            .await
    }

    /// Verifies every invariant of the database: reads all of it. What is wrong
    /// is told in sentences; none: nothing is.
    pub async fn check(&self) -> Answer<Vec<String>> {
        // Each reads the whole of it, so they share the processors.
        let (mut findings, rows, documents) = tokio::try_join!(
            self.check_with(check::file),
            self.check_with(check::rows),
            self.check_with(check::documents),
        )?;
        findings.extend(rows.into_iter().chain(documents));
        Ok(findings)
    }

    async fn check_with(
        &self,
        part: impl FnOnce(&Connection) -> Result<Vec<String>> + Send + 'static,
    ) -> Answer<Vec<String>> {
        self.list(move |connection| connection::with_large_cache(connection, part))
            .await
    }

    /// A look-up by key, on the calling task: it takes some microseconds, less
    /// than handing it to another thread and back would.
    fn look_up<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Answer<T> {
        self.pools.lookups.with(read).map_err(StoreError::from)
    }

    /// A look-up of what is kept in memory.
    fn kept<K, Q, V: Clone>(
        &self,
        cache: impl FnOnce(&Caches) -> &Cache<K, V>,
        key: &Q,
        read: impl FnOnce(&Connection) -> Result<Option<V>>,
    ) -> Answer<Option<V>>
    where
        K: Borrow<Q> + Eq + Hash,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let Some(caches) = &self.caches else {
            return self.look_up(read);
        };
        cache(caches)
            .get(key, || self.pools.lookups.with(read))
            .map_err(StoreError::from)
    }

    /// A longer read, on a thread that is there for it.
    async fn list<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Answer<T> {
        self.pools.lists.run(read).await
    }
}

/// Runs what may take a while where it blocks no other task. It runs to its end
/// also when nobody waits any more.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(StoreError::from),
        Err(error) => Err(StoreError::Fault(format!(
            "a task of the store ended: {error}"
        ))),
    }
}

fn prepare(batches: Vec<Batch>) -> Result<Vec<PreparedBatch>> {
    batches.into_iter().map(PreparedBatch::new).collect()
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn number(&self, key: &E164) -> Answer<Option<Number>> {
        let shared = self.shared_number(key).await?;
        Ok(shared.map(Arc::unwrap_or_clone))
    }

    async fn shared_number(&self, key: &E164) -> Answer<Option<Arc<Number>>> {
        let read = |connection: &Connection| Ok(number::get(connection, key)?.map(Arc::new));
        self.kept(|caches| &caches.numbers, key, read)
    }

    async fn numbers(&self, keys: &[E164]) -> Answer<Vec<Option<Number>>> {
        if keys.len() <= INLINE {
            return self.look_up(|connection| number::get_many(connection, keys));
        }
        let keys = keys.to_vec();
        self.list(move |connection| number::get_many(connection, &keys))
            .await
    }

    async fn account_numbers(&self, account: &AccountId, page: &Page<E164>) -> Answer<Vec<Number>> {
        let (account, page) = (account.clone(), page.clone());
        self.list(move |connection| number::of_account(connection, &account, &page))
            .await
    }

    async fn stock(&self, query: &StockQuery) -> Answer<Vec<Number>> {
        let query = query.clone();
        self.list(move |connection| number::stock(connection, &query))
            .await
    }

    async fn all_numbers(&self, page: &Page<E164>) -> Answer<Vec<Number>> {
        let page = page.clone();
        self.list(move |connection| number::all(connection, &page))
            .await
    }

    async fn rested(&self, now: GregorianSeconds, limit: usize) -> Answer<Vec<Number>> {
        self.list(move |connection| number::rested(connection, now, limit))
            .await
    }

    async fn events(&self, key: &E164, page: &Page<EventId>) -> Answer<Vec<StoredEvent>> {
        let (key, page) = (key.clone(), page.clone());
        self.list(move |connection| event::page(connection, &key, &page))
            .await
    }

    async fn event_log(
        &self,
        account: Option<&AccountId>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Answer<Option<Vec<LoggedEvent>>> {
        let (account, after) = (account.cloned(), after.cloned());
        self.list(move |connection| event::log(connection, account.as_ref(), after.as_ref(), limit))
            .await
    }

    async fn newest_event(&self) -> Answer<Option<EventKey>> {
        self.look_up(event::newest)
    }

    async fn billable_quantity(&self, account: &AccountId) -> Answer<u64> {
        self.look_up(|connection| counters::billable_quantity(connection, account))
    }

    async fn state_counts(&self) -> Answer<Vec<(State, u64)>> {
        self.look_up(counters::state_counts)
    }

    async fn account(&self, id: &AccountId) -> Answer<Option<Arc<Account>>> {
        self.kept(
            |caches| &caches.accounts,
            id,
            |connection| Ok(account::get(connection, id)?.map(Arc::new)),
        )
    }

    async fn accounts(&self, ids: &[AccountId]) -> Answer<Vec<Option<Arc<Account>>>> {
        let mut found = Vec::with_capacity(ids.len());
        for (at, id) in ids.iter().enumerate() {
            if at > 0 && at % INLINE == 0 {
                // Others take their turn; for few accounts that costs more than
                // reading them.
                tokio::task::yield_now().await;
            }
            found.push(self.account(id).await?);
        }
        Ok(found)
    }

    async fn children(&self, of: &AccountId, page: &Page<AccountId>) -> Answer<Vec<Account>> {
        let (of, page) = (of.clone(), page.clone());
        self.list(move |connection| account::children(connection, &of, &page))
            .await
    }

    async fn descendants(&self, of: &AccountId, page: &Page<AccountId>) -> Answer<Vec<Account>> {
        let (of, page) = (of.clone(), page.clone());
        self.list(move |connection| account::descendants(connection, &of, &page))
            .await
    }

    async fn user(&self, account: &AccountId, id: &UserId) -> Answer<Option<Arc<User>>> {
        self.kept(
            |caches| &caches.users,
            &(account.clone(), id.clone()),
            |connection| Ok(user::get(connection, account, id)?.map(Arc::new)),
        )
    }

    async fn users(&self, account: &AccountId, page: &Page<UserId>) -> Answer<Vec<User>> {
        let (account, page) = (account.clone(), page.clone());
        self.list(move |connection| user::page(connection, &account, &page))
            .await
    }

    async fn claimed(&self, claim: &Claim) -> Answer<Option<String>> {
        self.look_up(|connection| name::holder(connection, claim))
    }

    async fn setting(&self, key: &str) -> Answer<Option<String>> {
        self.kept(
            |caches| &caches.settings,
            key,
            |connection| name::setting(connection, key),
        )
    }

    async fn data_sets(&self) -> Answer<Vec<DataSet>> {
        self.look_up(data::all)
    }

    async fn data_part(&self, id: &DataSetId, part: u32) -> Answer<Option<String>> {
        let id = id.clone();
        self.list(move |connection| data::part(connection, &id, part))
            .await
    }

    async fn document(&self, kind: DocumentKind, id: &str) -> Answer<Option<Document>> {
        let read = |connection: &Connection| document::get(connection, kind, id);
        if kind != DocumentKind::CallerName {
            return self.look_up(read);
        }
        let kept = self.kept(
            |caches| &caches.caller_names,
            id,
            |connection| Ok(Some(read(connection)?.map(Arc::new))),
        )?;
        Ok(kept.flatten().map(Arc::unwrap_or_clone))
    }

    async fn documents_by_id(
        &self,
        kind: DocumentKind,
        ids: &[String],
    ) -> Answer<Vec<Option<Document>>> {
        if let [id] = ids {
            return Ok(vec![self.document(kind, id).await?]);
        }
        let ids = ids.to_vec();
        self.list(move |connection| document::get_many(connection, kind, &ids))
            .await
    }

    async fn has_expired(&self, now: GregorianSeconds) -> Answer<bool> {
        self.look_up(|connection| document::has_expired(connection, now))
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        account: Option<&AccountId>,
        page: &Page<String>,
    ) -> Answer<Vec<Document>> {
        let (account, page) = (account.cloned(), page.clone());
        self.list(move |connection| document::page(connection, kind, account.as_ref(), &page))
            .await
    }

    async fn due_documents(
        &self,
        kind: DocumentKind,
        now: GregorianSeconds,
        limit: usize,
    ) -> Answer<Vec<Document>> {
        self.list(move |connection| document::due(connection, kind, now, limit))
            .await
    }

    async fn write_each(&self, batches: Vec<Batch>) -> Answer<Outcomes> {
        let Some(queue) = &self.queue else {
            return Err(StoreError::Unavailable(
                "it was opened to be only read".to_owned(),
            ));
        };
        if batches.is_empty() {
            return Ok(Outcomes::new());
        }
        let batches = if batches.len() <= INLINE {
            prepare(batches)?
        } else {
            off_the_runtime(move || prepare(batches)).await?
        };
        let (answer, answered) = oneshot::channel();
        queue.push(Request { batches, answer })?;
        answered
            .await
            .map_err(|_| StoreError::Fault("the writer has stopped; the log says why".to_owned()))?
    }

    async fn ping(&self) -> Answer<()> {
        self.look_up(|connection| {
            connection
                .prepare_cached("SELECT 1")?
                .query_row([], |_| Ok(()))?;
            Ok(())
        })
    }
}
