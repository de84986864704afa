//! Accounts, as far as numbers depend on them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::gregorian::GregorianSeconds;
use crate::revision::Revision;

/// An account's id: exactly 32 bytes (spec/http.md 1.4). Generated ids are 32
/// lowercase hex digits; others are accepted because fixtures use them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Box<str>);

/// A text that can't be an account's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid account_id '{0}'")]
pub struct InvalidAccountId(pub String);

impl AccountId {
    /// Checks the length.
    pub fn parse(text: &str) -> Result<Self, InvalidAccountId> {
        if text.len() == 32 && !text.chars().any(char::is_control) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidAccountId(text.to_owned()))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccountId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account: its place in the tree, its rights, and its public document.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four rights that are granted one by one"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Key.
    pub id: AccountId,
    /// Moves by one with every write; compared before a write.
    #[serde(skip)]
    pub revision: Revision,
    /// Display name; unique over all accounts by [`normalized_name`].
    pub name: String,
    /// SIP realm, lower case, unique over all accounts.
    pub realm: String,
    /// Ancestors, the master first; empty for the master.
    pub tree: Vec<AccountId>,
    /// Disabled accounts can't log in and their numbers don't answer.
    pub enabled: bool,
    /// When the account ends: from then on nobody logs in to it. Kazoo's trial
    /// accounts (`pvt_trial_expiration`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<GregorianSeconds>,
    /// May do everything to everybody; the master account always.
    pub superduper: bool,
    /// May add numbers to the database (`pvt_wnm_allow_additions`).
    pub allow_additions: bool,
    /// Sells to its descendants: carriers, features and prices of those come from it.
    pub is_reseller: bool,
    /// Creation time.
    pub created: GregorianSeconds,
    /// Time of the last effective change.
    pub modified: GregorianSeconds,
    /// Settings that override the system's for this account's numbers and,
    /// for a reseller, for those of its descendants.
    #[serde(default)]
    pub number_manager: Map<String, Value>,
    /// Everything a client stored: `timezone`, `language`, custom fields, …
    pub public: Map<String, Value>,
}

impl Account {
    /// Whether this account is `other` or one of its ancestors
    /// ("over" in spec/life.md).
    ///
    /// An account is over itself and everything below it, never sideways or up.
    pub fn is_over(&self, other: &Self) -> bool {
        self.id == other.id || other.tree.contains(&self.id)
    }

    /// Whether the account has ended by `now`.
    pub fn is_expired(&self, now: GregorianSeconds) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// Whether this account has all rights (spec/numbers.md, "Admin").
    pub fn is_admin(&self) -> bool {
        self.superduper
    }
}

/// The form of an account's name that must be unique: lower case, `a`–`z` and
/// digits only (spec/http.md 3.3).
///
/// ```
/// assert_eq!(numbers::account::normalized_name("Acme, Inc. 2"), "acmeinc2");
/// ```
pub fn normalized_name(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        .collect()
}
