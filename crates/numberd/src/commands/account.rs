//! `numberd account`: accounts, their rights and their keys.

use std::sync::Arc;

use engine::Context;
use numbers::account::{Account, AccountId};
use serde_json::{Map, Value, json};
use store::Page;

use super::PAGE;
use crate::cli::{AccountCommand, Expiry, FeatureLists, Format, Global, Setting, Switch};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{self, List};

pub async fn run(global: &Global, command: AccountCommand) -> Outcome {
    let access = match &command {
        AccountCommand::List { .. } => Access::Read,
        AccountCommand::Settings {
            features,
            set,
            unset,
            ..
        } if features.is_empty() && set.is_empty() && unset.is_empty() => Access::Read,
        _ => Access::Write,
    };
    let database = Database::for_command(global, access).await?;
    let cx = Context::system("account");
    match command {
        AccountCommand::List { below, format } => list(&database, below.as_deref(), format).await?,
        AccountCommand::Create {
            name,
            parent,
            realm,
            reseller,
            allow_additions,
            format,
        } => {
            let parent = match parent {
                Some(text) => database.account(&text).await?.id.clone(),
                None => database.master().await?,
            };
            let mut fields = Map::from_iter([("name".to_owned(), Value::String(name))]);
            fields.extend(realm.map(|realm| ("realm".to_owned(), Value::String(realm))));
            let engine = &database.engine;
            let mut account = engine.create_account(&cx, &parent, fields).await?;
            if reseller {
                account = engine.set_reseller(&cx, &account.id, true).await?;
            }
            if allow_additions {
                account = engine.set_allow_additions(&cx, &account.id, true).await?;
            }
            show(&account, format)?;
        }
        AccountCommand::AllowAdditions {
            account,
            allowed,
            format,
        } => {
            let account = database.account(&account).await?;
            let allowed = allowed == Switch::On;
            let engine = &database.engine;
            let account = engine
                .set_allow_additions(&cx, &account.id, allowed)
                .await?;
            show(&account, format)?;
        }
        AccountCommand::Expiry {
            account,
            when: Expiry(expires),
            format,
        } => {
            let account = database.account(&account).await?;
            let engine = &database.engine;
            show(&engine.set_expiry(&cx, &account.id, expires).await?, format)?;
        }
        AccountCommand::Settings {
            account,
            features,
            set,
            unset,
            format,
        } => {
            let mut account = database.account(&account).await?;
            if access == Access::Write {
                let before = &account.number_manager;
                let wanted = settings(before, &features, set, &unset)?;
                let engine = &database.engine;
                let set = engine.set_number_manager(&cx, &account.id, wanted).await?;
                account = Arc::new(set);
            }
            show_settings(&account, format)?;
        }
        AccountCommand::ApiKey {
            account,
            replace,
            format,
        } => {
            let account = database.account(&account).await?;
            api_key(&database, &cx, &account, replace, format).await?;
        }
    }
    database.close().await
}

/// The settings as they will be.
fn settings(
    before: &Map<String, Value>,
    features: &FeatureLists,
    set: Vec<Setting>,
    unset: &[String],
) -> Outcome<Map<String, Value>> {
    let mut after = before.clone();
    for key in unset {
        if after.shift_remove(key).is_none() {
            return Err(Failure::not_found(format!("'{key}' is not set")));
        }
    }
    after.extend(set.into_iter().map(|Setting(key, value)| (key, value)));
    for (name, typed) in [("allow", &features.allow), ("deny", &features.deny)] {
        let Some(typed) = typed else { continue };
        let lists = after.entry("features").or_insert_with(|| json!({}));
        // Whatever else it is, the engine refuses.
        let Some(lists) = lists.as_object_mut() else {
            break;
        };
        let names = FeatureLists::names(typed);
        if names.is_empty() {
            lists.shift_remove(name);
        } else {
            lists.insert(name.to_owned(), json!(names));
        }
    }
    if after.get("features") == Some(&json!({})) {
        after.shift_remove("features");
    }
    Ok(after)
}

fn show_settings(account: &Account, format: Format) -> Outcome {
    let settings = &account.number_manager;
    let mut facts = vec![("account", account.name.clone())];
    facts.extend(settings.iter().map(|(key, value)| {
        let text = value.as_str().map(str::to_owned);
        (key.as_str(), text.unwrap_or_else(|| value.to_string()))
    }));
    let document = json!({ "account_id": account.id, "number_manager": settings });
    Ok(output::facts(format.json, &facts, &document)?)
}

async fn api_key(
    database: &Database,
    cx: &Context,
    account: &Account,
    replace: bool,
    format: Format,
) -> Outcome {
    let engine = &database.engine;
    if !replace && engine.has_api_key(cx, &account.id).await? {
        let message = format!(
            "{} has an API key, and only its hash is stored: --replace makes a new one and ends the old",
            account.name
        );
        return Err(Failure::new(Code::Refused, message));
    }
    let key = engine.regenerate_api_key(cx, &account.id).await?;
    let facts = [
        ("account", account.id.to_string()),
        ("api_key", key.clone()),
    ];
    let document = json!({"account_id": account.id, "api_key": key});
    Ok(output::facts(format.json, &facts, &document)?)
}

async fn list(database: &Database, below: Option<&str>, format: Format) -> Outcome {
    let top = match below {
        Some(text) => database.account(text).await?.id.clone(),
        None => database.master().await?,
    };
    let columns = [
        ("id", 32),
        ("name", 20),
        ("realm", 24),
        ("parent", 32),
        ("rights", 0),
    ];
    let mut list = List::new(format.json, &columns);
    if below.is_none()
        && let Some(master) = database.store.account(&top).await?
    {
        list.row(|| cells(&master), || document(&master))?;
    }
    let mut accounts = Below::new(top);
    while let Some(page) = accounts.next(database).await? {
        for account in page {
            list.row(|| cells(&account), || document(&account))?;
        }
    }
    Ok(list.finish()?)
}

/// All accounts below one, page by page.
pub struct Below {
    top: AccountId,
    page: Option<Page<AccountId>>,
}

impl Below {
    pub fn new(top: AccountId) -> Self {
        Self {
            top,
            page: Some(Page::first(PAGE + 1)),
        }
    }

    /// The next page; `None` after the last.
    pub async fn next(&mut self, database: &Database) -> Outcome<Option<Vec<Account>>> {
        let Some(page) = self.page.take() else {
            return Ok(None);
        };
        let mut accounts = database.store.descendants(&self.top, &page).await?;
        if accounts.len() > PAGE
            && let Some(next) = accounts.pop()
        {
            self.page = Some(Page::starting_at(next.id, PAGE + 1));
        }
        Ok(Some(accounts))
    }
}

fn rights(account: &Account) -> Vec<&'static str> {
    [
        (account.superduper, "superduper"),
        (account.is_reseller, "reseller"),
        (account.allow_additions, "additions"),
        (!account.enabled, "disabled"),
        (account.expires.is_some(), "expires"),
    ]
    .into_iter()
    .filter_map(|(set, name)| set.then_some(name))
    .collect()
}

fn cells(account: &Account) -> Vec<String> {
    vec![
        account.id.to_string(),
        account.name.clone(),
        account.realm.clone(),
        account
            .tree
            .last()
            .map(ToString::to_string)
            .unwrap_or_default(),
        rights(account).join(","),
    ]
}

fn document(account: &Account) -> Value {
    json!({
        "id": account.id,
        "name": account.name,
        "realm": account.realm,
        "parent": account.tree.last(),
        "enabled": account.enabled,
        "superduper_admin": account.superduper,
        "is_reseller": account.is_reseller,
        "allow_additions": account.allow_additions,
        "created": account.created,
        "expires": account.expires,
    })
}

fn show(account: &Account, format: Format) -> Outcome {
    let facts = [
        ("id", account.id.to_string()),
        ("name", account.name.clone()),
        ("realm", account.realm.clone()),
        (
            "parent",
            account
                .tree
                .last()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
        ("rights", rights(account).join(",")),
        (
            "expires",
            account.expires.map(output::time).unwrap_or_default(),
        ),
    ];
    Ok(output::facts(format.json, &facts, &document(account))?)
}
