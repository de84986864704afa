//! Users: people who log in to an account (spec/http.md 4.3).

use std::sync::Arc;

use numbers::account::{Account, AccountId};
use numbers::document;
use numbers::revision::Revision;
use serde_json::{Map, Value};
use store::{
    Batch, Claim, ClaimKind, Expectation, Operation, Page, PrivilegeLevel, StoreError, User, UserId,
};

use crate::accounts::{ATTEMPTS, check_revision};
use crate::fields;
use crate::passwords::Hashes;
use crate::schema::Schema;
use crate::secrets::random_hex;
use crate::user_document::{writable, writable_document};
use crate::{Caller, Context, Engine, EngineError, FieldError};

/// How many users are read at a time where all are needed.
const USERS_AT_ONCE: usize = 500;

/// The claim on a username within its account.
pub(crate) fn username_claim(account: &AccountId, username: &str) -> Claim {
    Claim {
        kind: ClaimKind::Username,
        name: format!("{account}/{username}"),
    }
}

/// What a log-in is to be checked against from now on.
#[derive(Clone)]
enum NewSecret {
    /// `password`.
    Password(String),
    /// `credentials`: the MD5 of `username:password`, brought along from
    /// another system.
    Md5(String),
}

/// A user's fields, with those apart that have a place of their own.
struct Draft {
    username: Option<String>,
    secret: Option<NewSecret>,
    enabled: bool,
    priv_level: PrivilegeLevel,
    public: Map<String, Value>,
}

impl Draft {
    /// Checks a whole document: what a POST sent, or what a PATCH makes.
    fn new(mut fields: Map<String, Value>, before: Option<&User>) -> Result<Self, EngineError> {
        if let Some(Value::String(name)) = fields.get_mut("username") {
            *name = name.to_lowercase();
        }
        let mut faults = fields::faults(Schema::Users, &mut fields);
        faults.extend(missing_half(&fields, before));
        fields::failed(faults)?;
        let admin = fields
            .shift_remove("priv_level")
            .is_some_and(|level| level == "admin");
        let password = fields::take_text(&mut fields, "password").map(NewSecret::Password);
        let md5 = fields::take_text(&mut fields, "credentials").map(NewSecret::Md5);
        let enabled = fields
            .shift_remove("enabled")
            .and_then(|enabled| enabled.as_bool());
        Ok(Self {
            username: fields::take_text(&mut fields, "username"),
            secret: password.or(md5),
            enabled: enabled.unwrap_or(true),
            priv_level: if admin {
                PrivilegeLevel::Admin
            } else {
                PrivilegeLevel::User
            },
            public: document::replaced(fields),
        })
    }
}

/// A username needs a password of its own, and a password a username: stored is
/// a digest over both.
fn missing_half(fields: &Map<String, Value>, before: Option<&User>) -> Option<FieldError> {
    let has_secret = fields.contains_key("password") || fields.contains_key("credentials");
    let Some(username) = fields.get("username") else {
        let message = "The user name must be provided when creating / updating the password";
        return has_secret.then(|| FieldError::new("username", "required", message));
    };
    let kept = before.and_then(|user| user.username.as_deref());
    let message = "The password must be provided when creating / updating the user name";
    (!has_secret && username.is_string() && username.as_str() != kept)
        .then(|| FieldError::new("password", "required", message))
}

impl Engine {
    /// One user.
    pub async fn user(
        &self,
        ctx: &Context,
        account: &AccountId,
        id: &UserId,
    ) -> Result<Arc<User>, EngineError> {
        self.reachable_account(ctx, account).await?;
        let user = self.store().user(account, id).await?;
        user.ok_or_else(|| EngineError::BadIdentifier(id.0.clone()))
    }

    /// An account's users, by id.
    pub async fn users(
        &self,
        ctx: &Context,
        account: &AccountId,
        page: &Page<UserId>,
    ) -> Result<Vec<User>, EngineError> {
        self.reachable_account(ctx, account).await?;
        Ok(self.store().users(account, page).await?)
    }

    /// Shows all users of an account, page by page.
    pub(crate) async fn each_user(
        &self,
        account: &AccountId,
        mut visit: impl FnMut(User) + Send,
    ) -> Result<(), StoreError> {
        let mut page = Page::first(USERS_AT_ONCE + 1);
        loop {
            let mut users = self.store().users(account, &page).await?;
            let next = if users.len() > USERS_AT_ONCE {
                users.pop()
            } else {
                None
            };
            users.into_iter().for_each(&mut visit);
            match next {
                Some(next) => page = Page::starting_at(next.id, USERS_AT_ONCE + 1),
                None => return Ok(()),
            }
        }
    }

    /// Makes a user.
    pub async fn create_user(
        &self,
        ctx: &Context,
        account: &AccountId,
        data: Map<String, Value>,
    ) -> Result<User, EngineError> {
        let account = self.reachable_account(ctx, account).await?;
        let user = self.drafted_user(ctx, &account.id, writable(data)).await?;
        refuse_escalation(ctx, &user)?;
        for _ in 0..ATTEMPTS {
            if ctx.making.is_some()
                && let Some(made) = self.store().user(&account.id, &user.id).await?
            {
                return Ok(Arc::unwrap_or_clone(made));
            }
            self.refuse_taken_username(&user, None).await?;
            let batch = Batch::new().expect(Expectation::AccountExists {
                id: account.id.clone(),
            });
            if self
                .store()
                .write(user_creation(batch, &user))
                .await?
                .is_ok()
            {
                return Ok(user);
            }
            self.reachable_account(ctx, &account.id).await?;
        }
        Err(EngineError::Conflict)
    }

    /// A new user, checked and hashed, not yet stored.
    pub(crate) async fn drafted_user(
        &self,
        ctx: &Context,
        account: &AccountId,
        fields: Map<String, Value>,
    ) -> Result<User, EngineError> {
        let draft = Draft::new(fields, None)?;
        let hashes = self.hashes(account, &draft).await?.unwrap_or_default();
        Ok(User {
            id: UserId(ctx.id_to_make()),
            account: account.clone(),
            revision: Revision::default().next(),
            username: draft.username,
            enabled: draft.enabled,
            priv_level: draft.priv_level,
            md5_hash: hashes.md5,
            sha1_hash: hashes.sha1,
            token_salt: random_hex::<16>(),
            created: ctx.now,
            modified: ctx.now,
            public: draft.public,
        })
    }

    async fn hashes(
        &self,
        account: &AccountId,
        draft: &Draft,
    ) -> Result<Option<Hashes>, EngineError> {
        Ok(match (&draft.username, draft.secret.clone()) {
            (Some(username), Some(NewSecret::Password(password))) => Some(
                self.hasher
                    .hash_password(account, username, &password)
                    .await?,
            ),
            (Some(_), Some(NewSecret::Md5(digest))) => {
                Some(self.hasher.hash_digest(account, digest).await?)
            }
            // Without a name there is nothing to log in with.
            (None, _) => Some(Hashes::default()),
            (Some(_), None) => None,
        })
    }

    /// Replaces a user's fields (POST), if the user is at the revision `at`, where
    /// that is given. The password stays when none is sent and the username is
    /// the same.
    pub async fn replace_user(
        &self,
        ctx: &Context,
        account: &AccountId,
        id: &UserId,
        data: Map<String, Value>,
        at: Option<Revision>,
    ) -> Result<User, EngineError> {
        let fields = writable(data);
        self.change_user(ctx, account, id, at, |_| fields.clone())
            .await
    }

    /// Merges into a user's fields (PATCH), and checks the result as a whole; if
    /// the user is at the revision `at`, where that is given.
    pub async fn patch_user(
        &self,
        ctx: &Context,
        account: &AccountId,
        id: &UserId,
        data: Map<String, Value>,
        at: Option<Revision>,
    ) -> Result<User, EngineError> {
        let patch = writable(data);
        self.change_user(ctx, account, id, at, |before| {
            let mut merged = writable_document(before);
            document::merge(&mut merged, patch.clone());
            merged
        })
        .await
    }

    async fn change_user(
        &self,
        ctx: &Context,
        account: &AccountId,
        id: &UserId,
        at: Option<Revision>,
        fields: impl Fn(&User) -> Map<String, Value> + Send + Sync,
    ) -> Result<User, EngineError> {
        for _ in 0..ATTEMPTS {
            let before = self.user(ctx, account, id).await?;
            check_revision(before.revision, at)?;
            let draft = Draft::new(fields(&before), Some(&before))?;
            let mut after = User::clone(&before);
            if let Some(hashes) = self.hashes(account, &draft).await? {
                after.md5_hash = hashes.md5;
                after.sha1_hash = hashes.sha1;
            }
            let new_secret = draft.secret.is_some() || draft.username != before.username;
            if new_secret || (before.enabled && !draft.enabled) {
                after.token_salt = random_hex::<16>();
            }
            after.username = draft.username;
            after.enabled = draft.enabled;
            after.priv_level = draft.priv_level;
            after.public = draft.public;
            if after == *before {
                return Ok(after);
            }
            refuse_escalation(ctx, &before)?;
            refuse_escalation(ctx, &after)?;
            after.revision = before.revision.next();
            after.modified = ctx.now;
            self.refuse_taken_username(&after, Some(&before)).await?;
            if self
                .store()
                .write(user_replacement(&before, &after))
                .await?
                .is_ok()
            {
                return Ok(after);
            }
        }
        Err(EngineError::Conflict)
    }

    async fn refuse_taken_username(
        &self,
        user: &User,
        before: Option<&User>,
    ) -> Result<(), EngineError> {
        let Some(username) = &user.username else {
            return Ok(());
        };
        if before.is_some_and(|before| before.username.as_ref() == Some(username)) {
            return Ok(());
        }
        let holder = self
            .store()
            .claimed(&username_claim(&user.account, username))
            .await?;
        if holder.is_none() {
            return Ok(());
        }
        let message = "Username must be unique within account";
        let error = FieldError::new("username", "unique", message).with_cause(username.as_str());
        Err(EngineError::Validation(vec![error]))
    }

    /// Deletes a user, if it is at the revision `at`, where that is given;
    /// answers who it was.
    pub async fn delete_user(
        &self,
        ctx: &Context,
        account: &AccountId,
        id: &UserId,
        at: Option<Revision>,
    ) -> Result<User, EngineError> {
        for _ in 0..ATTEMPTS {
            let user = self.user(ctx, account, id).await?;
            check_revision(user.revision, at)?;
            refuse_escalation(ctx, &user)?;
            let mut batch = Batch::new().expect(expected(&user, Some(user.revision)));
            if let Some(username) = &user.username {
                batch = batch.then(Operation::Unclaim(username_claim(account, username)));
            }
            let batch = batch.then(Operation::DeleteUser(account.clone(), id.clone()));
            if self.store().write(batch).await?.is_ok() {
                return Ok(Arc::unwrap_or_clone(user));
            }
        }
        Err(EngineError::Conflict)
    }

    /// The language a user or an account reads.
    pub(crate) fn language(account: &Account, user: Option<&User>) -> String {
        let of = |public: &Map<String, Value>| {
            public
                .get("language")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let language = user
            .and_then(|user| of(&user.public))
            .or_else(|| of(&account.public));
        language.unwrap_or_else(|| "en-US".to_owned())
    }
}

/// A user without admin rights can't make, change or remove one who has them;
/// else its own rights would mean nothing. API keys stand for the whole account.
fn refuse_escalation(ctx: &Context, concerned: &User) -> Result<(), EngineError> {
    let plain = match &ctx.caller {
        Caller::Account {
            user: Some(user), ..
        } => user.priv_level == PrivilegeLevel::User,
        _ => false,
    };
    if plain && concerned.priv_level == PrivilegeLevel::Admin {
        return Err(EngineError::Forbidden);
    }
    Ok(())
}

fn expected(user: &User, revision: Option<Revision>) -> Expectation {
    Expectation::User {
        account: user.account.clone(),
        id: user.id.clone(),
        revision,
    }
}

/// Completes the batch that makes a user.
pub(crate) fn user_creation(batch: Batch, user: &User) -> Batch {
    let mut batch = batch.expect(expected(user, None));
    if let Some(username) = &user.username {
        batch = with_username(batch, user, username);
    }
    batch.then(Operation::PutUser(Box::new(user.clone())))
}

/// The batch that writes a changed user, with its claim.
fn user_replacement(before: &User, after: &User) -> Batch {
    let mut batch = Batch::new().expect(expected(before, Some(before.revision)));
    if before.username != after.username {
        if let Some(old) = &before.username {
            batch = batch.then(Operation::Unclaim(username_claim(&before.account, old)));
        }
        if let Some(new) = &after.username {
            batch = with_username(batch, after, new);
        }
    }
    batch.then(Operation::PutUser(Box::new(after.clone())))
}

/// Takes a username for a user, if it is free.
fn with_username(batch: Batch, user: &User, username: &str) -> Batch {
    let claim = username_claim(&user.account, username);
    batch
        .expect(Expectation::Claim {
            claim: claim.clone(),
            holder: None,
        })
        .then(Operation::Claim(claim, user.id.0.clone()))
}
