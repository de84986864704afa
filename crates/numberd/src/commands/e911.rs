//! `numberd e911`: which numbers an emergency call can't be located from.

use engine::emergency::{Uncovered, coverage_row};
use std::sync::Arc;

use numbers::account::{Account, AccountId};
use serde_json::Value;
use store::Page;

use super::PAGE;
use super::account::Below;
use crate::cli::{E911Command, Format, Global};
use crate::database::{Access, Database};
use crate::exit::Outcome;
use crate::output::List;

pub async fn run(global: &Global, command: E911Command) -> Outcome {
    let database = Database::for_command(global, Access::Read).await?;
    match command {
        E911Command::Coverage { account, format } => {
            let accounts = match account {
                Some(text) => vec![database.account(&text).await?],
                None => everybody(&database).await?,
            };
            coverage(&database, &accounts, format).await
        }
    }
}

/// The master account and all below it.
async fn everybody(database: &Database) -> Outcome<Vec<Arc<Account>>> {
    let master = database.master().await?;
    let mut accounts = Vec::new();
    accounts.extend(database.store.account(&master).await?);
    let mut below = Below::new(master);
    while let Some(page) = below.next(database).await? {
        accounts.extend(page.into_iter().map(Arc::new));
    }
    Ok(accounts)
}

async fn coverage(database: &Database, accounts: &[Arc<Account>], format: Format) -> Outcome {
    let columns = [
        ("number", 16),
        ("state", 12),
        ("provider", 14),
        ("account", 32),
        ("carrier", 12),
        ("warning", 0),
    ];
    let mut list = List::new(format.json, &columns);
    for account in accounts {
        let mut page = Some(Page::first(PAGE + 1));
        while let Some(this) = page.take() {
            let engine = &database.engine;
            let mut uncovered = engine.e911_coverage(account, &this).await?;
            if uncovered.len() > PAGE
                && let Some(next) = uncovered.pop()
            {
                page = Some(Page::starting_at(next.number.id, PAGE + 1));
            }
            for one in &uncovered {
                list.row(
                    || cells(&account.id, one),
                    || {
                        let mut row = coverage_row(one, true);
                        row.insert("account".to_owned(), account.id.as_str().into());
                        Value::Object(row)
                    },
                )?;
            }
        }
    }
    Ok(list.finish()?)
}

fn cells(account: &AccountId, one: &Uncovered) -> Vec<String> {
    let row = coverage_row(one, true);
    let text = |name: &str| {
        row.get(name)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    };
    vec![
        text("id"),
        text("state"),
        text("provider"),
        account.to_string(),
        text("carrier"),
        text("warning"),
    ]
}
