//! Users of accounts.

use numbers::account::AccountId;
use numbers::revision::Revision;
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{Page, User, UserId};

use crate::failure::{Failure, Result};
use crate::row;

pub fn put(connection: &Connection, user: &User, body: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO users (account_id, id, revision, body) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET revision = excluded.revision, body = excluded.body",
        )?
        .execute(params![
            user.account.as_str(),
            user.id.0,
            user.revision.0,
            body,
        ])?;
    Ok(())
}

pub fn delete(connection: &Connection, account: &AccountId, id: &UserId) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM users WHERE account_id = ?1 AND id = ?2")?
        .execute([account.as_str(), &id.0])?;
    Ok(())
}

pub fn revision(
    connection: &Connection,
    account: &AccountId,
    id: &UserId,
) -> Result<Option<Revision>> {
    let revision = connection
        .prepare_cached("SELECT revision FROM users WHERE account_id = ?1 AND id = ?2")?
        .query_row([account.as_str(), &id.0], |row| row::revision(row, 0))
        .optional()?;
    Ok(revision)
}

pub fn get(connection: &Connection, account: &AccountId, id: &UserId) -> Result<Option<User>> {
    let mut statement = connection
        .prepare_cached("SELECT id, revision, body FROM users WHERE account_id = ?1 AND id = ?2")?;
    let mut rows = statement.query([account.as_str(), &id.0])?;
    rows.next()?.map(|row| read(account, row)).transpose()
}

pub fn page(
    connection: &Connection,
    account: &AccountId,
    page: &Page<UserId>,
) -> Result<Vec<User>> {
    let (condition, order) = row::keyset(page, "id");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT id, revision, body FROM users \
         WHERE account_id = ?2 AND {condition} ORDER BY {order} LIMIT ?3"
    ))?;
    let from = page.from.as_ref().map_or("", |id| id.0.as_str());
    let mut rows = statement.query(params![from, account.as_str(), row::limit(page.limit)])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(read(account, row)?);
    }
    Ok(users)
}

/// Reads the columns `id, revision, body`.
fn read(account: &AccountId, row: &Row<'_>) -> Result<User> {
    let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    let mut user: User = match serde_json::from_str(body) {
        Ok(user) => user,
        Err(error) => {
            let id: String = row.get(0)?;
            return Err(Failure::fault(format!(
                "the document of user {id} of account {account} is damaged: {error}"
            )));
        }
    };
    user.revision = row::revision(row, 1)?;
    Ok(user)
}
