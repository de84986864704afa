//! What must hold in every database, verified row by row.

use numbers::account::Account;
use numbers::e164::E164;
use rusqlite::Connection;
use store::Page;

use crate::failure::Result;
use crate::{account, number};

/// Most findings of one kind that are listed.
const MOST: usize = 100;
/// Numbers read at once.
const PAGE: usize = 1000;

/// Queries that answer the keys of rows which contradict others.
const CONTRADICTIONS: [(&str, &str); 10] = [
    (
        "is missing in the list of its account",
        "SELECT n.e164 FROM numbers n WHERE n.account_id IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM account_numbers a WHERE a.account_id = n.account_id AND a.e164 = n.e164)",
    ),
    (
        "is in the list of an account that doesn't own it",
        "SELECT a.e164 FROM account_numbers a LEFT JOIN numbers n ON n.e164 = a.e164 \
         WHERE n.account_id IS NOT a.account_id",
    ),
    (
        "has no event that led to its document",
        "SELECT n.e164 FROM numbers n WHERE NOT EXISTS (SELECT 1 FROM number_events e \
         WHERE e.position = n.first_event AND e.e164 = n.e164 AND e.after = n.body) \
         AND NOT EXISTS (SELECT 1 FROM number_events e \
         WHERE e.e164 = n.e164 AND e.indexed = 1 AND e.after = n.body)",
    ),
    (
        "has an event that its history doesn't show",
        "SELECT e.e164 FROM number_events e WHERE e.indexed = 0 AND NOT EXISTS \
         (SELECT 1 FROM numbers n WHERE n.e164 = e.e164 AND n.first_event = e.position)",
    ),
    (
        "is missing in the log of its owner",
        "SELECT e.e164 FROM number_events e WHERE json_extract(e.after, '$.pvt_assigned_to') \
         IS NOT NULL AND NOT EXISTS (SELECT 1 FROM account_events a WHERE a.position = e.position \
         AND a.account_id = json_extract(e.after, '$.pvt_assigned_to'))",
    ),
    (
        "is an account whose count of billable numbers is wrong",
        "SELECT account_id FROM (\
            SELECT account_id, sum(own) AS own FROM (\
                SELECT account_id, own FROM account_counters \
                UNION ALL \
                SELECT account_id, -count(*) FROM numbers WHERE billable = 1 GROUP BY account_id) \
            GROUP BY account_id) WHERE own <> 0",
    ),
    (
        "is an account whose sum of billable numbers below it is wrong",
        "SELECT account_id FROM (\
            SELECT account_id, sum(total) AS total FROM (\
                SELECT account_id, total - own AS total FROM account_counters \
                UNION ALL \
                SELECT t.ancestor, -sum(c.own) FROM account_tree t \
                JOIN account_counters c ON c.account_id = t.descendant GROUP BY t.ancestor) \
            GROUP BY account_id) WHERE total <> 0",
    ),
    (
        "is a state whose count of numbers is wrong",
        "SELECT state FROM (\
            SELECT state, sum(numbers) AS numbers FROM (\
                SELECT state, numbers FROM state_counters \
                UNION ALL \
                SELECT state, -count(*) FROM numbers GROUP BY state) \
            GROUP BY state) WHERE numbers <> 0",
    ),
    (
        "is an account that has users and isn't there",
        "SELECT DISTINCT u.account_id FROM users u WHERE NOT EXISTS \
         (SELECT 1 FROM accounts a WHERE a.id = u.account_id)",
    ),
    (
        "is a data set whose parts aren't all there",
        "SELECT s.id FROM data_sets s WHERE s.parts IS NOT NULL AND s.parts <> \
         (SELECT count(*) FROM data_parts p WHERE p.set_id = s.id AND p.part < s.parts)",
    ),
];

/// What SQLite itself finds wrong with the file, in sentences; empty: nothing is.
pub fn file(connection: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let mut damage = connection.prepare(&format!("PRAGMA integrity_check({MOST})"))?;
    let lines = damage.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            findings.push(format!("the file is damaged: {line}"));
        }
    }
    Ok(findings)
}

/// Which rows contradict others, in sentences.
pub fn rows(connection: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (text, sql) in CONTRADICTIONS {
        let mut statement = connection.prepare(&format!("{sql} LIMIT {MOST}"))?;
        for key in statement.query_map([], |row| row.get::<_, String>(0))? {
            findings.push(format!("{} {text}", key?));
        }
    }
    Ok(findings)
}

/// Which rows contradict their documents, in sentences.
pub fn documents(connection: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    columns(connection, &mut findings)?;
    tree(connection, &mut findings)?;
    Ok(findings)
}

/// The columns of numbers that queries go by must say what the document says.
fn columns(connection: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut from: Option<E164> = None;
    let mut contradicted = Vec::new();
    loop {
        let page = from.map_or(Page::first(PAGE), |from| Page::starting_at(from, PAGE));
        let numbers = number::with_columns(connection, &page)?;
        for (number, agree) in &numbers {
            // The page's first was the last of the one before.
            if !agree && Some(&number.id) != page.from.as_ref() && contradicted.len() < MOST {
                contradicted.push(format!(
                    "{}: the columns contradict the document",
                    number.id
                ));
            }
        }
        match numbers.into_iter().next_back() {
            Some((last, _)) if Some(&last.id) != page.from.as_ref() => from = Some(last.id),
            _ => break,
        }
    }
    findings.append(&mut contradicted);
    Ok(())
}

/// Every account's rows of the tree must say what its document says.
fn tree(connection: &Connection, findings: &mut Vec<String>) -> Result<()> {
    let mut statement = connection.prepare("SELECT id FROM accounts ORDER BY id")?;
    for id in statement.query_map([], |row| row.get::<_, String>(0))? {
        let id = id?;
        let found = match numbers::account::AccountId::try_from(id.clone()) {
            Ok(id) => account::get(connection, &id)?,
            Err(_) => None,
        };
        let Some(account) = found else {
            findings.push(format!("{id} is no account's id"));
            continue;
        };
        if !tree_agrees(connection, &account)? {
            findings.push(format!(
                "{id} is not where its document puts it in the tree"
            ));
        }
    }
    Ok(())
}

fn tree_agrees(connection: &Connection, account: &Account) -> Result<bool> {
    let mut stored: Vec<String> = connection
        .prepare_cached("SELECT ancestor FROM account_tree WHERE descendant = ?1")?
        .query_map([account.id.as_str()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut told: Vec<String> = account.tree.iter().map(ToString::to_string).collect();
    stored.sort();
    told.sort();
    told.dedup();
    Ok(stored == told)
}
