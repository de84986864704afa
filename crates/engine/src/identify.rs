//! Whose number is this: what a call waits for (spec/life.md 6).

use numbers::account::{Account, AccountId};
use numbers::authorize::{Owner, Standing};
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;
use serde::Serialize;
use store::StoreError;

use crate::{Context, Engine};

/// Who holds a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The account.
    pub account_id: AccountId,
    /// The number.
    pub number: E164,
}

/// Why nobody answers for a number.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unidentified {
    /// It is no number, there is no record, or the caller may not know.
    #[error("not found")]
    NotFound,
    /// Nobody owns it.
    #[error("unassigned")]
    Unassigned,
    /// It has an owner and isn't in use.
    #[error("not in service")]
    NotInService(Holder),
    /// Its owner is disabled.
    #[error("account disabled")]
    AccountDisabled(Holder),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// The account that answers for a number.
    pub async fn identify(
        &self,
        cx: &Context,
        target: Option<&Account>,
        text: &str,
    ) -> Result<Holder, Unidentified> {
        let key = self
            .numbering(target)
            .key(text)
            .map_err(|_| Unidentified::NotFound)?;
        let number = self
            .store
            .shared_number(&key)
            .await?
            .ok_or(Unidentified::NotFound)?;
        let is_public = self.settings.number_manager.identify_is_public;
        self.holder(cx, target, &number, is_public).await
    }

    /// The account that answered for a number at a time, and since when the
    /// number was as it was then. The past is for those above its owner, also
    /// where the present is for everybody.
    pub async fn identify_at(
        &self,
        cx: &Context,
        target: Option<&Account>,
        text: &str,
        at: GregorianSeconds,
    ) -> Result<(Holder, GregorianSeconds), Unidentified> {
        let key = self
            .numbering(target)
            .key(text)
            .map_err(|_| Unidentified::NotFound)?;
        let then = self.number_at(&key, at).await?;
        let then = then.ok_or(Unidentified::NotFound)?;
        let holder = self.holder(cx, target, &then.number, false).await?;
        Ok((holder, then.since))
    }

    async fn holder(
        &self,
        cx: &Context,
        target: Option<&Account>,
        number: &Number,
        is_public: bool,
    ) -> Result<Holder, Unidentified> {
        let Some(account_id) = number.owner.clone() else {
            // To whom GET shows nothing, this shows nothing either.
            let standing = Standing {
                caller: cx.account(),
                target: None,
                owner: Owner::Nobody,
            };
            return Err(if is_public || standing.may_read(number.state) {
                Unidentified::Unassigned
            } else {
                Unidentified::NotFound
            });
        };
        let holder = Holder {
            account_id,
            number: number.id.clone(),
        };
        let owner = self.store.account(&holder.account_id).await?;
        if !is_public {
            let standing = Standing {
                caller: cx.account(),
                target,
                owner: owner.as_deref().map_or(Owner::Missing, Owner::Account),
            };
            if !standing.has_authority() {
                return Err(Unidentified::NotFound);
            }
        }
        let answers = matches!(
            number.state,
            State::PortIn | State::InService | State::PortOut | State::Reserved
        );
        match owner {
            _ if !answers => Err(Unidentified::NotInService(holder)),
            Some(owner) if owner.enabled => Ok(holder),
            _ => Err(Unidentified::AccountDisabled(holder)),
        }
    }
}
