//! What carriers offered an account: only that can be ordered, by that account,
//! and only for a while.

use carriers::Offer;
use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use store::{Batch, Document, DocumentKind, Operation, StoreError};

use crate::Engine;
use crate::context::now;

/// How long an offer can be ordered, in seconds (spec/numbers.md 7).
const LIFETIME: u64 = 15 * 60;

impl Engine {
    /// The offer of a number that was made to an account and still holds.
    pub(crate) async fn live_offer(
        &self,
        account: &AccountId,
        key: &E164,
        now: GregorianSeconds,
    ) -> Result<Option<Offer>, StoreError> {
        let id = id(account, key);
        let stored = self.store.document(DocumentKind::Offer, &id).await?;
        let live = stored.filter(|stored| stored.expires.is_some_and(|ends| ends > now));
        live.map(|stored| {
            Offer::from_stored(&stored.body).map_err(|error| {
                let id = &stored.id;
                StoreError::Fault(format!("the document of offer {id} is damaged: {error}"))
            })
        })
        .transpose()
    }

    /// Forgets what has expired, some of it if it is much.
    pub async fn drop_expired(&self) -> Result<(), StoreError> {
        let batch = Batch::new().then(Operation::DropExpired(now()));
        self.store.write(batch).await.map(|_| ())
    }

    /// Keeps offers that are shown to an account, so that it can order them.
    pub(crate) async fn keep_offers(
        &self,
        account: &AccountId,
        offers: &[Offer],
        now: GregorianSeconds,
    ) -> Result<(), StoreError> {
        if offers.is_empty() {
            return Ok(());
        }
        let document = |offer: &Offer| Document {
            kind: DocumentKind::Offer,
            id: id(account, offer.number()),
            account: Some(account.clone()),
            revision: Revision::default().next(),
            due: None,
            expires: Some(GregorianSeconds::new(now.get() + LIFETIME)),
            body: offer.to_stored(),
        };
        let documents = offers.iter().map(document);
        let batch = documents.fold(Batch::new(), |batch, document| {
            batch.then(Operation::PutDocument(Box::new(document)))
        });
        // It expects nothing, so nothing can be unmet.
        self.store.write(batch).await.map(|_| ())
    }
}

fn id(account: &AccountId, key: &E164) -> String {
    format!("{account}/{key}")
}
