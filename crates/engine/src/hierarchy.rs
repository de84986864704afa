//! The tree of accounts: who is above, below and beside whom, who sells to
//! whom, and moving a branch (spec/http.md 4.1).

use std::ops::Deref;
use std::sync::Arc;

use numbers::account::{Account, AccountId};
use numbers::revision::Revision;
use store::{Batch, Expectation, Operation, Page, StoreError};

use crate::accounts::{
    ATTEMPTS, LAST_CREATED, check_depth, check_revision, refuse_master, require_admin,
};
use crate::{Context, Engine, EngineError, FieldError};

/// How many accounts can move together: they are written in one batch.
const MAX_MOVED: usize = 10_000;

/// Who sells to an account.
#[derive(Clone, Debug)]
pub enum Seller<'a> {
    /// The account itself, a reseller.
    Itself(&'a Account),
    /// The nearest reseller above it.
    Above(Arc<Account>),
}

impl Deref for Seller<'_> {
    type Target = Account;

    fn deref(&self) -> &Account {
        match self {
            Self::Itself(account) => account,
            Self::Above(account) => account,
        }
    }
}

impl Engine {
    /// Accounts directly below one, by id.
    pub async fn children(
        &self,
        ctx: &Context,
        of: &AccountId,
        page: &Page<AccountId>,
    ) -> Result<Vec<Account>, EngineError> {
        self.reachable_account(ctx, of).await?;
        Ok(self.store().children(of, page).await?)
    }

    /// Accounts anywhere below one, by id.
    pub async fn descendants(
        &self,
        ctx: &Context,
        of: &AccountId,
        page: &Page<AccountId>,
    ) -> Result<Vec<Account>, EngineError> {
        self.reachable_account(ctx, of).await?;
        Ok(self.store().descendants(of, page).await?)
    }

    /// Accounts beside one, itself included, by id; for callers above them. An
    /// account doesn't get to know its reseller's other customers.
    pub async fn siblings(
        &self,
        ctx: &Context,
        of: &AccountId,
        page: &Page<AccountId>,
    ) -> Result<Vec<Account>, EngineError> {
        let account = self.reachable_account(ctx, of).await?;
        let Some(parent) = account.tree.last() else {
            return Ok(vec![Arc::unwrap_or_clone(account)]);
        };
        self.children(ctx, parent, page).await
    }

    /// The accounts above one, from the caller's own account down.
    pub async fn parents(
        &self,
        ctx: &Context,
        of: &AccountId,
    ) -> Result<Vec<Arc<Account>>, EngineError> {
        let account = self.reachable_account(ctx, of).await?;
        let from = match ctx.account() {
            // Administrators reach accounts outside of their own branch, and
            // may see those whole.
            Some(caller) => account.tree.iter().position(|id| *id == caller.id),
            None => Some(0),
        };
        let itself = ctx.account().is_some_and(|caller| caller.id == account.id);
        let from = if itself {
            account.tree.len()
        } else {
            from.unwrap_or(0)
        };
        let above = self.store().accounts(&account.tree[from..]).await?;
        Ok(above.into_iter().flatten().collect())
    }

    /// Who sells to the account: itself if it is a reseller, else the nearest
    /// one above it.
    pub async fn reseller_of<'a>(&self, account: &'a Account) -> Result<Seller<'a>, StoreError> {
        if account.is_reseller {
            return Ok(Seller::Itself(account));
        }
        let above = self.store().accounts(&account.tree).await?;
        // The master is a reseller always; a tree without one is its own.
        let reseller = above
            .into_iter()
            .rev()
            .flatten()
            .find(|above| above.is_reseller);
        Ok(reseller.map_or(Seller::Itself(account), Seller::Above))
    }

    /// Makes an account a reseller, or a customer again; for administrators. The
    /// master always is one.
    pub async fn set_reseller(
        &self,
        ctx: &Context,
        id: &AccountId,
        is_reseller: bool,
    ) -> Result<Account, EngineError> {
        require_admin(ctx)?;
        self.change_account(ctx, id, |before| {
            if !is_reseller {
                refuse_master(before)?;
            }
            Ok(Account {
                is_reseller,
                ..before.clone()
            })
        })
        .await
    }

    /// Moves an account, with everything below it, below another one: all of it
    /// at once or nothing; if it is at the revision `at`, where that is given.
    ///
    /// For administrators and, where `accounts.move_allowed` says so, for callers
    /// above both.
    ///
    /// # Errors
    /// [`EngineError::Validation`] for a target below the account itself, and
    /// for branches too large to write at once.
    pub async fn move_account(
        &self,
        ctx: &Context,
        id: &AccountId,
        to: &AccountId,
        at: Option<Revision>,
    ) -> Result<Account, EngineError> {
        for _ in 0..ATTEMPTS {
            // Read first: an account made below after this changes it.
            let last_created = self.store().setting(LAST_CREATED).await?;
            let account = self.reachable_account(ctx, id).await?;
            check_revision(account.revision, at)?;
            let target = self.reachable_account(ctx, to).await?;
            self.check_move(ctx, &account, &target)?;
            if account.tree.last() == Some(&target.id) {
                return Ok(Arc::unwrap_or_clone(account));
            }
            let mut moved = Account::clone(&account);
            moved.tree.clone_from(&target.tree);
            moved.tree.push(target.id.clone());
            moved.revision = account.revision.next();
            moved.modified = ctx.now;
            check_depth(&moved.tree)?;
            let batch = Batch::new()
                .expect(Expectation::Setting {
                    key: LAST_CREATED.to_owned(),
                    value: last_created,
                })
                .expect(Expectation::Account {
                    id: target.id.clone(),
                    revision: Some(target.revision),
                });
            let batch = self.with_branch(batch, &account, &moved).await?;
            if self.store().write(batch).await?.is_ok() {
                return Ok(moved);
            }
        }
        Err(EngineError::Conflict)
    }

    fn check_move(
        &self,
        ctx: &Context,
        account: &Account,
        target: &Account,
    ) -> Result<(), EngineError> {
        let allowed = ctx.account().is_none_or(|caller| {
            caller.is_admin() || (self.settings().accounts.move_allowed && caller.id != account.id)
        });
        if !allowed {
            return Err(EngineError::Forbidden);
        }
        refuse_master(account)?;
        if account.is_over(target) {
            let message = "An account can't move below itself";
            let error = FieldError::new("to", "invalid", message).with_value(target.id.as_str());
            return Err(EngineError::Validation(vec![error]));
        }
        Ok(())
    }

    /// Adds the account and everything below it, with their new trees.
    async fn with_branch(
        &self,
        batch: Batch,
        account: &Account,
        moved: &Account,
    ) -> Result<Batch, EngineError> {
        let below = self
            .store()
            .descendants(&account.id, &Page::first(MAX_MOVED + 1))
            .await?;
        if below.len() > MAX_MOVED {
            let message = format!("More than {MAX_MOVED} accounts can't move at once");
            return Err(EngineError::Validation(vec![
                FieldError::new("to", "maxSize", message).with_target(MAX_MOVED),
            ]));
        }
        let mut batch = replace(batch, account, moved.clone());
        for before in below {
            let depth = before
                .tree
                .iter()
                .position(|id| *id == account.id)
                .ok_or_else(|| {
                    StoreError::Fault(format!("{} is not below {}", before.id, account.id))
                })?;
            let mut after = before.clone();
            after.tree = [&moved.tree[..], &before.tree[depth..]].concat();
            after.revision = before.revision.next();
            check_depth(&after.tree)?;
            batch = replace(batch, &before, after);
        }
        Ok(batch)
    }
}

fn replace(batch: Batch, before: &Account, after: Account) -> Batch {
    batch
        .expect(Expectation::Account {
            id: before.id.clone(),
            revision: Some(before.revision),
        })
        .then(Operation::PutAccount(Box::new(after)))
}
