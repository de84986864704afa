//! From plans to orders: what is bought and given back is written down with
//! the numbers that wait for it, before anything is sent.

use std::collections::BTreeMap;

use carriers::{Carrier, GiveBack, Offer, OrderId};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::event::Action;
use numbers::number::Number;
use numbers::order::{awaiting_purchase, awaiting_release};
use numbers::plan::{Effect, Plan, Rules};
use numbers::state::State;
use store::{Batch, Expectation, NumberChange, StoreError};

use super::{LineState, Order, OrderKind, OrderState};
use crate::change::Write;
use crate::context::new_event_id;
use crate::numbers::NumberView;
use crate::{Context, Engine, EngineError};

/// An order that is written down and still to be sent.
pub(crate) struct Planned {
    /// The order.
    pub order: Order,
    /// What it orders; nothing for a release.
    pub offers: Vec<Offer>,
    /// Its numbers as they wait for it.
    pub waiting: Vec<Number>,
}

/// A decided purchase of one number.
pub(crate) struct Bought<'p> {
    /// What is bought.
    pub offer: Offer,
    /// What becomes of the number.
    pub plan: &'p Plan,
}

impl Engine {
    /// Purchases, gathered into as few orders as the carriers take, each with
    /// the batch that writes it down and the positions of its numbers.
    pub(crate) fn plan_purchases(
        &self,
        cx: &Context,
        account: &AccountId,
        bought: Vec<(usize, Bought<'_>)>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut by_carrier: BTreeMap<CarrierName, Vec<(usize, Bought<'_>)>> = BTreeMap::new();
        for one in bought {
            let carrier = one.1.offer.carrier().clone();
            by_carrier.entry(carrier).or_default().push(one);
        }
        let mut planned = Vec::new();
        for (carrier, mut bought) in by_carrier {
            let orders = self.carriers.get(&carrier).and_then(|found| found.orders());
            let most = orders.map_or(1, |orders| orders.most_per_order().max(1));
            while !bought.is_empty() {
                let rest = bought.split_off(most.min(bought.len()));
                planned.push(self.plan_purchase(cx, account, &carrier, bought)?);
                bought = rest;
            }
        }
        Ok(planned)
    }

    fn plan_purchase(
        &self,
        cx: &Context,
        account: &AccountId,
        carrier: &CarrierName,
        bought: Vec<(usize, Bought<'_>)>,
    ) -> Result<Write, StoreError> {
        let mut order = self.new_order(
            cx,
            OrderKind::Purchase,
            Some(account.clone()),
            carrier,
            bought.iter().map(|(_, one)| one.plan.number.id.clone()),
        );
        let mut batch = order.put()?.expect(Expectation::AccountExists {
            id: account.clone(),
        });
        let (mut indices, mut offers, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for (index, one) in bought {
            let mut number = awaiting_purchase(one.plan.number.clone(), &order.id.0);
            number.revision = number.revision.next();
            let note = format!("order {} at {carrier}", order.id);
            batch = batch.joined(waiting_change(cx, None, &number, Action::Ordered, note));
            indices.push(index);
            offers.push(one.offer);
            waiting.push(number);
        }
        let planned = Planned {
            order,
            offers,
            waiting,
        };
        Ok(Write {
            indices,
            batch,
            planned: vec![planned],
        })
    }

    /// What a plan that gives a number up does at its carrier: the batch that
    /// also writes down the release, or that a person must do it. `None`:
    /// nothing.
    pub(crate) fn plan_release(
        &self,
        cx: &Context,
        plan: &Plan,
        before: Option<&Number>,
        batch: &Batch,
    ) -> Result<Option<(Batch, Option<Planned>)>, StoreError> {
        let Some(before) = before else {
            return Ok(None);
        };
        let forced = plan.action == Action::Deleted;
        let carrier = match disconnected(plan) {
            Some(carrier) => carrier,
            // Removing the record by force calls nobody: a person has to.
            None if forced => &before.carrier,
            None => return Ok(None),
        };
        let give_back = match self.carriers.get(carrier).map(Carrier::give_back) {
            Some(GiveBack::ByOrder) if forced => Some(GiveBack::ByHand),
            give_back => give_back,
        };
        let account = before
            .owner
            .clone()
            .or_else(|| before.previous_owner.clone());
        let key = [before.id.clone()];
        let mut order = self.new_order(cx, OrderKind::Release, account, carrier, key);
        match give_back {
            Some(GiveBack::ByHand) => {
                order.to(OrderState::ByHand, cx.now);
                Ok(Some((order.put()?.joined(batch.clone()), None)))
            }
            Some(GiveBack::ByOrder) => {
                let mut number = awaiting_release(plan.number.clone(), &order.id.0);
                number.revision = before.revision.next();
                let note = format!("given back to {carrier} by order {}", order.id);
                let change = waiting_change(cx, Some(before), &number, plan.action, note);
                let batch = order.put()?.joined(change);
                let planned = Planned {
                    order,
                    offers: Vec::new(),
                    waiting: vec![number],
                };
                Ok(Some((batch, Some(planned))))
            }
            Some(GiveBack::Nothing) | None => Ok(None),
        }
    }

    /// An order that is due when it is forgotten.
    pub(crate) fn new_order(
        &self,
        cx: &Context,
        kind: OrderKind,
        account: Option<AccountId>,
        carrier: &CarrierName,
        numbers: impl IntoIterator<Item = E164>,
    ) -> Order {
        // Sorts by time, as events do.
        let id = OrderId(new_event_id().0);
        let origin = cx.origin();
        let mut order = Order::plan(id, kind, account, carrier.clone(), numbers, &origin);
        order.due = Some(self.desk.forgotten_at());
        order
    }

    /// Sends what was written down, and tells how each number stands when its
    /// buyer's time is over.
    pub(crate) async fn carry_out(
        &self,
        cx: &Context,
        planned: Vec<Planned>,
        rules: &Rules,
    ) -> Result<Vec<(E164, Result<NumberView, NumberError>)>, EngineError> {
        let ids: Vec<(OrderId, Vec<Number>)> = planned
            .iter()
            .map(|planned| (planned.order.id.clone(), planned.waiting.clone()))
            .collect();
        let work = planned
            .into_iter()
            .map(|planned| self.desk.carry_out(planned.order, planned.offers));
        futures::future::join_all(work).await;
        let mut told = Vec::new();
        for (id, waiting) in ids {
            let order = self.desk.order(&id).await?;
            for number in waiting {
                let record = self.store.number(&number.id).await?;
                let key = number.id.clone();
                let result = standing(cx, order.as_ref(), record, number);
                told.push((key, result.map(|number| NumberView::new(cx, number, rules))));
            }
        }
        Ok(told)
    }
}

fn waiting_change(
    cx: &Context,
    before: Option<&Number>,
    after: &Number,
    action: Action,
    note: String,
) -> Batch {
    Batch::change_number(NumberChange {
        before: before.cloned(),
        after: Some(after.clone()),
        event: new_event_id(),
        action,
        origin: cx.origin(),
        note: Some(note),
    })
}

/// A number as its buyer, or who gave it up, is told of it.
fn standing(
    cx: &Context,
    order: Option<&Order>,
    record: Option<Number>,
    waiting: Number,
) -> Result<Number, NumberError> {
    let line = order.and_then(|order| {
        let mut lines = order.numbers.iter();
        lines.find(|line| line.number == waiting.id)
    });
    match (line.map(|line| line.state), record) {
        (Some(LineState::Refused), _) => Err(NumberError::CarrierFault {
            number: waiting.id,
            reason: line
                .and_then(|line| line.reason.clone())
                .filter(|_| cx.is_admin()),
        }),
        (_, Some(record)) => Ok(record),
        (_, None) => Ok(Number {
            state: State::Deleted,
            order: None,
            ..waiting
        }),
    }
}

/// The carrier that a plan gives the number back to.
fn disconnected(plan: &Plan) -> Option<&CarrierName> {
    plan.effects.iter().find_map(|effect| match effect {
        Effect::Disconnect(carrier) => Some(carrier),
        _ => None,
    })
}
