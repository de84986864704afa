//! What a change does outside: before it is written, addresses are confirmed;
//! afterwards orders are sent and addresses taken away.

use std::borrow::Cow;

use numbers::e164::E164;
use numbers::plan::{Plan, Rules};

use super::{ChangeRequest, Outcome};
use crate::emergency::{Answered, Asking};
use crate::orders::Planned;
use crate::receipt::Terms;
use crate::{Context, Engine, EngineError};

/// What is to be done outside once a change is written.
#[derive(Default)]
pub(super) struct Afterwards {
    /// Orders to be sent.
    pub(super) planned: Vec<Planned>,
    /// Numbers whose emergency address is to be taken away.
    pub(super) leaving: Vec<E164>,
}

impl Afterwards {
    fn is_empty(&self) -> bool {
        self.planned.is_empty() && self.leaving.is_empty()
    }
}

impl Engine {
    /// Has the provider confirm the emergency addresses that the change asks
    /// for, unless something is to pay that the caller hasn't agreed to.
    pub(super) async fn ask_for_addresses(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        terms: Terms<'_>,
        rules: &Rules,
        keys: &[E164],
    ) -> Result<Answered, EngineError> {
        let named = request.command.fields.contains_key("e911");
        let Some(target) = request.target.filter(|_| named) else {
            return Ok(Answered::default());
        };
        let none = Answered::default();
        let loaded = self.load(cx, request, keys).await?;
        let plans: Vec<(&E164, Plan)> = keys
            .iter()
            .filter_map(|key| {
                let plan = self.decide(cx, request, rules, &loaded, &none, key);
                Some((key, plan.ok()?))
            })
            .collect();
        let asking: Vec<Asking> = plans
            .iter()
            .filter_map(|(key, plan)| {
                let owner = plan.number.owner.as_ref();
                let owner = owner.and_then(|id| loaded.accounts.get(id));
                Asking::of(key, plan, owner.unwrap_or(target))
            })
            .collect();
        if asking.is_empty() {
            return Ok(none);
        }
        for (key, _) in &plans {
            terms.check(loaded.numbers.get(*key))?;
        }
        let (mut answered, known) = self.check_addresses(cx, &asking).await?;
        if !request.accept_charges {
            let possible = plans
                .iter()
                .filter(|(key, _)| answered.refusal(key).is_none())
                .map(|(_, plan)| plan);
            self.refuse_unaccepted_charges(request, possible, true)?;
        }
        self.place_addresses(cx, asking, &known, &mut answered)
            .await?;
        Ok(answered)
    }

    /// Once everything is written: sends orders, has emergency addresses taken
    /// away or set that waited for it, and tells how the numbers are now.
    pub(super) async fn act_outside(
        &self,
        cx: &Context,
        rules: &Rules,
        afterwards: Afterwards,
        answered: Answered,
        outcomes: &mut [Outcome],
    ) -> Result<(), EngineError> {
        if afterwards.is_empty() && answered.is_empty() {
            return Ok(());
        }
        if !afterwards.leaving.is_empty() {
            self.addresses.work_off(afterwards.leaving.clone()).await;
        }
        let mut results = self.carry_out(cx, afterwards.planned, rules).await?;
        let moved = answered.unwritten();
        self.settle_addresses(answered).await?;
        for key in afterwards.leaving.into_iter().chain(moved) {
            let refused = |(about, result): &(E164, Result<_, _>)| *about == key && result.is_err();
            if results.iter().any(refused) {
                continue;
            }
            if let Some(number) = self.store.number(&key).await? {
                let owner = match &number.owner {
                    Some(id) => self.store.account(id).await?,
                    None => None,
                };
                let rules = match owner {
                    Some(owner) => self.rules_for(Some(&owner)).await?,
                    None => Cow::Borrowed(rules),
                };
                results.push((key, Ok(self.view(cx, number, &rules).await?)));
            }
        }
        for (key, result) in results {
            let mut told = outcomes.iter_mut();
            if let Some(outcome) = told.find(|outcome| outcome.key == key.as_str())
                && outcome.result.is_ok()
            {
                outcome.result = result;
            }
        }
        Ok(())
    }
}
