//! The first start on an empty database: the master account, its admin user and
//! its API key (design.md, "The command").

use numbers::account::{Account, AccountId};
use numbers::revision::Revision;
use serde_json::{Map, json};
use store::{Batch, Expectation, Operation};

use crate::account_record::{Draft, creation};
use crate::accounts::MASTER_ACCOUNT;
use crate::api_keys::{self, API_KEY_DIGITS};
use crate::secrets::random_hex;
use crate::users;
use crate::{Context, Engine, EngineError, FieldError, context};

/// What the first start makes.
#[derive(Clone)]
pub struct Bootstrap {
    /// The master account's name.
    pub name: String,
    /// Its realm; made up when absent.
    pub realm: Option<String>,
    /// The admin user's login name.
    pub username: String,
    /// The admin user's password; random when absent.
    pub password: Option<String>,
    /// The account's API key, 64 hex digits; random when absent.
    pub api_key: Option<String>,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            name: "master".to_owned(),
            realm: None,
            username: "admin".to_owned(),
            password: None,
            api_key: None,
        }
    }
}

/// What the first start made. The secrets are stored nowhere in this form: print
/// them once, for people, not into a log.
#[derive(Clone)]
pub struct Bootstrapped {
    /// The master account.
    pub account: Account,
    /// The admin user's login name, lower case as it is stored and hashed.
    pub username: String,
    /// The admin user's password.
    pub password: String,
    /// The account's API key.
    pub api_key: String,
}

impl Engine {
    /// Makes the master account unless there is one: `None` then. Of two
    /// processes that start at once, one makes it and the other gets `None`.
    pub async fn bootstrap(&self, options: Bootstrap) -> Result<Option<Bootstrapped>, EngineError> {
        if self.master_account_id().await?.is_some() {
            return Ok(None);
        }
        let ctx = Context::system("bootstrap");
        let password = options.password.clone().unwrap_or_else(random_hex::<16>);
        let api_key = match &options.api_key {
            Some(key) => checked_key(key)?,
            None => random_hex::<{ API_KEY_DIGITS / 2 }>(),
        };
        let realm = match &options.realm {
            Some(realm) => realm.clone(),
            None => self.generated_realm().await?,
        };
        let account = self.master(&ctx, &options, realm)?;
        let admin = json!({
            "username": options.username,
            "password": password,
            "first_name": "Account",
            "last_name": "Admin",
            "priv_level": "admin",
        });
        let admin = admin.as_object().cloned().unwrap_or_default();
        let admin = self.drafted_user(&ctx, &account.id, admin).await?;
        let batch = Batch::new()
            .expect(Expectation::Setting {
                key: MASTER_ACCOUNT.to_owned(),
                value: None,
            })
            .then(Operation::Set(
                MASTER_ACCOUNT.to_owned(),
                account.id.to_string(),
            ));
        let batch = creation(batch, &account);
        let batch = users::user_creation(batch, &admin);
        let batch = api_keys::with_first_key(batch, &account.id, &api_key);
        if self.store().write(batch).await?.is_ok() {
            let username = admin.username.unwrap_or_default();
            return Ok(Some(Bootstrapped {
                account,
                username,
                password,
                api_key,
            }));
        }
        if self.master_account_id().await?.is_some() {
            Ok(None)
        } else {
            Err(EngineError::Conflict)
        }
    }

    fn master(
        &self,
        ctx: &Context,
        options: &Bootstrap,
        realm: String,
    ) -> Result<Account, EngineError> {
        let id = AccountId::parse(&context::new_id()).expect("32 hex digits are an account's id");
        let mut document = Map::new();
        document.insert("name".to_owned(), options.name.as_str().into());
        document.insert("realm".to_owned(), realm.into());
        let draft = Draft::new(document)?;
        Ok(Account {
            id,
            revision: Revision::default().next(),
            name: draft.name,
            realm: draft.realm.unwrap_or_default(),
            tree: Vec::new(),
            enabled: true,
            expires: None,
            superduper: true,
            allow_additions: true,
            is_reseller: true,
            created: ctx.now,
            modified: ctx.now,
            number_manager: Map::new(),
            public: self.with_defaults(draft.public),
        })
    }
}

fn checked_key(key: &str) -> Result<String, EngineError> {
    if api_keys::is_api_key(key) {
        return Ok(key.to_ascii_lowercase());
    }
    let message = format!("An API key has {API_KEY_DIGITS} hex digits");
    Err(EngineError::Validation(vec![FieldError::new(
        "api_key", "pattern", message,
    )]))
}
