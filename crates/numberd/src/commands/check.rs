//! `numberd check`: whether everything in a database fits together.

use std::collections::{HashMap, HashSet};

use numbers::account::{Account, AccountId, normalized_name};
use numbers::faults::faults;
use serde_json::json;
use store::{Claim, ClaimKind, Page, User};

use super::PAGE;
use super::account::Below;
use super::pages::Numbers;
use crate::cli::{Format, Global};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output;

/// Most findings that are told.
const MOST: usize = 1000;

pub async fn run(global: &Global, format: Format) -> Outcome {
    let database = Database::for_command(global, Access::Read).await?;
    // The columns, indexes and counters against the documents, and these among
    // each other, at the same time: both read everything.
    let (texts, documents) = tokio::try_join!(database.check(), documents(&database))?;
    let mut findings = Findings::default();
    for text in texts {
        findings.add(text);
    }
    findings.append(documents.findings);
    findings.tell(documents.accounts, documents.numbers, format)
}

/// What was found in the documents, and how many there are.
struct Documents {
    accounts: usize,
    numbers: usize,
    findings: Findings,
}

async fn documents(database: &Database) -> Outcome<Documents> {
    let mut findings = Findings::default();
    let accounts = accounts(database, &mut findings).await?;
    let numbers = numbers(database, &accounts, &mut findings).await?;
    Ok(Documents {
        accounts: accounts.len(),
        numbers,
        findings,
    })
}

#[derive(Default)]
struct Findings {
    texts: Vec<String>,
    more: usize,
}

impl Findings {
    fn add(&mut self, text: String) {
        if self.texts.len() < MOST {
            self.texts.push(text);
        } else {
            self.more += 1;
        }
    }

    fn append(&mut self, others: Self) {
        others.texts.into_iter().for_each(|text| self.add(text));
        self.more += others.more;
    }

    fn tell(self, accounts: usize, numbers: usize, format: Format) -> Outcome {
        let found = self.texts.len() + self.more;
        if format.json {
            output::json(&json!({
                "accounts": accounts,
                "numbers": numbers,
                "found": found,
                "findings": self.texts,
            }))?;
        } else {
            for text in &self.texts {
                output::line(text)?;
            }
            if self.more > 0 {
                output::line(&format!("and {} more", self.more))?;
            }
            output::line(&format!(
                "{accounts} accounts, {numbers} numbers: {found} findings"
            ))?;
        }
        match found {
            0 => Ok(()),
            _ => Err(Failure::silent(Code::Failure)),
        }
    }
}

/// What the tree of each account must look like, by its id.
type Trees = HashMap<AccountId, Vec<AccountId>>;

/// Checks all accounts and their users.
async fn accounts(database: &Database, findings: &mut Findings) -> Outcome<Trees> {
    let mut trees = Trees::new();
    let Some(id) = database.engine.master_account_id().await? else {
        return Ok(trees);
    };
    let Some(master) = database.store.account(&id).await? else {
        findings.add(format!("the master account {id} isn't there"));
        return Ok(trees);
    };
    if !master.tree.is_empty() {
        findings.add(format!("the master account {id} has accounts above it"));
    }
    account(database, &master, findings).await?;
    trees.insert(master.id.clone(), master.tree.clone());
    let mut below = Below::new(id);
    while let Some(page) = below.next(database).await? {
        for each in page {
            account(database, &each, findings).await?;
            trees.insert(each.id, each.tree);
        }
    }
    for (id, tree) in &trees {
        let Some((parent, above)) = tree.split_last() else {
            continue;
        };
        match trees.get(parent) {
            None => findings.add(format!(
                "the account {id} is below {parent}, which isn't there"
            )),
            Some(tree) if tree != above => {
                findings.add(format!(
                    "the account {id} and {parent} above it disagree on the tree"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(trees)
}

/// Checks that an account and its users hold their names.
async fn account(database: &Database, account: &Account, findings: &mut Findings) -> Outcome {
    let normalized = normalized_name(&account.name);
    let name = match normalized.as_str() {
        "" => format!("={}", account.name.trim().to_lowercase()),
        _ => normalized,
    };
    let claims = [
        (ClaimKind::AccountName, name),
        (ClaimKind::AccountRealm, account.realm.to_lowercase()),
    ];
    for (kind, name) in claims {
        holds(database, kind, name, account.id.as_str(), findings).await?;
    }
    let digest = database
        .store
        .setting(&format!("api_key/{}", account.id))
        .await?;
    if let Some(digest) = digest.filter(|digest| !digest.is_empty()) {
        holds(
            database,
            ClaimKind::ApiKey,
            digest,
            account.id.as_str(),
            findings,
        )
        .await?;
    }
    let mut page = Page::first(PAGE + 1);
    loop {
        let mut users = database.store.users(&account.id, &page).await?;
        let next = if users.len() > PAGE {
            users.pop()
        } else {
            None
        };
        for each in &users {
            user(database, account, each, findings).await?;
        }
        match next {
            Some(next) => page = Page::starting_at(next.id, PAGE + 1),
            None => return Ok(()),
        }
    }
}

async fn user(
    database: &Database,
    account: &Account,
    user: &User,
    findings: &mut Findings,
) -> Outcome {
    if user.account != account.id {
        findings.add(format!(
            "the user {} of {} says it is of {}",
            user.id, account.id, user.account
        ));
    }
    match &user.username {
        Some(username) => {
            let name = format!("{}/{username}", account.id);
            holds(database, ClaimKind::Username, name, &user.id.0, findings).await
        }
        None => Ok(()),
    }
}

async fn holds(
    database: &Database,
    kind: ClaimKind,
    name: String,
    holder: &str,
    findings: &mut Findings,
) -> Outcome {
    let held = database
        .store
        .claimed(&Claim {
            kind,
            name: name.clone(),
        })
        .await?;
    if held.as_deref() != Some(holder) {
        // Digests of keys are nobody's business.
        let name = if kind == ClaimKind::ApiKey {
            String::new()
        } else {
            format!(" '{name}'")
        };
        let by = held.map_or("nobody".to_owned(), |held| held);
        findings.add(format!(
            "the {}{name} of {holder} is held by {by}",
            kind.as_str()
        ));
    }
    Ok(())
}

/// Checks all numbers; answers how many there are.
async fn numbers(database: &Database, accounts: &Trees, findings: &mut Findings) -> Outcome<usize> {
    let mut numbers = Numbers::new(None, None);
    let mut count = 0;
    let mut told: HashSet<AccountId> = HashSet::new();
    while let Some(page) = numbers.next(database).await? {
        count += page.len();
        for number in &page {
            for fault in faults(number) {
                findings.add(format!("{}: {fault}", number.id));
            }
            if let Some(owner) = &number.owner
                && !accounts.contains_key(owner)
                && told.insert(owner.clone())
            {
                findings.add(format!(
                    "{} belongs to the account {owner}, which isn't there",
                    number.id
                ));
            }
        }
    }
    Ok(count)
}
