//! Documents of the engine's own work.

use numbers::account::AccountId;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use store::{Document, DocumentKind, Page};

use crate::failure::{Failure, Result};
use crate::row;

/// How many expired documents one operation removes: more wait for the next.
const MOST_EXPIRED: i64 = 1000;

pub fn put(connection: &Connection, document: &Document) -> Result<()> {
    let seconds = |at: Option<GregorianSeconds>| at.map(|at| row::signed(at.get()));
    connection
        .prepare_cached(
            "INSERT INTO documents (kind, id, account_id, revision, due, expires, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT DO UPDATE SET account_id = excluded.account_id, \
             revision = excluded.revision, due = excluded.due, expires = excluded.expires, \
             body = excluded.body",
        )?
        .execute(params![
            document.kind.as_str(),
            document.id,
            document.account.as_ref().map(AccountId::as_str),
            document.revision.0,
            seconds(document.due),
            seconds(document.expires),
            document.body,
        ])?;
    Ok(())
}

pub fn delete(connection: &Connection, kind: DocumentKind, id: &str) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND id = ?2")?
        .execute([kind.as_str(), id])?;
    Ok(())
}

pub fn drop_expired(connection: &Connection, now: GregorianSeconds) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM documents WHERE rowid IN \
             (SELECT rowid FROM documents WHERE expires <= ?1 LIMIT ?2)",
        )?
        .execute(params![row::signed(now.get()), MOST_EXPIRED])?;
    Ok(())
}

pub fn has_expired(connection: &Connection, now: GregorianSeconds) -> Result<bool> {
    let found = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE expires <= ?1)")?
        .query_row([row::signed(now.get())], |row| row.get(0))?;
    Ok(found)
}

pub fn revision(connection: &Connection, kind: DocumentKind, id: &str) -> Result<Option<Revision>> {
    let revision = connection
        .prepare_cached("SELECT revision FROM documents WHERE kind = ?1 AND id = ?2")?
        .query_row([kind.as_str(), id], |row| row::revision(row, 0))
        .optional()?;
    Ok(revision)
}

pub fn get(connection: &Connection, kind: DocumentKind, id: &str) -> Result<Option<Document>> {
    let sql = format!("{SELECT} WHERE kind = ?1 AND id = ?2");
    Ok(list(connection, kind, &sql, params![kind.as_str(), id])?.pop())
}

pub fn get_many(
    connection: &Connection,
    kind: DocumentKind,
    ids: &[String],
) -> Result<Vec<Option<Document>>> {
    ids.iter().map(|id| get(connection, kind, id)).collect()
}

pub fn page(
    connection: &Connection,
    kind: DocumentKind,
    account: Option<&AccountId>,
    page: &Page<String>,
) -> Result<Vec<Document>> {
    let (condition, order) = row::keyset(page, "id");
    let whose = match account {
        Some(_) => "account_id = ?3",
        None => "?3 IS NULL",
    };
    let sql =
        format!("{SELECT} WHERE kind = ?2 AND {whose} AND {condition} ORDER BY {order} LIMIT ?4");
    let from = page.from.as_deref().unwrap_or("");
    let (account, limit) = (account.map(AccountId::as_str), row::limit(page.limit));
    list(
        connection,
        kind,
        &sql,
        params![from, kind.as_str(), account, limit],
    )
}

pub fn due(
    connection: &Connection,
    kind: DocumentKind,
    now: GregorianSeconds,
    limit: usize,
) -> Result<Vec<Document>> {
    let sql = format!("{SELECT} WHERE kind = ?1 AND due <= ?2 ORDER BY due, id LIMIT ?3");
    let (now, limit) = (row::signed(now.get()), row::limit(limit));
    list(connection, kind, &sql, params![kind.as_str(), now, limit])
}

const SELECT: &str = "SELECT id, account_id, revision, due, expires, body FROM documents";

fn list(
    connection: &Connection,
    kind: DocumentKind,
    sql: &str,
    params: &[&dyn ToSql],
) -> Result<Vec<Document>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(kind, row)?);
    }
    Ok(found)
}

/// Reads the columns of [`SELECT`].
fn read(kind: DocumentKind, row: &Row<'_>) -> Result<Document> {
    let id: String = row.get(0)?;
    let account: Option<String> = row.get(1)?;
    let account = account.map(AccountId::try_from).transpose().map_err(|_| {
        let kind = kind.as_str();
        Failure::fault(format!("the account of {kind} {id} is damaged"))
    })?;
    let seconds = |column| -> Result<Option<GregorianSeconds>> {
        let found: Option<i64> = row.get(column)?;
        Ok(found.map(|_| row::seconds(row, column)).transpose()?)
    };
    Ok(Document {
        kind,
        account,
        revision: row::revision(row, 2)?,
        due: seconds(3)?,
        expires: seconds(4)?,
        body: row.get(5)?,
        id,
    })
}
