//! Repairing what the store can prove wrong.

use std::sync::Arc;

use numbers::account::Account;
use numbers::event::Action;
use numbers::faults::{faults, repaired};
use numbers::number::Number;
use store::{Batch, NumberChange, Page};

use crate::context::new_event_id;
use crate::{Context, Engine, EngineError};

/// How many records are looked at in one read.
const CHUNK: usize = 1000;

impl Engine {
    /// Repairs an account's numbers; answers what was wrong with how many.
    pub async fn fix_numbers(&self, cx: &Context, account: &Account) -> Result<usize, EngineError> {
        let mut page = Page::first(CHUNK);
        let mut repairs = 0;
        loop {
            let mut numbers = self.store.account_numbers(&account.id, &page).await?;
            let next = (numbers.len() == CHUNK).then(|| numbers.pop()).flatten();
            let batches: Vec<Batch> = numbers
                .into_iter()
                .filter_map(|number| repair(cx, number))
                .collect();
            if !batches.is_empty() {
                let outcomes = self.store.write_each(batches).await?;
                repairs += outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            }
            match next {
                Some(number) => page = Page::starting_at(number.id, CHUNK),
                None => return Ok(repairs),
            }
        }
    }

    /// Repairs one number, when there is anything to repair.
    pub async fn fix_number(
        &self,
        cx: &Context,
        target: &Arc<Account>,
        text: &str,
    ) -> Result<(), EngineError> {
        let view = self.number(cx, target, text).await?;
        if let Some(batch) = repair(cx, view.number) {
            self.store
                .write(batch)
                .await?
                .map_err(|_| EngineError::Conflict)?;
        }
        Ok(())
    }
}

/// The change that repairs a number and says what it did; `None` when nothing
/// is wrong with it.
fn repair(cx: &Context, before: Number) -> Option<Batch> {
    let found = faults(&before);
    if found.is_empty() {
        return None;
    }
    let mut after = repaired(&before);
    after.revision = before.revision.next();
    after.modified = cx.now;
    let what: Vec<String> = found.iter().map(ToString::to_string).collect();
    Some(Batch::change_number(NumberChange {
        before: Some(before),
        after: Some(after),
        event: new_event_id(),
        action: Action::Fixed,
        origin: cx.origin(),
        note: Some(what.join("; ")),
    }))
}
