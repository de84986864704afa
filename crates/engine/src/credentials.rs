//! Resellers' own credentials at carriers: searches and orders of accounts below
//! a reseller are made with them. They are stored encrypted, and no answer ever
//! holds one.
//!
//! A number remembers with whose credentials it was bought, an order with which
//! of them it was sent: it is asked for with those, whatever was set since.

mod dealers;
mod kept;
mod secrets_key;

use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use outside::BadSettings;
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Batch, DocumentKind, Expectation, Operation, Page, PrivilegeLevel, StoreError};

pub use dealers::Credentials;
pub(crate) use dealers::{Dealer, Dealers, Shelf};
pub use secrets_key::{BadSecretsKey, SecretsKey};

use crate::{Caller, Context, Engine};

/// What is said where the key is needed and isn't there.
const NO_KEY: &str = "NUMBERD_SECRETS_KEY (64 hex digits) is not set";

/// The longest settings, as JSON text.
const LONGEST: usize = 16 << 10;

/// How many of an account's documents are looked at when it goes.
const MOST_CARRIERS: usize = 1000;

/// The member of a number's carrier data that says with which reseller's
/// credentials it was bought.
const CREDENTIALS_OF: &str = "credentials_of";

/// What may be known of a reseller's credentials at a carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnCredentials {
    /// Which carrier.
    pub carrier: CarrierName,
    /// The keys that are set, without their values.
    pub keys: Vec<String>,
    /// When they were set.
    pub changed: GregorianSeconds,
}

/// Why credentials can't be shown or set.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CredentialsError {
    /// Nothing is set, or there is no such carrier.
    #[error("no credentials of its own at '{0}'")]
    None(String),
    /// The caller may not.
    #[error("forbidden")]
    Forbidden,
    /// The account sells to nobody.
    #[error("only resellers have credentials of their own at carriers")]
    NoReseller,
    /// They can't be used; why, without their values.
    #[error("{0}")]
    Wrong(String),
    /// There is nothing to encrypt them with.
    #[error("{NO_KEY}")]
    NoKey,
    /// Somebody else changed them at the same time.
    #[error("conflicting documents")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Which keys a reseller has set at a carrier.
    pub async fn own_credentials(
        &self,
        cx: &Context,
        reseller: &Account,
        carrier: &str,
    ) -> Result<OwnCredentials, CredentialsError> {
        let name = self.allowed(cx, carrier)?;
        let kept = self.dealers.read(&reseller.id, &name).await?;
        let present = kept.present();
        let present = present.ok_or_else(|| CredentialsError::None(carrier.to_owned()))?;
        Ok(OwnCredentials {
            carrier: name,
            keys: present.keys.clone(),
            changed: present.since,
        })
    }

    /// Sets a reseller's credentials at a carrier, all of them anew: the keys of
    /// `[carriers.NAME]` but those that are the operator's alone.
    pub async fn set_own_credentials(
        &self,
        cx: &Context,
        reseller: &Account,
        carrier: &str,
        settings: Map<String, Value>,
    ) -> Result<OwnCredentials, CredentialsError> {
        let name = self.allowed(cx, carrier)?;
        if !reseller.is_reseller {
            return Err(CredentialsError::NoReseller);
        }
        let key = self.dealers.key().ok_or(CredentialsError::NoKey)?;
        if Value::Object(settings.clone()).to_string().len() > LONGEST {
            let problem = format!("longer than {LONGEST} bytes");
            return Err(CredentialsError::Wrong(problem));
        }
        self.dealers
            .with_own(&name, settings.clone())
            .map_err(|BadSettings { problem, .. }| CredentialsError::Wrong(problem))?;
        let mut kept = self.dealers.read(&reseller.id, &name).await?;
        let about = kept::document_id(&reseller.id, &name);
        kept.begin(key, &about, &settings, cx.now)
            .ok_or_else(|| StoreError::Fault("credentials can't be encrypted".to_owned()))?;
        self.write_credentials(kept, reseller, &name).await?;
        tracing::info!(reseller = %reseller.id, carrier = %name, "credentials set");
        self.own_credentials(cx, reseller, carrier).await
    }

    /// Removes a reseller's credentials at a carrier: from now on the operator's
    /// are used. Orders that are open are still asked for with the old ones.
    pub async fn remove_own_credentials(
        &self,
        cx: &Context,
        reseller: &Account,
        carrier: &str,
    ) -> Result<OwnCredentials, CredentialsError> {
        let gone = self.own_credentials(cx, reseller, carrier).await?;
        let mut kept = self.dealers.read(&reseller.id, &gone.carrier).await?;
        kept.end(cx.now);
        self.write_credentials(kept, reseller, &gone.carrier)
            .await?;
        tracing::info!(reseller = %reseller.id, carrier = %gone.carrier, "credentials removed");
        Ok(gone)
    }

    async fn write_credentials(
        &self,
        kept: kept::Kept,
        reseller: &Account,
        name: &CarrierName,
    ) -> Result<(), CredentialsError> {
        let batch = kept.put(&reseller.id, name)?;
        let batch = batch.expect(Expectation::AccountExists {
            id: reseller.id.clone(),
        });
        let written = self.store.write(batch).await?;
        self.dealers.forget(&reseller.id, name);
        written.map_err(|_| CredentialsError::Conflict)
    }

    /// The carrier, if the caller may manage credentials there: no user without
    /// all rights in its account.
    fn allowed(&self, cx: &Context, carrier: &str) -> Result<CarrierName, CredentialsError> {
        if let Caller::Account {
            user: Some(user), ..
        } = &cx.caller
            && user.priv_level != PrivilegeLevel::Admin
        {
            return Err(CredentialsError::Forbidden);
        }
        let known = self.carriers.configured(carrier);
        let known = known.map_err(|_| CredentialsError::None(carrier.to_owned()))?;
        Ok(known.name().clone())
    }

    /// Adds the removal of all of an account's credentials.
    pub(crate) async fn without_credentials(
        &self,
        batch: Batch,
        account: &AccountId,
    ) -> Result<Batch, StoreError> {
        let kind = DocumentKind::Credentials;
        let page = Page::first(MOST_CARRIERS);
        let kept = self.store.documents(kind, Some(account), &page).await?;
        Ok(kept.into_iter().fold(batch, |batch, document| {
            batch.then(Operation::DeleteDocument(kind, document.id))
        }))
    }
}

/// With which reseller's credentials a number was bought; `None`: the
/// operator's.
pub(crate) fn credentials_of(number: &Number) -> Option<AccountId> {
    let noted = number.carrier_data.get(CREDENTIALS_OF)?.as_str()?;
    AccountId::parse(noted).ok()
}

/// Notes with which reseller's credentials a number is bought.
pub(crate) fn note_credentials(data: &mut Map<String, Value>, reseller: &AccountId) {
    data.insert(CREDENTIALS_OF.to_owned(), reseller.as_str().into());
}
