//! A reseller's own credentials at a carrier, as they are stored: the present
//! ones, and for some time those before them, with which orders may be open.

use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{Batch, Document, DocumentKind, Expectation, Operation, StoreError};

use super::SecretsKey;
use crate::context::new_id;

/// How long credentials are kept that were replaced or removed, and how many:
/// numbers that were bought with them can be given back with no others. Older
/// ones go with the next change.
const KEPT_SECONDS: u64 = 30 * 24 * 3600;
const MOST_KEPT: usize = 8;

/// The document of one reseller at one carrier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The present one last, if there is one.
    versions: Vec<Version>,
    /// Counts the writes.
    #[serde(skip)]
    pub revision: Revision,
}

/// Credentials as they were once set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Names them in orders.
    pub id: String,
    /// The keys that are set.
    pub keys: Vec<String>,
    /// The settings, encrypted.
    sealed: String,
    /// Since when.
    pub since: GregorianSeconds,
    /// Until when; `None`: they are the present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<GregorianSeconds>,
}

/// The document's id.
pub(crate) fn document_id(account: &AccountId, carrier: &CarrierName) -> String {
    format!("{account}/{carrier}")
}

/// Whose credentials where a document's id says that it holds.
pub(crate) fn reseller_and_carrier(id: &str) -> Option<(AccountId, CarrierName)> {
    let (account, carrier) = id.split_once('/')?;
    let account = AccountId::parse(account).ok()?;
    Some((account, CarrierName::new(carrier)))
}

impl Kept {
    /// What is stored in a document.
    pub fn from_document(document: &Document) -> Result<Self, StoreError> {
        let mut kept: Self = serde_json::from_str(&document.body).map_err(|error| {
            let id = &document.id;
            StoreError::Fault(format!("the credentials {id} are damaged: {error}"))
        })?;
        kept.revision = document.revision;
        Ok(kept)
    }

    /// The present ones.
    pub fn present(&self) -> Option<&Version> {
        self.versions.last().filter(|last| last.until.is_none())
    }

    /// Those with which orders of then are asked for: as they were, or, when
    /// they are forgotten, the latest.
    pub fn then(&self, id: &str) -> Option<&Version> {
        let mut versions = self.versions.iter();
        versions
            .find(|version| version.id == id)
            .or_else(|| self.latest())
    }

    /// The present ones, or the last that were.
    pub fn latest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// All that are kept.
    pub fn newest_first(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().rev()
    }

    /// Ends the present ones and forgets old ones.
    pub fn end(&mut self, now: GregorianSeconds) {
        if let Some(last) = self.versions.last_mut() {
            last.until.get_or_insert(now);
        }
        let is_young = |version: &Version| {
            let until = version.until.map_or(u64::MAX, GregorianSeconds::get);
            until.saturating_add(KEPT_SECONDS) > now.get()
        };
        self.versions.retain(is_young);
        let most = self.versions.len().saturating_sub(MOST_KEPT - 1);
        self.versions.drain(..most);
    }

    /// Makes settings the present ones. `None`: they can't be encrypted.
    pub fn begin(
        &mut self,
        key: &SecretsKey,
        about: &str,
        settings: &Map<String, Value>,
        now: GregorianSeconds,
    ) -> Option<()> {
        self.end(now);
        let id = new_id();
        let text = serde_json::to_string(settings).ok()?;
        let mut keys: Vec<String> = settings.keys().cloned().collect();
        keys.sort_unstable();
        self.versions.push(Version {
            sealed: key.seal(&binding(about, &id), &text)?,
            id,
            keys,
            since: now,
            until: None,
        });
        Some(())
    }

    /// The batch that stores it, if it is still as it was read.
    pub fn put(mut self, account: &AccountId, carrier: &CarrierName) -> Result<Batch, StoreError> {
        let known = (self.revision != Revision::default()).then_some(self.revision);
        self.revision = self.revision.next();
        let id = document_id(account, carrier);
        let body = serde_json::to_string(&self)
            .map_err(|error| StoreError::Fault(format!("{id} can't be written: {error}")))?;
        let document = Document {
            kind: DocumentKind::Credentials,
            id: id.clone(),
            account: Some(account.clone()),
            revision: self.revision,
            due: None,
            expires: None,
            body,
        };
        Ok(Batch::new()
            .expect(Expectation::Document {
                kind: DocumentKind::Credentials,
                id,
                revision: known,
            })
            .then(Operation::PutDocument(Box::new(document))))
    }
}

impl Version {
    /// The settings; `None`: another key, or they were tampered with.
    pub fn open(&self, key: &SecretsKey, about: &str) -> Option<Map<String, Value>> {
        let text = key.open(&binding(about, &self.id), &self.sealed)?;
        serde_json::from_str(&text).ok()
    }
}

/// What a sealed text belongs to: nobody can move it to another account,
/// carrier or version.
fn binding(about: &str, version: &str) -> String {
    format!("carrier credentials {about}/{version}")
}
