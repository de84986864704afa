//! What a change looks at, and what is decided on it.

use std::collections::HashMap;
use std::sync::Arc;

use carriers::Offer;
use numbers::account::{Account, AccountId};
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::{Change, Offered, Plan, Rules, Situation, decide};
use numbers::price::Charge;

use super::ChangeRequest;
use crate::emergency::Answered;
use crate::{Context, Engine, EngineError};

/// What the decisions of one round need.
pub(super) struct Round {
    pub(super) numbers: HashMap<E164, Number>,
    /// What carriers have offered the target, for numbers without a record.
    pub(super) offers: HashMap<E164, (Offer, Offered)>,
    pub(super) accounts: HashMap<AccountId, Arc<Account>>,
    /// The rules of owners for whom an administrator changes numbers under
    /// another account's URL.
    rules: HashMap<AccountId, Rules>,
}

impl Round {
    /// The rules for a number: its owner's where it stays his, else the target's.
    pub(super) fn rules<'r>(&'r self, key: &E164, targets: &'r Rules) -> &'r Rules {
        let owner = self.numbers.get(key).and_then(|n| n.owner.as_ref());
        owner.and_then(|id| self.rules.get(id)).unwrap_or(targets)
    }
}

impl Engine {
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
    pub(super) async fn load(
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
        let stays = matches!(
            request.command.operation,
            Operation::Replace | Operation::Merge
        );
        let mut rules = HashMap::new();
        for (id, account) in accounts.iter().filter(|_| stays) {
            if request.target.is_some_and(|target| target.id != *id) {
                let theirs = self.rules_for(Some(account)).await?;
                rules.insert(id.clone(), theirs.into_owned());
            }
        }
        Ok(Round {
            numbers,
            offers,
            accounts,
            rules,
        })
    }

    pub(super) fn decide(
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
        let mut plan = decide(&request.command, &situation, loaded.rules(key, rules))?;
        if plan.change == Change::Put {
            self.keep_place(&mut plan.number);
        }
        Ok(plan)
    }

    /// The quote, as the answer, when something is to pay that the caller
    /// hasn't agreed to. After a lost race nothing may be added to what was
    /// free before: those numbers are left as they are.
    pub(super) fn refuse_unaccepted_charges<'p>(
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
}
