//! Changing numbers: load, decide, write, and again when the race was lost.

use std::collections::HashMap;
use std::mem::take;
use std::sync::Arc;

use carriers::{GiveBack, Offer};
use numbers::account::{Account, AccountId};
use numbers::authorize::{Owner, Standing};
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::{Change, Command, Effect, Offered, Plan, Rules, Situation, decide};
use numbers::price::Charge;
use store::{Batch, Expectation, NumberChange, StoreError};

use crate::context::new_event_id;
use crate::credentials::credentials_of;
use crate::emergency::{Answered, Asking};
use crate::numbers::NumberView;
use crate::orders::{Bought, Planned};
use crate::receipt::{Position, Terms, is_repeated, signed};
use crate::{Context, Engine, EngineError};

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
}

impl Job {
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

/// What is to be done outside once a change is written.
#[derive(Default)]
struct Afterwards {
    /// Orders to be sent.
    planned: Vec<Planned>,
    /// Numbers whose emergency address is to be taken away.
    leaving: Vec<E164>,
}

/// What the decisions of one round need.
struct Round {
    numbers: HashMap<E164, Number>,
    /// What carriers have offered the target, for numbers without a record.
    offers: HashMap<E164, (Offer, Offered)>,
    accounts: HashMap<AccountId, Arc<Account>>,
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

    /// Has the provider confirm the emergency addresses that the change asks
    /// for, unless something is to pay that the caller hasn't agreed to.
    async fn ask_for_addresses(
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
            .filter_map(|(key, plan)| Asking::of(key, plan))
            .collect();
        if asking.is_empty() {
            return Ok(none);
        }
        for (key, _) in &plans {
            terms.check(loaded.numbers.get(*key))?;
        }
        let (mut answered, known) = self.check_addresses(target, &asking).await?;
        if !request.accept_charges {
            let possible = plans
                .iter()
                .filter(|(key, _)| answered.refusal(key).is_none())
                .map(|(_, plan)| plan);
            self.refuse_unaccepted_charges(request, possible, true)?;
        }
        self.place_addresses(cx, target, asking, &known, &mut answered)
            .await?;
        Ok(answered)
    }

    /// Once everything is written: sends orders, has emergency addresses taken
    /// away or set that waited for it, and tells how the numbers are now.
    async fn act_outside(
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
                results.push((key, Ok(NumberView::new(cx, number, rules))));
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
                settled[index] = Some(Ok(NumberView::new(cx, plan.number.clone(), rules)));
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
                    Some(Ok(NumberView::new(cx, number, rules)))
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
                    settled[index] = Some(Ok(NumberView::new(cx, number, rules)));
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

    /// Adds to each batch what is written of its numbers' emergency addresses
    /// and caller names.
    async fn join_providers(
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
                    (Some(plan), _) if Asking::of(&job.key, plan).is_some() => {
                        return Err(EngineError::Conflict);
                    }
                    _ => answered.joined(&job.key, batch)?,
                };
            }
        }
        Ok(())
    }

    /// What is written for the decisions of a round: a batch for each number,
    /// one for all numbers of an order.
    async fn writes(
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

    /// What carriers have offered the target of those numbers that have no
    /// record, where the operation may buy.
    async fn offers_of(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        keys: &[E164],
        numbers: &HashMap<E164, Number>,
    ) -> Result<HashMap<E164, (Offer, Offered)>, EngineError> {
        let buying = matches!(
            request.command.operation,
            Operation::Reserve | Operation::Activate
        );
        let Some(target) = request.target.filter(|_| buying) else {
            return Ok(HashMap::new());
        };
        let absent = keys.iter().filter(|key| !numbers.contains_key(*key));
        let absent: Vec<E164> = absent.cloned().collect();
        if absent.is_empty() {
            return Ok(HashMap::new());
        }
        let live = self.live_offers(&target.id, &absent, cx.now).await?;
        let with_terms = live.into_iter().map(|(key, offer)| {
            let offered = Offered {
                carrier: offer.carrier().clone(),
                carrier_data: offer.data().clone(),
            };
            (key, (offer, offered))
        });
        Ok(with_terms.collect())
    }

    /// Everything that the decisions look at.
    async fn load(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        keys: &[E164],
    ) -> Result<Round, EngineError> {
        let found = match keys {
            [key] => vec![self.store.number(key).await?],
            keys => self.store.numbers(keys).await?,
        };
        let numbers: HashMap<E164, Number> = found
            .into_iter()
            .flatten()
            .map(|number| (number.id.clone(), number))
            .collect();
        let mut wanted: Vec<&AccountId> = Vec::new();
        let gives_back = request.command.operation == Operation::Release;
        for number in numbers.values() {
            wanted.extend(&number.owner);
            if gives_back {
                wanted.extend(&number.reserve_history);
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        let mut accounts = HashMap::new();
        if let Some(target) = request.target {
            wanted.retain(|id| **id != target.id);
            accounts.insert(target.id.clone(), Arc::clone(target));
        }
        if !wanted.is_empty() {
            let ids: Vec<AccountId> = wanted.into_iter().cloned().collect();
            let found = self.store.accounts(&ids).await?;
            accounts.extend(
                found
                    .into_iter()
                    .flatten()
                    .map(|found| (found.id.clone(), found)),
            );
        }
        let offers = self.offers_of(cx, request, keys, &numbers).await?;
        Ok(Round {
            numbers,
            offers,
            accounts,
        })
    }

    fn decide(
        &self,
        cx: &Context,
        request: &ChangeRequest<'_>,
        rules: &Rules,
        loaded: &Round,
        answered: &Answered,
        key: &E164,
    ) -> Result<Plan, NumberError> {
        if let Some(refusal) = answered.refusal(key) {
            return Err(refusal.clone());
        }
        let number = loaded.numbers.get(key);
        let owner = number
            .and_then(|number| number.owner.as_ref())
            .and_then(|id| loaded.accounts.get(id));
        let releases = request.command.operation == Operation::Release;
        let gone: Vec<AccountId> = number
            .iter()
            .flat_map(|number| &number.reserve_history)
            .filter(|id| releases && !loaded.accounts.contains_key(*id))
            .cloned()
            .collect();
        let classifier = self.class_of(request.target.map(Arc::as_ref), key);
        let situation = Situation {
            key,
            number,
            offer: loaded.offers.get(key).map(|(_, offered)| offered),
            caller: cx.account(),
            target: request.target.map(Arc::as_ref),
            owner: owner.map(Arc::as_ref),
            gone: &gone,
            address: answered.of(key),
            porting: false,
            classifier: &classifier,
            rest_days: self.rest_days(key),
            now: cx.now,
        };
        let mut plan = decide(&request.command, &situation, rules)?;
        if plan.change == Change::Put {
            self.keep_place(&mut plan.number);
        }
        Ok(plan)
    }

    /// The quote, as the answer, when something is to pay that the caller
    /// hasn't agreed to. After a lost race nothing may be added to what was
    /// free before: those numbers are left as they are.
    fn refuse_unaccepted_charges<'p>(
        &self,
        request: &ChangeRequest<'_>,
        plans: impl Iterator<Item = &'p Plan>,
        first: bool,
    ) -> Result<(), EngineError> {
        let Some(target) = request.target else {
            return Ok(());
        };
        let charges: Vec<Charge> = plans.flat_map(|plan| plan.charges.clone()).collect();
        if charges.is_empty() {
            return Ok(());
        }
        let quote = self.price_list(target).quote(&charges);
        match (quote.is_empty(), first) {
            (true, _) => Ok(()),
            (false, true) => Err(EngineError::Charges(quote)),
            (false, false) => Err(EngineError::Conflict),
        }
    }

    fn batch(&self, cx: &Context, plan: &Plan, before: Option<&Number>) -> Batch {
        let change = NumberChange {
            before: before.cloned(),
            after: (plan.change == Change::Put).then(|| after(plan.clone(), before)),
            event: new_event_id(),
            action: plan.action,
            origin: cx.origin(),
            note: self.note(plan),
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
    fn note(&self, plan: &Plan) -> Option<String> {
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

impl Afterwards {
    fn is_empty(&self) -> bool {
        self.planned.is_empty() && self.leaving.is_empty()
    }
}

/// Whether a number loses its emergency address by a plan.
fn loses_address(plan: &Plan) -> bool {
    plan.effects.contains(&Effect::RemoveAddress)
}

/// Whether a plan buys its number from a carrier.
fn buys(plan: &Plan) -> bool {
    let mut effects = plan.effects.iter();
    effects.any(|effect| matches!(effect, Effect::Order(_)))
}

/// The record as it is written: with the next revision.
fn after(plan: Plan, before: Option<&Number>) -> Number {
    let mut number = plan.number;
    number.revision = before
        .map(|number| number.revision)
        .unwrap_or_default()
        .next();
    number
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
