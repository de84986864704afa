//! Locks and reads the rows of a transaction.

use std::collections::BTreeSet;

use numbers::account::AccountId;
use numbers::e164::E164;
use store::UserId;
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::Client;
use crate::read::row;
use crate::text::{Stored, Text};
use crate::write::statement::{Statement, fetch};
use crate::write::wanted::{Lock, Wanted};
use crate::write::world::{Cell, Head, Tree, World};

/// What a statement was asked for.
enum Asked<'a> {
    Account(&'a AccountId),
    Number(&'a E164),
    User(&'a AccountId, &'a UserId),
    Claim(&'static str, &'a str),
    Document(&'static str, &'a str),
    Setting(&'a str),
    Trees,
    Own,
    Used(&'a AccountId),
}

/// Loads what is wanted, in one go, after `begin`. Locks come first: what is
/// read after them can't change any more.
pub async fn load<'w>(
    client: &Client,
    begin: Option<&str>,
    wanted: &Wanted<'_>,
) -> Result<World<'w>> {
    let mut asked = Vec::new();
    let mut statements = Vec::new();
    lock_rows(wanted, &mut asked, &mut statements);
    read_around(wanted, &mut asked, &mut statements);
    let answers = fetch(client, begin, &statements).await?;
    let mut world = World::default();
    for key in &wanted.trusted {
        world.trusted.insert((*key).clone());
        world.numbers.insert((*key).clone(), Cell::stored(None));
    }
    for id in &wanted.trees {
        world.trees.entry((*id).clone()).or_default();
    }
    for (asked, rows) in asked.iter().zip(&answers) {
        learn(&mut world, asked, rows)?;
    }
    load_former_owners(client, &mut world).await?;
    Ok(world)
}

/// One statement a row, by its key: an engine that spreads its tables can lock
/// no more at once.
fn lock_rows<'a>(
    wanted: &Wanted<'a>,
    asked: &mut Vec<Asked<'a>>,
    statements: &mut Vec<Statement<'a>>,
) {
    for (id, lock) in &wanted.accounts {
        asked.push(Asked::Account(id));
        statements.push(lock_account(id, *lock));
    }
    for (key, lock) in &wanted.numbers {
        asked.push(Asked::Number(key));
        let columns = "revision, account_id, state, billable, body";
        let sql = format!(
            "SELECT {columns} FROM numbers WHERE e164 = $1 {}",
            lock.sql()
        );
        statements.push(Statement::new(sql).with(key.as_str()));
    }
    for ((account, id), lock) in &wanted.users {
        asked.push(Asked::User(account, id));
        let condition = "account_id = $1 AND id = $2";
        let sql = format!(
            "SELECT revision FROM users WHERE {condition} {}",
            lock.sql()
        );
        statements.push(Statement::new(sql).with(account.as_str()).with(Text(&id.0)));
    }
    for ((kind, name), lock) in &wanted.claims {
        asked.push(Asked::Claim(kind, name));
        let condition = "kind = $1 AND name = $2";
        let sql = format!("SELECT holder FROM claims WHERE {condition} {}", lock.sql());
        statements.push(Statement::new(sql).with(*kind).with(Text(name)));
    }
    for ((kind, id), lock) in &wanted.documents {
        asked.push(Asked::Document(kind, id));
        let condition = "kind = $1 AND id = $2";
        let sql = format!(
            "SELECT revision FROM documents WHERE {condition} {}",
            lock.sql()
        );
        statements.push(Statement::new(sql).with(*kind).with(Text(id)));
    }
    for (key, lock) in &wanted.settings {
        asked.push(Asked::Setting(key));
        let sql = format!("SELECT value FROM settings WHERE key = $1 {}", lock.sql());
        statements.push(Statement::new(sql).with(Text(key)));
    }
}

fn lock_account(id: &AccountId, lock: Lock) -> Statement<'_> {
    let sql = format!("SELECT revision FROM accounts WHERE id = $1 {}", lock.sql());
    Statement::new(sql).with(id.as_str())
}

const TREES: &str = "SELECT t.descendant, t.ancestor, \
    EXISTS (SELECT 1 FROM account_tree u WHERE u.descendant = t.ancestor) \
    FROM account_tree t WHERE t.descendant = ANY($1)";

/// What depends on rows that are locked now.
fn read_around<'a>(
    wanted: &Wanted<'a>,
    asked: &mut Vec<Asked<'a>>,
    statements: &mut Vec<Statement<'a>>,
) {
    if !wanted.trees.is_empty() {
        asked.push(Asked::Trees);
        statements.push(Statement::new(TREES).with(texts(&wanted.trees)));
    }
    if !wanted.moving.is_empty() {
        asked.push(Asked::Own);
        let sql = "SELECT account_id, sum(own)::BIGINT FROM account_counters \
             WHERE account_id = ANY($1) GROUP BY account_id";
        statements.push(Statement::new(sql).with(texts(&wanted.moving)));
    }
    for id in &wanted.unused {
        for sql in [
            "SELECT 1 FROM account_tree WHERE ancestor = $1 LIMIT 1",
            "SELECT 1 FROM account_numbers WHERE account_id = $1 LIMIT 1",
        ] {
            asked.push(Asked::Used(id));
            statements.push(Statement::new(sql).with(id.as_str()));
        }
    }
}

fn texts<'a>(ids: &BTreeSet<&'a AccountId>) -> Vec<&'a str> {
    ids.iter().map(|id| id.as_str()).collect()
}

fn learn(world: &mut World<'_>, asked: &Asked<'_>, rows: &[Row]) -> Result<()> {
    let row = rows.first();
    let revision = || row.map(|row| row::revision(row, 0)).transpose();
    let text = || -> Result<Option<String>> {
        let text: Option<Stored> = row.map(|row| row.try_get(0)).transpose()?;
        Ok(text.map(|Stored(text)| text))
    };
    match asked {
        Asked::Account(id) => {
            let cell = Cell::stored(revision()?);
            world.accounts.insert((*id).clone(), cell);
        }
        Asked::Number(key) => {
            let stored = row.map(|row| head(key, row)).transpose()?;
            world.numbers.insert((*key).clone(), Cell::stored(stored));
        }
        Asked::User(account, id) => {
            let key = ((*account).clone(), (*id).clone());
            world.users.insert(key, Cell::stored(revision()?));
        }
        Asked::Claim(kind, name) => {
            let cell = Cell::stored(text()?);
            world.claims.insert((kind, (*name).to_owned()), cell);
        }
        Asked::Document(kind, id) => {
            let cell = Cell::stored(revision()?);
            world.documents.insert((kind, (*id).to_owned()), cell);
        }
        Asked::Setting(key) => {
            let cell = Cell::stored(text()?);
            world.settings.insert((*key).to_owned(), cell);
        }
        Asked::Trees => learn_trees(world, rows)?,
        Asked::Own => {
            for row in rows {
                world.own.insert(account(row, 0)?, row.try_get(1)?);
            }
        }
        Asked::Used(id) => {
            if row.is_some() {
                world.used.insert((*id).clone());
            }
        }
    }
    Ok(())
}

fn learn_trees(world: &mut World<'_>, rows: &[Row]) -> Result<()> {
    for row in rows {
        let (descendant, ancestor) = (account(row, 0)?, account(row, 1)?);
        if !row.try_get::<_, bool>(2)? {
            world.topmost.insert(ancestor.clone());
        }
        let tree = world.trees.entry(descendant).or_default();
        tree.stored.insert(ancestor);
    }
    Ok(())
}

/// Accounts that numbers belong to without anybody having said so: seldom more
/// than none.
async fn load_former_owners(client: &Client, world: &mut World<'_>) -> Result<()> {
    let stored = world
        .numbers
        .values()
        .filter_map(|cell| cell.stored.as_ref());
    let owners = stored.filter_map(|head| head.account.clone());
    let missing: BTreeSet<AccountId> = owners
        .filter(|owner| !world.trees.contains_key(owner))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_key: BTreeSet<&AccountId> = missing.iter().collect();
    let locks = missing.iter().map(|id| lock_account(id, Lock::Share));
    let statements: Vec<Statement<'_>> = locks
        .chain([Statement::new(TREES).with(texts(&by_key))])
        .collect();
    let answers = fetch(client, None, &statements).await?;
    for id in &missing {
        world.trees.insert(id.clone(), Tree::default());
    }
    learn_trees(world, answers.last().map_or(&[], Vec::as_slice))
}

fn account(row: &Row, column: usize) -> Result<AccountId> {
    let id: String = row.try_get(column)?;
    AccountId::try_from(id).map_err(|_| Failure::fault("the id of an account is damaged"))
}

fn head(key: &E164, row: &Row) -> Result<Head> {
    let wrong = |column: &str| Failure::fault(format!("the {column} of {key} is damaged"));
    let account: Option<String> = row.try_get(1)?;
    let state: &str = row.try_get(2)?;
    Ok(Head {
        revision: row::revision(row, 0)?,
        account: account
            .map(|id| AccountId::try_from(id).map_err(|_| wrong("account")))
            .transpose()?,
        state: state.parse().map_err(|_| wrong("state"))?,
        billable: row.try_get(3)?,
        body: row.try_get(4)?,
    })
}
