//! `numberd account`: accounts, their rights and their keys.

use engine::Context;
use numbers::account::{Account, AccountId};
use serde_json::{Map, Value, json};
use store::Page;

use super::PAGE;
use crate::cli::{AccountCommand, Expiry, Format, Global, Switch};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output::{self, List};

pub async fn run(global: &Global, command: AccountCommand) -> Outcome {
    let access = match command {
        AccountCommand::List { .. } => Access::Read,
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
