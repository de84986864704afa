//! Webhooks: who is told of what happens to an account's numbers
//! (spec/http.md 9.3).
//!
//! A webhook is a place in the log of events and what is to be done with the
//! events after it. Nothing is queued: a delivery that fails leaves the place
//! where it was, a client that wants events again moves it back. See
//! [`deliver`](self) for how events go out.

mod deliver;
mod deliveries;
mod payload;
mod sign;
mod webhook;

use numbers::account::{Account, AccountId};
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use outside::http::Url;
use outside::settings::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{DocumentKind, EventKey, Page, StoreError};

use crate::schema::Schema;
use crate::{Context, Engine, EngineError, FieldError, fields};

pub(crate) use deliveries::Deliveries;
pub use payload::{samples, types};
pub use webhook::{Attempt, Webhook};

use webhook::{Body, Hook};

/// Webhooks that an account may have.
const MOST: usize = 100;
/// How often a change is tried again after a delivery was faster.
const ATTEMPTS: usize = 10;
/// What the server says of a webhook, and clients send back.
const READ_ONLY: [&str; 5] = [
    "id",
    "_read_only",
    "disable_message",
    "re-enable",
    "ui_metadata",
];

/// `[webhooks]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// Whether addresses of private networks and of this machine may be called.
    pub allow_private_addresses: bool,
    /// The longest that a receiver may take to answer, in milliseconds; at most
    /// 20000.
    pub timeout_ms: u64,
    /// How long a receiver is left alone after a failure, in seconds; twice as
    /// long after each further one, up to an hour.
    pub rest_s: u64,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self {
            allow_private_addresses: false,
            timeout_ms: 10_000,
            rest_s: 5,
        }
    }
}

/// How a client changes a webhook's fields.
#[derive(Clone, Debug)]
pub enum Edit {
    /// They become these.
    Replace(Map<String, Value>),
    /// These are added to them; nulls take away.
    Merge(Map<String, Value>),
}

/// What of the data isn't kept among the fields.
struct Parts {
    fields: Map<String, Value>,
    secret: Option<Secret>,
    place: Place,
}

/// Where in the log a client wants a webhook to go on.
enum Place {
    /// He doesn't say.
    Unsaid,
    /// From its beginning.
    Beginning,
    /// After an event.
    After(EventKey),
}

impl Engine {
    /// An account's webhooks by id, a page of them.
    pub async fn webhooks(
        &self,
        account: &AccountId,
        page: &Page<String>,
    ) -> Result<Vec<Webhook>, EngineError> {
        let kind = DocumentKind::Webhook;
        let found = self.store.documents(kind, Some(account), page).await?;
        Ok(found
            .into_iter()
            .map(Webhook::read)
            .collect::<Result<_, _>>()?)
    }

    /// One webhook of an account.
    pub async fn webhook(&self, account: &AccountId, id: &str) -> Result<Webhook, EngineError> {
        let found = self.store.document(DocumentKind::Webhook, id).await?;
        let webhook = found.map(Webhook::read).transpose()?;
        webhook
            .filter(|webhook| webhook.account == *account)
            .ok_or_else(|| EngineError::BadIdentifier(id.to_owned()))
    }

    /// Makes a webhook; whether its secret was made up here is the second part
    /// of the answer. It is told of what happens from now on, or after the place
    /// that is named.
    pub async fn create_webhook(
        &self,
        cx: &Context,
        account: &Account,
        data: Map<String, Value>,
    ) -> Result<(Webhook, bool), EngineError> {
        let parts = self.checked(data).await?;
        let is_made_up = parts.secret.is_none();
        if let Some(id) = &cx.making {
            match self.webhook(&account.id, id).await {
                Ok(made) => return Ok((made, is_made_up)),
                Err(EngineError::BadIdentifier(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if self.webhooks(&account.id, &Page::first(MOST)).await?.len() == MOST {
            let message = format!("an account has at most {MOST} webhooks; delete one");
            let error = FieldError::new("", "maxItems", message);
            return Err(EngineError::Validation(vec![error.with_target(MOST)]));
        }
        let after = match parts.place {
            Place::Unsaid => self.store.newest_event().await?,
            Place::Beginning => None,
            Place::After(key) => Some(key),
        };
        let mut webhook = Webhook {
            id: cx.id_to_make(),
            account: account.id.clone(),
            stored: Revision::default(),
            due: None,
            body: Body {
                version: Revision::default().next(),
                fields: parts.fields,
                secret: parts.secret.unwrap_or_else(sign::new_secret),
                after: after.map(|key| key.to_string()),
                failures: 0,
                disabled: None,
                attempts: std::collections::VecDeque::new(),
                created: cx.now,
                modified: cx.now,
            },
        };
        self.write_webhook(&mut webhook).await?;
        Ok((webhook, is_made_up))
    }

    /// Changes a webhook, at the version that the client saw, if it names one.
    pub async fn edit_webhook(
        &self,
        cx: &Context,
        account: &AccountId,
        id: &str,
        edit: &Edit,
        at: Option<Revision>,
    ) -> Result<Webhook, EngineError> {
        for _ in 0..ATTEMPTS {
            let mut webhook = self.webhook(account, id).await?;
            if at.is_some_and(|at| at != webhook.version()) {
                return Err(EngineError::OtherRevision);
            }
            let (data, wakes) = match edit {
                Edit::Replace(data) => (data.clone(), false),
                Edit::Merge(data) => {
                    let wakes = data.get("re-enable") == Some(&Value::Bool(true));
                    let mut fields = webhook.body.fields.clone();
                    numbers::document::merge(&mut fields, data.clone());
                    (fields, wakes)
                }
            };
            let parts = self.checked(data).await?;
            let was_enabled = webhook.is_enabled();
            webhook.body.fields = parts.fields;
            if wakes || (webhook.is_enabled() && !was_enabled) {
                webhook.enable(true);
            }
            if let Some(secret) = parts.secret {
                webhook.body.secret = secret;
            }
            let after = match parts.place {
                Place::Unsaid => webhook.body.after.clone(),
                Place::Beginning => None,
                Place::After(key) => Some(key.to_string()),
            };
            if webhook.body.after != after {
                webhook.body.after = after;
                webhook.due = None;
            }
            touch(&mut webhook, cx.now);
            match self.write_webhook(&mut webhook).await {
                Ok(()) => return Ok(webhook),
                Err(EngineError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::Conflict)
    }

    /// Enables an account's webhooks that were disabled; answers which.
    pub async fn enable_webhooks(
        &self,
        cx: &Context,
        account: &AccountId,
    ) -> Result<Vec<Webhook>, EngineError> {
        let mut enabled = Vec::new();
        for webhook in self.webhooks(account, &Page::first(MOST)).await? {
            if !webhook.is_enabled() {
                let mut data = Map::new();
                data.insert("re-enable".to_owned(), true.into());
                let edit = Edit::Merge(data);
                let edited = self.edit_webhook(cx, account, &webhook.id, &edit, None);
                enabled.push(edited.await?);
            }
        }
        Ok(enabled)
    }

    /// Deletes a webhook; answers it as it was.
    pub async fn delete_webhook(
        &self,
        account: &AccountId,
        id: &str,
        at: Option<Revision>,
    ) -> Result<Webhook, EngineError> {
        for _ in 0..ATTEMPTS {
            let webhook = self.webhook(account, id).await?;
            if at.is_some_and(|at| at != webhook.version()) {
                return Err(EngineError::OtherRevision);
            }
            if self.store.write(webhook.delete()).await?.is_ok() {
                self.deliveries.forget(id);
                return Ok(webhook);
            }
        }
        Err(EngineError::Conflict)
    }

    /// Writes a webhook, if nobody has meanwhile.
    async fn write_webhook(&self, webhook: &mut Webhook) -> Result<(), EngineError> {
        let written = self.store.write(webhook.put()?).await?;
        written.map_err(|_| EngineError::Conflict)?;
        self.deliveries.wake();
        Ok(())
    }

    /// The data of a webhook in its parts, or everything that is wrong with it.
    async fn checked(&self, mut data: Map<String, Value>) -> Result<Parts, EngineError> {
        data.retain(|key, _| !READ_ONLY.contains(&key.as_str()) && !key.starts_with("pvt_"));
        let mut faults = fields::faults(Schema::Webhooks, &mut data);
        if faults.is_empty() {
            faults.extend(uri_fault(&data, &self.settings.webhooks));
            if Hook::named(&data).is_none() {
                let text = "Value is no hook; there are object, number.* and number.activated, \
                            number.released and so on (GET /v2/webhooks lists them)";
                faults.push(FieldError::new("hook", "enum", text));
            }
        }
        let secret = fields::take_text(&mut data, "secret");
        if secret.as_ref().is_some_and(|text| !sign::is_secret(text)) {
            let text = "Value is no secret: whsec_ and base64 of 24 to 64 bytes";
            faults.push(FieldError::new("secret", "wrong_format", text));
        }
        let place = match fields::take_text(&mut data, "after") {
            None => Place::Unsaid,
            Some(text) if text.is_empty() => Place::Beginning,
            Some(text) => {
                let known = self.place(&text).await?;
                if known.is_none() {
                    let text = "Value is no place in the log; use the after of an answer";
                    faults.push(FieldError::new("after", "wrong_format", text));
                }
                known.map_or(Place::Unsaid, Place::After)
            }
        };
        fields::failed(faults)?;
        Ok(Parts {
            fields: data,
            secret: secret.map(Secret),
            place,
        })
    }

    /// The place in the log that a cursor names, if it does.
    async fn place(&self, text: &str) -> Result<Option<EventKey>, StoreError> {
        let Ok(key) = text.parse::<EventKey>() else {
            return Ok(None);
        };
        let found = self.store.event_log(None, Some(&key), 1).await?;
        Ok(found.map(|_| key))
    }
}

fn touch(webhook: &mut Webhook, now: GregorianSeconds) {
    webhook.body.version = webhook.body.version.next();
    webhook.body.modified = now;
}

fn uri_fault(data: &Map<String, Value>, settings: &WebhookSettings) -> Option<FieldError> {
    let text = data.get("uri")?.as_str()?;
    let wrong = |message| Some(FieldError::new("uri", "wrong_format", message));
    let Ok(url) = Url::parse(text) else {
        return wrong("Value is no URL");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return wrong("Value is no http or https URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("Value must not hold a user name or password; deliveries are signed");
    }
    let is_private = outside::http::names_private_address(&url);
    if is_private && !settings.allow_private_addresses {
        return wrong("Value names a private address, which isn't called");
    }
    None
}
