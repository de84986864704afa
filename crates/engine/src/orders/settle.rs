//! What a carrier's answer makes of an order and its numbers: written together
//! or not at all.

use carriers::Verdict;
use numbers::e164::E164;
use numbers::event::{Action, Origin};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::order::bought;
use numbers::state::State;
use store::{Batch, NumberChange, StoreError};

use super::{LineState, Order, OrderDesk, OrderKind, OrderState};
use crate::context::{new_event_id, now};

/// How often an outcome is decided anew after the record of a number moved.
const ATTEMPTS: usize = 5;

impl OrderDesk {
    /// Takes over what a carrier said of an order's numbers. Answers the order
    /// as it is now, which somebody else may have settled meanwhile.
    pub(super) async fn take_over(
        &self,
        mut order: Order,
        verdicts: &[(E164, Verdict)],
    ) -> Result<Order, StoreError> {
        let never_sent = order.state() == OrderState::Planned;
        for _ in 0..ATTEMPTS {
            let mut settled = order.clone();
            let batch = self.batch_of(&mut settled, verdicts).await?;
            if self.store.write(batch).await?.is_ok() {
                return Ok(settled);
            }
            match self.order(&order.id).await? {
                // Somebody sent it meanwhile: that it never was doesn't hold
                // any more.
                Some(stored) if never_sent && stored.revision != order.revision => {
                    return Ok(stored);
                }
                Some(mut stored) if !stored.state().is_final() => {
                    // What this answer said to keep isn't lost with the race.
                    stored.vendor.extend(order.vendor);
                    order = stored;
                }
                Some(stored) => return Ok(stored),
                None => return Ok(order),
            }
        }
        Ok(order)
    }

    async fn batch_of(
        &self,
        order: &mut Order,
        verdicts: &[(E164, Verdict)],
    ) -> Result<Batch, StoreError> {
        let at = now();
        let open = order.open_numbers();
        let records = self.store.numbers(&open).await?;
        let mut changes = Vec::new();
        for (number, record) in open.iter().zip(records) {
            let said = verdicts.iter().find(|(about, _)| about == number);
            let Some((_, verdict)) = said else { continue };
            match verdict {
                Verdict::Open | Verdict::Unheard => continue,
                Verdict::Ours(_) => order.decide(number, LineState::Done, None),
                Verdict::Refused(reason) => {
                    order.decide(number, LineState::Refused, Some(reason.clone()));
                }
            }
            let waiting = record.filter(|record| waits_for(record, order));
            if let Some(record) = waiting {
                changes.extend(change(order, record, verdict, at));
            } else {
                // Somebody forced the record away: reconciling finds what that
                // left at the carrier.
                tracing::warn!(%number, order = %order.id, "its record is gone");
            }
        }
        if let Some(outcome) = order.outcome() {
            order.to(outcome, at);
        }
        let batch = order.put()?;
        Ok(changes
            .into_iter()
            .map(Batch::change_number)
            .fold(batch, Batch::joined))
    }

    /// Stores an order whose numbers stay as they are; answers it as stored.
    pub(super) async fn keep(&self, mut order: Order) -> Result<Order, StoreError> {
        let batch = order.put()?;
        match self.store.write(batch).await? {
            Ok(()) => Ok(order),
            Err(_) => Ok(self.order(&order.id).await?.unwrap_or(order)),
        }
    }
}

/// Whether a record waits for this order, and not for another or none.
pub(super) fn waits_for(record: &Number, order: &Order) -> bool {
    let open = record.order.as_ref();
    open.is_some_and(|open| open.id == order.id.0)
}

/// The change of a record that waits for the order.
fn change(
    order: &Order,
    record: Number,
    verdict: &Verdict,
    at: GregorianSeconds,
) -> Option<NumberChange> {
    let (after, action, note) = match (order.kind, verdict) {
        (OrderKind::Purchase, Verdict::Ours(said)) => {
            let number = bought(&record, &order.id.0, said.clone(), at)?;
            let action = match number.state {
                State::Reserved => Action::Reserved,
                _ => Action::Activated,
            };
            (
                Some(number),
                action,
                format!("order {} confirmed", order.id),
            )
        }
        (OrderKind::Purchase, Verdict::Refused(reason)) => {
            let note = format!("order {} refused: {reason}", order.id);
            (None, Action::Refused, note)
        }
        (OrderKind::Release, Verdict::Ours(_)) => {
            let note = format!("{} took it back, order {}", order.carrier, order.id);
            (None, Action::Disconnected, note)
        }
        _ => return None,
    };
    let after = after.map(|mut number| {
        number.revision = record.revision.next();
        number
    });
    Some(NumberChange {
        after,
        event: new_event_id(),
        action,
        origin: Origin {
            account: order.caller.clone(),
            user: order.user.clone(),
            request_id: order.request_id.clone(),
            at,
        },
        note: Some(note),
        before: Some(record),
    })
}
