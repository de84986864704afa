//! Work that one of many nodes does: who does it holds a lease, which ends by
//! itself when it isn't renewed.
//!
//! Two nodes whose clocks differ may both hold a lease for as long as they
//! differ: what is done under one must be safe to do twice, and is only better
//! done once.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use store::{Batch, Document, DocumentKind, Expectation, Operation, StoreError};

use crate::Engine;
use crate::context::{new_id, now};

/// How long a lease lasts without being renewed.
pub const LASTS: Duration = Duration::from_secs(30);

/// How often its holder renews it, and others try to get it.
pub const RENEWED_EVERY: Duration = Duration::from_secs(10);

/// One node's hand on a lease.
#[derive(Debug)]
pub struct Lease {
    /// What it is about.
    name: &'static str,
    /// This node, for as long as it runs.
    holder: String,
    /// Until when this node may act.
    until: Mutex<Option<Instant>>,
}

/// What is stored of a lease.
#[derive(Serialize, Deserialize)]
struct Held {
    holder: String,
    /// Gregorian seconds.
    until: u64,
}

impl Lease {
    /// A lease that isn't held yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            holder: new_id(),
            until: Mutex::new(None),
        }
    }

    /// Whether this node may do the work now.
    pub fn is_held(&self) -> bool {
        self.lock().is_some_and(|until| Instant::now() < until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Gets the lease, or renews it, unless another node holds it.
    pub async fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        // Counted from before the write: this node stops before others begin.
        let until = Instant::now() + LASTS;
        let stored = self.store.document(DocumentKind::Lease, lease.name).await?;
        let free = match stored.as_ref().map(read).transpose()? {
            Some(held) => held.holder == lease.holder || held.until <= now().get(),
            None => true,
        };
        let is_mine = free && self.write_lease(lease, stored.as_ref(), LASTS).await?;
        *lease.lock() = is_mine.then_some(until);
        Ok(())
    }

    /// Lets others have the lease at once, if this node holds it.
    pub async fn let_go(&self, lease: &Lease) -> Result<(), StoreError> {
        if lease.lock().take().is_none() {
            return Ok(());
        }
        let stored = self.store.document(DocumentKind::Lease, lease.name).await?;
        let held = stored.as_ref().map(read).transpose()?;
        if held.is_some_and(|held| held.holder == lease.holder) {
            self.write_lease(lease, stored.as_ref(), Duration::ZERO)
                .await?;
        }
        Ok(())
    }

    /// Writes it unless somebody else did meanwhile.
    async fn write_lease(
        &self,
        lease: &Lease,
        stored: Option<&Document>,
        lasts: Duration,
    ) -> Result<bool, StoreError> {
        let held = Held {
            holder: lease.holder.clone(),
            until: now().get() + lasts.as_secs(),
        };
        let revision = stored.map(|document| document.revision);
        let document = Document {
            kind: DocumentKind::Lease,
            id: lease.name.to_owned(),
            account: None,
            revision: revision.unwrap_or_default().next(),
            due: None,
            expires: None,
            body: serde_json::to_string(&held)
                .map_err(|error| StoreError::Fault(format!("a lease can't be written: {error}")))?,
        };
        let batch = Batch::new()
            .expect(Expectation::Document {
                kind: DocumentKind::Lease,
                id: lease.name.to_owned(),
                revision,
            })
            .then(Operation::PutDocument(Box::new(document)));
        Ok(self.store.write(batch).await?.is_ok())
    }
}

fn read(document: &Document) -> Result<Held, StoreError> {
    serde_json::from_str(&document.body).map_err(|error| {
        StoreError::Fault(format!("the lease {} is damaged: {error}", document.id))
    })
}
