//! A carrier's word that an order moved (a webhook): it only makes us ask sooner.
//!
//! What a reseller's own account at a carrier posts is verified with what that
//! reseller set for it, and speaks of orders that were sent with that alone.

use std::sync::Arc;

use carriers::{Carrier, Notice};
use numbers::account::AccountId;
use store::StoreError;

use super::{Order, OrderState};
use crate::context::now;
use crate::{Context, Engine};
use numbers::carrier::CarrierName;

/// Why a webhook isn't taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoticeError {
    /// No such carrier, or none that calls us.
    #[error("no webhooks are known of the carrier '{0}'")]
    Unknown(String),
    /// It isn't the carrier's, or not about orders; why.
    #[error("not believed: {0}")]
    NotBelieved(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Takes a webhook of a carrier, of the operator's account there or of a
    /// reseller's own. The order that it names is asked for with the job's next
    /// round; one that we don't have, that was sent to another carrier or
    /// account, or that is decided is left alone.
    pub async fn take_notice(
        &self,
        cx: &Context,
        carrier: &str,
        reseller: Option<&AccountId>,
        header: &(dyn Fn(&str) -> Option<String> + Sync),
        body: &[u8],
    ) -> Result<(), NoticeError> {
        let name = CarrierName::new(carrier);
        let accounts = match reseller {
            Some(reseller) => self.dealers.all_of(reseller, &name).await?,
            None => self.carriers.shared(&name).into_iter().collect(),
        };
        let verified = verified(&accounts, cx.now.unix(), header, body);
        let verified = verified.ok_or_else(|| NoticeError::Unknown(carrier.to_owned()))?;
        let notice = verified.map_err(NoticeError::NotBelieved)?;
        // Carriers that don't give our id back are asked in their time.
        let Some(id) = notice.id else { return Ok(()) };
        let Some(mut order) = self.desk.order(&id).await? else {
            return Ok(());
        };
        let sender = order.credentials.as_ref().map(|own| &own.reseller);
        if order.carrier == name && sender == reseller && may_move(&order) {
            order.due = Some(now());
            let batch = order.put()?;
            // Whoever was faster is asking already.
            let _ = self.store.write(batch).await?;
        }
        Ok(())
    }
}

/// What a webhook says, if one of these believes it, the newest first; else why
/// the newest doesn't. `None`: none of them has webhooks.
fn verified(
    accounts: &[Arc<dyn Carrier>],
    now: u64,
    header: &(dyn Fn(&str) -> Option<String> + Sync),
    body: &[u8],
) -> Option<Result<Notice, String>> {
    let hooks = accounts.iter().filter_map(|account| account.hooks());
    let mut newest = None;
    for hooks in hooks {
        let read = hooks.notice(now, header, body);
        if read.is_ok() {
            return Some(read);
        }
        newest.get_or_insert(read);
    }
    newest
}

/// Whether the carrier can have anything to tell, and it isn't asked anyhow.
fn may_move(order: &Order) -> bool {
    let open = matches!(order.state(), OrderState::Sent | OrderState::Unknown);
    open && order.due.is_none_or(|due| due > now())
}
