//! Plays one batch through in memory.

use std::collections::BTreeSet;

use numbers::account::AccountId;
use numbers::revision::Revision;
use store::{Claim, Expectation, NumberChange, Operation, Unmet};

use crate::failure::{Failure, Result};
use crate::write::queue::Prepared;
use crate::write::world::{Cell, Event, Now, World};

/// Checks the expectations, then does the operations; an unmet expectation
/// leaves the world as it was.
pub fn decide<'a>(
    world: &mut World<'a>,
    prepared: &'a Prepared,
) -> Result<std::result::Result<(), Unmet>> {
    let batch = &prepared.batch;
    if let Some(unmet) = batch.expectations.iter().find(|each| !holds(world, each)) {
        return Ok(Err(Unmet(unmet.clone())));
    }
    for (operation, body) in batch.operations.iter().zip(&prepared.bodies) {
        run(world, operation, body.as_deref().unwrap_or_default())?;
    }
    Ok(Ok(()))
}

fn holds(world: &World<'_>, expectation: &Expectation) -> bool {
    match expectation {
        Expectation::Number { key, revision } => {
            let cell = world.numbers.get(key);
            let found = cell
                .and_then(|cell| cell.current(|head| head.revision, |(number, _)| number.revision));
            found == *revision
        }
        Expectation::Account { id, revision } => account(world, id) == *revision,
        Expectation::AccountExists { id } => account(world, id).is_some(),
        Expectation::AccountUnused { id } => !world.used.contains(id),
        Expectation::User {
            account,
            id,
            revision,
        } => {
            let cell = world.users.get(&(account.clone(), id.clone()));
            let found =
                cell.and_then(|cell| cell.current(|revision| *revision, |(user, _)| user.revision));
            found == *revision
        }
        Expectation::Claim { claim, holder } => {
            let cell = world.claims.get(&key(claim));
            let found = cell.and_then(|cell| cell.current(Clone::clone, |now| (*now).to_owned()));
            found == *holder
        }
        Expectation::Document { kind, id, revision } => {
            let cell = world.documents.get(&(kind.as_str(), id.clone()));
            let found =
                cell.and_then(|cell| cell.current(|revision| *revision, |now| now.revision));
            found == *revision
        }
        Expectation::Setting { key, value } => {
            let cell = world.settings.get(key);
            let found = cell.and_then(|cell| cell.current(Clone::clone, |now| (*now).to_owned()));
            found == *value
        }
    }
}

fn account(world: &World<'_>, id: &AccountId) -> Option<Revision> {
    let cell = world.accounts.get(id)?;
    cell.current(|revision| *revision, |(account, _)| account.revision)
}

fn run<'a>(world: &mut World<'a>, operation: &'a Operation, body: &'a str) -> Result<()> {
    match operation {
        Operation::ChangeNumber(change) => change_number(world, change, body),
        Operation::PutAccount(account) => {
            let above = account.tree.iter().filter(|above| **above != account.id);
            move_account(world, &account.id, above.cloned().collect())?;
            world.topmost.extend(account.tree.first().cloned());
            set(
                world.accounts.get_mut(&account.id),
                Now::Is((account, body)),
            )
        }
        Operation::DeleteAccount(id) => {
            move_account(world, id, BTreeSet::new())?;
            world.emptied.insert(id.clone());
            let users = world.users.iter_mut().filter(|((of, _), _)| of == id);
            users.for_each(|(_, cell)| cell.now = Now::Gone);
            set(world.accounts.get_mut(id), Now::Gone)
        }
        Operation::PutUser(user) => {
            let key = (user.account.clone(), user.id.clone());
            set(world.users.get_mut(&key), Now::Is((user, body)))
        }
        Operation::DeleteUser(account, id) => set(
            world.users.get_mut(&(account.clone(), id.clone())),
            Now::Gone,
        ),
        Operation::Claim(claim, holder) => set(world.claims.get_mut(&key(claim)), Now::Is(holder)),
        Operation::Unclaim(claim) => set(world.claims.get_mut(&key(claim)), Now::Gone),
        Operation::PutDocument(document) => {
            let key = (document.kind.as_str(), document.id.clone());
            set(world.documents.get_mut(&key), Now::Is(document))
        }
        Operation::DeleteDocument(kind, id) => set(
            world.documents.get_mut(&(kind.as_str(), id.clone())),
            Now::Gone,
        ),
        Operation::DropExpired(now) => {
            world.expired = world.expired.max(Some(*now));
            Ok(())
        }
        Operation::Set(key, value) => set(world.settings.get_mut(key), Now::Is(value)),
        Operation::PutDataSet(_) | Operation::PutDataPart(..) | Operation::DeleteDataSet(_) => {
            world.data.push(operation);
            Ok(())
        }
    }
}

fn change_number<'a>(world: &mut World<'a>, change: &'a NumberChange, body: &'a str) -> Result<()> {
    let cell = world.numbers.get(change.key()).ok_or_else(not_loaded)?;
    let was = cell.current(|head| head.account.clone(), |(was, _)| was.owner.clone());
    let is = change
        .after
        .as_ref()
        .and_then(|number| number.owner.as_ref());
    let was = was.flatten();
    let owners = was.iter().chain(is);
    let concerned = concerned(world, owners)?;
    let cell = world.numbers.get_mut(change.key()).ok_or_else(not_loaded)?;
    let before = cell.current(|head| head.body.clone(), |(_, body)| (*body).to_owned());
    let after = change.after.as_ref().map(|_| body);
    cell.now = match &change.after {
        Some(number) => Now::Is((number, body)),
        None => Now::Gone,
    };
    world.events.push(Event {
        change,
        concerned,
        before,
        after,
    });
    Ok(())
}

/// The owners and everybody above them, but the topmost: its log is
/// everybody's.
fn concerned<'a>(
    world: &World<'_>,
    owners: impl Iterator<Item = &'a AccountId>,
) -> Result<BTreeSet<AccountId>> {
    let mut concerned = BTreeSet::new();
    for owner in owners {
        let above = world.trees.get(owner).ok_or_else(not_loaded)?.current();
        let above = above.iter().filter(|above| !world.topmost.contains(*above));
        concerned.extend(above.cloned());
        concerned.insert(owner.clone());
    }
    Ok(concerned)
}

fn move_account(world: &mut World<'_>, id: &AccountId, above: BTreeSet<AccountId>) -> Result<()> {
    if !above.is_empty() {
        world.topmost.remove(id);
    }
    world.trees.get_mut(id).ok_or_else(not_loaded)?.now = Some(above);
    Ok(())
}

fn set<S, N>(cell: Option<&mut Cell<S, N>>, now: Now<N>) -> Result<()> {
    cell.ok_or_else(not_loaded)?.now = now;
    Ok(())
}

/// `wanted` names every row that an operation touches.
fn not_loaded() -> Failure {
    Failure::fault("an operation touches a row that was not loaded")
}

fn key(claim: &Claim) -> (&'static str, String) {
    (claim.kind.as_str(), claim.name.clone())
}
