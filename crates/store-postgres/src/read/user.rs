//! Users of accounts.

use numbers::account::AccountId;
use store::{Page, User, UserId};
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::Pool;
use crate::read::row;
use crate::text::{Stored, Text};

pub async fn get(pool: &Pool, account: &AccountId, id: &UserId) -> Result<Option<User>> {
    let sql = "SELECT id, revision, body FROM users WHERE account_id = $1 AND id = $2";
    let rows = pool
        .find("user", sql, &[&account.as_str(), &Text(&id.0)])
        .await?;
    rows.first().map(|row| read(account, row)).transpose()
}

pub async fn page(pool: &Pool, account: &AccountId, page: &Page<UserId>) -> Result<Vec<User>> {
    let sql = row::keyset(
        "SELECT id, revision, body FROM users \
         WHERE account_id = $2 AND {keys} ORDER BY {order} LIMIT $3",
        "id",
        page,
    );
    let from = Text(page.from.as_ref().map_or("", |id| id.0.as_str()));
    let limit = row::limit(page.limit);
    let rows = pool
        .read("users", &sql, &[&from, &account.as_str(), &limit])
        .await?;
    rows.iter().map(|row| read(account, row)).collect()
}

/// Reads the columns `id, revision, body`.
fn read(account: &AccountId, row: &Row) -> Result<User> {
    let body: &str = row.try_get(2)?;
    let mut user: User = match serde_json::from_str(body) {
        Ok(user) => user,
        Err(error) => {
            let Stored(id) = row.try_get(0)?;
            return Err(Failure::fault(format!(
                "the document of user {id} of account {account} is damaged: {error}"
            )));
        }
    };
    user.revision = row::revision(row, 1)?;
    Ok(user)
}
