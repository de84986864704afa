//! Numbers: how a change is written, and reads.

use std::collections::HashMap;

use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::revision::Revision;
use numbers::state::State;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use store::{NumberChange, Page, Stock, StockQuery};

use crate::counters::Counted;
use crate::event;
use crate::failure::{Failure, Result};
use crate::prepared::document;
use crate::row;
use crate::unwritten::Unwritten;

/// What a change needs to know of the row that it replaces.
#[derive(Debug)]
pub struct Head {
    pub revision: Revision,
    account: Option<AccountId>,
    state: State,
    billable: bool,
    body: String,
}

/// Rows read within one batch: an expectation and the change after it share
/// one read.
pub type Heads = HashMap<E164, Option<Head>>;

/// Whether the first change of a batch found the number that it was to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Done,
    AlreadyThere,
}

/// Reads the row of `key` as far as a change needs it.
pub fn head(connection: &Connection, key: &E164) -> Result<Option<Head>> {
    let mut statement = connection.prepare_cached(
        "SELECT revision, account_id, state, billable, body FROM numbers WHERE e164 = ?1",
    )?;
    let mut rows = statement.query([key.as_str()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let wrong = |column: &str| Failure::fault(format!("the {column} of {key} is damaged"));
    let account: Option<String> = row.get(1)?;
    Ok(Some(Head {
        revision: row::revision(row, 0)?,
        account: account
            .map(|id| AccountId::try_from(id).map_err(|_| wrong("account")))
            .transpose()?,
        state: row
            .get_ref(2)?
            .as_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| wrong("state"))?,
        billable: row.get(3)?,
        body: row.get(4)?,
    }))
}

/// Writes a number that must not be there yet: the insert itself finds out.
pub fn create(
    connection: &Connection,
    change: &NumberChange,
    number: &Number,
    body: &str,
    unwritten: &mut Unwritten,
) -> Result<Change> {
    if insert(connection, number, body)? == 0 {
        return Ok(Change::AlreadyThere);
    }
    finish(connection, change, None, body.into(), unwritten)?;
    Ok(Change::Done)
}

/// Writes, replaces or removes a number, whatever is there.
pub fn change(
    connection: &Connection,
    change: &NumberChange,
    body: Option<&str>,
    heads: &mut Heads,
    unwritten: &mut Unwritten,
) -> Result<()> {
    let key = change.key();
    let old = match heads.remove(key) {
        Some(known) => known,
        None => head(connection, key)?,
    };
    match (&change.after, body) {
        (Some(number), Some(body)) if old.is_some() => update(connection, number, body)?,
        (Some(number), Some(body)) => {
            insert(connection, number, body)?;
        }
        _ => {
            event::outlive(connection, key)?;
            connection
                .prepare_cached("DELETE FROM numbers WHERE e164 = ?1")?
                .execute([key.as_str()])?;
        }
    }
    finish(connection, change, old.as_ref(), body, unwritten)
}

/// Everything that follows a change of the row: the account's list, the
/// counters, the event.
fn finish(
    connection: &Connection,
    change: &NumberChange,
    old: Option<&Head>,
    body: Option<&str>,
    unwritten: &mut Unwritten,
) -> Result<()> {
    let key = change.key();
    let new = change.after.as_ref();
    let old_account = old.and_then(|head| head.account.as_ref());
    let new_account = new.and_then(|number| number.owner.as_ref());
    if old_account != new_account {
        if let Some(account) = old_account {
            connection
                .prepare_cached("DELETE FROM account_numbers WHERE account_id = ?1 AND e164 = ?2")?
                .execute([account.as_str(), key.as_str()])?;
        }
        if let Some(account) = new_account {
            connection
                .prepare_cached("INSERT INTO account_numbers (account_id, e164) VALUES (?1, ?2)")?
                .execute([account.as_str(), key.as_str()])?;
        }
    }
    if let Some(head) = old {
        let account = head.account.as_ref().filter(|_| head.billable);
        unwritten.counts.remove(&Counted {
            state: head.state,
            account,
        });
    }
    if let Some(number) = new {
        let account = number.owner.as_ref().filter(|_| number.is_billable());
        unwritten.counts.add(&Counted {
            state: number.state,
            account,
        });
    }
    let old_body = old.map(|head| head.body.as_str());
    event::append(
        connection,
        change,
        old_account,
        old_body,
        body,
        &mut unwritten.logs,
    )
}

fn insert(connection: &Connection, number: &Number, body: &str) -> Result<usize> {
    // The last value is the position that the event of this change will have.
    write(
        connection,
        "INSERT INTO numbers (e164, revision, state, account_id, carrier, pool, billable, \
         rests_until, body, first_event) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \
         (SELECT coalesce(max(position), 0) + 1 FROM number_events)) ON CONFLICT DO NOTHING",
        number,
        body,
    )
}

fn update(connection: &Connection, number: &Number, body: &str) -> Result<()> {
    write(
        connection,
        "UPDATE numbers SET revision = ?2, state = ?3, account_id = ?4, carrier = ?5, \
         pool = ?6, billable = ?7, rests_until = ?8, body = ?9 WHERE e164 = ?1",
        number,
        body,
    )?;
    Ok(())
}

fn write(connection: &Connection, sql: &str, number: &Number, body: &str) -> Result<usize> {
    let rests_until = number.rests_until.map(GregorianSeconds::get);
    let changed = connection.prepare_cached(sql)?.execute(params![
        number.id.as_str(),
        number.revision.0,
        number.state.as_str(),
        number.owner.as_ref().map(AccountId::as_str),
        number.carrier.as_str(),
        number.pool(),
        number.is_billable(),
        rests_until,
        body,
    ])?;
    Ok(changed)
}

pub fn get(connection: &Connection, key: &E164) -> Result<Option<Number>> {
    let mut statement =
        connection.prepare_cached("SELECT e164, revision, body FROM numbers WHERE e164 = ?1")?;
    let mut rows = statement.query([key.as_str()])?;
    rows.next()?.map(read).transpose()
}

pub fn get_many(connection: &Connection, keys: &[E164]) -> Result<Vec<Option<Number>>> {
    keys.iter().map(|key| get(connection, key)).collect()
}

pub fn of_account(
    connection: &Connection,
    account: &AccountId,
    page: &Page<E164>,
) -> Result<Vec<Number>> {
    let (condition, order) = row::keyset(page, "a.e164");
    // CROSS JOIN keeps the account's list outside, whatever the planner thinks.
    let sql = format!(
        "SELECT n.e164, n.revision, n.body FROM account_numbers a \
         CROSS JOIN numbers n ON n.e164 = a.e164 \
         WHERE a.account_id = ?2 AND {condition} ORDER BY {order} LIMIT ?3"
    );
    list(
        connection,
        &sql,
        params![from(page), account.as_str(), row::limit(page.limit)],
    )
}

pub fn all(connection: &Connection, page: &Page<E164>) -> Result<Vec<Number>> {
    let (condition, order) = row::keyset(page, "e164");
    let sql = format!(
        "SELECT e164, revision, body FROM numbers WHERE {condition} ORDER BY {order} LIMIT ?2"
    );
    list(
        connection,
        &sql,
        params![from(page), row::limit(page.limit)],
    )
}

/// The same, each with whether the columns that queries go by say what its
/// document says.
pub fn with_columns(connection: &Connection, page: &Page<E164>) -> Result<Vec<(Number, bool)>> {
    let (condition, order) = row::keyset(page, "e164");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT e164, revision, body, state, account_id, carrier, pool, billable, rests_until \
         FROM numbers WHERE {condition} ORDER BY {order} LIMIT ?2"
    ))?;
    let mut rows = statement.query(params![from(page), row::limit(page.limit)])?;
    let mut numbers = Vec::new();
    while let Some(row) = rows.next()? {
        let number = read(row)?;
        let agree = columns_agree(row, &number)?;
        numbers.push((number, agree));
    }
    Ok(numbers)
}

/// Compares the columns from the fourth on.
fn columns_agree(row: &Row<'_>, number: &Number) -> Result<bool> {
    let text = |column| row.get::<_, Option<String>>(column);
    let rests_until = number.rests_until.map(|at| row::signed(at.get()));
    Ok(text(3)?.as_deref() == Some(number.state.as_str())
        && text(4)?.as_deref() == number.owner.as_ref().map(AccountId::as_str)
        && text(5)?.as_deref() == Some(number.carrier.as_str())
        && text(6)?.as_deref() == number.pool()
        && row.get::<_, bool>(7)? == number.is_billable()
        && row.get::<_, Option<i64>>(8)? == rests_until)
}

pub fn rested(connection: &Connection, now: GregorianSeconds, limit: usize) -> Result<Vec<Number>> {
    list(
        connection,
        "SELECT e164, revision, body FROM numbers \
         WHERE state = 'aging' AND rests_until <= ?1 ORDER BY rests_until, e164 LIMIT ?2",
        params![row::signed(now.get()), row::limit(limit)],
    )
}

pub fn stock(connection: &Connection, query: &StockQuery) -> Result<Vec<Number>> {
    // Each condition is that of the partial index which serves it.
    let (condition, names): (&str, [&str; 2]) = match &query.stock {
        Stock::Carrier(carrier) => (
            "state = 'available' AND pool IS NULL AND carrier = ?1 AND ?2 = ''",
            [CarrierName::as_str(carrier), ""],
        ),
        Stock::Pool(carrier, account) => (
            "state = 'available' AND pool IS NOT NULL AND carrier = ?1 AND pool = ?2",
            [carrier.as_str(), account.as_str()],
        ),
        Stock::Reserved(account) => (
            "state = 'reserved' AND account_id = ?1 AND ?2 = ''",
            [account.as_str(), ""],
        ),
    };
    let (from, to) = key_range(query);
    let sql = format!(
        "SELECT e164, revision, body FROM numbers \
         WHERE {condition} AND e164 >= ?3 AND e164 < ?4 ORDER BY e164 LIMIT ?5"
    );
    let limit = row::limit(query.limit);
    list(
        connection,
        &sql,
        params![names[0], names[1], from, to, limit],
    )
}

/// The keys of a query: the first included, the last not. ':' follows '9', and
/// no key lies between one and the same with a '0' behind it.
fn key_range(query: &StockQuery) -> (String, String) {
    let after = query
        .after
        .as_ref()
        .map(|key| format!("{key}0"))
        .unwrap_or_default();
    (
        after.max(query.prefix.clone()),
        format!("{}:", query.prefix),
    )
}

fn from(page: &Page<E164>) -> &str {
    page.from.as_ref().map_or("", E164::as_str)
}

fn list(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Number>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut numbers = Vec::new();
    while let Some(row) = rows.next()? {
        numbers.push(read(row)?);
    }
    Ok(numbers)
}

/// Reads the columns `e164, revision, body`.
fn read(row: &Row<'_>) -> Result<Number> {
    let key: String = row.get(0)?;
    let id = E164::try_from(key.as_str())
        .map_err(|error| Failure::fault(format!("the key {key:?} is no number: {error}")))?;
    let body = row
        .get_ref(2)?
        .as_str()
        .map_err(|_| Failure::fault(format!("the document of {key} is no text")))?;
    let body = document(body, || key)?;
    Number::from_document(id, row::revision(row, 1)?, body)
        .map_err(|error| Failure::fault(error.to_string()))
}

/// Whether an account has any number.
pub fn account_has_any(connection: &Connection, account: &AccountId) -> Result<bool> {
    let found = connection
        .prepare_cached("SELECT 1 FROM account_numbers WHERE account_id = ?1 LIMIT 1")?
        .query_row([account.as_str()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}
