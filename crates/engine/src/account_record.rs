//! An account's record: made of a request's document, kept unique by its claims,
//! and written.

use numbers::account::{Account, AccountId, normalized_name};
use numbers::document;
use serde_json::{Map, Value};
use store::{Batch, Claim, ClaimKind, Expectation, Operation};

use crate::EngineError;
use crate::fields;
use crate::schema::Schema;

/// What the server says of an account and clients send back: never stored.
const READ_ONLY: [&str; 13] = [
    "id",
    "created",
    "modified",
    "superduper_admin",
    "wnm_allow_additions",
    "reseller_id",
    "is_reseller",
    "billing_mode",
    "notification_preference",
    "trial_time_left",
    "api_key",
    "ui_metadata",
    "auth_token",
];

/// The fields of an account that its document and the record keep apart.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) realm: Option<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) public: Map<String, Value>,
}

impl Draft {
    /// Checks a whole document: what a POST sent, or what a PATCH makes.
    pub(crate) fn new(mut fields: Map<String, Value>) -> Result<Self, EngineError> {
        fields::failed(fields::faults(Schema::Accounts, &mut fields))?;
        let name = fields::take_text(&mut fields, "name").unwrap_or_default();
        let realm = fields::take_text(&mut fields, "realm").map(|realm| realm.to_lowercase());
        let enabled = fields
            .shift_remove("enabled")
            .and_then(|enabled| enabled.as_bool());
        Ok(Self {
            name,
            realm,
            enabled,
            public: document::replaced(fields),
        })
    }
}

/// A request's fields, without what clients can't set.
pub(crate) fn writable(mut data: Map<String, Value>) -> Map<String, Value> {
    data.retain(|key, _| {
        !key.starts_with('_') && !key.starts_with("pvt_") && !READ_ONLY.contains(&key.as_str())
    });
    data
}

/// What an account's own document holds, in the form of a request.
pub(crate) fn writable_document(account: &Account) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), account.name.clone().into());
    fields.insert("realm".to_owned(), account.realm.clone().into());
    fields.insert("enabled".to_owned(), account.enabled.into());
    fields.extend(account.public.clone());
    fields
}

/// What filters of listings look at: the account's fields, and the private ones
/// under the names that Kazoo stores them by (spec/http.md 5.2).
pub fn filtered_document(account: &Account) -> Map<String, Value> {
    let mut fields = writable_document(account);
    let tree: Vec<&str> = account.tree.iter().map(AccountId::as_str).collect();
    for (key, value) in [
        ("id", Value::from(account.id.as_str())),
        ("pvt_tree", tree.into()),
        ("pvt_enabled", account.enabled.into()),
        ("pvt_superduper_admin", account.superduper.into()),
        ("pvt_wnm_allow_additions", account.allow_additions.into()),
        ("pvt_reseller", account.is_reseller.into()),
        ("pvt_created", account.created.get().into()),
        ("pvt_modified", account.modified.get().into()),
    ] {
        fields.insert(key.to_owned(), value);
    }
    if let Some(end) = account.expires {
        fields.insert("pvt_trial_expiration".to_owned(), end.get().into());
    }
    fields
}

/// The form of a name that must be unique. A name without any Latin letter or
/// digit has no normalized form; such names must differ as they are.
pub(crate) fn unique_name(name: &str) -> String {
    let normalized = normalized_name(name);
    if normalized.is_empty() {
        format!("={}", name.trim().to_lowercase())
    } else {
        normalized
    }
}

/// The claim on an account's name.
pub(crate) fn name_claim(name: &str) -> Claim {
    Claim {
        kind: ClaimKind::AccountName,
        name: unique_name(name),
    }
}

/// The claim on a realm.
pub(crate) fn realm_claim(realm: &str) -> Claim {
    Claim {
        kind: ClaimKind::AccountRealm,
        name: realm.to_lowercase(),
    }
}

/// Completes the batch that makes an account.
pub(crate) fn creation(batch: Batch, account: &Account) -> Batch {
    let id = account.id.to_string();
    let mut batch = batch.expect(Expectation::Account {
        id: account.id.clone(),
        revision: None,
    });
    for claim in [name_claim(&account.name), realm_claim(&account.realm)] {
        batch = batch
            .expect(Expectation::Claim {
                claim: claim.clone(),
                holder: None,
            })
            .then(Operation::Claim(claim, id.clone()));
    }
    batch.then(Operation::PutAccount(Box::new(account.clone())))
}

/// The batch that writes a changed account, with its claims.
pub(crate) fn replacement(before: &Account, after: &Account) -> Batch {
    let mut batch = Batch::new().expect(Expectation::Account {
        id: before.id.clone(),
        revision: Some(before.revision),
    });
    let claims = [
        (name_claim(&before.name), name_claim(&after.name)),
        (realm_claim(&before.realm), realm_claim(&after.realm)),
    ];
    for (old, new) in claims {
        if old != new {
            batch = batch
                .expect(Expectation::Claim {
                    claim: new.clone(),
                    holder: None,
                })
                .then(Operation::Unclaim(old))
                .then(Operation::Claim(new, after.id.to_string()));
        }
    }
    batch.then(Operation::PutAccount(Box::new(after.clone())))
}
