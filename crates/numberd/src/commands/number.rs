//! `numberd number`: a look at numbers and their history, and which features
//! they may have.

use std::collections::BTreeSet;

use engine::Context;
use engine::change::ChangeRequest;
use engine::history::EventNote;
use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::feature::e911;
use numbers::feature::lists::OwnLists;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::Command;
use numbers::state::State;
use serde_json::{Map, Value, json};
use store::{EventId, Page, StoredEvent};

use super::PAGE;
use crate::cli::{FeatureLists, Format, Global, NumberCommand};
use crate::commands::pages::Numbers;
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{self, List};

pub async fn run(global: &Global, command: NumberCommand) -> Outcome {
    let access = match &command {
        NumberCommand::Features { lists, .. } if !lists.is_empty() => Access::Write,
        _ => Access::Read,
    };
    let database = Database::for_command(global, access).await?;
    match command {
        NumberCommand::List {
            account,
            state,
            prefix,
            limit,
            format,
        } => {
            if prefix
                .as_ref()
                .is_some_and(|prefix| !prefix.starts_with('+'))
            {
                let message = "a prefix begins with + and the country code, like +1415";
                return Err(Failure::new(Code::Usage, message));
            }
            let wanted = Wanted {
                account,
                state,
                prefix: prefix.unwrap_or_default(),
                limit: if limit == 0 { usize::MAX } else { limit },
            };
            list(&database, &wanted, format).await
        }
        NumberCommand::Show { number, format } => show(&database, &number, format).await,
        NumberCommand::Features {
            number,
            lists,
            format,
        } => {
            features(&database, &number, &lists, format).await?;
            database.close().await
        }
        NumberCommand::History { number, format } => history(&database, &number, format).await,
    }
}

struct Wanted {
    account: Option<String>,
    state: Option<State>,
    prefix: String,
    limit: usize,
}

async fn list(database: &Database, wanted: &Wanted, format: Format) -> Outcome {
    let account = match &wanted.account {
        Some(text) => Some(database.account(text).await?.id.clone()),
        None => None,
    };
    let columns = [
        ("number", 16),
        ("state", 10),
        ("account", 32),
        ("carrier", 10),
        ("used_by", 0),
    ];
    let mut list = List::new(format.json, &columns);
    // Keys in front of the prefix are never read, where it can be a key itself.
    let from = E164::try_from(wanted.prefix.as_str()).ok();
    let mut numbers = Numbers::new(account, from);
    let (mut shown, mut more) = (0, false);
    'pages: while let Some(page) = numbers.next(database).await? {
        for number in page {
            let is_prefixed = number.id.as_str().starts_with(&wanted.prefix);
            if !is_prefixed && number.id.as_str() > wanted.prefix.as_str() {
                break 'pages;
            }
            if !is_prefixed || wanted.state.is_some_and(|state| number.state != state) {
                continue;
            }
            if shown == wanted.limit {
                more = true;
                break 'pages;
            }
            shown += 1;
            list.row(|| cells(&number), || document(&number))?;
        }
    }
    list.finish()?;
    if more {
        output::note("there are more: --limit 0 shows all");
    }
    Ok(())
}

fn owner(number: &Number) -> String {
    number
        .owner
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn cells(number: &Number) -> Vec<String> {
    vec![
        number.id.to_string(),
        number.state.to_string(),
        owner(number),
        number.carrier.to_string(),
        number.used_by.clone().unwrap_or_default(),
    ]
}

/// All that is stored of a number.
fn document(number: &Number) -> Value {
    let mut document = json!({
        "id": number.id,
        "state": number.state,
        "assigned_to": number.owner,
        "previously_assigned_to": number.previous_owner,
        "carrier_module": number.carrier,
        "carrier_data": number.carrier_data,
        "used_by": number.used_by,
        "features": number.features.iter()
            .map(|(feature, settings)| (feature.to_string(), settings.clone()))
            .collect::<Map<_, _>>(),
        "features_allowed": number.features_allowed,
        "features_denied": number.features_denied,
        "reserve_history": number.reserve_history,
        "ported_in": number.ported_in,
        "created": number.created,
        "modified": number.modified,
        "revision": number.revision,
        "locality": number.locality,
        "fields": number.public,
    });
    if let Some(members) = document.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        let times = [
            ("disconnected", number.disconnected),
            ("rests_until", number.rests_until),
        ];
        members.extend(
            times
                .into_iter()
                .filter_map(|(name, at)| Some((name.to_owned(), json!(at?)))),
        );
    }
    document
}

async fn show(database: &Database, text: &str, format: Format) -> Outcome {
    let key = database.key(text)?;
    let number = database.store.number(&key).await?;
    let number = number.ok_or_else(|| Failure::not_found(format!("there is no number {key}")))?;
    let account = match &number.owner {
        Some(id) => database.store.account(id).await?,
        None => None,
    };
    let features: Vec<&str> = number
        .features
        .keys()
        .map(|feature| feature.as_str())
        .collect();
    let mut facts = vec![
        ("number", number.id.to_string()),
        ("state", number.state.to_string()),
        ("account", owner(&number)),
        (
            "account name",
            account
                .map(|account| account.name.clone())
                .unwrap_or_default(),
        ),
        ("used by", number.used_by.clone().unwrap_or_default()),
        ("carrier", number.carrier.to_string()),
        ("features", features.join(", ")),
        ("created", output::time(number.created)),
        ("modified", output::time(number.modified)),
        ("revision", number.revision.to_string()),
    ];
    if !number.reserve_history.is_empty() {
        let ids: Vec<&str> = number
            .reserve_history
            .iter()
            .map(AccountId::as_str)
            .collect();
        facts.push(("reserved by", ids.join(", ")));
    }
    let lists = [
        ("allowed features", &number.features_allowed),
        ("denied features", &number.features_denied),
    ];
    facts.extend(
        lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| (name, joined(list))),
    );
    if let Some(until) = number.rests_until {
        facts.push(("rests until", output::time(until)));
    }
    if e911::note(&number).is_some() {
        facts.push(("emergency address", "unconfirmed".to_owned()));
    }
    if !number.public.is_empty() {
        facts.push(("fields", Value::Object(number.public.clone()).to_string()));
    }
    Ok(output::facts(format.json, &facts, &document(&number))?)
}

fn joined(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.join(", ")
}

/// Sets the lists that are given, and shows what holds.
async fn features(
    database: &Database,
    text: &str,
    lists: &FeatureLists,
    format: Format,
) -> Outcome {
    let cx = Context::system("number");
    let key = database.key(text)?;
    let number = database.store.number(&key).await?;
    let owner = match number.and_then(|number| number.owner) {
        Some(id) => id,
        None => database.master().await?,
    };
    let account = database.account(owner.as_str()).await?;
    let set = |typed: &Option<String>| {
        let names = FeatureLists::names(typed.as_ref()?);
        Some(names.into_iter().map(str::to_owned).collect())
    };
    let engine = &database.engine;
    if !lists.is_empty() {
        let command = Command {
            lists: OwnLists::new(set(&lists.allow), set(&lists.deny)),
            ..Command::new(Operation::Merge, Map::new())
        };
        let request = ChangeRequest {
            target: Some(&account),
            command,
            accept_charges: false,
        };
        engine.change_one(&cx, &request, key.as_str()).await?;
    }
    let view = engine.number(&cx, &account, key.as_str()).await?;
    let available = view
        .available
        .iter()
        .map(|feature| feature.to_string())
        .collect();
    let (allowed, denied) = (&view.number.features_allowed, &view.number.features_denied);
    let facts = [
        ("number", key.to_string()),
        ("allowed", joined(allowed)),
        ("denied", joined(denied)),
        ("available", joined(&available)),
    ];
    let document = json!({
        "id": key,
        "features_allowed": allowed,
        "features_denied": denied,
        "features_available": available,
    });
    Ok(output::facts(format.json, &facts, &document)?)
}

async fn history(database: &Database, text: &str, format: Format) -> Outcome {
    let key = database.key(text)?;
    let columns = [
        ("time", 20),
        ("action", 10),
        ("state", 24),
        ("by", 8),
        ("request", 0),
        ("note", 0),
    ];
    let mut list = List::new(format.json, &columns);
    let mut page: Page<EventId> = Page::first(PAGE + 1);
    let mut found = false;
    loop {
        let mut events = database.store.events(&key, &page).await?;
        let next = if events.len() > PAGE {
            events.pop()
        } else {
            None
        };
        for event in &events {
            found = true;
            list.row(|| event_cells(event), || event_document(event))?;
        }
        match next {
            Some(next) => page = Page::starting_at(next.id, PAGE + 1),
            None => break,
        }
    }
    if !found {
        return Err(Failure::not_found(format!("nothing is known of {key}")));
    }
    Ok(list.finish()?)
}

pub(super) fn event_cells(event: &StoredEvent) -> Vec<String> {
    let state = |document: &Option<Map<String, Value>>| {
        let state = document
            .as_ref()
            .and_then(|document| document.get("pvt_state")?.as_str());
        state.unwrap_or("(nothing)").to_owned()
    };
    let by = match (&event.origin.account, &event.origin.user) {
        (None, _) => "system".to_owned(),
        (Some(account), None) => account.to_string(),
        (Some(account), Some(user)) => format!("{account}/{user}"),
    };
    vec![
        output::time(event.origin.at),
        event.action.to_string(),
        format!("{} -> {}", state(&event.before), state(&event.after)),
        by,
        event.origin.request_id.clone(),
        told(event).text.unwrap_or_default(),
    ]
}

fn told(event: &StoredEvent) -> EventNote {
    EventNote::of(event.action, event.note.as_deref())
}

pub(super) fn event_document(event: &StoredEvent) -> Value {
    json!({
        "id": event.id.0,
        "action": event.action,
        "at": event.origin.at,
        "account_id": event.origin.account,
        "user_id": event.origin.user,
        "request_id": event.origin.request_id,
        "before": event.before,
        "after": event.after,
        "note": told(event).text,
        "call": told(event).call,
        "asked_address": told(event).asked_address,
    })
}
