//! The store itself: each call to its place.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;
use store::{
    Batch, Claim, DataSet, DataSetId, Document, DocumentKind, EventId, EventKey, LoggedEvent,
    Outcomes, Page, StockQuery, Store, StoreError, StoredEvent, User, UserId,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::failure::{Failure, Result};
use crate::pool::{Bounds, Pool};
use crate::read::log::Log;
use crate::read::{account, counters, data, document, event, name, number, user};
use crate::target::Target;
use crate::write::queue::{Prepared, Queue, Request};
use crate::write::worker::Worker;
use crate::{Options, check, migrate, tls};

type Answer<T> = std::result::Result<T, StoreError>;

/// A database on a server, open. Must be made and used within a tokio runtime.
#[derive(Debug)]
pub struct PostgresStore {
    readers: Pool,
    writers: Pool,
    log: Log,
    /// `None` when read-only.
    queue: Option<Arc<Queue>>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl PostgresStore {
    /// Opens the database that a `postgres://` URL names, and migrates it
    /// where needed, unless it is to be only read.
    ///
    /// # Errors
    /// [`StoreError::TooNew`] when a newer program made the schema;
    /// [`StoreError::Unavailable`] when the server can't be reached or refuses;
    /// [`StoreError::Fault`] when the database is another program's.
    pub async fn open(url: &str, options: &Options) -> Answer<Self> {
        let target = Target::parse(url)?;
        let tls = tls::connector(&target)?;
        let bounds = |size| Bounds {
            size,
            wait: options.wait,
            deadline: options.deadline,
        };
        let size = target.pool_size.unwrap_or(options.readers);
        let readers = Pool::new(&target, tls.clone(), bounds(size))?;
        let writers = Pool::new(&target, tls, bounds(options.writers))?;
        verify_isolation(&readers).await?;
        let (queue, workers) = if options.read_only {
            migrate::check(&readers).await?;
            (None, Vec::new())
        } else {
            migrate::run(&writers).await?;
            let queue = Arc::new(Queue::new(options.queue_capacity));
            let most = options.max_batches_per_commit;
            let workers = Worker::start(&queue, &writers, options.writers, most);
            (Some(queue), workers)
        };
        Ok(Self {
            readers,
            writers,
            log: Log::default(),
            queue,
            workers: Mutex::new(workers),
        })
    }

    /// Writes what waits and closes all connections. Later calls answer
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        if let Some(queue) = &self.queue {
            queue.close();
        }
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.await.is_err() {
                tracing::error!("a writing task panicked");
            }
        }
        self.readers.close();
        self.writers.close();
    }

    /// Verifies every invariant of the database: reads all of it. What is wrong
    /// is told in sentences; none: nothing is.
    pub async fn check(&self) -> Answer<Vec<String>> {
        Ok(check::run(&self.readers).await?)
    }

    /// Spreads the tables over the workers of a Citus cluster; done already is
    /// fine.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database lacks the extension.
    pub async fn distribute(&self) -> Answer<()> {
        Ok(migrate::distribute(&self.writers).await?)
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.close();
        }
    }
}

/// At READ COMMITTED locks are what writes rely on, at SERIALIZABLE the server
/// watches; what lies between does neither.
async fn verify_isolation(pool: &Pool) -> Result<()> {
    let rows = pool
        .read("isolation", "SHOW default_transaction_isolation", &[])
        .await?;
    let level: &str = rows.first().map_or(Ok(""), |row| row.try_get(0))?;
    if level == "repeatable read" {
        return Err(Failure::unavailable(
            "default_transaction_isolation is 'repeatable read': numberd needs \
             'read committed' or 'serializable'",
        ));
    }
    Ok(())
}

#[async_trait]
impl Store for PostgresStore {
    async fn number(&self, key: &E164) -> Answer<Option<Number>> {
        Ok(number::get(&self.readers, key).await?)
    }

    async fn numbers(&self, keys: &[E164]) -> Answer<Vec<Option<Number>>> {
        Ok(number::get_many(&self.readers, keys).await?)
    }

    async fn account_numbers(&self, account: &AccountId, page: &Page<E164>) -> Answer<Vec<Number>> {
        Ok(number::of_account(&self.readers, account, page).await?)
    }

    async fn stock(&self, query: &StockQuery) -> Answer<Vec<Number>> {
        Ok(number::stock(&self.readers, query).await?)
    }

    async fn all_numbers(&self, page: &Page<E164>) -> Answer<Vec<Number>> {
        Ok(number::all(&self.readers, page).await?)
    }

    async fn rested(&self, now: GregorianSeconds, limit: usize) -> Answer<Vec<Number>> {
        Ok(number::rested(&self.readers, now, limit).await?)
    }

    async fn events(&self, key: &E164, page: &Page<EventId>) -> Answer<Vec<StoredEvent>> {
        Ok(event::page(&self.readers, key, page).await?)
    }

    async fn event_log(
        &self,
        account: Option<&AccountId>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Answer<Option<Vec<LoggedEvent>>> {
        Ok(self.log.read(&self.readers, account, after, limit).await?)
    }

    async fn newest_event(&self) -> Answer<Option<EventKey>> {
        Ok(self.log.newest(&self.readers).await?)
    }

    async fn billable_quantity(&self, account: &AccountId) -> Answer<u64> {
        Ok(counters::billable_quantity(&self.readers, account).await?)
    }

    async fn state_counts(&self) -> Answer<Vec<(State, u64)>> {
        Ok(counters::states(&self.readers).await?)
    }

    async fn account(&self, id: &AccountId) -> Answer<Option<Arc<Account>>> {
        Ok(account::get(&self.readers, id).await?.map(Arc::new))
    }

    async fn accounts(&self, ids: &[AccountId]) -> Answer<Vec<Option<Arc<Account>>>> {
        Ok(account::get_many(&self.readers, ids).await?)
    }

    async fn children(&self, of: &AccountId, page: &Page<AccountId>) -> Answer<Vec<Account>> {
        Ok(account::children(&self.readers, of, page).await?)
    }

    async fn descendants(&self, of: &AccountId, page: &Page<AccountId>) -> Answer<Vec<Account>> {
        Ok(account::descendants(&self.readers, of, page).await?)
    }

    async fn user(&self, account: &AccountId, id: &UserId) -> Answer<Option<Arc<User>>> {
        Ok(user::get(&self.readers, account, id).await?.map(Arc::new))
    }

    async fn users(&self, account: &AccountId, page: &Page<UserId>) -> Answer<Vec<User>> {
        Ok(user::page(&self.readers, account, page).await?)
    }

    async fn claimed(&self, claim: &Claim) -> Answer<Option<String>> {
        Ok(name::holder(&self.readers, claim).await?)
    }

    async fn setting(&self, key: &str) -> Answer<Option<String>> {
        Ok(name::setting(&self.readers, key).await?)
    }

    async fn document(&self, kind: DocumentKind, id: &str) -> Answer<Option<Document>> {
        Ok(document::get(&self.readers, kind, id).await?)
    }

    async fn documents_by_id(
        &self,
        kind: DocumentKind,
        ids: &[String],
    ) -> Answer<Vec<Option<Document>>> {
        Ok(document::get_many(&self.readers, kind, ids).await?)
    }

    async fn has_expired(&self, now: GregorianSeconds) -> Answer<bool> {
        Ok(document::has_expired(&self.readers, now).await?)
    }

    async fn documents(
        &self,
        kind: DocumentKind,
        account: Option<&AccountId>,
        page: &Page<String>,
    ) -> Answer<Vec<Document>> {
        Ok(document::page(&self.readers, kind, account, page).await?)
    }

    async fn due_documents(
        &self,
        kind: DocumentKind,
        now: GregorianSeconds,
        limit: usize,
    ) -> Answer<Vec<Document>> {
        Ok(document::due(&self.readers, kind, now, limit).await?)
    }

    async fn data_sets(&self) -> Answer<Vec<DataSet>> {
        Ok(data::all(&self.readers).await?)
    }

    async fn data_part(&self, id: &DataSetId, part: u32) -> Answer<Option<String>> {
        Ok(data::part(&self.readers, id, part).await?)
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
        let batches = batches
            .into_iter()
            .map(Prepared::new)
            .collect::<Result<_>>()?;
        let (answer, answered) = oneshot::channel();
        queue.push(Request { batches, answer })?;
        answered.await.map_err(|_| {
            StoreError::Fault("a writing task has ended; the log says why".to_owned())
        })?
    }

    async fn ping(&self) -> Answer<()> {
        self.readers.read("ping", "SELECT 1", &[]).await?;
        Ok(())
    }
}
