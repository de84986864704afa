//! Accounts and their tree.

use numbers::account::{Account, AccountId};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use store::Page;

use crate::counters;
use crate::failure::{Failure, Result};
use crate::row;

pub fn put(connection: &Connection, account: &Account, body: &str) -> Result<()> {
    counters::move_account(connection, &account.id, &account.tree)?;
    connection
        .prepare_cached(
            "INSERT INTO accounts (id, revision, parent_id, body) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET revision = excluded.revision, \
             parent_id = excluded.parent_id, body = excluded.body",
        )?
        .execute(params![
            account.id.as_str(),
            account.revision.0,
            account.tree.last().map(AccountId::as_str),
            body,
        ])?;
    Ok(())
}

/// Removes an account and its users.
pub fn delete(connection: &Connection, id: &AccountId) -> Result<()> {
    counters::move_account(connection, id, &[])?;
    for sql in [
        "DELETE FROM users WHERE account_id = ?1",
        "DELETE FROM accounts WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([id.as_str()])?;
    }
    Ok(())
}

/// An account's revision.
pub fn revision(
    connection: &Connection,
    id: &AccountId,
) -> Result<Option<numbers::revision::Revision>> {
    let revision = connection
        .prepare_cached("SELECT revision FROM accounts WHERE id = ?1")?
        .query_row([id.as_str()], |row| row::revision(row, 0))
        .optional()?;
    Ok(revision)
}

/// Whether an account has another in its tree.
pub fn has_descendants(connection: &Connection, id: &AccountId) -> Result<bool> {
    let found = connection
        .prepare_cached("SELECT 1 FROM account_tree WHERE ancestor = ?1 LIMIT 1")?
        .query_row([id.as_str()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

pub fn get(connection: &Connection, id: &AccountId) -> Result<Option<Account>> {
    let mut statement =
        connection.prepare_cached("SELECT id, revision, body FROM accounts WHERE id = ?1")?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(read).transpose()
}

pub fn children(
    connection: &Connection,
    of: &AccountId,
    page: &Page<AccountId>,
) -> Result<Vec<Account>> {
    let (condition, order) = row::keyset(page, "id");
    let sql = format!(
        "SELECT id, revision, body FROM accounts \
         WHERE parent_id = ?2 AND {condition} ORDER BY {order} LIMIT ?3"
    );
    list(
        connection,
        &sql,
        params![from(page), of.as_str(), row::limit(page.limit)],
    )
}

pub fn descendants(
    connection: &Connection,
    of: &AccountId,
    page: &Page<AccountId>,
) -> Result<Vec<Account>> {
    let (condition, order) = row::keyset(page, "t.descendant");
    // CROSS JOIN keeps the tree outside, whatever the planner thinks.
    let sql = format!(
        "SELECT a.id, a.revision, a.body FROM account_tree t \
         CROSS JOIN accounts a ON a.id = t.descendant \
         WHERE t.ancestor = ?2 AND {condition} ORDER BY {order} LIMIT ?3"
    );
    list(
        connection,
        &sql,
        params![from(page), of.as_str(), row::limit(page.limit)],
    )
}

fn from(page: &Page<AccountId>) -> &str {
    page.from.as_ref().map_or("", AccountId::as_str)
}

fn list(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Account>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(read(row)?);
    }
    Ok(accounts)
}

/// Reads the columns `id, revision, body`.
fn read(row: &Row<'_>) -> Result<Account> {
    let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    let mut account: Account = match serde_json::from_str(body) {
        Ok(account) => account,
        Err(error) => {
            let id: String = row.get(0)?;
            return Err(Failure::fault(format!(
                "the document of account {id} is damaged: {error}"
            )));
        }
    };
    account.revision = row::revision(row, 1)?;
    Ok(account)
}
