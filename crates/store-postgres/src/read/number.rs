//! Numbers.

use std::collections::HashMap;

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use store::{Page, Stock, StockQuery};
use tokio_postgres::Row;

use crate::failure::{Failure, Result};
use crate::pool::Pool;
use crate::read::row;
use crate::text::{Stored, Text};

pub async fn get(pool: &Pool, key: &E164) -> Result<Option<Number>> {
    let sql = "SELECT e164, revision, body FROM numbers WHERE e164 = $1";
    let rows = pool.find("number", sql, &[&key.as_str()]).await?;
    rows.first().map(read).transpose()
}

pub async fn get_many(pool: &Pool, keys: &[E164]) -> Result<Vec<Option<Number>>> {
    let found = by_key(pool, keys).await?;
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

async fn by_key(pool: &Pool, keys: &[E164]) -> Result<HashMap<E164, Number>> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT e164, revision, body FROM numbers WHERE e164 = ANY($1)";
    let texts: Vec<&str> = keys.iter().map(E164::as_str).collect();
    let rows = pool.read("numbers", sql, &[&texts]).await?;
    let numbers = rows.iter().map(read);
    numbers
        .map(|number| number.map(|number| (number.id.clone(), number)))
        .collect()
}

/// In two statements, since an engine that spreads both tables can't join
/// them. A number that changed hands between the two is left out, and the page
/// filled up from behind it: a short page tells that there is no more.
pub async fn of_account(
    pool: &Pool,
    account: &AccountId,
    page: &Page<E164>,
) -> Result<Vec<Number>> {
    let mut found = Vec::new();
    let mut rest = page.clone();
    loop {
        let keys = account_keys(pool, account, &rest).await?;
        let is_last = keys.len() < rest.limit || keys.is_empty();
        let mut numbers = by_key(pool, &keys).await?;
        let skipped = found.last().map(|number: &Number| number.id.clone());
        let in_order = keys.iter().filter_map(|key| numbers.remove(key));
        found.extend(in_order.filter(|number| {
            number.owner.as_ref() == Some(account) && Some(&number.id) != skipped.as_ref()
        }));
        let missing = page.limit.saturating_sub(found.len());
        match keys.into_iter().next_back() {
            Some(last) if missing > 0 && !is_last => {
                // The last key comes once more, beside at least one new one.
                rest = Page {
                    from: Some(last),
                    limit: missing.saturating_add(1),
                    direction: page.direction,
                };
            }
            _ => return Ok(found),
        }
    }
}

async fn account_keys(pool: &Pool, account: &AccountId, page: &Page<E164>) -> Result<Vec<E164>> {
    let sql = row::keyset(
        "SELECT e164 FROM account_numbers WHERE account_id = $2 AND {keys} ORDER BY {order} LIMIT $3",
        "e164",
        page,
    );
    let (from, limit) = (from(page), row::limit(page.limit));
    let rows = pool
        .read("account_numbers", &sql, &[&from, &account.as_str(), &limit])
        .await?;
    rows.iter().map(|row| key(row.try_get(0)?)).collect()
}

pub async fn all(pool: &Pool, page: &Page<E164>) -> Result<Vec<Number>> {
    let sql = row::keyset(
        "SELECT e164, revision, body FROM numbers WHERE {keys} ORDER BY {order} LIMIT $2",
        "e164",
        page,
    );
    let (from, limit) = (from(page), row::limit(page.limit));
    list(&pool.read("all_numbers", &sql, &[&from, &limit]).await?)
}

/// The same, each with whether the columns that queries go by say what its
/// document says.
pub async fn with_columns(pool: &Pool, page: &Page<E164>) -> Result<Vec<(Number, bool)>> {
    let sql = row::keyset(
        "SELECT e164, revision, body, state, account_id, carrier, pool, billable, rests_until \
         FROM numbers WHERE {keys} ORDER BY {order} LIMIT $2",
        "e164",
        page,
    );
    let (from, limit) = (from(page), row::limit(page.limit));
    let rows = pool.read("check", &sql, &[&from, &limit]).await?;
    rows.iter()
        .map(|row| {
            let number = read(row)?;
            let agree = columns_agree(row, &number)?;
            Ok((number, agree))
        })
        .collect()
}

/// Compares the columns from the fourth on.
fn columns_agree(row: &Row, number: &Number) -> Result<bool> {
    let account: Option<&str> = row.try_get(4)?;
    let Stored(carrier) = row.try_get(5)?;
    let pool: Option<Stored> = row.try_get(6)?;
    Ok(row.try_get::<_, &str>(3)? == number.state.as_str()
        && account == number.owner.as_ref().map(AccountId::as_str)
        && carrier == number.carrier.as_str()
        && pool.as_ref().map(|Stored(pool)| pool.as_str()) == number.pool()
        && row.try_get::<_, bool>(7)? == number.is_billable()
        && row.try_get::<_, Option<i64>>(8)? == row::seconds(number.rests_until))
}

pub async fn rested(pool: &Pool, now: GregorianSeconds, limit: usize) -> Result<Vec<Number>> {
    let sql = "SELECT e164, revision, body FROM numbers \
         WHERE state = 'aging' AND rests_until <= $1 ORDER BY rests_until, e164 LIMIT $2";
    let (now, limit) = (row::signed(now.get()), row::limit(limit));
    list(&pool.read("rested", sql, &[&now, &limit]).await?)
}

pub async fn stock(pool: &Pool, query: &StockQuery) -> Result<Vec<Number>> {
    // Each condition is that of the partial index which serves it.
    let (condition, names): (&str, [&str; 2]) = match &query.stock {
        Stock::Carrier(carrier) => (
            "state = 'available' AND pool IS NULL AND carrier = $1 AND $2 = ''",
            [carrier.as_str(), ""],
        ),
        Stock::Pool(carrier, account) => (
            "state = 'available' AND pool IS NOT NULL AND carrier = $1 AND pool = $2",
            [carrier.as_str(), account.as_str()],
        ),
        Stock::Reserved(account) => (
            "state = 'reserved' AND account_id = $1 AND $2 = ''",
            [account.as_str(), ""],
        ),
    };
    let sql = format!(
        "SELECT e164, revision, body FROM numbers \
         WHERE {condition} AND e164 >= $3 AND e164 < $4 ORDER BY e164 LIMIT $5"
    );
    let (from, to) = key_range(query);
    let [first, second] = names.map(Text);
    let limit = row::limit(query.limit);
    list(
        &pool
            .read(
                "stock",
                &sql,
                &[&first, &second, &Text(&from), &Text(&to), &limit],
            )
            .await?,
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

fn list(rows: &[Row]) -> Result<Vec<Number>> {
    rows.iter().map(read).collect()
}

fn key(text: &str) -> Result<E164> {
    E164::try_from(text)
        .map_err(|error| Failure::fault(format!("the key {text:?} is no number: {error}")))
}

/// Reads the columns `e164, revision, body`.
fn read(row: &Row) -> Result<Number> {
    let id = key(row.try_get(0)?)?;
    let body = row::document(row.try_get(2)?, || id.to_string())?;
    Number::from_document(id, row::revision(row, 1)?, body)
        .map_err(|error| Failure::fault(error.to_string()))
}
