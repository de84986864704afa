//! `numberd user`: people who log in to an account.

use std::io::{self, BufRead, Read};

use engine::Context;
use numbers::account::Account;
use serde_json::{Map, Value, json};
use store::{Claim, ClaimKind, User, UserId};

use crate::cli::{Format, Global, UserCommand};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};
use crate::output;

/// Longest line that is read as a password, in bytes.
const LONGEST: u64 = 4096;

pub async fn run(global: &Global, command: UserCommand) -> Outcome {
    let database = Database::for_command(global, Access::Write).await?;
    let cx = Context::system("user");
    match command {
        UserCommand::Create {
            account,
            username,
            password_stdin,
            admin,
            first_name,
            last_name,
            email,
            format,
        } => {
            let account = database.account(&account).await?;
            let password = Password::new(password_stdin)?;
            let mut fields = object(json!({
                "username": username,
                "password": password.text,
                "first_name": first_name,
                "last_name": last_name,
                "priv_level": if admin { "admin" } else { "user" },
            }));
            fields.extend(email.map(|email| ("email".to_owned(), Value::String(email))));
            let user = database
                .engine
                .create_user(&cx, &account.id, fields)
                .await?;
            show(&account, &user, &password, format)?;
        }
        UserCommand::Password {
            account,
            username,
            password_stdin,
            format,
        } => {
            let account = database.account(&account).await?;
            let id = find(&database, &account, &username).await?;
            let password = Password::new(password_stdin)?;
            let fields = object(json!({"password": password.text}));
            let user = database
                .engine
                .patch_user(&cx, &account.id, &id, fields, None)
                .await?;
            show(&account, &user, &password, format)?;
        }
    }
    database.close().await
}

/// A password, and whether a person has to be told.
struct Password {
    text: String,
    made_up: bool,
}

impl Password {
    fn new(from_input: bool) -> Outcome<Self> {
        if !from_input {
            return Ok(Self {
                text: made_up(),
                made_up: true,
            });
        }
        let mut line = String::new();
        io::stdin().lock().take(LONGEST).read_line(&mut line)?;
        let text = line.trim_end_matches(['\r', '\n']).to_owned();
        if text.is_empty() {
            return Err(Failure::new(
                Code::Usage,
                "the input has no password in its first line",
            ));
        }
        Ok(Self {
            text,
            made_up: false,
        })
    }
}

/// A password of 128 random bits.
pub fn made_up() -> String {
    format!("{:032x}", rand::random::<u128>())
}

async fn find(database: &Database, account: &Account, username: &str) -> Outcome<UserId> {
    let claim = Claim {
        kind: ClaimKind::Username,
        name: format!("{}/{}", account.id, username.to_lowercase()),
    };
    let holder = database.store.claimed(&claim).await?;
    holder
        .map(UserId)
        .ok_or_else(|| Failure::not_found(format!("{} has no user '{username}'", account.name)))
}

fn show(account: &Account, user: &User, password: &Password, format: Format) -> Outcome {
    let username = user.username.clone().unwrap_or_default();
    let mut facts = vec![
        ("id", user.id.to_string()),
        ("account", account.id.to_string()),
        ("username", username.clone()),
        (
            "priv_level",
            engine::user_document::user_document(user)["priv_level"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        ),
    ];
    let mut document = json!({
        "id": user.id,
        "account_id": account.id,
        "username": username,
        "priv_level": user.priv_level,
    });
    if password.made_up {
        facts.push(("password", password.text.clone()));
        document["password"] = password.text.as_str().into();
    }
    Ok(output::facts(format.json, &facts, &document)?)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
