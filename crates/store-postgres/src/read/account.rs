//! Accounts and their tree.

use std::collections::HashMap;
use std::sync::Arc;

use numbers::account::{Account, AccountId};
use store::Page;
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::Pool;
use crate::read::row;

pub async fn get(pool: &Pool, id: &AccountId) -> Result<Option<Account>> {
    let sql = "SELECT id, revision, body FROM accounts WHERE id = $1";
    let rows = pool.find("account", sql, &[&id.as_str()]).await?;
    rows.first().map(read).transpose()
}

pub async fn get_many(pool: &Pool, ids: &[AccountId]) -> Result<Vec<Option<Arc<Account>>>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, revision, body FROM accounts WHERE id = ANY($1)";
    let texts: Vec<&str> = ids.iter().map(AccountId::as_str).collect();
    let rows = pool.find("accounts", sql, &[&texts]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let account = read(row)?;
        found.insert(account.id.clone(), Arc::new(account));
    }
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

pub async fn children(pool: &Pool, of: &AccountId, page: &Page<AccountId>) -> Result<Vec<Account>> {
    let sql = row::keyset(
        "SELECT id, revision, body FROM accounts \
         WHERE parent_id = $2 AND {keys} ORDER BY {order} LIMIT $3",
        "id",
        page,
    );
    list(pool, "children", &sql, of, page).await
}

pub async fn descendants(
    pool: &Pool,
    of: &AccountId,
    page: &Page<AccountId>,
) -> Result<Vec<Account>> {
    let sql = row::keyset(
        "SELECT a.id, a.revision, a.body FROM account_tree t \
         JOIN accounts a ON a.id = t.descendant \
         WHERE t.ancestor = $2 AND {keys} ORDER BY {order} LIMIT $3",
        "t.descendant",
        page,
    );
    list(pool, "descendants", &sql, of, page).await
}

async fn list(
    pool: &Pool,
    name: &'static str,
    sql: &str,
    of: &AccountId,
    page: &Page<AccountId>,
) -> Result<Vec<Account>> {
    let from = page.from.as_ref().map_or("", AccountId::as_str);
    let limit = row::limit(page.limit);
    let rows = pool.read(name, sql, &[&from, &of.as_str(), &limit]).await?;
    rows.iter().map(read).collect()
}

/// Reads the columns `id, revision, body`.
fn read(row: &Row) -> Result<Account> {
    let id: &str = row.try_get(0)?;
    let body: &str = row.try_get(2)?;
    let mut account: Account = serde_json::from_str(body).map_err(|error| {
        Failure::fault(format!("the document of account {id} is damaged: {error}"))
    })?;
    account.revision = row::revision(row, 1)?;
    Ok(account)
}
