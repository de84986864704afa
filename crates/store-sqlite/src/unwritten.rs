//! What a transaction writes once, before its commit, rather than with each
//! change: sums of counters, and places in the logs of accounts.

use std::collections::HashMap;
use std::sync::Arc;

use numbers::account::AccountId;
use rusqlite::{Connection, params};

use crate::counters::Deltas;
use crate::failure::Result;

/// Gathered while a transaction applies its batches.
#[derive(Debug, Default)]
pub struct Unwritten {
    pub counts: Deltas,
    pub logs: Logs,
}

impl Unwritten {
    /// Writes it.
    pub fn flush(&mut self, connection: &Connection) -> Result<()> {
        self.counts.flush(connection)?;
        self.logs.flush(connection)
    }
}

/// Events that are still to be entered in the logs of those whom they concern.
/// Entered in the order of accounts, many changes touch few pages.
#[derive(Debug, Default)]
pub struct Logs {
    /// Who reads of an account's events: itself and those above it, but the
    /// topmost, whose log is everybody's.
    readers: HashMap<AccountId, Arc<[String]>>,
    events: Vec<(Arc<[String]>, i64)>,
}

impl Logs {
    /// An event at `position` concerns `account`.
    pub fn enter(
        &mut self,
        connection: &Connection,
        account: &AccountId,
        position: i64,
    ) -> Result<()> {
        let readers = if let Some(known) = self.readers.get(account) {
            Arc::clone(known)
        } else {
            let found = readers(connection, account)?;
            self.readers.insert(account.clone(), Arc::clone(&found));
            found
        };
        self.events.push((readers, position));
        Ok(())
    }

    /// The tree of accounts has changed: what is entered from now on goes to
    /// those who are above then.
    pub fn forget_tree(&mut self) {
        self.readers.clear();
    }

    fn flush(&mut self, connection: &Connection) -> Result<()> {
        let mut places: Vec<(&str, i64)> = self
            .events
            .iter()
            .flat_map(|(readers, position)| readers.iter().map(|reader| (&**reader, *position)))
            .collect();
        places.sort_unstable();
        places.dedup();
        let mut insert = connection
            .prepare_cached("INSERT INTO account_events (account_id, position) VALUES (?1, ?2)")?;
        for (account, position) in places {
            insert.execute(params![account, position])?;
        }
        self.events.clear();
        Ok(())
    }
}

fn readers(connection: &Connection, account: &AccountId) -> Result<Arc<[String]>> {
    let readers = connection
        .prepare_cached(
            "SELECT ?1 UNION ALL \
             SELECT t.ancestor FROM account_tree t WHERE t.descendant = ?1 \
             AND EXISTS (SELECT 1 FROM account_tree u WHERE u.descendant = t.ancestor)",
        )?
        .query_map([account.as_str()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(readers)
}
