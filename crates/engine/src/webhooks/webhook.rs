//! A webhook: what a client says of it, and how its deliveries stand.

use std::collections::VecDeque;

use numbers::account::{Account, AccountId};
use numbers::event::Action;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use outside::http::Url;
use outside::settings::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Batch, Document, DocumentKind, EventKey, Expectation, Operation, StoreError};

use crate::history::EventView;

/// Attempts that are remembered.
const REMEMBERED: usize = 20;
const DEFAULT_RETRIES: u64 = 12;

/// Somebody who is told of what happens to an account's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Of the stored document: deliveries move it too.
    pub(super) stored: Revision,
    /// When it is looked after again, after a failure or by a lease.
    pub(super) due: Option<GregorianSeconds>,
    pub(super) body: Body,
}

/// What is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Body {
    /// Counts what clients write.
    pub version: Revision,
    /// What clients say of it.
    pub fields: Map<String, Value>,
    pub secret: Secret,
    /// The last event that was delivered.
    pub after: Option<String>,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Why it was disabled, where that wasn't the client's wish.
    pub disabled: Option<String>,
    pub attempts: VecDeque<Attempt>,
    pub created: GregorianSeconds,
    pub modified: GregorianSeconds,
}

/// A try to deliver an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: GregorianSeconds,
    /// Which event: the delivery's `webhook-id`.
    pub event: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The status that was answered.
    pub status: Option<u16>,
    /// Why it counts as failed; `None`: it was delivered.
    pub problem: Option<String>,
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    /// `object`: documents made, edited and deleted.
    Object(Option<DocumentAction>),
    /// `number.…`; `None`: all of them.
    Number(Option<Action>),
}

/// What was done to a document, as hook `object` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentAction {
    Created,
    Edited,
    Deleted,
}

impl DocumentAction {
    pub const ALL: [Self; 3] = [Self::Created, Self::Edited, Self::Deleted];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "doc_created",
            Self::Edited => "doc_edited",
            Self::Deleted => "doc_deleted",
        }
    }

    pub const fn of(event: &EventView) -> Self {
        match event.existed {
            (false, _) => Self::Created,
            (true, true) => Self::Edited,
            (true, false) => Self::Deleted,
        }
    }
}

impl Hook {
    /// What the fields of a webhook name; `None` for what there is no hook for.
    pub fn named(fields: &Map<String, Value>) -> Option<Self> {
        let name = fields.get("hook")?.as_str()?;
        match name.split_once('.') {
            None if name == "object" => {
                let action = fields
                    .get("custom_data")
                    .and_then(|custom| custom.get("action")?.as_str());
                let mut all = DocumentAction::ALL.into_iter();
                Some(Self::Object(match action {
                    None | Some("all") => None,
                    Some(action) => Some(all.find(|one| one.as_str() == action)?),
                }))
            }
            Some(("number", "*")) => Some(Self::Number(None)),
            Some(("number", action)) => Some(Self::Number(Some(action.parse().ok()?))),
            _ => None,
        }
    }

    pub fn wants(self, event: &EventView) -> bool {
        match self {
            Self::Object(_) if event.action == Action::EmergencyCalled => false,
            Self::Object(action) => action.is_none_or(|one| one == DocumentAction::of(event)),
            Self::Number(action) => action.is_none_or(|one| one == event.action),
        }
    }
}

impl Webhook {
    pub(super) fn read(document: Document) -> Result<Self, StoreError> {
        let damaged = || StoreError::Fault(format!("webhook {} is damaged", document.id));
        Ok(Self {
            body: serde_json::from_str(&document.body).map_err(|_| damaged())?,
            account: document.account.clone().ok_or_else(damaged)?,
            stored: document.revision,
            due: document.due,
            id: document.id,
        })
    }

    /// Writes it, if nobody has written it since it was read.
    pub(super) fn put(&mut self) -> Result<Batch, StoreError> {
        let batch = self.expecting();
        self.stored = self.stored.next();
        let body = serde_json::to_string(&self.body)
            .map_err(|error| StoreError::Fault(format!("a webhook can't be written: {error}")))?;
        Ok(batch.then(Operation::PutDocument(Box::new(Document {
            kind: DocumentKind::Webhook,
            id: self.id.clone(),
            account: Some(self.account.clone()),
            revision: self.stored,
            due: self.due,
            expires: None,
            body,
        }))))
    }

    pub(super) fn delete(&self) -> Batch {
        let kind = DocumentKind::Webhook;
        self.expecting()
            .then(Operation::DeleteDocument(kind, self.id.clone()))
    }

    fn expecting(&self) -> Batch {
        Batch::new().expect(Expectation::Document {
            kind: DocumentKind::Webhook,
            id: self.id.clone(),
            revision: Some(self.stored).filter(|stored| *stored != Revision::default()),
        })
    }

    /// Counts what clients write.
    pub const fn version(&self) -> Revision {
        self.body.version
    }

    /// What deliveries are signed with. For whoever makes the webhook, once.
    pub const fn secret(&self) -> &Secret {
        &self.body.secret
    }

    /// Whether it is told of events.
    pub fn is_enabled(&self) -> bool {
        self.body.fields.get("enabled") != Some(&Value::Bool(false))
    }

    pub(super) fn enable(&mut self, enabled: bool) {
        let fields = &mut self.body.fields;
        fields.insert("enabled".to_owned(), enabled.into());
        self.body.disabled = None;
        self.body.failures = 0;
        self.due = None;
    }

    /// The place in the log where it stands.
    pub(super) fn after(&self) -> Option<EventKey> {
        self.body.after.as_ref().and_then(|text| text.parse().ok())
    }

    /// The last attempts, newest first.
    pub fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.body.attempts.iter()
    }

    pub(super) fn remember(&mut self, attempt: Attempt) {
        self.body.attempts.push_front(attempt);
        self.body.attempts.truncate(REMEMBERED);
    }

    pub(super) fn uri(&self) -> Option<Url> {
        Url::parse(self.body.fields.get("uri")?.as_str()?).ok()
    }

    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.body.fields.get(field)?.as_str()
    }

    pub(super) fn retries(&self) -> u64 {
        let retries = self.body.fields.get("retries").and_then(Value::as_u64);
        retries.unwrap_or(DEFAULT_RETRIES)
    }

    /// Whether it is told of an event in its account's log.
    pub(super) fn wants(&self, event: &EventView, account: &Account) -> bool {
        let below = self.body.fields.get("include_subaccounts") == Some(&Value::Bool(true));
        let own = Some(&account.id);
        let is_own = || event.owners.0.as_ref() == own || event.owners.1.as_ref() == own;
        Hook::named(&self.body.fields).is_some_and(|hook| hook.wants(event)) && (below || is_own())
    }

    /// What clients see of it.
    pub fn document(&self) -> Map<String, Value> {
        let mut document = self.body.fields.clone();
        document.insert("id".to_owned(), self.id.clone().into());
        document.insert("enabled".to_owned(), self.is_enabled().into());
        if let Some(reason) = &self.body.disabled {
            document.insert("disable_message".to_owned(), reason.clone().into());
        }
        let next = self.due.filter(|_| self.is_enabled());
        document.insert(
            "_read_only".to_owned(),
            json!({
                "created": self.body.created,
                "modified": self.body.modified,
                "after": self.body.after,
                "failures": self.body.failures,
                "next_attempt": next,
            }),
        );
        document
    }
}
