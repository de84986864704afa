//! What must hold in every database, verified row by row.

use numbers::account::AccountId;
use numbers::e164::E164;
use store::Page;

use crate::failure::Result;
use crate::pool::Pool;
use crate::read::{account, number, row};
use crate::text::Stored;

/// Most findings of one kind that are listed.
const MOST: usize = 100;
/// Rows read at once.
const PAGE: usize = 1000;

/// Queries that answer the keys of rows which contradict others.
const CONTRADICTIONS: [(&str, &str); 9] = [
    (
        "is missing in the list of its account",
        "SELECT n.e164 FROM numbers n WHERE n.account_id IS NOT NULL AND NOT EXISTS \
         (SELECT 1 FROM account_numbers a WHERE a.account_id = n.account_id AND a.e164 = n.e164)",
    ),
    (
        "is in the list of an account that doesn't own it",
        "SELECT a.e164 FROM account_numbers a LEFT JOIN numbers n ON n.e164 = a.e164 \
         WHERE n.account_id IS DISTINCT FROM a.account_id",
    ),
    (
        "has no event that led to its document",
        "SELECT n.e164 FROM numbers n WHERE NOT EXISTS \
         (SELECT 1 FROM number_events e WHERE e.e164 = n.e164 AND e.after = n.body)",
    ),
    (
        "is missing in the log of its owner",
        "SELECT e.e164 FROM number_events e WHERE e.after::JSON ->> 'pvt_assigned_to' IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM account_events a WHERE a.position = e.position \
         AND a.account_id = e.after::JSON ->> 'pvt_assigned_to')",
    ),
    (
        "is an account whose count of billable numbers is wrong",
        "SELECT account_id FROM (\
            SELECT account_id, own FROM account_counters \
            UNION ALL \
            SELECT account_id, -count(*) FROM numbers WHERE billable GROUP BY account_id) c \
         GROUP BY account_id HAVING sum(own) <> 0",
    ),
    (
        "is an account whose sum of billable numbers below it is wrong",
        "SELECT account_id FROM (\
            SELECT account_id, total - own AS total FROM account_counters \
            UNION ALL \
            SELECT t.ancestor, -sum(c.own) FROM account_tree t \
            JOIN account_counters c ON c.account_id = t.descendant GROUP BY t.ancestor) c \
         GROUP BY account_id HAVING sum(total) <> 0",
    ),
    (
        "is a state whose count of numbers is wrong",
        "SELECT state FROM (\
            SELECT state, numbers FROM state_counters \
            UNION ALL \
            SELECT state, -count(*) FROM numbers GROUP BY state) c \
         GROUP BY state HAVING sum(numbers) <> 0",
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

/// Everything that is wrong with a database, in sentences; empty: nothing is.
pub async fn run(pool: &Pool) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (text, sql) in CONTRADICTIONS {
        let sql = format!("{sql} LIMIT {MOST}");
        for row in pool.read_long("check", &sql, &[]).await? {
            let Stored(key) = row.try_get(0)?;
            findings.push(format!("{key} {text}"));
        }
    }
    columns(pool, &mut findings).await?;
    tree(pool, &mut findings).await?;
    Ok(findings)
}

/// The columns of numbers that queries go by must say what the document says.
async fn columns(pool: &Pool, findings: &mut Vec<String>) -> Result<()> {
    let mut from: Option<E164> = None;
    let mut contradicted = Vec::new();
    loop {
        let page = from.map_or(Page::first(PAGE), |from| Page::starting_at(from, PAGE));
        let numbers = number::with_columns(pool, &page).await?;
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
async fn tree(pool: &Pool, findings: &mut Vec<String>) -> Result<()> {
    let mut after = String::new();
    loop {
        let sql = "SELECT id FROM accounts WHERE id > $1 ORDER BY id LIMIT $2";
        let limit = row::limit(PAGE);
        let rows = pool.read("check", sql, &[&after, &limit]).await?;
        for row in &rows {
            let id: String = row.try_get(0)?;
            if let Some(finding) = place(pool, &id).await? {
                findings.push(finding);
            }
            after = id;
        }
        if rows.len() < PAGE {
            return Ok(());
        }
    }
}

async fn place(pool: &Pool, id: &str) -> Result<Option<String>> {
    let found = match AccountId::parse(id) {
        Ok(id) => account::get(pool, &id).await?,
        Err(_) => return Ok(Some(format!("{id} is no account's id"))),
    };
    let Some(account) = found else {
        // It was removed meanwhile.
        return Ok(None);
    };
    let sql = "SELECT ancestor FROM account_tree WHERE descendant = $1 ORDER BY ancestor";
    let rows = pool.read("check", sql, &[&id]).await?;
    let stored: Vec<String> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<std::result::Result<_, _>>()?;
    let mut told: Vec<String> = account.tree.iter().map(ToString::to_string).collect();
    told.sort();
    told.dedup();
    let text = || format!("{id} is not where its document puts it in the tree");
    Ok((stored != told).then(text))
}
