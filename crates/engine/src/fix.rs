//! Repairing what the store can prove wrong.

use std::sync::Arc;

use numbers::account::Account;
use numbers::e164::E164;
use numbers::event::Action;
use numbers::faults::{faults, repaired};
use numbers::number::Number;
use store::{Batch, NumberChange, Page, StoreError};

use crate::context::new_event_id;
use crate::{Context, Engine, EngineError};

/// How many records are looked at in one read.
const CHUNK: usize = 1000;

/// A record that was repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Which number's.
    pub number: E164,
    /// What was wrong with it.
    pub what: String,
}

/// A part of the records, repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepairedPage {
    /// How many were looked at.
    pub numbers: usize,
    /// What was repaired.
    pub repairs: Vec<Repair>,
    /// Where to go on, when there are more.
    pub next: Option<E164>,
}

impl Engine {
    /// Repairs an account's numbers; answers what was wrong with which.
    pub async fn fix_numbers(
        &self,
        cx: &Context,
        account: &Account,
    ) -> Result<Vec<Repair>, EngineError> {
        let mut page = Page::first(CHUNK);
        let mut repairs = Vec::new();
        loop {
            let mut numbers = self.store.account_numbers(&account.id, &page).await?;
            let next = (numbers.len() == CHUNK).then(|| numbers.pop()).flatten();
            repairs.extend(self.repair(cx, numbers).await?);
            match next {
                Some(number) => page = Page::starting_at(number.id, CHUNK),
                None => return Ok(repairs),
            }
        }
    }

    /// Repairs numbers whoever owns them, nobody included, from `from` on.
    pub async fn fix_page(
        &self,
        cx: &Context,
        from: Option<E164>,
    ) -> Result<RepairedPage, EngineError> {
        let page = Page {
            from,
            ..Page::first(CHUNK)
        };
        let mut numbers = self.store.all_numbers(&page).await?;
        let next = (numbers.len() == CHUNK).then(|| numbers.pop()).flatten();
        Ok(RepairedPage {
            numbers: numbers.len(),
            repairs: self.repair(cx, numbers).await?,
            next: next.map(|number| number.id),
        })
    }

    /// Repairs one number, when there is anything to repair.
    pub async fn fix_number(
        &self,
        cx: &Context,
        target: &Arc<Account>,
        text: &str,
    ) -> Result<(), EngineError> {
        let view = self.number(cx, target, text).await?;
        let Some((_, batch)) = self.repair_of(cx, Arc::unwrap_or_clone(view.number)) else {
            return Ok(());
        };
        let written = self.store.write(batch).await?;
        written.map_err(|_| EngineError::Conflict)
    }

    /// Repairs those of the numbers that need it. One that somebody changes
    /// meanwhile is left to him.
    async fn repair(&self, cx: &Context, numbers: Vec<Number>) -> Result<Vec<Repair>, StoreError> {
        let found = numbers
            .into_iter()
            .filter_map(|number| self.repair_of(cx, number));
        let (repairs, batches): (Vec<Repair>, Vec<Batch>) = found.unzip();
        if batches.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = self.store.write_each(batches).await?;
        let done = repairs.into_iter().zip(outcomes);
        Ok(done
            .filter_map(|(repair, outcome)| outcome.is_ok().then_some(repair))
            .collect())
    }

    /// The change that repairs a number and says what it did; `None` when
    /// nothing is wrong with it.
    fn repair_of(&self, cx: &Context, before: Number) -> Option<(Repair, Batch)> {
        let found = faults(&before);
        if found.is_empty() {
            return None;
        }
        let mut after = repaired(&before, self.rest_days(&before.id));
        after.revision = before.revision.next();
        after.modified = cx.now;
        let what: Vec<String> = found.iter().map(ToString::to_string).collect();
        let repair = Repair {
            number: before.id.clone(),
            what: what.join("; "),
        };
        let batch = Batch::change_number(NumberChange {
            before: Some(before),
            after: Some(after),
            event: new_event_id(),
            action: Action::Fixed,
            origin: cx.origin(),
            note: Some(repair.what.clone()),
        });
        Some((repair, batch))
    }
}
