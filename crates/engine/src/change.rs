//! Changing numbers: load, decide, write, and again when the race was lost.

mod look;
mod outside;
mod write;

use std::mem::take;
use std::sync::Arc;

use numbers::account::Account;
use numbers::authorize::{Owner, Standing};
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::{Change, Command, Plan, Rules};
use store::{Batch, StoreError};

use crate::caller_names::NameWork;
use crate::emergency::Answered;
use crate::numbers::NumberView;
use crate::orders::Planned;
use crate::receipt::{Position, Terms, is_repeated, signed};
use crate::{Context, Engine, EngineError};
use outside::Afterwards;
use write::{after, loses_address};

/// How often a change is decided anew after somebody else was faster.
const ATTEMPTS: usize = 5;

/// A change of one or many numbers.
pub struct ChangeRequest<'a> {
    /// The account in the URL; `None` for the system's own jobs.
    pub target: Option<&'a Arc<Account>>,
    /// What to do with each number.
    pub command: Command,
    /// Whether the caller agreed to pay for it.
    pub accept_charges: bool,
}

/// What became of one number.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The number, normalized; the text as sent when it is none.
    pub key: String,
    /// The number as it is now, or why nothing was done.
    pub result: Result<NumberView, NumberError>,
}

/// A number on its way through the rounds.
struct Job {
    key: E164,
    plan: Option<Plan>,
    before: Option<Number>,
    /// What is under way for its caller names once the plan is carried out.
    name_work: Option<NameWork>,
}

impl Job {
    fn view(&self, cx: &Context, number: Number, rules: &Rules) -> NumberView {
        NumberView {
            name_work: self.name_work.clone(),
            ..NumberView::new(cx, number, rules)
        }
    }

    /// The record as it will be.
    fn expected(&self) -> Option<Number> {
        let plan = self.plan.clone()?;
        Some(match plan.change {
            Change::Nothing => plan.number,
            _ => after(plan, self.before.as_ref()),
        })
    }
}

/// Something to write for some of a round's jobs.
pub(crate) struct Write {
    /// Which jobs.
    pub indices: Vec<usize>,
    /// What to write.
    pub batch: Batch,
    /// The orders that it writes down.
    pub planned: Vec<Planned>,
}

/// One round of a change.
struct Turn<'a> {
    terms: Terms<'a>,
    /// What providers said to emergency addresses.
    answered: &'a Answered,
    /// Whether it is the first.
    first: bool,
    /// What is settled so far.
    outcomes: &'a [Option<Outcome>],
    /// What isn't, with its place among the outcomes.
    open: &'a [(usize, E164)],
}

impl Engine {
    /// Changes numbers, each on its own terms: a refused one neither undoes
    /// nor holds up the others, and nothing is reported that wasn't stored.
    ///
    /// When something would cost money and the caller hasn't agreed, nothing
    /// is done and the quote is the answer ([`EngineError::Charges`]).
    pub async fn change(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        texts: &[String],
    ) -> Result<Vec<Outcome>, EngineError> {
        self.change_on(cx, request, Terms::default(), texts).await
    }

    /// As [`Self::change`], on terms. With a receipt, everything is written at
    /// once, with it.
    ///
    /// # Errors
    /// Besides those of `change`: [`EngineError::OtherRevision`] where a number
    /// isn't as the client saw it, [`EngineError::Repeated`] where the same
    /// call was carried out meanwhile; nothing is done then.
    pub async fn change_on(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        terms: Terms<'_>,
        texts: &[String],
    ) -> Result<Vec<Outcome>, EngineError> {
        let target = request.target.map(Arc::as_ref);
        let numbering = self.numbering(target);
        let rules = self.rules_for(target).await?;
        let mut outcomes: Vec<Option<Outcome>> = Vec::with_capacity(texts.len());
        let mut open: Vec<(usize, E164)> = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match numbering.key(text) {
                Ok(key) => {
                    open.push((index, key));
                    outcomes.push(None);
                }
                Err(error) => {
                    // The right to do it at all comes before what it is done to.
                    let error = may_begin(cx, request)
                        .err()
                        .unwrap_or(NumberError::NotReconcilable(error.text));
                    outcomes.push(Some(Outcome {
                        key: text.clone(),
                        result: Err(error),
                    }));
                }
            }
        }
        let mut turns = Vec::new();
        let mut afterwards = Afterwards::default();
        let keys: Vec<E164> = open.iter().map(|(_, key)| key.clone()).collect();
        let mut answered = self
            .ask_for_addresses(cx, request, terms, &rules, &keys)
            .await?;
        for attempt in 0..ATTEMPTS {
            if open.is_empty() {
                break;
            }
            if attempt == 1 {
                turns = self.turns.wait(open.iter().map(|(_, key)| key)).await;
            }
            if attempt > 0 {
                self.refresh_addresses(&mut answered).await?;
            }
            let turn = Turn {
                terms,
                answered: &answered,
                first: attempt == 0,
                outcomes: &outcomes,
                open: &open,
            };
            let lost = self
                .round(cx, request, &rules, &turn, &mut afterwards)
                .await?;
            let mut still_open = Vec::new();
            for ((index, key), settled) in open.into_iter().zip(lost) {
                match settled {
                    Some(result) => {
                        outcomes[index] = Some(Outcome {
                            key: key.to_string(),
                            result,
                        });
                    }
                    None => still_open.push((index, key)),
                }
            }
            open = still_open;
        }
        drop(turns);
        for (index, key) in open {
            let result = Err(NumberError::Conflict(key.clone()));
            outcomes[index] = Some(Outcome {
                key: key.to_string(),
                result,
            });
        }
        let mut outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
        self.act_outside(cx, &rules, afterwards, answered, &mut outcomes)
            .await?;
        Ok(outcomes)
    }

    /// Changes one number.
    pub async fn change_one(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        text: &str,
    ) -> Result<NumberView, EngineError> {
        self.change_one_on(cx, request, Terms::default(), text)
            .await
    }

    /// Changes one number, on terms.
    pub async fn change_one_on(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        terms: Terms<'_>,
        text: &str,
    ) -> Result<NumberView, EngineError> {
        let texts = [text.to_owned()];
        let mut outcomes = self.change_on(cx, request, terms, &texts).await?;
        match outcomes.pop() {
            Some(outcome) => Ok(outcome.result?),
            None => Err(StoreError::Fault("a change without outcome".to_owned()).into()),
        }
    }

    /// One round: decide on what is stored now and write. `None` for numbers
    /// that somebody else changed meanwhile.
    async fn round(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        rules: &Rules,
        turn: &Turn<'_>,
        afterwards: &mut Afterwards,
    ) -> Result<Vec<Option<Result<NumberView, NumberError>>>, EngineError> {
        let keys: Vec<E164> = turn.open.iter().map(|(_, key)| key.clone()).collect();
        let loaded = self.load(cx, request, &keys).await?;
        let mut settled: Vec<Option<Result<NumberView, NumberError>>> = Vec::new();
        let mut jobs: Vec<Job> = Vec::with_capacity(keys.len());
        for key in keys {
            let before = loaded.numbers.get(&key).cloned();
            match self.decide(cx, request, rules, &loaded, turn.answered, &key) {
                Ok(plan) => {
                    turn.terms.check(before.as_ref())?;
                    settled.push(None);
                    jobs.push(Job {
                        key,
                        name_work: self.name_work_after(&plan).await?,
                        plan: Some(plan),
                        before,
                    });
                }
                Err(error) => {
                    settled.push(Some(Err(error)));
                    jobs.push(Job {
                        key,
                        plan: None,
                        before,
                        name_work: None,
                    });
                }
            }
        }
        if !request.accept_charges {
            let plans = jobs.iter().filter_map(|job| job.plan.as_ref());
            self.refuse_unaccepted_charges(request, plans, turn.first)?;
        }
        for (index, job) in jobs.iter().enumerate() {
            if let Some(plan) = &job.plan
                && plan.change == Change::Nothing
            {
                let rules = loaded.rules(&job.key, rules);
                settled[index] = Some(Ok(job.view(cx, plan.number.clone(), rules)));
            }
        }
        let mut writes = self.writes(cx, request, &loaded, &jobs).await?;
        self.join_providers(cx, turn.answered, &jobs, &mut writes)
            .await?;
        if writes.is_empty() {
            return Ok(settled);
        }
        if let Some(receipt) = turn.terms.receipt {
            let results = jobs.iter().zip(&settled).map(|(job, settled)| {
                let result = settled.clone().or_else(|| {
                    let number = job.expected()?;
                    Some(Ok(job.view(cx, number, loaded.rules(&job.key, rules))))
                });
                (job.key.to_string(), result)
            });
            let position = Position {
                outcomes: turn.outcomes,
                places: turn.open,
            };
            writes = signed(receipt, &position, results.collect(), writes);
        }
        let batches = writes.iter_mut().map(|write| take(&mut write.batch));
        let results = self.store.write_each(batches.collect()).await?;
        for (write, result) in writes.into_iter().zip(results) {
            if result.as_ref().is_err_and(is_repeated) {
                return Err(EngineError::Repeated);
            }
            for index in write.indices {
                let job = &mut jobs[index];
                if let (Ok(()), Some(plan)) = (&result, job.plan.take()) {
                    if loses_address(&plan) {
                        afterwards.leaving.push(job.key.clone());
                    }
                    let number = after(plan, job.before.as_ref());
                    let rules = loaded.rules(&job.key, rules);
                    settled[index] = Some(Ok(job.view(cx, number, rules)));
                } else {
                    metrics::counter!("numberd_lost_races_total").increment(1);
                    tracing::debug!(number = %job.key, "changed by somebody else meanwhile");
                }
            }
            if result.is_ok() {
                afterwards.planned.extend(write.planned);
            }
        }
        Ok(settled)
    }
}

/// Whether this caller may begin such a request at all, whatever the number
/// (spec/life.md 2.2: the checks that hit all numbers alike).
fn may_begin(cx: &Context, request: &ChangeRequest<'_>) -> Result<(), NumberError> {
    match request.command.operation {
        Operation::Create(state) => Standing {
            caller: cx.account(),
            target: request.target.map(Arc::as_ref),
            owner: Owner::Nobody,
        }
        .may_create(state, request.command.ported_in),
        _ => Ok(()),
    }
}
