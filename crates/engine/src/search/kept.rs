//! What a search found, in the store for as long as its offers hold: any node
//! shows further pages from it, and can order what it lists.
//!
//! Of our own stock alone it is what was shown so far, and where the reading
//! goes on.

use std::collections::BTreeMap;

use carriers::Offer;
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use serde::{Deserialize, Serialize};
use store::{Batch, Document, DocumentKind, Operation, StoreError};
use uuid::Uuid;

use super::offers;
use super::pages::{Pages, Rest};
use super::row::Hit;
use super::wanted::{QueryId, Wanted};
use crate::Engine;

/// How many searches of one account are kept; one more takes the place of
/// another, which then begins anew.
const SEARCHES: u128 = 64;

/// All that a query found, in order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Which query's it is ([`QueryId::key`]).
    key: String,
    /// The results: our own stock's, then the carriers'.
    pub hits: Vec<Hit>,
    /// Who didn't answer, and why.
    pub silent: BTreeMap<CarrierName, String>,
    /// Where our own stock is read on; `None`: everything was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

impl Kept {
    pub(super) fn new(
        query: &QueryId,
        hits: Vec<Hit>,
        silent: BTreeMap<CarrierName, String>,
    ) -> Self {
        Self {
            key: query.key().simple().to_string(),
            hits,
            silent,
            rest: None,
        }
    }

    /// What was found of our own stock so far.
    pub(super) fn of_pages(query: &QueryId, pages: &Pages) -> Self {
        Self {
            rest: Some(pages.rest()),
            ..Self::new(query, pages.found().to_vec(), BTreeMap::new())
        }
    }

    /// Whether the results up to `last` are among it, or there are no others.
    pub(super) const fn shows(&self, last: usize) -> bool {
        self.rest.is_none() || self.hits.len() >= last
    }

    /// Goes on where it ends.
    pub(super) fn resume(self, wanted: &Wanted) -> Pages {
        Pages::resumed(wanted.clone(), self.hits, self.rest.unwrap_or_default())
    }
}

impl Engine {
    /// What a query of an account found, if that is kept and still holds.
    pub(super) async fn kept_search(
        &self,
        account: &AccountId,
        query: &QueryId,
        now: GregorianSeconds,
    ) -> Result<Option<Kept>, StoreError> {
        let key = query.key();
        let id = place(account, key);
        let stored = self.store.document(DocumentKind::Search, &id).await?;
        let live = stored.filter(|stored| stored.expires.is_some_and(|ends| ends > now));
        let Some(stored) = live else {
            return Ok(None);
        };
        let kept: Kept = serde_json::from_str(&stored.body).map_err(|error| {
            StoreError::Fault(format!("the document of search {id} is damaged: {error}"))
        })?;
        Ok((kept.key == key.simple().to_string()).then_some(kept))
    }

    /// Writes down, at once, what a query found and what carriers offered: the
    /// offers hold from `asked` on, when they were made.
    pub(super) async fn keep_search(
        &self,
        account: &AccountId,
        query: &QueryId,
        kept: &Kept,
        made: &[Offer],
        asked: GregorianSeconds,
    ) -> Result<(), StoreError> {
        let body = serde_json::to_string(kept)
            .map_err(|error| StoreError::Fault(format!("a search can't be written: {error}")))?;
        let search = Document {
            kind: DocumentKind::Search,
            id: place(account, query.key()),
            account: Some(account.clone()),
            revision: Revision::default().next(),
            due: None,
            expires: Some(offers::end(asked)),
            body,
        };
        let documents = made
            .iter()
            .map(|offer| offers::document(account, offer, asked))
            .chain([search]);
        let batch = documents.fold(Batch::new(), |batch, document| {
            batch.then(Operation::PutDocument(Box::new(document)))
        });
        // It expects nothing, so nothing can be unmet.
        self.store.write(batch).await.map(|_| ())
    }

    /// Forgets what an earlier run of a query found.
    pub(super) async fn forget_search(
        &self,
        account: &AccountId,
        query: &QueryId,
        now: GregorianSeconds,
    ) -> Result<(), StoreError> {
        if self.kept_search(account, query, now).await?.is_none() {
            return Ok(());
        }
        let id = place(account, query.key());
        let gone = Operation::DeleteDocument(DocumentKind::Search, id);
        self.store.write(Batch::new().then(gone)).await.map(|_| ())
    }
}

/// Where an account's search is kept.
fn place(account: &AccountId, key: Uuid) -> String {
    let place = key.as_u128() % SEARCHES;
    format!("{account}/{place}")
}
