//! The accounts that the rows of a file name.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

use numbers::account::AccountId;
use store::StoreError;

use super::{ImportRow, Importer, RowError};
use crate::account_record::name_claim;

/// How many accounts an importer remembers.
const REMEMBERED: usize = 100_000;

/// Accounts by what rows call them; `None`: there is none.
#[derive(Default)]
pub(super) struct Accounts {
    ids: Known,
    names: Known,
}

impl Importer<'_> {
    /// The accounts that rows name: those not met before are looked up, ids in
    /// one read.
    pub(super) async fn resolve(&self, rows: &[ImportRow]) -> Result<Accounts, StoreError> {
        let (mut met, ids, names) = self.remembered(rows);
        if ids.is_empty() && names.is_empty() {
            return Ok(met);
        }
        let parsed: Vec<AccountId> = ids
            .iter()
            .filter_map(|id| AccountId::parse(id).ok())
            .collect();
        let mut learned = Accounts::default();
        learned.ids.extend(ids.into_iter().map(|id| (id, None)));
        let found = self.engine.store.accounts(&parsed).await?;
        for account in found.into_iter().flatten() {
            learned
                .ids
                .insert(account.id.to_string(), Some(account.id.clone()));
        }
        for name in names {
            let holder = self.engine.store.claimed(&name_claim(&name)).await?;
            let id = holder.and_then(|id| AccountId::parse(&id).ok());
            learned.names.insert(name, id);
        }
        met.add(&learned);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() > REMEMBERED {
            *memory = Accounts::default();
        }
        memory.add(&learned);
        Ok(met)
    }

    /// What is remembered of the accounts that rows name, and which ids and
    /// names aren't.
    fn remembered(&self, rows: &[ImportRow]) -> (Accounts, HashSet<String>, HashSet<String>) {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut met = Accounts::default();
        let (mut ids, mut names) = (HashSet::new(), HashSet::new());
        for row in rows {
            recall(row.account_id.as_ref(), &memory.ids, &mut met.ids, &mut ids);
            recall(
                row.account_name.as_ref(),
                &memory.names,
                &mut met.names,
                &mut names,
            );
        }
        (met, ids, names)
    }
}

/// `None`: there is no such account.
type Known = HashMap<String, Option<AccountId>>;

fn recall(text: Option<&String>, memory: &Known, met: &mut Known, new: &mut HashSet<String>) {
    let Some(text) = text else { return };
    if met.contains_key(text) || new.contains(text) {
        return;
    }
    match memory.get(text) {
        Some(id) => {
            met.insert(text.clone(), id.clone());
        }
        None => {
            new.insert(text.clone());
        }
    }
}

impl Accounts {
    fn len(&self) -> usize {
        self.ids.len() + self.names.len()
    }

    fn add(&mut self, other: &Self) {
        let copied = |known: &Known| known.clone().into_iter();
        self.ids.extend(copied(&other.ids));
        self.names.extend(copied(&other.names));
    }

    /// The account of a row.
    pub(super) fn of(&self, row: &ImportRow) -> Result<Option<AccountId>, RowError> {
        let find = |text: &Option<String>, known: &Known| {
            let text = text.as_ref()?;
            known.get(text).cloned().flatten()
        };
        let by_id = find(&row.account_id, &self.ids);
        let by_name = find(&row.account_name, &self.names);
        match (by_id, by_name) {
            (Some(id), Some(other)) if id != other => Err(RowError::TwoAccounts),
            (Some(id), _) | (None, Some(id)) => Ok(Some(id)),
            (None, None) => match row.account_id.as_ref().or(row.account_name.as_ref()) {
                Some(text) => Err(RowError::UnknownAccount(text.clone())),
                None => Ok(None),
            },
        }
    }
}
