//! Tokens: JWTs that prove who asks (spec/http.md 3.6).
//!
//! Signed with HS256: clients decode tokens and never verify them, and one
//! HMAC costs microseconds where RSA costs many. The secret is made once for
//! the installation and kept in the store, so that every node knows it.
//!
//! A token is bound to what its holder logged in with: the user's
//! [`token_salt`](User::token_salt), or the API key's digest. A new password or
//! a new key makes the old tokens worthless at once, everywhere and over
//! restarts, and so does disabling or deleting the user or the account, and the
//! account's end: both are read anew for each request. Nothing else revokes a token: `DELETE
//! token_auth` doesn't, as in Kazoo (spec/http.md 3.5); tokens are short-lived.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use foldhash::fast::RandomState;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use numbers::account::{Account, AccountId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use store::{Batch, Expectation, Operation, Store, StoreError, User, UserId};
use subtle::ConstantTimeEq;
use tokio::sync::OnceCell;

use crate::secrets::{hex, random_hex};
use crate::{Caller, Engine, EngineError, context};

/// The setting that holds the secret: 32 random bytes in hex.
const TOKEN_SECRET: &str = "token_secret";
/// What every token says of its maker; clients of Kazoo expect it.
const ISSUER: &str = "kazoo";
/// Longer texts are no tokens of ours.
const MAX_TOKEN_BYTES: usize = 4096;
/// How many verified tokens are remembered; less than two kilobytes each.
const MAX_REMEMBERED: usize = 8192;

/// How the holder of a token logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// With a username and a password.
    #[serde(rename = "cb_user_auth")]
    User,
    /// With an account's API key.
    #[serde(rename = "cb_api_auth")]
    ApiKey,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Always `kazoo`.
    pub iss: String,
    /// The account on whose behalf the holder asks.
    pub account_id: AccountId,
    /// The user; none for API keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    /// How the holder logged in.
    pub method: Method,
    /// When it was made, Unix seconds.
    pub iat: u64,
    /// When it ends, Unix seconds.
    pub exp: u64,
    /// Names the token.
    pub jti: String,
    /// Binds the token to the credentials of who logged in.
    pub identity_sig: String,
    /// The account that logged in, where it acts as another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_account_id: Option<AccountId>,
    /// The user who logged in, where the token acts as somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_owner_id: Option<UserId>,
}

impl Claims {
    /// Who logged in: the account, and the user if there was one.
    fn principal(&self) -> (&AccountId, Option<&UserId>) {
        match &self.original_account_id {
            Some(account) => (account, self.original_owner_id.as_ref()),
            None => (&self.account_id, self.owner_id.as_ref()),
        }
    }
}

/// Who asks, as a token proved it.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// The account.
    pub account: Arc<Account>,
    /// The user; none for API keys.
    pub user: Option<Arc<User>>,
    /// What the token says.
    pub claims: Arc<Claims>,
}

impl Authenticated {
    /// The caller of a [`Context`](crate::Context).
    pub fn caller(&self) -> Caller {
        Caller::Account {
            account: Arc::clone(&self.account),
            user: self.user.clone(),
        }
    }
}

/// The secret and everything made of it.
struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    validation: Validation,
    /// Signs identities; another key than the tokens'.
    identity: [u8; 32],
    /// Names the installation.
    cluster_id: String,
}

impl Keys {
    fn new(secret: &str) -> Self {
        let secret = secret.as_bytes();
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(hex(&mac(secret, &[b"kid"])[..16]));
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        // Remembered tokens are checked for their end too: in one place.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            header,
            validation,
            identity: mac(secret, &[b"identity"]),
            cluster_id: hex(&mac(secret, &[b"cluster"])[..16]),
        }
    }

    /// The `identity_sig` of who logged in with credentials that `binding`
    /// stands for.
    fn sign(&self, account: &AccountId, user: Option<&UserId>, binding: &str) -> String {
        let user = user.map_or("", |user| user.0.as_str());
        let parts = [account.as_str(), user, binding].map(str::as_bytes);
        URL_SAFE_NO_PAD.encode(mac(&self.identity, &parts))
    }

    fn decode(&self, token: &str) -> Result<Claims, EngineError> {
        jsonwebtoken::decode(token, &self.decoding, &self.validation)
            .map(|decoded| decoded.claims)
            .map_err(|_| EngineError::InvalidCredentials)
    }
}

/// HMAC-SHA256 over the parts, a zero byte after each.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length (RFC 2104)");
    for part in parts {
        mac.update(part);
        mac.update(&[0]);
    }
    mac.finalize().into_bytes().into()
}

/// A token whose signature and identity were right once.
struct Verified {
    claims: Arc<Claims>,
    /// What the identity was signed over: must still be so.
    binding: String,
}

/// The keys, and the tokens that were verified lately.
#[derive(Default)]
pub(crate) struct Keyring {
    keys: OnceCell<Keys>,
    /// By the whole token and a quick hash: only good ones are put in here, so
    /// that nobody can choose keys that collide.
    remembered: RwLock<HashMap<Box<str>, Arc<Verified>, RandomState>>,
}

impl Keyring {
    async fn keys(&self, store: &dyn Store) -> Result<&Keys, StoreError> {
        self.keys
            .get_or_try_init(|| async { Ok(Keys::new(&secret(store).await?)) })
            .await
    }

    fn remembered(&self, token: &str) -> Option<Arc<Verified>> {
        let remembered = self
            .remembered
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        remembered.get(token).cloned()
    }

    fn remember(&self, token: &str, verified: Verified, now: u64) {
        let mut remembered = self
            .remembered
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.retain(|_, verified| verified.claims.exp > now);
            if remembered.len() >= MAX_REMEMBERED {
                remembered.clear();
            }
        }
        remembered.insert(token.into(), Arc::new(verified));
    }
}

/// The installation's secret; made here if there is none yet. Of two processes
/// that start at once one makes it and both use it.
async fn secret(store: &dyn Store) -> Result<String, StoreError> {
    if let Some(secret) = store.setting(TOKEN_SECRET).await? {
        return Ok(secret);
    }
    let made = random_hex::<32>();
    let key = TOKEN_SECRET.to_owned();
    let batch = Batch::new()
        .expect(Expectation::Setting {
            key: key.clone(),
            value: None,
        })
        .then(Operation::Set(key, made.clone()));
    if store.write(batch).await?.is_ok() {
        return Ok(made);
    }
    let other = store.setting(TOKEN_SECRET).await?;
    other.ok_or_else(|| StoreError::Fault("the token secret comes and goes".to_owned()))
}

/// Whom a new token is for.
pub(crate) struct Holder<'h> {
    /// Who logged in.
    pub(crate) account: &'h Account,
    /// The user who logged in; none for API keys.
    pub(crate) user: Option<&'h User>,
    /// Whom the holder acts as, if as somebody else.
    pub(crate) acts_as: Option<(&'h Account, Option<&'h User>)>,
}

impl Engine {
    /// Makes a token.
    pub(crate) async fn issue_token(&self, holder: &Holder<'_>) -> Result<String, EngineError> {
        let keys = self.keyring.keys(self.store().as_ref()).await?;
        let Holder {
            account,
            user,
            acts_as,
        } = holder;
        let binding = self.binding(&account.id, *user).await?;
        let user_id = user.map(|user| user.id.clone());
        let (account_id, owner_id, original) = match acts_as {
            None => (account.id.clone(), user_id, None),
            Some((account, acts_as)) => {
                let owner_id = acts_as.map(|user| user.id.clone());
                (
                    account.id.clone(),
                    owner_id,
                    Some((holder.account.id.clone(), user_id)),
                )
            }
        };
        let (original_account_id, original_owner_id) = original.unzip();
        let now = context::now().unix();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            account_id,
            owner_id,
            method: if user.is_some() {
                Method::User
            } else {
                Method::ApiKey
            },
            iat: now,
            exp: now.saturating_add(self.settings().auth.token_auth_expiry_s),
            jti: context::new_id(),
            identity_sig: keys.sign(&account.id, user.map(|user| &user.id), &binding),
            original_account_id,
            original_owner_id: original_owner_id.flatten(),
        };
        jsonwebtoken::encode(&keys.header, &claims, &keys.encoding)
            .map_err(|error| StoreError::Fault(format!("tokens: {error}")).into())
    }

    /// Who holds a token.
    ///
    /// On the way of every request. The first look at a token costs one JWT
    /// verification and one HMAC, later ones a look into memory; account and user are read
    /// from the store each time.
    ///
    /// # Errors
    /// [`EngineError::ExpiredToken`] for a token that was good once;
    /// [`EngineError::InvalidCredentials`] for everything else that is no token
    /// of an enabled account and user.
    pub async fn authenticate(&self, token: &str) -> Result<Authenticated, EngineError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(EngineError::InvalidCredentials);
        }
        let keys = self.keyring.keys(self.store().as_ref()).await?;
        let remembered = self.keyring.remembered(token);
        let claims = match &remembered {
            Some(verified) => Arc::clone(&verified.claims),
            None => Arc::new(keys.decode(token)?),
        };
        let now = context::now().unix();
        if claims.exp <= now {
            return Err(EngineError::ExpiredToken);
        }
        let (account_id, user_id) = claims.principal();
        let (account, user) = self.identity(account_id, user_id).await?;
        let binding = self.binding(&account.id, user.as_deref()).await?;
        let genuine = match &remembered {
            // Both are ours: nothing of it was sent by anybody.
            Some(verified) => verified.binding == binding,
            None => same(
                &keys.sign(account_id, user_id, &binding),
                &claims.identity_sig,
            ),
        };
        if !genuine {
            return Err(EngineError::InvalidCredentials);
        }
        if remembered.is_none() {
            let verified = Verified {
                claims: Arc::clone(&claims),
                binding,
            };
            self.keyring.remember(token, verified, now);
        }
        let (account, user) = if claims.original_account_id.is_none() {
            (account, user)
        } else {
            let acts_as = self
                .identity(&claims.account_id, claims.owner_id.as_ref())
                .await?;
            if !account.is_admin() && !account.is_over(&acts_as.0) {
                return Err(EngineError::InvalidCredentials);
            }
            acts_as
        };
        Ok(Authenticated {
            account,
            user,
            claims,
        })
    }

    /// An account and a user of it who may log in.
    pub(crate) async fn identity(
        &self,
        account: &AccountId,
        user: Option<&UserId>,
    ) -> Result<(Arc<Account>, Option<Arc<User>>), EngineError> {
        let invalid = || EngineError::InvalidCredentials;
        let store = self.store();
        let (found, found_user) = match user {
            Some(id) => tokio::try_join!(store.account(account), store.user(account, id))?,
            None => (store.account(account).await?, None),
        };
        let account = found
            .filter(|account| account.enabled && !account.is_expired(context::now()))
            .ok_or_else(invalid)?;
        let found_user = found_user.filter(|user| user.enabled);
        if user.is_some() && found_user.is_none() {
            return Err(invalid());
        }
        Ok((account, found_user))
    }

    /// What stands for the present credentials of a user, or of an account's
    /// API key.
    async fn binding(
        &self,
        account: &AccountId,
        user: Option<&User>,
    ) -> Result<String, EngineError> {
        if let Some(user) = user {
            return Ok(user.token_salt.clone());
        }
        let digest = self.api_key_digest(account).await?;
        digest.ok_or(EngineError::InvalidCredentials)
    }

    /// Names the installation: 32 hex digits, the same on every node.
    pub(crate) async fn cluster_id(&self) -> Result<String, EngineError> {
        Ok(self
            .keyring
            .keys(self.store().as_ref())
            .await?
            .cluster_id
            .clone())
    }
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
