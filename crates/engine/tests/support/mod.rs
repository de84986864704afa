//! An engine over an empty database, with its master account.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod provider;

use std::sync::Arc;

use engine::bootstrap::{Bootstrap, Bootstrapped};
use engine::{Caller, Context, Engine, EngineError, Settings};
use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::event::Action;
use numbers::number::Number;
use numbers::state::State;
use providers::Providers;
use serde_json::{Map, Value, json};
use store::{Batch, NumberChange, Operation, PrivilegeLevel, Store, User};
use store_sqlite::{Options, SqliteStore};

pub const PASSWORD: &str = "correct horse";

pub struct World {
    pub engine: Engine,
    pub store: Arc<dyn Store>,
    pub made: Bootstrapped,
    _folder: tempfile::TempDir,
}

pub async fn world() -> World {
    world_with(Settings::default()).await
}

pub async fn world_with(settings: Settings) -> World {
    let providers = Providers::with_settings(settings.providers.0.clone()).unwrap();
    world_of(settings, providers).await
}

pub async fn world_of(settings: Settings, providers: Providers) -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let engine = Engine::with_providers(Arc::clone(&store), settings, providers).unwrap();
    let options = Bootstrap {
        password: Some(PASSWORD.to_owned()),
        ..Bootstrap::default()
    };
    let made = engine.bootstrap(options).await.unwrap().unwrap();
    World {
        engine,
        store,
        made,
        _folder: folder,
    }
}

pub fn open(folder: &tempfile::TempDir) -> Arc<dyn Store> {
    let path = folder.path().join("numberd.db");
    Arc::new(SqliteStore::open(path, &Options::default()).unwrap())
}

pub fn system() -> Context {
    Context::system("test")
}

/// What a holder of the account's API key asks with.
pub fn key_of(account: &Account) -> Context {
    let caller = Caller::Account {
        account: Arc::new(account.clone()),
        user: None,
    };
    Context::new(caller, "test")
}

/// What a user of the account asks with.
pub fn user_of(account: &Account, user: &User) -> Context {
    let user = Some(Arc::new(user.clone()));
    Context::new(
        Caller::Account {
            account: Arc::new(account.clone()),
            user,
        },
        "test",
    )
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// `path.rule` of each field error, in order.
pub fn broken_rules<T: std::fmt::Debug>(result: Result<T, EngineError>) -> Vec<String> {
    match result.unwrap_err() {
        EngineError::Validation(errors) => errors
            .iter()
            .map(|error| format!("{}.{}", error.path, error.rule))
            .collect(),
        other => panic!("{other:?} is no validation error"),
    }
}

impl World {
    pub fn master(&self) -> &Account {
        &self.made.account
    }

    pub async fn child(&self, parent: &AccountId, name: &str) -> Account {
        let data = object(json!({ "name": name }));
        self.engine
            .create_account(&system(), parent, data)
            .await
            .unwrap()
    }

    pub async fn user(&self, account: &Account, username: &str, level: PrivilegeLevel) -> User {
        let level = if level == PrivilegeLevel::Admin {
            "admin"
        } else {
            "user"
        };
        let data = json!({
            "username": username, "password": PASSWORD, "first_name": "Ada",
            "last_name": "Lovelace", "priv_level": level,
        });
        self.engine
            .create_user(&system(), &account.id, object(data))
            .await
            .unwrap()
    }

    pub async fn read(&self, account: &Account) -> Arc<Account> {
        self.engine
            .reachable_account(&system(), &account.id)
            .await
            .unwrap()
    }

    /// Puts a number into service for an account, past all rules.
    pub async fn number(&self, key: &str, owner: &Account) {
        let ctx = system();
        let key = E164::try_from(key).unwrap();
        let carrier = CarrierName::new("local");
        let mut number = Number::new(key, State::InService, carrier, ctx.now);
        number.revision = number.revision.next();
        number.owner = Some(owner.id.clone());
        let change = NumberChange {
            before: None,
            after: Some(number),
            event: engine::context::new_event_id(),
            action: Action::Created,
            origin: ctx.origin(),
            note: None,
        };
        self.store
            .write(Batch::change_number(change))
            .await
            .unwrap()
            .unwrap();
    }

    pub async fn set(&self, key: &str, value: &str) {
        let batch = Batch::new().then(Operation::Set(key.to_owned(), value.to_owned()));
        self.store.write(batch).await.unwrap().unwrap();
    }
}
