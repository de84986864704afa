//! Passwords: what is stored of them, and how a log-in finds its user.
//!
//! Clients send no username. They send the MD5 or SHA-1 of
//! `username:password`, in hex, and the server finds the user of the account
//! who has it (spec/http.md 3.3). Stored is Argon2id over that digest, for each
//! of the two. The salt is the account's id: random and used by no other
//! account, so tables made in advance are of no use; and within the account
//! each digest covers another username, so no guess serves for two users. One
//! salt for an account means that a log-in costs one Argon2, however many users
//! there are, and as much for a user that doesn't exist.

use std::sync::Arc;

use argon2::password_hash::CustomizedPasswordHasher;
use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::{Argon2, Params};
use numbers::account::AccountId;
use serde::{Deserialize, Serialize};
use sha2::Digest;
use store::{StoreError, User};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::EngineError;
use crate::secrets::hex;

/// OWASP's first choice for Argon2id (Password Storage Cheat Sheet): 19 MiB.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many may wait for their turn; more are told to come back.
const MAX_WAITING: usize = 256;

/// What the client made its digest with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DigestMethod {
    /// MD5, 32 hex digits.
    #[default]
    Md5,
    /// SHA-1, 40 hex digits.
    Sha,
}

impl DigestMethod {
    /// The digest that a client sends for a user who logs in as `username`.
    pub fn digest(self, username: &str, password: &str) -> String {
        let text = format!("{username}:{password}");
        match self {
            Self::Md5 => hex(&md5::Md5::digest(text.as_bytes())),
            Self::Sha => hex(&sha1::Sha1::digest(text.as_bytes())),
        }
    }

    /// What is stored of a user's digest of this kind.
    fn stored(self, user: &User) -> Option<&str> {
        match self {
            Self::Md5 => user.md5_hash.as_deref(),
            Self::Sha => user.sha1_hash.as_deref(),
        }
    }
}

/// The stored forms of one password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hashes {
    /// Over the MD5 digest.
    pub(crate) md5: Option<String>,
    /// Over the SHA-1 digest; absent when only an MD5 was brought along.
    pub(crate) sha1: Option<String>,
}

/// Runs Argon2 beside the async threads, a few at a time: each run takes
/// [`MEMORY_KIB`] and a core for some ten milliseconds.
pub(crate) struct Hasher {
    queue: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Half of the cores stay for everybody who is logged in already.
        let turns = cores.div_ceil(2);
        Self {
            queue: Arc::new(Semaphore::new(MAX_WAITING + turns)),
            turns: Arc::new(Semaphore::new(turns)),
        }
    }
}

impl Hasher {
    /// What is stored of a new password.
    pub(crate) async fn hash_password(
        &self,
        account: &AccountId,
        username: &str,
        password: &str,
    ) -> Result<Hashes, EngineError> {
        let md5 = DigestMethod::Md5.digest(username, password);
        let sha1 = DigestMethod::Sha.digest(username, password);
        let salt = account.as_str().as_bytes().to_vec();
        self.run(move || {
            Ok(Hashes {
                md5: Some(argon2(&md5, &salt)?.to_string()),
                sha1: Some(argon2(&sha1, &salt)?.to_string()),
            })
        })
        .await
    }

    /// What is stored of an MD5 digest that was brought along from elsewhere.
    pub(crate) async fn hash_digest(
        &self,
        account: &AccountId,
        md5: String,
    ) -> Result<Hashes, EngineError> {
        let salt = account.as_str().as_bytes().to_vec();
        self.run(move || {
            Ok(Hashes {
                md5: Some(argon2(&md5, &salt)?.to_string()),
                sha1: None,
            })
        })
        .await
    }

    /// What a log-in's digest has to be compared with the stored forms of the
    /// account's users. `None`, for an account that doesn't exist, costs the
    /// same.
    pub(crate) async fn key(
        &self,
        account: Option<&AccountId>,
        method: DigestMethod,
        digest: String,
    ) -> Result<LoginKey, EngineError> {
        let salt = account.map_or([0; 32].to_vec(), |id| id.as_str().as_bytes().to_vec());
        let hash = self.run(move || argon2(&digest, &salt)).await?;
        Ok(LoginKey { method, hash })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, EngineError> {
        let queued = Arc::clone(&self.queue)
            .try_acquire_owned()
            .map_err(|_| EngineError::Busy)?;
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|_| EngineError::Busy)?;
        // The work keeps both until it ends: a caller who hangs up stops
        // waiting, not working.
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((turn, queued));
            result
        })
        .await;
        match done {
            Ok(result) => result.map_err(|error| fault(&error)),
            Err(error) => Err(fault(&error)),
        }
    }
}

fn fault(error: &dyn std::fmt::Display) -> EngineError {
    StoreError::Fault(format!("passwords: {error}")).into()
}

fn argon2(digest: &str, salt: &[u8]) -> Result<PasswordHash, argon2::password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Argon2::default().hash_password_with_params(digest.as_bytes(), salt, params)
}

/// A log-in's digest in its stored form.
pub(crate) struct LoginKey {
    method: DigestMethod,
    hash: PasswordHash,
}

impl LoginKey {
    /// Whether the user has this digest. Takes the same time whatever the
    /// difference is.
    pub(crate) fn opens(&self, user: &User) -> bool {
        let Some(stored) = self.method.stored(user) else {
            return false;
        };
        let Ok(stored) = PasswordHash::new(stored) else {
            return false;
        };
        let same_kind = stored.algorithm == self.hash.algorithm
            && stored.version == self.hash.version
            && stored.params == self.hash.params
            && stored.salt == self.hash.salt;
        same_kind && bool::from(bytes(&stored).ct_eq(bytes(&self.hash)))
    }
}

fn bytes(hash: &PasswordHash) -> &[u8] {
    hash.hash.as_ref().map_or(&[], Output::as_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_that_clients_send() {
        // printf 'admin:secret' | md5sum; … | sha1sum
        assert_eq!(
            DigestMethod::Md5.digest("admin", "secret"),
            "2d1e4f91dae49cd08eaba2293e422273"
        );
        assert_eq!(
            DigestMethod::Sha.digest("admin", "secret"),
            "7efaf6701fdf8c6780897f20d5a1a1526dd92029"
        );
    }
}
