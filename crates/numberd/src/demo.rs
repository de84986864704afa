//! `serve --demo`: something to try, in a database that is empty.
//!
//! A reseller who may add numbers, a customer of it with a user, and numbers
//! for sale: in each of some real area codes the hundred that are set aside for
//! fiction (NPA-555-0100 to 0199), so that nobody's number is on show. And a
//! carrier that sells more of them, and a keeper of emergency addresses.

pub mod carrier;
mod lines;
pub mod provider;
mod rate_centers;

use engine::Context;
use engine::import::ImportRow;
use numbers::account::{Account, AccountId};
use numbers::state::State;
use serde_json::{Map, Value, json};
use simulators::Simulator;
use store::{Batch, Operation, Page, UserId};

use crate::commands::user::made_up;
use crate::database::Database;
use crate::exit::{Code, Failure, Outcome};

use lines::Access;
use rate_centers::RATE_CENTERS;

/// The setting that names what the demo made.
const SETTING: &str = "demo";
/// Numbers that are set aside for fiction in an area code.
const FICTIONAL: std::ops::Range<u32> = 100..200;
const USERNAME: &str = "demo";

/// What the demo made.
struct Demo {
    reseller: Account,
    customer: Account,
    user: UserId,
}

/// Fills an empty database and answers lines that work. A database that was
/// filled so before is left as it is, but for new secrets of the demo's own
/// accounts: the old ones are stored only as hashes.
pub async fn fill(
    database: &Database,
    url: &str,
    carrier: Option<&Simulator>,
    provider: Option<&Simulator>,
) -> Outcome<String> {
    let cx = Context::system("demo");
    let demo = match found(database).await? {
        Some(demo) => demo,
        None => made(database, &cx).await?,
    };
    if let Some(simulator) = carrier {
        carrier::remind(simulator, database).await?;
    }
    let password = made_up();
    let fields = object(json!({"password": password}));
    let engine = &database.engine;
    engine
        .patch_user(&cx, &demo.customer.id, &demo.user, fields, None)
        .await?;
    let api_key = engine.regenerate_api_key(&cx, &demo.reseller.id).await?;
    let access = Access {
        url,
        reseller: &demo.reseller,
        customer: &demo.customer,
        username: USERNAME,
        password: &password,
        api_key: &api_key,
        has_carrier: carrier.is_some(),
        has_provider: provider.is_some(),
    };
    Ok(access.lines())
}

/// What an earlier start made; all of it must still be there.
async fn found(database: &Database) -> Outcome<Option<Demo>> {
    let Some(text) = database.store.setting(SETTING).await? else {
        return Ok(None);
    };
    let made: Value = serde_json::from_str(&text).unwrap_or_default();
    let id = |name: &str| {
        made[name]
            .as_str()
            .and_then(|text| AccountId::parse(text).ok())
    };
    let gone = || {
        Failure::new(
            Code::Refused,
            "the demo's accounts are gone: serve without --demo, or another database",
        )
    };
    let (Some(reseller), Some(customer)) = (id("reseller"), id("customer")) else {
        return Err(gone());
    };
    let accounts = database
        .store
        .accounts(&[reseller, customer.clone()])
        .await?;
    let user = UserId(made["user"].as_str().unwrap_or_default().to_owned());
    let user = database.store.user(&customer, &user).await?;
    match (accounts.as_slice(), user) {
        ([Some(reseller), Some(customer)], Some(user)) => Ok(Some(Demo {
            reseller: Account::clone(reseller),
            customer: Account::clone(customer),
            user: user.id.clone(),
        })),
        _ => Err(gone()),
    }
}

async fn made(database: &Database, cx: &Context) -> Outcome<Demo> {
    let master = database.master().await?;
    let numbers = database.store.all_numbers(&Page::first(1)).await?;
    let accounts = database.store.children(&master, &Page::first(1)).await?;
    if !numbers.is_empty() || !accounts.is_empty() {
        let message = "the database isn't empty: --demo fills only empty ones, nothing was added";
        return Err(Failure::new(Code::Refused, message));
    }
    let engine = &database.engine;
    let named = |name: &str| object(json!({"name": name}));
    let reseller = engine
        .create_account(cx, &master, named("Demo Reseller"))
        .await?;
    let reseller = engine.set_reseller(cx, &reseller.id, true).await?;
    let reseller = engine.set_allow_additions(cx, &reseller.id, true).await?;
    let customer = engine
        .create_account(cx, &reseller.id, named("Demo Customer"))
        .await?;
    let user = object(json!({
        "username": USERNAME,
        "password": made_up(),
        "first_name": "Demo",
        "last_name": "User",
        "priv_level": "admin",
    }));
    let user = engine.create_user(cx, &customer.id, user).await?;
    stock(database, cx).await?;
    let made = json!({"reseller": reseller.id, "customer": customer.id, "user": user.id});
    let batch = Batch::new().then(Operation::Set(SETTING.to_owned(), made.to_string()));
    database
        .store
        .write(batch)
        .await?
        .map_err(|_| engine::EngineError::Conflict)?;
    Ok(Demo {
        reseller,
        customer,
        user: user.id,
    })
}

/// Numbers for sale.
async fn stock(database: &Database, cx: &Context) -> Outcome {
    let mut rows = Vec::new();
    for center in RATE_CENTERS {
        for line in FICTIONAL {
            rows.push(ImportRow {
                e164: format!("+1{}5550{line}", center.npa),
                state: Some(State::Available),
                carrier_module: Some("inventory".to_owned()),
                carrier_data: object(json!({
                    "rate_center": {
                        "lata": center.lata,
                        "name": center.name,
                        "state": center.state,
                    },
                })),
                ..ImportRow::default()
            });
        }
    }
    for outcome in database.engine.import_batch(cx, rows).await? {
        outcome.map_err(|error| Failure::new(Code::Failure, error.to_string()))?;
    }
    Ok(())
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
