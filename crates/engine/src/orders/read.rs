//! Reading orders, and closing what a person has done.

use carriers::OrderId;
use numbers::account::AccountId;
use numbers::event::Action;
use serde_json::{Map, Value, json};
use store::{Batch, DocumentKind, NumberChange, Page};

use super::settle::waits_for;
use super::{LineState, Order, OrderState};
use crate::context::new_event_id;
use crate::{Context, Engine, EngineError};

impl Engine {
    /// An account's orders, or everybody's, oldest first, a page of them.
    pub async fn orders(
        &self,
        account: Option<&AccountId>,
        page: &Page<String>,
    ) -> Result<Vec<Order>, EngineError> {
        let kind = DocumentKind::Order;
        let stored = self.store.documents(kind, account, page).await?;
        let orders = stored.iter().map(Order::from_document);
        Ok(orders.collect::<Result<_, _>>()?)
    }

    /// One of an account's orders.
    pub async fn order(&self, account: &AccountId, id: &str) -> Result<Option<Order>, EngineError> {
        let order = self.desk.order(&OrderId(id.to_owned())).await?;
        Ok(order.filter(|order| order.account.as_ref() == Some(account)))
    }

    /// Closes a release that a person has done at the carrier. `None`: it isn't
    /// one that waits for a person.
    pub async fn close_order(
        &self,
        cx: &Context,
        mut order: Order,
    ) -> Result<Option<Order>, EngineError> {
        if order.state() != OrderState::ByHand {
            return Ok(None);
        }
        let open = order.open_numbers();
        let records = self.store.numbers(&open).await?;
        for number in &open {
            order.decide(number, LineState::Done, None);
        }
        order.to(OrderState::Settled, cx.now);
        let records = records.into_iter().flatten();
        let waiting = records.filter(|record| waits_for(record, &order));
        let gone = waiting.map(|record| {
            Batch::change_number(NumberChange {
                before: Some(record),
                after: None,
                event: new_event_id(),
                action: Action::Disconnected,
                origin: cx.origin(),
                note: Some(format!("order {} closed by hand", order.id)),
            })
        });
        let gone: Vec<Batch> = gone.collect();
        let batch = gone.into_iter().fold(order.put()?, Batch::joined);
        match self.store.write(batch).await? {
            Ok(()) => Ok(Some(order)),
            Err(_) => Err(EngineError::Conflict),
        }
    }
}

/// An order as it is shown; what a carrier said, to administrators only, but
/// for the carrier's own id of it.
pub fn order_row(order: &Order, for_admin: bool) -> Map<String, Value> {
    let mut row = match json!(order) {
        Value::Object(row) => row,
        _ => Map::new(),
    };
    row.insert("state".to_owned(), json!(order.state()));
    if !for_admin {
        for secret in ["fault", "caller", "user", "credentials"] {
            row.shift_remove(secret);
        }
        if let Some(vendor) = row.get_mut("vendor").and_then(Value::as_object_mut) {
            vendor.retain(|name, _| name == "order_id");
        }
        let lines = row.get_mut("numbers").and_then(Value::as_array_mut);
        for line in lines.into_iter().flatten() {
            if let Some(line) = line.as_object_mut() {
                line.shift_remove("reason");
            }
        }
    }
    row
}
