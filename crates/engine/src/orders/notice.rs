//! A carrier's word that an order moved (a webhook): it only makes us ask sooner.

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
    /// Takes a webhook of a carrier. The order that it names is asked for with
    /// the job's next round; one that we don't have, another carrier's, or one
    /// that is decided is left alone.
    pub async fn take_notice(
        &self,
        cx: &Context,
        carrier: &str,
        header: &(dyn Fn(&str) -> Option<String> + Sync),
        body: &[u8],
    ) -> Result<(), NoticeError> {
        let name = CarrierName::new(carrier);
        let hooks = self.carriers.get(&name).and_then(|found| found.hooks());
        let hooks = hooks.ok_or_else(|| NoticeError::Unknown(carrier.to_owned()))?;
        let notice = hooks
            .notice(cx.now.unix(), header, body)
            .map_err(NoticeError::NotBelieved)?;
        // Carriers that don't give our id back are asked in their time.
        let Some(id) = notice.id else { return Ok(()) };
        let Some(mut order) = self.desk.order(&id).await? else {
            return Ok(());
        };
        if order.carrier == name && may_move(&order) {
            order.due = Some(now());
            let batch = order.put()?;
            // Whoever was faster is asking already.
            let _ = self.store.write(batch).await?;
        }
        Ok(())
    }
}

/// Whether the carrier can have anything to tell, and it isn't asked anyhow.
fn may_move(order: &Order) -> bool {
    let open = matches!(order.state(), OrderState::Sent | OrderState::Unknown);
    open && order.due.is_none_or(|due| due > now())
}
