//! Logging in: credentials become a token, and what a client gets to know with
//! it (spec/http.md 3.3–3.5).

use std::sync::Arc;

use numbers::account::{Account, AccountId};
use serde_json::{Map, Value, json};
use store::{PrivilegeLevel, User, UserId};

use crate::account_record::{name_claim, realm_claim};
use crate::api_keys;
use crate::fields;
use crate::passwords::DigestMethod;
use crate::schema::Schema;
use crate::secrets::sha256_hex;
use crate::tokens::{Authenticated, Holder};
use crate::{Caller, Context, Engine, EngineError, FieldError, context};

/// Envelope members that clients put into `data`: no part of the document.
const ENVELOPE: [&str; 4] = ["ui_metadata", "auth_token", "accept_charges", "verb"];

/// The answer to a log-in.
#[derive(Clone, Debug)]
pub struct Login {
    /// The token.
    pub token: String,
    /// `data`: the account, the user, and what the client's interface needs.
    pub data: Map<String, Value>,
}

/// A checked `user_auth` document.
struct UserAuth {
    credentials: String,
    method: DigestMethod,
    phone_number: Option<String>,
    realm: Option<String>,
    account_name: Option<String>,
    acts_as: Option<(AccountId, Option<UserId>)>,
}

impl UserAuth {
    fn new(mut data: Map<String, Value>) -> Result<Self, EngineError> {
        Schema::UserAuth.check(&mut data)?;
        let acts_as = data.get("as").map(acts_as).transpose()?;
        let method = match data.get("method").and_then(Value::as_str) {
            Some("sha") => DigestMethod::Sha,
            _ => DigestMethod::Md5,
        };
        let mut take = |key| fields::take_text(&mut data, key);
        Ok(Self {
            credentials: take("credentials").unwrap_or_default(),
            method,
            phone_number: take("phone_number"),
            realm: take("account_realm").or_else(|| take("realm")),
            account_name: take("account_name"),
            acts_as,
        })
    }
}

/// `as`: `{account_id, owner_id?}`, whom the token shall act as.
fn acts_as(whom: &Value) -> Result<(AccountId, Option<UserId>), EngineError> {
    let id = |key: &str| whom.get(key).and_then(Value::as_str);
    // What is no account's id is an account that isn't below.
    let account = AccountId::parse(id("account_id").unwrap_or_default());
    let account = account.map_err(|_| EngineError::Forbidden)?;
    Ok((account, id("owner_id").map(|id| UserId(id.to_owned()))))
}

impl Engine {
    /// Logs a user in: `PUT user_auth`.
    ///
    /// # Errors
    /// [`EngineError::Validation`] for a document that breaks the schema and for
    /// an expired or disabled account ([`EngineError::Locked`] where the
    /// configuration says so); [`EngineError::InvalidCredentials`] for an account or a password that
    /// doesn't exist, which take the same time; [`EngineError::Forbidden`] for
    /// acting as an account that isn't below.
    pub async fn user_auth(&self, data: Map<String, Value>) -> Result<Login, EngineError> {
        let request = UserAuth::new(data)?;
        let account = self.resolve(&request).await?;
        let id = account.as_ref().map(|account| &account.id);
        let key = self
            .hasher
            .key(id, request.method, request.credentials)
            .await?;
        let Some(account) = account else {
            return Err(EngineError::InvalidCredentials);
        };
        let mut found = None;
        self.each_user(&account.id, |user| {
            if user.enabled && key.opens(&user) {
                found.get_or_insert(user);
            }
        })
        .await?;
        let user = found.ok_or(EngineError::InvalidCredentials)?;
        self.refuse_closed(&account)?;
        match request.acts_as {
            Some((target, owner)) => {
                let acts_as = self.acting_as(&account, &target, owner.as_ref()).await?;
                self.login(&account, Some(&user), Some(acts_as)).await
            }
            None => self.login(&account, Some(&user), None).await,
        }
    }

    /// The account that a log-in means: by a number that it holds, by its realm,
    /// by its name. A way that leads nowhere makes room for the next.
    async fn resolve(&self, request: &UserAuth) -> Result<Option<Arc<Account>>, EngineError> {
        if let Some(text) = &request.phone_number
            && let Ok(key) = self.numbering(None).key(text)
            && let Some(number) = self.store().shared_number(&key).await?
            && let Some(owner) = &number.owner
            && let Some(account) = self.store().account(owner).await?
        {
            return Ok(Some(account));
        }
        let realm = request.realm.as_deref().map(realm_claim);
        let name = request.account_name.as_deref().map(name_claim);
        for claim in [realm, name].into_iter().flatten() {
            if let Some(holder) = self.store().claimed(&claim).await?
                && let Ok(id) = AccountId::parse(&holder)
                && let Some(account) = self.store().account(&id).await?
            {
                return Ok(Some(account));
            }
        }
        Ok(None)
    }

    /// Asked after the credentials, so that a stranger doesn't learn it.
    fn refuse_closed(&self, account: &Account) -> Result<(), EngineError> {
        let error = match account.expires {
            Some(end) if account.is_expired(context::now()) => {
                FieldError::new("account", "expired", "account expired").with_cause(end.get())
            }
            _ if account.enabled => return Ok(()),
            _ => FieldError::new("account", "disabled", "account disabled"),
        };
        let errors = vec![error];
        if self.settings().auth.disabled_is_locked {
            Err(EngineError::Locked(errors))
        } else {
            Err(EngineError::Validation(errors))
        }
    }

    /// Logs an account in with its API key: `PUT api_auth`.
    ///
    /// # Errors
    /// [`EngineError::Validation`] as in [`user_auth`](Self::user_auth);
    /// [`EngineError::UnknownApiKey`].
    pub async fn api_auth(&self, mut data: Map<String, Value>) -> Result<Login, EngineError> {
        data.retain(|key, _| !ENVELOPE.contains(&key.as_str()));
        Schema::ApiAuth.check(&mut data)?;
        let key = fields::take_text(&mut data, "api_key").unwrap_or_default();
        // The digest is looked up, not the key: how long that takes says
        // nothing of the keys there are.
        let claim = api_keys::claim(sha256_hex(&key.to_ascii_lowercase()));
        let holder = self
            .store()
            .claimed(&claim)
            .await?
            .ok_or(EngineError::UnknownApiKey)?;
        let id = AccountId::parse(&holder).map_err(|_| EngineError::UnknownApiKey)?;
        let account = self
            .store()
            .account(&id)
            .await?
            .ok_or(EngineError::UnknownApiKey)?;
        self.refuse_closed(&account)?;
        self.login(&account, None, None).await
    }

    /// A token for a user of another account, for the support staff of the
    /// master: `PUT …/users/U/user_auth` with `impersonate_user`.
    ///
    /// # Errors
    /// [`EngineError::Forbidden`] unless the caller is an admin user of a
    /// superduper account and the target is another account.
    pub async fn impersonate(
        &self,
        ctx: &Context,
        target: &AccountId,
        user: &UserId,
    ) -> Result<Login, EngineError> {
        let Caller::Account {
            account,
            user: Some(caller),
        } = &ctx.caller
        else {
            return Err(EngineError::Forbidden);
        };
        let allowed = account.superduper
            && caller.priv_level == PrivilegeLevel::Admin
            && account.id != *target;
        if !allowed {
            return Err(EngineError::Forbidden);
        }
        let acts_as = self.acting_as(account, target, Some(user)).await?;
        self.login(account, Some(caller), Some(acts_as)).await
    }

    /// Whom a token shall act as: an account below the one that logs in, and a
    /// user of it.
    async fn acting_as(
        &self,
        account: &Account,
        target: &AccountId,
        user: Option<&UserId>,
    ) -> Result<(Arc<Account>, Option<Arc<User>>), EngineError> {
        let target = self
            .store()
            .account(target)
            .await?
            .ok_or(EngineError::Forbidden)?;
        if !account.is_admin() && !account.is_over(&target) {
            return Err(EngineError::Forbidden);
        }
        let Some(id) = user else {
            return Ok((target, None));
        };
        let user = self.store().user(&target.id, id).await?;
        let open = target.enabled && !target.is_expired(context::now());
        let user = user.filter(|user| user.enabled && open);
        let user = user.ok_or_else(|| EngineError::BadIdentifier(id.0.clone()))?;
        Ok((target, Some(user)))
    }

    async fn login(
        &self,
        account: &Account,
        user: Option<&User>,
        acts_as: Option<(Arc<Account>, Option<Arc<User>>)>,
    ) -> Result<Login, EngineError> {
        let acts_as = acts_as
            .as_ref()
            .map(|(account, user)| (account.as_ref(), user.as_deref()));
        let token = self
            .issue_token(&Holder {
                account,
                user,
                acts_as,
            })
            .await?;
        let (account, user) = acts_as.unwrap_or((account, user));
        Ok(Login {
            token,
            data: self.login_data(account, user).await?,
        })
    }

    /// A new token for the holder of a good one: `PUT auth` with
    /// `refresh_token`.
    pub async fn refresh_token(&self, holder: &Authenticated) -> Result<Login, EngineError> {
        let claims = &holder.claims;
        let Some(original) = &claims.original_account_id else {
            let user = holder.user.as_deref();
            return self.login(&holder.account, user, None).await;
        };
        let original_user = claims.original_owner_id.as_ref();
        let (original, original_user) = self.identity(original, original_user).await?;
        let acts_as = (Arc::clone(&holder.account), holder.user.clone());
        self.login(&original, original_user.as_deref(), Some(acts_as))
            .await
    }

    /// What a client gets to know about whom it logged in as.
    pub async fn login_data(
        &self,
        account: &Account,
        user: Option<&User>,
    ) -> Result<Map<String, Value>, EngineError> {
        let reseller = self.reseller_of(account).await?;
        let data = json!({
            "account_id": account.id,
            "account_name": account.name,
            "apps": [],
            "capabilities": {},
            "cluster_id": self.cluster_id().await?,
            "is_master_account": account.tree.is_empty(),
            "is_reseller": account.is_reseller,
            "language": Self::language(account, user),
            "reseller_id": reseller.id,
            "ui_config": {},
        });
        let Value::Object(mut data) = data else {
            return Ok(Map::new());
        };
        if let Some(user) = user {
            data.insert("owner_id".to_owned(), user.id.0.as_str().into());
        }
        Ok(data)
    }

    /// What a token says, with the data of its log-in: `GET token_auth`,
    /// `auth/tokeninfo`.
    pub async fn token_data(
        &self,
        holder: &Authenticated,
    ) -> Result<Map<String, Value>, EngineError> {
        let mut data = self
            .login_data(&holder.account, holder.user.as_deref())
            .await?;
        if let Ok(Value::Object(claims)) = serde_json::to_value(holder.claims.as_ref()) {
            data.extend(claims);
        }
        Ok(data)
    }
}
