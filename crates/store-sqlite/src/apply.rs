//! One batch on a connection within a transaction.
//!
//! All expectations are checked before the first operation, so an unmet one
//! leaves nothing to undo and batches need no savepoints of their own. An
//! error of SQLite itself in the middle ends the whole transaction; the writer
//! then runs each request alone.

use rusqlite::Connection;
use store::{Expectation, Operation, Unmet};

use crate::failure::{Failure, Result};
use crate::number::{self, Change, Heads};
use crate::prepared::{PreparedBatch, Step};
use crate::unwritten::Unwritten;
use crate::{account, data, document, name, user};

/// Checks the expectations, then runs the operations.
pub fn apply(
    connection: &Connection,
    batch: &PreparedBatch,
    unwritten: &mut Unwritten,
) -> Result<std::result::Result<(), Unmet>> {
    let mut heads = Heads::new();
    let own_check = checked_by_insert(batch);
    for expectation in &batch.expectations {
        let is_checked_later = own_check.is_some_and(|own| std::ptr::eq(own, expectation));
        if !is_checked_later && !holds(connection, expectation, &mut heads)? {
            return Ok(Err(Unmet(expectation.clone())));
        }
    }
    let mut steps = batch.steps.iter();
    if let Some(expectation) = own_check
        && let Some(first) = steps.next()
        && create(connection, first, unwritten)? == Change::AlreadyThere
    {
        return Ok(Err(Unmet(expectation.clone())));
    }
    for step in steps {
        run(connection, step, &mut heads, unwritten)?;
    }
    Ok(Ok(()))
}

/// The expectation that a number is absent which the first operation inserts:
/// the insert finds that out by itself, before anything is done, and a
/// look-up less is much of the cost of a new number.
fn checked_by_insert(batch: &PreparedBatch) -> Option<&Expectation> {
    let Operation::ChangeNumber(change) = &batch.steps.first()?.operation else {
        return None;
    };
    let created = &change.after.as_ref()?.id;
    batch.expectations.iter().find(|expectation| {
        matches!(expectation, Expectation::Number { key, revision: None } if key == created)
    })
}

fn create(connection: &Connection, step: &Step, unwritten: &mut Unwritten) -> Result<Change> {
    match (&step.operation, &step.body) {
        (Operation::ChangeNumber(change), Some(body)) => match &change.after {
            Some(number) => number::create(connection, change, number, body, unwritten),
            None => Err(no_body()),
        },
        _ => Err(no_body()),
    }
}

fn holds(connection: &Connection, expectation: &Expectation, heads: &mut Heads) -> Result<bool> {
    Ok(match expectation {
        Expectation::Number { key, revision } => {
            if !heads.contains_key(key) {
                heads.insert(key.clone(), number::head(connection, key)?);
            }
            let head = heads.get(key).and_then(Option::as_ref);
            head.map(|head| head.revision) == *revision
        }
        Expectation::Account { id, revision } => account::revision(connection, id)? == *revision,
        Expectation::AccountExists { id } => account::revision(connection, id)?.is_some(),
        Expectation::AccountUnused { id } => {
            !account::has_descendants(connection, id)? && !number::account_has_any(connection, id)?
        }
        Expectation::User {
            account,
            id,
            revision,
        } => user::revision(connection, account, id)? == *revision,
        Expectation::Document { kind, id, revision } => {
            document::revision(connection, *kind, id)? == *revision
        }
        Expectation::Claim { claim, holder } => name::holder(connection, claim)? == *holder,
        Expectation::Setting { key, value } => name::setting(connection, key)? == *value,
    })
}

fn run(
    connection: &Connection,
    step: &Step,
    heads: &mut Heads,
    unwritten: &mut Unwritten,
) -> Result<()> {
    let body = step.body.as_deref();
    match &step.operation {
        Operation::ChangeNumber(change) => {
            number::change(connection, change, body, heads, unwritten)
        }
        Operation::PutAccount(account) => {
            unwritten.logs.forget_tree();
            account::put(connection, account, body.ok_or_else(no_body)?)
        }
        Operation::DeleteAccount(id) => {
            unwritten.logs.forget_tree();
            account::delete(connection, id)
        }
        Operation::PutUser(user) => user::put(connection, user, body.ok_or_else(no_body)?),
        Operation::DeleteUser(account, id) => user::delete(connection, account, id),
        Operation::Claim(claim, holder) => name::claim(connection, claim, holder),
        Operation::Unclaim(claim) => name::unclaim(connection, claim),
        Operation::PutDocument(document) => document::put(connection, document),
        Operation::DeleteDocument(kind, id) => document::delete(connection, *kind, id),
        Operation::DropExpired(now) => document::drop_expired(connection, *now),
        Operation::Set(key, value) => name::set(connection, key, value),
        Operation::PutDataSet(set) => data::put(connection, set),
        Operation::PutDataPart(id, part, body) => data::put_part(connection, id, *part, body),
        Operation::DeleteDataSet(id) => data::delete(connection, id),
    }
}

fn no_body() -> Failure {
    Failure::fault("an operation came without its document")
}
