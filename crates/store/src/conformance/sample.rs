//! Values to write, and short names for what the checks do often.

use std::sync::Arc;

use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::event::{Action, Origin};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::revision::Revision;
use numbers::state::State;
use serde_json::{Map, Value};

use crate::{
    Batch, Direction, EventId, NumberChange, Operation, Page, PrivilegeLevel, Store, User, UserId,
};

/// A time to count from.
pub const NOW: GregorianSeconds = GregorianSeconds::from_unix(1_760_000_000);

/// The account `n`: 32 digits.
pub fn account_id(n: u32) -> AccountId {
    AccountId::parse(&format!("{n:032}")).expect("32 digits")
}

/// `+1` and ten digits.
pub fn key(n: u64) -> E164 {
    at(&format!("+1{n:010}"))
}

/// A key from text.
pub fn at(text: &str) -> E164 {
    E164::try_from(text).expect("a number in E.164 form")
}

/// The `n`-th event id.
pub fn event_id(n: u32) -> EventId {
    EventId(format!("{n:032x}"))
}

/// A number of the carrier `inventory`, revision 1, without owner.
pub fn number(key: &E164, state: State) -> Number {
    let mut number = Number::new(key.clone(), state, CarrierName::new("inventory"), NOW);
    number.revision = Revision(1);
    number
}

/// A number in service that counts for billing.
pub fn billable(key: &E164, owner: u32) -> Number {
    let mut number = number(key, State::InService);
    number.carrier = CarrierName::new("bandwidth2");
    number.owner = Some(account_id(owner));
    number
}

/// A number in service that doesn't count for billing.
pub fn owned(key: &E164, owner: u32) -> Number {
    let mut number = number(key, State::InService);
    number.owner = Some(account_id(owner));
    number
}

/// Members of a JSON object.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

/// Who did it.
pub fn origin() -> Origin {
    Origin {
        account: Some(account_id(1)),
        user: Some("a user".to_owned()),
        request_id: "a request".to_owned(),
        at: NOW,
    }
}

/// A change with the `event`-th event.
pub fn change(before: Option<Number>, after: Option<Number>, event: u32) -> NumberChange {
    let action = match (&before, &after) {
        (None, _) => Action::Created,
        (_, None) => Action::Deleted,
        _ => Action::Updated,
    };
    NumberChange {
        before,
        after,
        event: event_id(event),
        action,
        origin: origin(),
        note: None,
    }
}

/// Writes a number that isn't there.
pub fn creation(number: Number) -> Batch {
    Batch::change_number(change(None, Some(number), 1))
}

/// Changes a number from what it was; the revision moves by one.
pub fn update(before: &Number, event: u32, edit: impl FnOnce(&mut Number)) -> (Batch, Number) {
    let mut after = before.clone();
    after.revision = before.revision.next();
    edit(&mut after);
    let change = change(Some(before.clone()), Some(after.clone()), event);
    (Batch::change_number(change), after)
}

/// Removes a number.
pub fn deletion(before: &Number, event: u32) -> Batch {
    Batch::change_number(change(Some(before.clone()), None, event))
}

/// An account below others, the topmost first; revision 1.
pub fn account(n: u32, tree: &[u32]) -> Account {
    Account {
        id: account_id(n),
        revision: Revision(1),
        name: format!("Account {n}"),
        realm: format!("{n}.example.com"),
        tree: tree.iter().map(|id| account_id(*id)).collect(),
        enabled: true,
        superduper: tree.is_empty(),
        allow_additions: true,
        is_reseller: false,
        created: NOW,
        modified: NOW,
        expires: None,
        number_manager: Map::new(),
        public: Map::new(),
    }
}

/// A user of an account; revision 1.
pub fn user(account: u32, id: &str) -> User {
    User {
        id: UserId(id.to_owned()),
        account: account_id(account),
        revision: Revision(1),
        username: Some(format!("{id}@example.com")),
        enabled: true,
        priv_level: PrivilegeLevel::Admin,
        md5_hash: Some("$argon2id$md5".to_owned()),
        sha1_hash: None,
        token_salt: "salt".to_owned(),
        created: NOW,
        modified: NOW,
        public: object(serde_json::json!({"first_name": "Zoë", "z": 1, "a": [null, {}]})),
    }
}

/// A batch of operations without expectations.
pub fn just(operations: impl IntoIterator<Item = Operation>) -> Batch {
    Batch {
        expectations: Vec::new(),
        operations: operations.into_iter().collect(),
    }
}

/// The operation that writes an account.
pub fn put(account: Account) -> Operation {
    Operation::PutAccount(Box::new(account))
}

/// The operation that writes a user.
pub fn put_user(user: User) -> Operation {
    Operation::PutUser(Box::new(user))
}

/// Writes a batch that must succeed.
pub async fn write(store: &Arc<dyn Store>, batch: Batch) {
    store
        .write(batch)
        .await
        .expect("the store takes the write")
        .expect("every expectation holds");
}

/// Writes batches that must succeed.
pub async fn write_all(store: &Arc<dyn Store>, batches: impl IntoIterator<Item = Batch>) {
    let outcomes = store
        .write_each(batches.into_iter().collect())
        .await
        .expect("the store takes the writes");
    for outcome in outcomes {
        outcome.expect("every expectation holds");
    }
}

/// A batch that must be refused; the store keeps running.
pub async fn refuse(store: &Arc<dyn Store>, batch: Batch) -> crate::Expectation {
    store
        .write(batch)
        .await
        .expect("the store takes the write")
        .expect_err("an expectation doesn't hold")
        .0
}

/// A page upwards.
pub fn up<K>(from: Option<K>, limit: usize) -> Page<K> {
    Page {
        from,
        limit,
        direction: Direction::Ascending,
    }
}

/// A page downwards.
pub fn down<K>(from: Option<K>, limit: usize) -> Page<K> {
    Page {
        from,
        limit,
        direction: Direction::Descending,
    }
}

/// The keys of numbers.
pub fn keys(numbers: &[Number]) -> Vec<&str> {
    numbers.iter().map(|number| number.id.as_str()).collect()
}
