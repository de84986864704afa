//! API keys: 64 hex digits that log an account in (spec/http.md 3.4, 4.1).
//!
//! Only the SHA-256 of a key is stored: a key is 256 random bits, so nothing
//! slower is needed, and whoever reads the database can't log in with what is
//! there. A key can therefore be shown only once, when it is made.

use numbers::account::AccountId;
use store::{Batch, Claim, ClaimKind, Expectation, Operation, PrivilegeLevel};

use crate::accounts::ATTEMPTS;
use crate::secrets::{random_hex, sha256_hex};
use crate::{Caller, Context, Engine, EngineError};

/// Length of a key in hex digits.
pub const API_KEY_DIGITS: usize = 64;

/// The setting that holds the digest of an account's key; empty: none. The
/// claim leads from the key to the account, this from the account to the key.
fn setting(account: &AccountId) -> String {
    format!("api_key/{account}")
}

/// The claim on a key, by its digest.
pub(crate) fn claim(digest: String) -> Claim {
    Claim {
        kind: ClaimKind::ApiKey,
        name: digest,
    }
}

/// Whether a text has the form of a key.
pub(crate) fn is_api_key(text: &str) -> bool {
    text.len() == API_KEY_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Adds a first key to the batch that makes its account.
pub(crate) fn with_first_key(batch: Batch, account: &AccountId, key: &str) -> Batch {
    let digest = sha256_hex(key);
    let claimed = claim(digest.clone());
    batch
        .expect(Expectation::Claim {
            claim: claimed.clone(),
            holder: None,
        })
        .then(Operation::Claim(claimed, account.to_string()))
        .then(Operation::Set(setting(account), digest))
}

impl Engine {
    /// Whether the account has a key.
    pub async fn has_api_key(&self, ctx: &Context, id: &AccountId) -> Result<bool, EngineError> {
        self.reachable_account(ctx, id).await?;
        Ok(self.api_key_digest(id).await?.is_some())
    }

    /// Makes a new key, answers it, this once, and ends the old one together
    /// with all tokens that were got with it.
    ///
    /// For the installation, superduper accounts, and users with
    /// [`PrivilegeLevel::Admin`] in the account or above it: who has only the
    /// key can't make another (spec/http.md 3.7).
    pub async fn regenerate_api_key(
        &self,
        ctx: &Context,
        id: &AccountId,
    ) -> Result<String, EngineError> {
        if !ctx.is_admin() && !is_account_admin(ctx) {
            return Err(EngineError::Forbidden);
        }
        for _ in 0..ATTEMPTS {
            let account = self.reachable_account(ctx, id).await?;
            let key = random_hex::<{ API_KEY_DIGITS / 2 }>();
            let id = &account.id;
            let batch = Batch::new().expect(Expectation::AccountExists { id: id.clone() });
            let batch = self.without_api_key(batch, id).await?;
            if self
                .store()
                .write(with_first_key(batch, id, &key))
                .await?
                .is_ok()
            {
                return Ok(key);
            }
        }
        Err(EngineError::Conflict)
    }

    /// SHA-256 of the account's key, in hex.
    pub(crate) async fn api_key_digest(
        &self,
        account: &AccountId,
    ) -> Result<Option<String>, EngineError> {
        let digest = self.store().setting(&setting(account)).await?;
        Ok(digest.filter(|digest| !digest.is_empty()))
    }

    /// Adds the removal of the account's present key.
    pub(crate) async fn without_api_key(
        &self,
        batch: Batch,
        account: &AccountId,
    ) -> Result<Batch, EngineError> {
        let key = setting(account);
        let value = self.store().setting(&key).await?;
        let batch = batch.expect(Expectation::Setting {
            key: key.clone(),
            value: value.clone(),
        });
        Ok(match value {
            Some(digest) if !digest.is_empty() => batch
                .then(Operation::Unclaim(claim(digest)))
                .then(Operation::Set(key, String::new())),
            _ => batch,
        })
    }
}

/// Whether the caller is a user with all rights in its account.
pub(crate) fn is_account_admin(ctx: &Context) -> bool {
    match &ctx.caller {
        Caller::System => true,
        Caller::Account { user, .. } => user
            .as_ref()
            .is_some_and(|user| user.priv_level == PrivilegeLevel::Admin),
    }
}
