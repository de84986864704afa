//! What is written for what was decided: each number's batch, with whatever
//! else has to be true or to be known along with it.

use std::mem::take;

use carriers::GiveBack;
use numbers::number::Number;
use numbers::plan::{Change, Effect, Plan};
use store::{Batch, Expectation, NumberChange};

use super::look::Round;
use super::{ChangeRequest, Job, Write};
use crate::context::new_event_id;
use crate::credentials::credentials_of;
use crate::emergency::{Answered, asked};
use crate::orders::Bought;
use crate::{Context, Engine, EngineError, messaging};

impl Engine {
    /// What is written for the decisions of a round: a batch for each number,
    /// one for all numbers of an order.
    pub(super) async fn writes(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        loaded: &Round,
        jobs: &[Job],
    ) -> Result<Vec<Write>, EngineError> {
        let (mut writes, mut bought) = (Vec::new(), Vec::new());
        for (index, job) in jobs.iter().enumerate() {
            let Some(plan) = job.plan.as_ref() else {
                continue;
            };
            match loaded.offers.get(&job.key) {
                _ if plan.change == Change::Nothing => {}
                Some((offer, _)) if buys(plan) => {
                    let offer = offer.clone();
                    bought.push((index, Bought { offer, plan }));
                }
                _ => {
                    let before = job.before.as_ref();
                    let batch = self.batch(cx, plan, before);
                    let (batch, planned) = self
                        .plan_release(cx, plan, before, &batch)
                        .await?
                        .unwrap_or((batch, None));
                    writes.push(Write {
                        indices: vec![index],
                        batch,
                        planned: planned.into_iter().collect(),
                    });
                }
            }
        }
        if let Some(target) = request.target {
            writes.extend(self.plan_purchases(cx, target, bought).await?);
        }
        Ok(writes)
    }

    /// Adds to each batch what is written of its numbers' emergency addresses
    /// and caller names.
    pub(super) async fn join_providers(
        &self,
        cx: &Context,
        answered: &Answered,
        jobs: &[Job],
        writes: &mut [Write],
    ) -> Result<(), EngineError> {
        for write in writes {
            for index in &write.indices {
                let job = &jobs[*index];
                let mut batch = take(&mut write.batch);
                if let Some(plan) = &job.plan {
                    let before = job.before.as_ref();
                    batch = self.join_caller_names(plan, before, batch).await?;
                }
                write.batch = match (&job.plan, &job.before) {
                    (Some(plan), Some(before)) if loses_address(plan) => {
                        let mut setup = self.leaving_address(cx, before).await?;
                        batch.joined(setup.put()?)
                    }
                    // Asked for only since somebody else changed the number:
                    // nobody has confirmed it.
                    (Some(plan), _) if asked(plan).is_some() => {
                        return Err(EngineError::Conflict);
                    }
                    _ => answered.joined(&job.key, batch)?,
                };
            }
        }
        Ok(())
    }

    fn batch(&self, cx: &Context, plan: &Plan, before: Option<&Number>) -> Batch {
        let change = NumberChange {
            before: before.cloned(),
            after: (plan.change == Change::Put).then(|| after(plan.clone(), before)),
            event: new_event_id(),
            action: plan.action,
            origin: cx.origin(),
            note: self.note(plan, before),
        };
        let new_owner = change
            .after
            .as_ref()
            .and_then(|number| number.owner.clone())
            .filter(|owner| before.and_then(|number| number.owner.as_ref()) != Some(owner));
        let batch = Batch::change_number(change);
        match new_owner {
            // The account may be deleted between loading and writing.
            Some(id) => batch.expect(Expectation::AccountExists { id }),
            None => batch,
        }
    }

    /// What a person has to do that no carrier's interface does.
    fn note(&self, plan: &Plan, before: Option<&Number>) -> Option<String> {
        let after = (plan.change == Change::Put).then_some(&plan.number);
        let messages = messaging::by_hand(&self.carriers, before, after);
        match (self.release_note(plan), messages) {
            (Some(release), Some(messages)) => Some(format!("{messages}; {release}")),
            (release, messages) => release.or(messages),
        }
    }

    fn release_note(&self, plan: &Plan) -> Option<String> {
        if credentials_of(&plan.number).is_some() {
            // Its order says what is to do.
            return None;
        }
        plan.effects.iter().find_map(|effect| match effect {
            Effect::Disconnect(name) => {
                let carrier = self.carriers.get(name)?;
                (carrier.give_back() == GiveBack::ByHand).then(|| {
                    format!(
                        "release {} by hand at {name}: it has no interface for that",
                        plan.number.id
                    )
                })
            }
            _ => None,
        })
    }
}

/// Whether a number loses its emergency address by a plan.
pub(super) fn loses_address(plan: &Plan) -> bool {
    plan.effects.contains(&Effect::RemoveAddress)
}

/// Whether a plan buys its number from a carrier.
fn buys(plan: &Plan) -> bool {
    let mut effects = plan.effects.iter();
    effects.any(|effect| matches!(effect, Effect::Order(_)))
}

/// The record as it is written: with the next revision.
pub(super) fn after(plan: Plan, before: Option<&Number>) -> Number {
    let mut number = plan.number;
    number.revision = before
        .map(|number| number.revision)
        .unwrap_or_default()
        .next();
    number
}
