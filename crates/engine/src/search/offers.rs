//! What carriers offered an account: only that can be ordered, by that account,
//! and only for a while.

use std::collections::HashMap;

use carriers::Offer;
use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use store::{Batch, Document, DocumentKind, Operation, StoreError};

use super::pages::LIFETIME;
use crate::Engine;
use crate::context::now;

/// How many rounds of [`Operation::DropExpired`] one call makes at most; what
/// is left then waits for the next call.
const MOST_ROUNDS: usize = 10_000;

impl Engine {
    /// Those offers of numbers that were made to an account and still hold.
    pub(crate) async fn live_offers(
        &self,
        account: &AccountId,
        keys: &[E164],
        now: GregorianSeconds,
    ) -> Result<HashMap<E164, Offer>, StoreError> {
        let ids: Vec<String> = keys.iter().map(|key| id(account, key)).collect();
        let kind = DocumentKind::Offer;
        let stored = self.store.documents_by_id(kind, &ids).await?;
        let live = stored
            .into_iter()
            .flatten()
            .filter(|stored| stored.expires.is_some_and(|ends| ends > now));
        live.map(|stored| {
            let offer = Offer::from_stored(&stored.body).map_err(|error| {
                let id = &stored.id;
                StoreError::Fault(format!("the document of offer {id} is damaged: {error}"))
            })?;
            Ok((offer.number().clone(), offer))
        })
        .collect()
    }

    /// Forgets everything that has expired, a batch at a time.
    pub async fn drop_expired(&self) -> Result<(), StoreError> {
        let now = now();
        for _ in 0..MOST_ROUNDS {
            if !self.store.has_expired(now).await? {
                return Ok(());
            }
            let batch = Batch::new().then(Operation::DropExpired(now));
            self.store.write(batch).await?.ok();
        }
        Ok(())
    }
}

/// Until when an offer can be ordered that was made at `asked`.
pub(super) fn end(asked: GregorianSeconds) -> GregorianSeconds {
    GregorianSeconds::new(asked.get() + LIFETIME.as_secs())
}

/// An offer as it is kept for an account.
pub(super) fn document(account: &AccountId, offer: &Offer, asked: GregorianSeconds) -> Document {
    Document {
        kind: DocumentKind::Offer,
        id: id(account, offer.number()),
        account: Some(account.clone()),
        revision: Revision::default().next(),
        due: None,
        expires: Some(end(asked)),
        body: offer.to_stored(),
    }
}

fn id(account: &AccountId, key: &E164) -> String {
    format!("{account}/{key}")
}
