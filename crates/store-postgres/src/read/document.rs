//! Documents of the engine's own work.

use std::collections::HashMap;

use numbers::account::AccountId;
use numbers::gregorian::GregorianSeconds;
use store::{Document, DocumentKind, Page};
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::{Params, Pool};
use crate::read::row;
use crate::text::{Stored, Text};

const COLUMNS: &str = "id, account_id, revision, due, expires, body";

pub async fn get(pool: &Pool, kind: DocumentKind, id: &str) -> Result<Option<Document>> {
    let sql = format!("SELECT {COLUMNS} FROM documents WHERE kind = $1 AND id = $2");
    let params: Params<'_> = &[&kind.as_str(), &Text(id)];
    let rows = pool.find("document", &sql, params).await?;
    rows.first().map(|row| read(kind, row)).transpose()
}

pub async fn get_many(
    pool: &Pool,
    kind: DocumentKind,
    ids: &[String],
) -> Result<Vec<Option<Document>>> {
    let sql = format!("SELECT {COLUMNS} FROM documents WHERE kind = $1 AND id = ANY($2)");
    let texts: Vec<Text<'_>> = ids.iter().map(|id| Text(id)).collect();
    let params: Params<'_> = &[&kind.as_str(), &texts];
    let found = list(pool, "documents_by_id", kind, &sql, params).await?;
    let found: HashMap<&str, &Document> = found
        .iter()
        .map(|document| (document.id.as_str(), document))
        .collect();
    let in_order = ids
        .iter()
        .map(|id| found.get(id.as_str()).copied().cloned());
    Ok(in_order.collect())
}

pub async fn has_expired(pool: &Pool, now: GregorianSeconds) -> Result<bool> {
    let sql = "SELECT 1 FROM documents WHERE expires <= $1 LIMIT 1";
    let rows = pool
        .read("has_expired", sql, &[&row::signed(now.get())])
        .await?;
    Ok(!rows.is_empty())
}

pub async fn page(
    pool: &Pool,
    kind: DocumentKind,
    account: Option<&AccountId>,
    page: &Page<String>,
) -> Result<Vec<Document>> {
    let whose = match account {
        Some(_) => "account_id = $3",
        None => "$3 = ''",
    };
    let sql = row::keyset(
        &format!(
            "SELECT {COLUMNS} FROM documents \
             WHERE kind = $2 AND {whose} AND {{keys}} ORDER BY {{order}} LIMIT $4"
        ),
        "id",
        page,
    );
    let from = Text(page.from.as_deref().unwrap_or(""));
    let account = account.map_or("", AccountId::as_str);
    let limit = row::limit(page.limit);
    list(
        pool,
        "documents",
        kind,
        &sql,
        &[&from, &kind.as_str(), &account, &limit],
    )
    .await
}

pub async fn due(
    pool: &Pool,
    kind: DocumentKind,
    now: GregorianSeconds,
    limit: usize,
) -> Result<Vec<Document>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM documents \
         WHERE kind = $1 AND due <= $2 ORDER BY due, id LIMIT $3"
    );
    let (now, limit) = (row::signed(now.get()), row::limit(limit));
    let params: Params<'_> = &[&kind.as_str(), &now, &limit];
    list(pool, "due_documents", kind, &sql, params).await
}

async fn list(
    pool: &Pool,
    name: &'static str,
    kind: DocumentKind,
    sql: &str,
    params: Params<'_>,
) -> Result<Vec<Document>> {
    let rows = pool.read(name, sql, params).await?;
    rows.iter().map(|row| read(kind, row)).collect()
}

/// Reads [`COLUMNS`].
fn read(kind: DocumentKind, row: &Row) -> Result<Document> {
    let Stored(id) = row.try_get(0)?;
    let account: Option<String> = row.try_get(1)?;
    let account = account.map(AccountId::try_from).transpose().map_err(|_| {
        let kind = kind.as_str();
        Failure::fault(format!("the account of {kind} {id} is damaged"))
    })?;
    let Stored(body) = row.try_get(5)?;
    Ok(Document {
        kind,
        id,
        account,
        revision: row::revision(row, 2)?,
        due: row::time(row, 3)?,
        expires: row::time(row, 4)?,
        body,
    })
}
