//! Calls that can be repeated: `Idempotency-Key` (the IETF's draft
//! `httpapi-idempotency-key-header`).
//!
//! Whoever sends a key may send the call again, as often as he likes, also
//! after a crash on either side: it is carried out once, and its answer comes
//! again. How that is kept:
//!
//! - A record, found by the caller's account and the key, holds a fingerprint
//!   of the request and the answer. The same key with another request is 422.
//! - Changes of numbers write the record in the same transaction as the change
//!   ([`Claim::receipt`]): either both are there or neither.
//! - All else, and what a carrier has the last word on, is written down as
//!   begun, then done, then answered. Where a crash came between, or the store
//!   didn't say what became of it, the call is carried out again; what it makes
//!   gets the same id each time, and so is made once. Revisions and the numbers'
//!   own life keep the rest from happening twice.
//! - While the call runs, another one gets 409.
//! - A refusal changed nothing and isn't kept: what it asks for (a charge to
//!   accept, a field to correct) may come with the same key.
//! - What answers a secret is done once and not told again.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use engine::change::Outcome as NumberOutcome;
use engine::receipt::Receipt;
use numbers::account::AccountId;
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::{Batch, Document, DocumentKind, Expectation, Operation, StoreError};

use crate::Api;
use crate::error::ApiError;
use crate::reply::{Answer, Kept, Outcome, Reply};
use crate::request::{Data, Envelope, Incoming};

const HEADER: &str = "idempotency-key";
const MAX_KEY: usize = 255;
/// How long an answer is kept, in days.
const KEPT_DAYS: u32 = 1;
/// How long a call that another node has begun is taken to be running, in
/// seconds: no request lasts longer.
const LEASE: u64 = 60;

/// The calls with a key that run in this process.
#[derive(Debug)]
pub(crate) struct Running {
    ids: Mutex<HashSet<String>>,
    /// Tells this process's records from those of others and of the past.
    process: String,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            ids: Mutex::default(),
            process: engine::context::new_id(),
        }
    }
}

/// A call with a key, while it runs.
pub(crate) struct Claim {
    api: Arc<Api>,
    /// The record's id.
    id: String,
    account: AccountId,
    fingerprint: String,
    first: First,
    /// The id of what the call makes.
    making: String,
    /// The record's revision, as far as this call knows.
    known: Mutex<Option<Revision>>,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut running = lock(&self.api.running.ids);
        running.remove(&self.id);
    }
}

/// The request that was carried out: its answer names it and its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct First {
    pub(crate) request_id: String,
    pub(crate) at: GregorianSeconds,
}

/// What is stored of a call.
#[derive(Serialize, Deserialize)]
struct Record {
    fingerprint: String,
    /// Who carries it out; nobody where it ended without a known outcome.
    process: Option<String>,
    first: First,
    /// Stays the same however often the call is carried out.
    #[serde(default = "engine::context::new_id")]
    making: String,
    /// `None` while it isn't known.
    answer: Option<Kept>,
}

/// What a key makes of a request.
pub(crate) enum Begun {
    /// Nothing: there is none, or nothing to repeat.
    Plain,
    /// It is to be carried out.
    Claimed(Arc<Claim>),
    /// It is answered.
    Answered(Box<Reply>),
}

/// How the record of a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Not at all: the route changes nothing, or is a log-in.
    Never,
    /// With the change itself.
    WithTheChange,
    /// Before and after.
    Around,
}

fn way(method: &Method, tokens: &[String]) -> Way {
    let words: Vec<&str> = tokens.iter().map(String::as_str).collect();
    match words.as_slice() {
        _ if *method == Method::GET => Way::Never,
        ["accounts", _, "users", _, "user_auth"]
        | ["accounts", _, "phone_numbers", "check" | "locality"] => Way::Never,
        ["accounts", _, "phone_numbers", "fix", ..]
        | ["accounts", _, "phone_numbers", _, "emergency_call"] => Way::Around,
        ["accounts", _, "phone_numbers", ..] => Way::WithTheChange,
        ["accounts", ..] => Way::Around,
        _ => Way::Never,
    }
}

/// Looks for the key and for what is known of it.
pub(crate) async fn begin(
    api: &Arc<Api>,
    incoming: &Incoming,
    body: Option<&Envelope>,
) -> Result<Begun, ApiError> {
    let Some(key) = key(incoming)? else {
        return Ok(Begun::Plain);
    };
    let way = way(&incoming.method, &incoming.tokens);
    let Some(holder) = incoming.holder.as_ref().filter(|_| way != Way::Never) else {
        return Ok(Begun::Plain);
    };
    let account = holder.account.id.clone();
    let id = hex(&[account.as_str(), "\n", key]);
    if !lock(&api.running.ids).insert(id.clone()) {
        return Err(ApiError::still_running());
    }
    let mut claim = Claim {
        api: Arc::clone(api),
        id,
        account,
        fingerprint: fingerprint(key, incoming, body),
        first: First {
            request_id: incoming.id.clone(),
            at: incoming.now,
        },
        making: engine::context::new_id(),
        known: Mutex::new(None),
    };
    if let Some(record) = claim.read().await? {
        if record.fingerprint != claim.fingerprint {
            return Err(ApiError::key_reused());
        }
        if let Some(answer) = record.answer {
            let reply = answered(answer, record.first)?;
            return Ok(Begun::Answered(Box::new(reply)));
        }
        let process = record.process.as_ref();
        let elsewhere = process.is_some_and(|process| *process != api.running.process);
        if elsewhere && record.first.at.get() + LEASE > incoming.now.get() {
            return Err(ApiError::still_running());
        }
        claim.making = record.making;
    }
    if way == Way::Around {
        let begun = claim.batch(None)?;
        match api.engine.store().write(begun).await? {
            Ok(()) => *lock(&claim.known) = Some(claim.next()),
            // Another node was faster.
            Err(_) => return Err(ApiError::still_running()),
        }
    }
    Ok(Begun::Claimed(Arc::new(claim)))
}

impl Claim {
    /// The id of what the call makes, also when it is carried out again.
    pub(crate) fn making(&self) -> &str {
        &self.making
    }

    /// Keeps the answer to a change of numbers in the change's transaction.
    pub(crate) fn receipt<'a>(&'a self, answer: &'a Keeping<'a>) -> impl Receipt + 'a {
        AnswerReceipt {
            claim: self,
            answer,
        }
    }

    /// Keeps the answer to a call that has ended, if it isn't kept yet.
    pub(crate) async fn settle(&self, outcome: Outcome) -> Outcome {
        let said = match &outcome {
            Ok(Answer::Reply(reply)) => Ok(reply),
            Ok(Answer::Document(_)) => return outcome,
            Err(error) => Err(error),
        };
        match self.settled(said).await {
            Ok(None) => outcome,
            Ok(Some(other)) => other.map(Answer::Reply),
            Err(error) => {
                let request_id = self.first.request_id.as_str();
                tracing::error!(request_id, %error, "the answer to a call with a key isn't kept");
                // What was done is done; a refusal is one whatever is kept.
                outcome
            }
        }
    }

    /// The answer to give instead, where the call was carried out before.
    async fn settled(
        &self,
        said: Result<&Reply, &ApiError>,
    ) -> Result<Option<Result<Reply, ApiError>>, StoreError> {
        let stored = self.read().await?;
        let begun = match stored {
            Some(Record {
                answer: Some(answer),
                first,
                fingerprint,
                ..
            }) => {
                let is_mine = first == self.first;
                let is_same = fingerprint == self.fingerprint;
                match said {
                    // What somebody outside did after the change is in it too.
                    Ok(reply) if is_mine && reply.kept() != answer => true,
                    Ok(_) if is_mine => return Ok(None),
                    _ if is_same => return Ok(answered(answer, first).ok().map(Ok)),
                    _ => return Ok(Some(Err(ApiError::key_reused()))),
                }
            }
            stored => stored.is_some(),
        };
        let batch = match said {
            Ok(reply) => self.batch(Some(reply.kept()))?,
            // It may have been done all the same: nobody may take this key for
            // a new one, but anybody may go on with it.
            Err(error) if begun && error.store_failure().is_some() => self.put(None, None)?,
            Err(_) if begun => self.expecting().then(Operation::DeleteDocument(
                DocumentKind::Idempotency,
                self.id.clone(),
            )),
            Err(_) => return Ok(None),
        };
        if self.api.engine.store().write(batch).await?.is_err() {
            tracing::warn!(
                request_id = self.first.request_id,
                "the same call was carried out elsewhere too"
            );
        }
        Ok(None)
    }

    /// What is stored under the key, and its revision into `known`.
    async fn read(&self) -> Result<Option<Record>, StoreError> {
        let store = self.api.engine.store();
        let found = store.document(DocumentKind::Idempotency, &self.id).await?;
        *lock(&self.known) = found.as_ref().map(|found| found.revision);
        let now = self.first.at;
        found
            .filter(|found| found.expires.is_some_and(|ends| ends > now))
            .map(|found| {
                serde_json::from_str(&found.body).map_err(|error| {
                    StoreError::Fault(format!("the record of a call is damaged: {error}"))
                })
            })
            .transpose()
    }

    fn next(&self) -> Revision {
        lock(&self.known).unwrap_or_default().next()
    }

    /// Nobody has written the record since it was read.
    fn expecting(&self) -> Batch {
        Batch::new().expect(Expectation::Document {
            kind: DocumentKind::Idempotency,
            id: self.id.clone(),
            revision: *lock(&self.known),
        })
    }

    /// Writes the record of a call that this process carries out.
    fn batch(&self, answer: Option<Kept>) -> Result<Batch, StoreError> {
        self.put(Some(self.api.running.process.clone()), answer)
    }

    fn put(&self, process: Option<String>, answer: Option<Kept>) -> Result<Batch, StoreError> {
        let record = Record {
            fingerprint: self.fingerprint.clone(),
            process,
            first: self.first.clone(),
            making: self.making.clone(),
            answer,
        };
        let body = serde_json::to_string(&record)
            .map_err(|error| StoreError::Fault(format!("a record can't be written: {error}")))?;
        let document = Document {
            kind: DocumentKind::Idempotency,
            id: self.id.clone(),
            account: Some(self.account.clone()),
            revision: self.next(),
            due: None,
            expires: Some(self.first.at.plus_days(KEPT_DAYS)),
            body,
        };
        let put = Operation::PutDocument(Box::new(document));
        Ok(self.expecting().then(put))
    }
}

/// Writes the answer to a change of numbers.
pub(crate) type Keeping<'a> =
    dyn Fn(&[NumberOutcome]) -> Result<Reply, ApiError> + Send + Sync + 'a;

struct AnswerReceipt<'a> {
    claim: &'a Claim,
    answer: &'a Keeping<'a>,
}

impl Receipt for AnswerReceipt<'_> {
    fn done(&self, outcomes: &[NumberOutcome]) -> Batch {
        let reply = (self.answer)(outcomes).ok();
        self.write(reply.map(|reply| reply.kept()))
    }

    fn begun(&self) -> Batch {
        self.write(None)
    }
}

impl AnswerReceipt<'_> {
    /// A record that can't be written is none; then the change is written as
    /// it would be without a key, and the call can't be repeated.
    fn write(&self, answer: Option<Kept>) -> Batch {
        self.claim.batch(answer).unwrap_or_else(|error| {
            tracing::error!(%error, "the answer to a call with a key isn't kept");
            Batch::new()
        })
    }
}

/// The answer that was given to the first call.
fn answered(answer: Kept, first: First) -> Result<Reply, ApiError> {
    Reply::again(answer, first).ok_or_else(ApiError::secret_told)
}

/// The key that was sent: 1 to 255 visible characters, in quotes or not.
fn key(incoming: &Incoming) -> Result<Option<&str>, ApiError> {
    let mut sent = incoming.headers.get_all(HEADER).iter();
    let Some(first) = sent.next() else {
        return Ok(None);
    };
    let text = first.to_str().unwrap_or_default().trim();
    let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    let is_good = (1..=MAX_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic())
        && sent.next().is_none();
    if is_good {
        return Ok(Some(key));
    }
    let text =
        format!("Idempotency-Key must be one text of 1 to {MAX_KEY} visible ASCII characters");
    Err(ApiError::field("idempotency_key", "wrong_format", &text))
}

/// What makes two requests the same: all that was asked for, but not how it is
/// to be written, nor the token. The key, which isn't stored, is part of it: so
/// nobody who reads the store can try out what password was in the body.
fn fingerprint(key: &str, incoming: &Incoming, body: Option<&Envelope>) -> String {
    let mut asked = vec![
        key.to_owned(),
        incoming.method.to_string(),
        incoming.tunnelled.to_string(),
        incoming.dialect.as_str().to_owned(),
    ];
    asked.extend(incoming.tokens.iter().cloned());
    let parameters = incoming
        .query
        .iter()
        .filter(|(name, _)| *name != "auth_token" && *name != "authorization");
    asked.extend(parameters.map(|(name, value)| format!("?{name}={value}")));
    if let Some(Envelope { data, members }) = body {
        let members = members.iter().filter(|(name, _)| *name != "auth_token");
        asked.extend(members.map(|(name, value)| format!("{name}:{value}")));
        asked.push(match data {
            Data::Object(data) => serde_json::to_string(data).unwrap_or_default(),
            Data::Array(data) => serde_json::to_string(data).unwrap_or_default(),
        });
    }
    // Lengths in front, so that no two requests run into the same text.
    let parts: Vec<String> = asked
        .iter()
        .map(|part| format!("{}:{part}", part.len()))
        .collect();
    hex(&parts)
}

/// SHA-256 of texts, in hex.
fn hex(parts: &[impl AsRef<[u8]>]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    digest
        .finalize()
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
