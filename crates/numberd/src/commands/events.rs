//! `numberd events`: follows the log of what happens to numbers.

use numbers::account::AccountId;
use serde_json::Value;
use store::{EventKey, LoggedEvent};

use super::PAGE;
use super::number::{event_cells, event_document};
use crate::cli::{Events, Global};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{self, List};

pub async fn run(global: &Global, options: &Events) -> Outcome {
    let mut after = match &options.after {
        Some(text) => Some(text.parse::<EventKey>().map_err(|_| no_cursor(text))?),
        None => None,
    };
    let database = Database::for_command(global, Access::Read).await?;
    let account = whose(&database, options).await?;
    let columns = [
        ("number", 16),
        ("time", 20),
        ("action", 10),
        ("state", 24),
        ("by", 8),
        ("request", 0),
        ("note", 0),
    ];
    let mut list = List::new(options.format.json, &columns);
    let mut left = match options.limit {
        0 => usize::MAX,
        limit => limit,
    };
    while left > 0 {
        let limit = PAGE.min(left);
        let log = database
            .store
            .event_log(account.as_ref(), after.as_ref(), limit);
        let events = log.await?.ok_or_else(|| {
            let sent = options.after.as_deref().unwrap_or_default();
            no_cursor(sent)
        })?;
        for event in &events {
            list.row(|| cells(event), || document(event))?;
        }
        left -= events.len();
        after = events.last().map(LoggedEvent::key).or(after);
        if events.len() < limit {
            break;
        }
    }
    list.finish()?;
    if let Some(after) = after {
        output::note(&format!("go on with --after {after}"));
    }
    Ok(())
}

/// The account whose log is asked for; `None`: everybody's, which is the
/// topmost account's too.
async fn whose(database: &Database, options: &Events) -> Outcome<Option<AccountId>> {
    let Some(text) = &options.account else {
        return Ok(None);
    };
    let account = database.account(text).await?;
    Ok((!account.is_admin()).then(|| account.id.clone()))
}

fn cells(event: &LoggedEvent) -> Vec<String> {
    let mut cells = vec![event.number.to_string()];
    cells.extend(event_cells(&event.event));
    cells
}

fn document(event: &LoggedEvent) -> Value {
    let mut document = event_document(&event.event);
    document["number"] = event.number.to_string().into();
    document["cursor"] = event.key().to_string().into();
    document
}

fn no_cursor(text: &str) -> Failure {
    let shown: String = text.chars().take(80).collect();
    let message = format!("'{shown}' is no place in the log; use the cursor that a call has named");
    Failure::new(Code::Usage, message)
}
