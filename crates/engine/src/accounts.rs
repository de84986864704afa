//! Accounts: made, read, changed, deleted (spec/http.md 4.1, 4.2).
//!
//! The tree that they form is in [`crate::hierarchy`], their keys in
//! [`crate::api_keys`].

use std::sync::Arc;

use numbers::account::{Account, AccountId};
use numbers::document;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use serde_json::{Map, Value, json};
use store::{Batch, Expectation, Operation, Page, StoreError, Unmet};

pub use crate::account_record::filtered_document;
pub(crate) use crate::account_record::{name_claim, realm_claim};

use crate::account_record::{Draft, creation, replacement, writable, writable_document};
use crate::fields;
use crate::secrets::random_hex;
use crate::users::username_claim;
use crate::{Context, Engine, EngineError, FieldError};

/// How often a write that lost a race is decided anew.
pub(crate) const ATTEMPTS: usize = 8;

/// How far [`EngineError::AccountHasNumbers`] counts.
pub const COUNTED_NUMBERS: usize = 10_000;

/// How deep accounts may be nested: each carries all its ancestors' ids.
const MAX_DEPTH: usize = 64;

/// The setting that changes with every account that is made: what a move of a
/// whole subtree compares, to see that nobody was born into it meanwhile.
pub(crate) const LAST_CREATED: &str = "last_created_account";

/// The setting that names the master account.
pub(crate) const MASTER_ACCOUNT: &str = "master_account_id";

impl Engine {
    /// An account that the caller may reach: its own or one below it.
    ///
    /// # Errors
    /// [`EngineError::BadIdentifier`] if there is none,
    /// [`EngineError::Forbidden`] if it is above or beside the caller's.
    pub async fn reachable_account(
        &self,
        ctx: &Context,
        id: &AccountId,
    ) -> Result<Arc<Account>, EngineError> {
        let account = self.store().account(id).await?;
        let account = account.ok_or_else(|| EngineError::BadIdentifier(id.to_string()))?;
        let reaches = ctx
            .account()
            .is_none_or(|caller| caller.is_admin() || caller.is_over(&account));
        if reaches {
            Ok(account)
        } else {
            Err(EngineError::Forbidden)
        }
    }

    /// The master account's id; `None` before the first start made it.
    pub async fn master_account_id(&self) -> Result<Option<AccountId>, EngineError> {
        let Some(id) = self.store().setting(MASTER_ACCOUNT).await? else {
            return Ok(None);
        };
        let id = AccountId::parse(&id).map_err(|error| StoreError::Fault(error.to_string()))?;
        Ok(Some(id))
    }

    /// An account's document as clients see it (spec/http.md 4.2).
    pub async fn account_document(
        &self,
        ctx: &Context,
        account: &Account,
    ) -> Result<Map<String, Value>, EngineError> {
        let reseller = self.reseller_of(account).await?;
        let caller = ctx.account().map(|caller| &caller.id);
        // Who is billed by whom: by the caller, by the master, by somebody else.
        let billing_mode = if caller == Some(&reseller.id) {
            "limits_only"
        } else if reseller.tree.is_empty() {
            "normal"
        } else {
            "manual"
        };
        let mut shown = Map::new();
        shown.insert("id".to_owned(), account.id.as_str().into());
        shown.extend(writable_document(account));
        shown.insert("created".to_owned(), account.created.get().into());
        shown.insert("superduper_admin".to_owned(), account.superduper.into());
        shown.insert(
            "wnm_allow_additions".to_owned(),
            account.allow_additions.into(),
        );
        shown.insert("is_reseller".to_owned(), account.is_reseller.into());
        shown.insert("reseller_id".to_owned(), reseller.id.as_str().into());
        shown.insert("billing_mode".to_owned(), billing_mode.into());
        if let Some(end) = account.expires {
            let left = end.get().saturating_sub(ctx.now.get());
            shown.insert("trial_time_left".to_owned(), left.into());
        }
        Ok(shown)
    }

    /// Makes an account below `parent`.
    pub async fn create_account(
        &self,
        ctx: &Context,
        parent: &AccountId,
        data: Map<String, Value>,
    ) -> Result<Account, EngineError> {
        let fields = writable(data);
        for _ in 0..ATTEMPTS {
            let parent = self.reachable_account(ctx, parent).await?;
            let account = self.drafted_child(ctx, &parent, fields.clone()).await?;
            if ctx.making.is_some()
                && let Some(made) = self.store().account(&account.id).await?
            {
                return Ok(Arc::unwrap_or_clone(made));
            }
            self.refuse_taken(&account, None).await?;
            let batch = Batch::new()
                .expect(Expectation::Account {
                    id: parent.id.clone(),
                    revision: Some(parent.revision),
                })
                .then(Operation::Set(
                    LAST_CREATED.to_owned(),
                    account.id.to_string(),
                ));
            if self.store().write(creation(batch, &account)).await?.is_ok() {
                return Ok(account);
            }
        }
        Err(EngineError::Conflict)
    }

    async fn drafted_child(
        &self,
        ctx: &Context,
        parent: &Account,
        fields: Map<String, Value>,
    ) -> Result<Account, EngineError> {
        let draft = Draft::new(fields)?;
        let mut tree = parent.tree.clone();
        tree.push(parent.id.clone());
        check_depth(&tree)?;
        let id = AccountId::parse(&ctx.id_to_make()).expect("32 hex digits are an account's id");
        let realm = match draft.realm {
            Some(realm) => realm,
            None => self.generated_realm().await?,
        };
        Ok(Account {
            id,
            revision: Revision::default().next(),
            name: draft.name,
            realm,
            tree,
            enabled: draft.enabled.unwrap_or(true),
            expires: None,
            superduper: false,
            allow_additions: false,
            is_reseller: false,
            created: ctx.now,
            modified: ctx.now,
            number_manager: Map::new(),
            public: self.with_defaults(draft.public),
        })
    }

    /// A realm for an account that named none: six hex digits and the
    /// configured suffix. One that another account has is drawn again.
    pub(crate) async fn generated_realm(&self) -> Result<String, StoreError> {
        self.free_realm(random_hex::<3>).await
    }

    async fn free_realm(&self, mut draw: impl FnMut() -> String) -> Result<String, StoreError> {
        let suffix = &self.settings().accounts.realm_suffix;
        for _ in 0..ATTEMPTS {
            let realm = format!("{}.{suffix}", draw()).to_lowercase();
            if self.store().claimed(&realm_claim(&realm)).await?.is_none() {
                return Ok(realm);
            }
        }
        // Nearly all of six digits are taken: nobody draws these twice.
        Ok(format!("{}.{suffix}", random_hex::<16>()).to_lowercase())
    }

    /// An account's own fields, with those that every account has.
    pub(crate) fn with_defaults(&self, mut public: Map<String, Value>) -> Map<String, Value> {
        let timezone = &self.settings().accounts.default_timezone;
        public
            .entry("timezone")
            .or_insert_with(|| timezone.clone().into());
        public
    }

    /// Replaces an account's fields (POST), if it is at the revision `at`, where
    /// that is given.
    pub async fn replace_account(
        &self,
        ctx: &Context,
        id: &AccountId,
        data: Map<String, Value>,
        at: Option<Revision>,
    ) -> Result<Account, EngineError> {
        let fields = writable(data);
        self.change_account(ctx, id, |before| {
            check_revision(before.revision, at)?;
            self.edited(ctx, before, fields.clone())
        })
        .await
    }

    /// Merges into an account's fields (PATCH), and checks the result as a
    /// whole; if it is at the revision `at`, where that is given.
    pub async fn patch_account(
        &self,
        ctx: &Context,
        id: &AccountId,
        data: Map<String, Value>,
        at: Option<Revision>,
    ) -> Result<Account, EngineError> {
        let patch = writable(data);
        self.change_account(ctx, id, |before| {
            check_revision(before.revision, at)?;
            let mut merged = writable_document(before);
            document::merge(&mut merged, patch.clone());
            self.edited(ctx, before, merged)
        })
        .await
    }

    fn edited(
        &self,
        ctx: &Context,
        before: &Account,
        fields: Map<String, Value>,
    ) -> Result<Account, EngineError> {
        let draft = Draft::new(fields)?;
        let mut after = before.clone();
        after.name = draft.name;
        // An account always has a realm: one that isn't sent stays.
        after.realm = draft.realm.unwrap_or(after.realm);
        after.public = self.with_defaults(draft.public);
        // Only somebody above can lock an account out or let it in again.
        let itself = ctx.account().is_some_and(|caller| caller.id == before.id);
        if !itself {
            after.enabled = draft.enabled.unwrap_or(after.enabled);
        }
        Ok(after)
    }

    /// Whether the account may add numbers to the database; for administrators.
    pub async fn set_allow_additions(
        &self,
        ctx: &Context,
        id: &AccountId,
        allowed: bool,
    ) -> Result<Account, EngineError> {
        require_admin(ctx)?;
        self.change_account(ctx, id, |before| {
            Ok(Account {
                allow_additions: allowed,
                ..before.clone()
            })
        })
        .await
    }

    /// Whether the account may do everything to everybody; for administrators.
    /// The master always may.
    pub async fn set_superduper(
        &self,
        ctx: &Context,
        id: &AccountId,
        superduper: bool,
    ) -> Result<Account, EngineError> {
        require_admin(ctx)?;
        self.change_account(ctx, id, |before| {
            refuse_master(before)?;
            Ok(Account {
                superduper,
                ..before.clone()
            })
        })
        .await
    }

    /// When the account ends, or that it doesn't; for administrators. The master
    /// never does.
    pub async fn set_expiry(
        &self,
        ctx: &Context,
        id: &AccountId,
        expires: Option<GregorianSeconds>,
    ) -> Result<Account, EngineError> {
        require_admin(ctx)?;
        self.change_account(ctx, id, |before| {
            refuse_master(before)?;
            Ok(Account {
                expires,
                ..before.clone()
            })
        })
        .await
    }

    /// Changes an account by compare and set; deciding anew when somebody else
    /// was faster. A change of nothing writes nothing.
    pub(crate) async fn change_account(
        &self,
        ctx: &Context,
        id: &AccountId,
        change: impl Fn(&Account) -> Result<Account, EngineError> + Send + Sync,
    ) -> Result<Account, EngineError> {
        for _ in 0..ATTEMPTS {
            let before = self.reachable_account(ctx, id).await?;
            let mut after = change(&before)?;
            if after == *before {
                return Ok(after);
            }
            after.revision = before.revision.next();
            after.modified = ctx.now;
            self.refuse_taken(&after, Some(&before)).await?;
            if self
                .store()
                .write(replacement(&before, &after))
                .await?
                .is_ok()
            {
                return Ok(after);
            }
        }
        Err(EngineError::Conflict)
    }

    /// Refuses names and realms that other accounts have.
    async fn refuse_taken(
        &self,
        account: &Account,
        before: Option<&Account>,
    ) -> Result<(), EngineError> {
        let mut errors = Vec::new();
        let name = name_claim(&account.name);
        if before.is_none_or(|before| name_claim(&before.name) != name)
            && self.store().claimed(&name).await?.is_some()
        {
            let error = FieldError::new("name", "unique", "Account name already in use");
            errors.push(error.with_cause(account.name.as_str()));
        }
        let realm = realm_claim(&account.realm);
        if before.is_none_or(|before| realm_claim(&before.realm) != realm)
            && self.store().claimed(&realm).await?.is_some()
        {
            let error = FieldError::new("realm", "unique", "Account realm already in use");
            errors.push(error.with_cause(account.realm.as_str()));
        }
        fields::failed(errors)
    }

    /// Deletes an account with its users and its key, if it is at the revision
    /// `at`, where that is given; answers what it was.
    ///
    /// # Errors
    /// [`EngineError::MethodNotAllowed`] for the master,
    /// [`EngineError::AccountHasDescendants`], and
    /// [`EngineError::AccountHasNumbers`]: numbers are worth money and are never
    /// lost on the side, so they must be released or moved away first.
    pub async fn delete_account(
        &self,
        ctx: &Context,
        id: &AccountId,
        at: Option<Revision>,
    ) -> Result<Account, EngineError> {
        for _ in 0..ATTEMPTS {
            let account = self.reachable_account(ctx, id).await?;
            refuse_master(&account)?;
            check_revision(account.revision, at)?;
            let batch = self.deletion(&account).await?;
            match self.store().write(batch).await? {
                Ok(()) => return Ok(Arc::unwrap_or_clone(account)),
                Err(Unmet(Expectation::AccountUnused { .. })) => self.refuse_used(id).await?,
                Err(Unmet(_)) => {}
            }
        }
        Err(EngineError::Conflict)
    }

    async fn deletion(&self, account: &Account) -> Result<Batch, EngineError> {
        let id = account.id.clone();
        let mut batch = Batch::new()
            .expect(Expectation::Account {
                id: id.clone(),
                revision: Some(account.revision),
            })
            .expect(Expectation::AccountUnused { id: id.clone() })
            .then(Operation::Unclaim(name_claim(&account.name)))
            .then(Operation::Unclaim(realm_claim(&account.realm)));
        batch = self.without_api_key(batch, &id).await?;
        batch = self.without_credentials(batch, &id).await?;
        let mut usernames = Vec::new();
        self.each_user(&id, |user| usernames.extend(user.username))
            .await?;
        for username in usernames {
            batch = batch.then(Operation::Unclaim(username_claim(&id, &username)));
        }
        Ok(batch.then(Operation::DeleteAccount(id)))
    }

    /// Says what an account is used for.
    async fn refuse_used(&self, id: &AccountId) -> Result<(), EngineError> {
        if !self
            .store()
            .descendants(id, &Page::first(1))
            .await?
            .is_empty()
        {
            return Err(EngineError::AccountHasDescendants);
        }
        let numbers = self
            .store()
            .account_numbers(id, &Page::first(COUNTED_NUMBERS))
            .await?
            .len();
        if numbers > 0 {
            return Err(EngineError::AccountHasNumbers { numbers });
        }
        Ok(())
    }
}

/// Refuses everybody but administrators.
pub(crate) fn require_admin(ctx: &Context) -> Result<(), EngineError> {
    if ctx.is_admin() {
        Ok(())
    } else {
        Err(EngineError::Forbidden)
    }
}

/// Refuses what can't be done to the master account.
pub(crate) fn refuse_master(account: &Account) -> Result<(), EngineError> {
    if account.tree.is_empty() {
        Err(EngineError::MethodNotAllowed)
    } else {
        Ok(())
    }
}

/// Refuses a change of another revision than the client has seen. Asked of the
/// revision that the write then expects, so that nobody can come between.
pub(crate) fn check_revision(present: Revision, at: Option<Revision>) -> Result<(), EngineError> {
    match at {
        Some(at) if at != present => Err(EngineError::OtherRevision),
        _ => Ok(()),
    }
}

/// Refuses trees that are too deep.
pub(crate) fn check_depth(tree: &[AccountId]) -> Result<(), EngineError> {
    if tree.len() <= MAX_DEPTH {
        return Ok(());
    }
    let message = format!("Accounts can't be nested more than {MAX_DEPTH} deep");
    Err(EngineError::Validation(vec![
        FieldError::new("", "maxDepth", message).with_target(json!(MAX_DEPTH)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::bootstrap::Bootstrap;

    #[tokio::test]
    async fn a_realm_that_is_taken_is_drawn_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("numberd.db");
        let store = store_sqlite::SqliteStore::open(&file, &store_sqlite::Options::default());
        let engine = Engine::new(Arc::new(store.unwrap()), Settings::default()).unwrap();
        let master = Bootstrap {
            realm: Some("aaaaaa.sip.numberd.local".to_owned()),
            ..Bootstrap::default()
        };
        engine.bootstrap(master).await.unwrap();
        let mut draws = ["AAAAAA", "bbbbbb"].into_iter();
        let draw = || draws.next().unwrap().to_owned();
        assert_eq!(
            engine.free_realm(draw).await.unwrap(),
            "bbbbbb.sip.numberd.local"
        );
        let never = engine.free_realm(|| "aaaaaa".to_owned()).await.unwrap();
        assert_eq!(never.find(".sip."), Some(32), "{never}");
    }
}
