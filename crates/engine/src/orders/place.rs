//! From plans to orders: what is bought and given back is written down with
//! the numbers that wait for it, before anything is sent.

use std::collections::BTreeMap;

use carriers::{Carrier, GiveBack, Offer, OrderId};
use numbers::account::{Account, AccountId};
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
use crate::credentials::{Credentials, Dealer, credentials_of, note_credentials};
use crate::numbers::NumberView;
use crate::{Context, Engine, EngineError, messaging};

/// An order that is written down and still to be sent.
pub(crate) struct Planned {
    /// The order.
    pub order: Order,
    /// What it orders; nothing for a release.
    pub offers: Vec<Offer>,
    /// Its numbers as they wait for it.
    pub waiting: Vec<Number>,
}

/// Where something is bought, and with whose credentials.
struct Seller {
    carrier: CarrierName,
    credentials: Option<Credentials>,
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
    pub(crate) async fn plan_purchases(
        &self,
        cx: &Context,
        account: &Account,
        bought: Vec<(usize, Bought<'_>)>,
    ) -> Result<Vec<Write>, StoreError> {
        let mut by_carrier: BTreeMap<_, Vec<(usize, Bought<'_>)>> = BTreeMap::new();
        for one in bought {
            let offer = &one.1.offer;
            let key = (offer.carrier().clone(), offer.country().map(str::to_owned));
            by_carrier.entry(key).or_default().push(one);
        }
        let mut planned = Vec::new();
        if by_carrier.is_empty() {
            return Ok(planned);
        }
        let reseller = self.reseller_of(account).await?;
        for ((carrier, _), mut bought) in by_carrier {
            let dealer = self.dealers.buying(&reseller.id, &carrier).await?;
            let most = dealer.as_ref().map_or(1, Dealer::most_per_order);
            let seller = Seller {
                carrier,
                credentials: dealer.and_then(|dealer| dealer.credentials),
            };
            while !bought.is_empty() {
                let rest = bought.split_off(most.min(bought.len()));
                planned.push(self.plan_purchase(cx, &account.id, &seller, bought)?);
                bought = rest;
            }
        }
        Ok(planned)
    }

    fn plan_purchase(
        &self,
        cx: &Context,
        account: &AccountId,
        seller: &Seller,
        bought: Vec<(usize, Bought<'_>)>,
    ) -> Result<Write, StoreError> {
        let Seller {
            carrier,
            credentials,
        } = seller;
        let mut order = self.new_order(
            cx,
            OrderKind::Purchase,
            Some(account.clone()),
            carrier,
            bought.iter().map(|(_, one)| one.plan.number.id.clone()),
        );
        order.credentials.clone_from(credentials);
        // Known before anything is sent, for asking when the answer is lost.
        if let Some(country) = bought.iter().find_map(|(_, one)| one.offer.country()) {
            let country = country.into();
            order.vendor.insert("country".to_owned(), country);
        }
        let mut batch = order.put()?.expect(Expectation::AccountExists {
            id: account.clone(),
        });
        let (mut indices, mut offers, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for (index, one) in bought {
            let mut number = awaiting_purchase(one.plan.number.clone(), &order.id.0);
            number.revision = number.revision.next();
            if let Some(credentials) = credentials {
                note_credentials(&mut number.carrier_data, &credentials.reseller);
            }
            let mut note = format!("order {} at {carrier}", order.id);
            if let Some(messages) = messaging::by_hand(&self.carriers, None, Some(&number)) {
                note = format!("{note}; when it is ours {messages}");
            }
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
    pub(crate) async fn plan_release(
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
        let (give_back, credentials) = self.way_back(before, carrier).await?;
        let give_back = match give_back {
            Some(GiveBack::ByOrder) if forced => Some(GiveBack::ByHand),
            give_back => give_back,
        };
        let account = before
            .owner
            .clone()
            .or_else(|| before.previous_owner.clone());
        let key = [before.id.clone()];
        let mut order = self.new_order(cx, OrderKind::Release, account, carrier, key);
        order.credentials = credentials;
        match give_back {
            Some(GiveBack::ByHand) => order.to(OrderState::ByHand, cx.now),
            Some(GiveBack::ByOrder) => {}
            Some(GiveBack::Nothing) | None => return Ok(None),
        }
        if forced {
            return Ok(Some((order.put()?.joined(batch.clone()), None)));
        }
        // Until it is gone nobody else may have it, or he would lose it again.
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

    /// How a number goes back to its carrier, and with whose credentials.
    async fn way_back(
        &self,
        number: &Number,
        carrier: &CarrierName,
    ) -> Result<(Option<GiveBack>, Option<Credentials>), StoreError> {
        let Some(reseller) = credentials_of(number) else {
            let operators = self.carriers.get(carrier);
            return Ok((operators.map(Carrier::give_back), None));
        };
        let Some(dealer) = self.dealers.giving_back(&reseller, carrier).await? else {
            return Ok((Some(GiveBack::ByHand), None));
        };
        let give_back = match &dealer.carrier {
            Ok(carrier) => carrier.give_back(),
            Err(_) => GiveBack::ByHand,
        };
        Ok((Some(give_back), dealer.credentials))
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
                let result = match result {
                    Ok(number) => Ok(self.view(cx, number, rules).await?),
                    Err(error) => Err(error),
                };
                told.push((key, result));
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
