//! Users: people who log in to an account.

use std::fmt;

use numbers::account::AccountId;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A user's id: 32 lowercase hex digits when made here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub String);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a user may do within the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivilegeLevel {
    /// Everyday work.
    #[default]
    User,
    /// Everything in the account.
    Admin,
}

/// A person who logs in to an account.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Key, together with the account.
    pub id: UserId,
    /// The account.
    pub account: AccountId,
    /// Moves by one with every write.
    #[serde(skip)]
    pub revision: Revision,
    /// Login name, lower case; `None`: can't log in.
    pub username: Option<String>,
    /// Whether logging in is allowed.
    pub enabled: bool,
    /// Rights within the account.
    pub priv_level: PrivilegeLevel,
    /// Argon2id PHC string over the client's MD5 digest of `username:password`.
    #[serde(default)]
    pub md5_hash: Option<String>,
    /// Argon2id PHC string over the client's SHA-1 digest of `username:password`.
    #[serde(default)]
    pub sha1_hash: Option<String>,
    /// Random; part of what tokens are bound to. A new one invalidates them all.
    pub token_salt: String,
    /// Creation time.
    pub created: GregorianSeconds,
    /// Time of the last change.
    pub modified: GregorianSeconds,
    /// Everything a client stored: names, e-mail, custom fields, ….
    pub public: Map<String, Value>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hashes and salts stay out of logs.
        f.debug_struct("User")
            .field("id", &self.id)
            .field("account", &self.account)
            .field("revision", &self.revision)
            .field("username", &self.username)
            .field("enabled", &self.enabled)
            .field("priv_level", &self.priv_level)
            .finish_non_exhaustive()
    }
}
