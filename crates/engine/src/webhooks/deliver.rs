//! Sends events to those who want them: at least once, each number's in order.
//!
//! A pass looks at every webhook whose time has come, each in a task of its own
//! so that a slow receiver keeps nobody waiting. The events after a webhook's
//! place are sent, those of different numbers side by side; the place moves to
//! before the first that wasn't delivered. Whoever sends first takes the webhook
//! for himself by a compare-and-set of its `due`, so that nodes don't send side
//! by side. After a failure it rests, longer each time; after too many in a row
//! it is disabled, and says why.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use outside::http::Method;
use store::{DocumentKind, EventKey, Page, StoreError};

use super::ATTEMPTS;
use super::deliveries::{Busy, REQUESTS};
use super::payload::payload;
use super::sign::signature;
use super::webhook::{Attempt, Webhook};
use crate::context::now;
use crate::history::EventView;
use crate::{Caller, Context, Engine, EngineError};

/// Events that are read and sent before the place is written down.
const EVENTS: usize = 50;
/// Such turns before others have theirs.
const TURNS: usize = 20;
/// Webhooks that are read at once.
const PAGE: usize = 500;
/// No new delivery begins in a turn that has lasted so long; with the longest
/// timeout it still ends within the lease.
const TURN: Duration = Duration::from_secs(20);
/// For how long a webhook is taken, in seconds.
const LEASE: u64 = 50;
/// How long a webhook rests at most, in seconds.
const LONGEST_REST: u64 = 3600;

/// What a turn did.
enum Turned {
    /// There is nothing more.
    Done,
    /// There may be more.
    More,
}

impl Engine {
    /// One pass: begins deliveries to all whose time has come. To be called
    /// again and again, every second or so.
    pub async fn deliver_events(self: &Arc<Self>) -> Result<(), EngineError> {
        let newest = self.store.newest_event().await?;
        if !self.deliveries.has_reason(newest.clone()) {
            return Ok(());
        }
        let now = now();
        let mut page: Page<String> = Page::first(PAGE + 1);
        let mut rested: Option<GregorianSeconds> = None;
        loop {
            let kind = DocumentKind::Webhook;
            let mut found = self.store.documents(kind, None, &page).await?;
            let next = (found.len() > PAGE).then(|| found.pop()).flatten();
            for document in found {
                let webhook = Webhook::read(document)?;
                let is_current = self.place_of(&webhook) == newest;
                if !webhook.is_enabled() || is_current {
                    continue;
                }
                match webhook.due.filter(|due| *due > now) {
                    Some(due) => rested = Some(rested.map_or(due, |first| first.min(due))),
                    None => self.begin_delivery(&webhook.id),
                }
            }
            match next {
                Some(next) => page = Page::starting_at(next.id, PAGE + 1),
                None => break,
            }
        }
        self.deliveries.known().rested = rested;
        Ok(())
    }

    /// Works on a webhook in a task of its own, when one of the places is free.
    fn begin_delivery(self: &Arc<Self>, id: &str) {
        let permits = Arc::clone(&self.deliveries.permits);
        let (Ok(permit), Some(busy)) = (permits.try_acquire_owned(), Busy::begin(self, id)) else {
            // The next pass looks again.
            self.deliveries.wake();
            return;
        };
        tokio::spawn(async move {
            for _ in 0..TURNS {
                match busy.engine.turn(&busy.id).await {
                    Ok(Turned::More) => {}
                    Ok(Turned::Done) => return,
                    Err(error) => {
                        tracing::error!(webhook = busy.id, %error, "events can't be delivered");
                        return;
                    }
                }
            }
            busy.engine.deliveries.wake();
            drop(permit);
        });
    }

    /// Delivers the next events to a webhook.
    async fn turn(&self, id: &str) -> Result<Turned, EngineError> {
        let kind = DocumentKind::Webhook;
        let Some(document) = self.store.document(kind, id).await? else {
            self.deliveries.forget(id);
            return Ok(Turned::Done);
        };
        let mut webhook = Webhook::read(document)?;
        let is_resting = webhook.due.is_some_and(|due| due > now());
        if !webhook.is_enabled() || is_resting {
            return Ok(Turned::Done);
        }
        let Some(account) = self.store.account(&webhook.account).await? else {
            // It goes with its account.
            let _ = self.store.write(webhook.delete()).await?;
            return Ok(Turned::Done);
        };
        let cx = Context::new(
            Caller::Account {
                account: Arc::clone(&account),
                user: None,
            },
            format!("webhook-{id}"),
        );
        let from = self.place_of(&webhook);
        let Some(page) = self.event_log(&cx, &account, from, EVENTS).await? else {
            self.disable(webhook, "its place in the log isn't there".to_owned())
                .await?;
            return Ok(Turned::Done);
        };
        let wanted = |event: &&EventView| webhook.wants(event, &account);
        let wanted: Vec<EventView> = page.events.iter().filter(wanted).cloned().collect();
        let turned = if page.more {
            Turned::More
        } else {
            Turned::Done
        };
        let end = page.after;
        if wanted.is_empty() {
            return self.pass_by(webhook, end, turned).await;
        }
        webhook.due = Some(GregorianSeconds::new(now().get() + LEASE));
        if self.store.write(webhook.put()?).await?.is_err() {
            // Another node, or a client, was faster; the next pass sees.
            return Ok(Turned::Done);
        }
        let done = self.send_all(&webhook, &wanted).await;
        let failed = done.problem.is_some();
        self.settle(webhook, done, end).await?;
        Ok(if failed { Turned::Done } else { turned })
    }

    /// Where a webhook goes on: after what was passed by, if it wasn't moved
    /// since.
    fn place_of(&self, webhook: &Webhook) -> Option<EventKey> {
        let known = self.deliveries.known();
        let passed = known.passed.get(&webhook.id);
        let passed = passed.filter(|(from, _)| *from == webhook.body.after);
        passed.map_or_else(|| webhook.after(), |(_, place)| Some(place.clone()))
    }

    /// Goes on after events that nobody wants. Only now and then that is
    /// written down: looking at some of them twice costs less.
    async fn pass_by(
        &self,
        mut webhook: Webhook,
        end: Option<EventKey>,
        turned: Turned,
    ) -> Result<Turned, EngineError> {
        let Some(end) = end else {
            return Ok(turned);
        };
        if matches!(turned, Turned::Done) {
            let passed = (webhook.body.after, end);
            self.deliveries.known().passed.insert(webhook.id, passed);
            return Ok(turned);
        }
        self.deliveries.forget(&webhook.id);
        webhook.body.after = Some(end.to_string());
        let written = self.store.write(webhook.put()?).await?;
        Ok(if written.is_ok() {
            turned
        } else {
            Turned::Done
        })
    }

    /// Sends events, those of each number one after the other.
    async fn send_all(&self, webhook: &Webhook, events: &[EventView]) -> Sent {
        let mut numbers: Vec<(E164, Vec<usize>)> = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let known = numbers
                .iter_mut()
                .find(|(number, _)| *number == event.key.number);
            match known {
                Some((_, indices)) => indices.push(index),
                None => numbers.push((event.key.number.clone(), vec![index])),
            }
        }
        let begun = Instant::now();
        let mut each = Vec::with_capacity(numbers.len());
        for (_, indices) in numbers {
            each.push(self.send_in_turn(webhook, events, indices, begun));
        }
        let tried: Vec<_> = stream::iter(each)
            .buffer_unordered(REQUESTS)
            .collect()
            .await;
        let mut attempts: Vec<(usize, Attempt)> = tried.into_iter().flatten().collect();
        attempts.sort_by_key(|(index, _)| *index);
        let delivered = |index: usize| {
            let found = attempts.binary_search_by_key(&index, |(index, _)| *index);
            found.is_ok_and(|at| attempts[at].1.problem.is_none())
        };
        let count = (0..events.len())
            .take_while(|index| delivered(*index))
            .count();
        let problem = attempts
            .iter()
            .find_map(|(_, attempt)| attempt.problem.clone());
        Sent {
            count,
            is_all: count == events.len(),
            last: count.checked_sub(1).map(|last| events[last].key.clone()),
            problem,
            attempts: attempts.into_iter().map(|(_, attempt)| attempt).collect(),
        }
    }

    /// Sends the events of one number, up to the first that isn't delivered.
    async fn send_in_turn(
        &self,
        webhook: &Webhook,
        events: &[EventView],
        indices: Vec<usize>,
        begun: Instant,
    ) -> Vec<(usize, Attempt)> {
        let mut tried = Vec::new();
        for index in indices {
            if begun.elapsed() >= TURN {
                break;
            }
            let attempt = self.send(webhook, &events[index]).await;
            let failed = attempt.problem.is_some();
            tried.push((index, attempt));
            if failed {
                break;
            }
        }
        tried
    }

    /// Sends one event, once.
    async fn send(&self, webhook: &Webhook, event: &EventView) -> Attempt {
        let at = now();
        let id = event.key.to_string();
        let payload = payload(webhook, event);
        let begun = Instant::now();
        let signed = signature(&webhook.body.secret, &id, at.unix(), &payload.body);
        let outcome = match (webhook.uri(), signed) {
            (Some(uri), Some(signed)) => {
                let method = match webhook.text("http_verb") {
                    Some("put") => Method::PUT,
                    _ => Method::POST,
                };
                match self.deliveries.client(&self.settings.webhooks) {
                    Ok(client) => {
                        let call = client
                            .tell(method, uri)
                            .header("webhook-id", &id)
                            .header("webhook-timestamp", &at.unix().to_string())
                            .header("webhook-signature", &signed)
                            .body(payload.content_type, payload.body);
                        call.send().await.map_err(|error| error.reason)
                    }
                    Err(problem) => Err(problem),
                }
            }
            _ => Err("its uri or its secret can't be used".to_owned()),
        };
        let (status, problem) = match outcome {
            Ok(answer) if (200..300).contains(&answer.status) => (Some(answer.status), None),
            // What the receiver said besides is nobody's business.
            Ok(answer) => {
                let problem = format!("HTTP {}", answer.status);
                (Some(answer.status), Some(problem))
            }
            Err(reason) => (None, Some(reason)),
        };
        Attempt {
            at,
            event: id,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            status,
            problem,
        }
    }

    /// Writes down what was delivered. Where a client changed the webhook
    /// meanwhile, his change stands, and his place if he moved it.
    async fn settle(
        &self,
        mut webhook: Webhook,
        sent: Sent,
        end: Option<EventKey>,
    ) -> Result<(), EngineError> {
        let begun_at = webhook.body.after.clone();
        self.deliveries.forget(&webhook.id);
        for _ in 0..ATTEMPTS {
            if webhook.body.after == begun_at {
                let place = if sent.is_all { &end } else { &sent.last };
                if let Some(place) = place {
                    webhook.body.after = Some(place.to_string());
                }
            }
            webhook.due = None;
            match &sent.problem {
                None => webhook.body.failures = 0,
                Some(problem) => {
                    let rest = self.settings.webhooks.rest_s;
                    failed(&mut webhook, sent.count > 0, problem, rest);
                    // The next pass sees when it has rested.
                    self.deliveries.wake();
                }
            }
            for attempt in &sent.attempts {
                webhook.remember(attempt.clone());
            }
            if self.store.write(webhook.put()?).await?.is_ok() {
                return Ok(());
            }
            let kind = DocumentKind::Webhook;
            let Some(document) = self.store.document(kind, &webhook.id).await? else {
                return Ok(());
            };
            webhook = Webhook::read(document)?;
        }
        Err(StoreError::Fault("a webhook is changed all the time".to_owned()).into())
    }

    async fn disable(&self, mut webhook: Webhook, reason: String) -> Result<(), EngineError> {
        webhook.enable(false);
        webhook.body.disabled = Some(reason);
        // Who changed it meanwhile has looked at it.
        let _ = self.store.write(webhook.put()?).await?;
        Ok(())
    }
}

/// What became of a turn's events.
struct Sent {
    /// How many were delivered before the first that wasn't.
    count: usize,
    is_all: bool,
    /// The last of those.
    last: Option<EventKey>,
    /// Why one wasn't.
    problem: Option<String>,
    attempts: Vec<Attempt>,
}

/// Lets a webhook rest after a failure, or disables it.
fn failed(webhook: &mut Webhook, moved: bool, problem: &str, rest: u64) {
    let before = if moved { 0 } else { webhook.body.failures };
    let failures = before.saturating_add(1);
    if u64::from(failures) > webhook.retries() {
        webhook.enable(false);
        webhook.body.disabled = Some(format!(
            "disabled after {failures} failures in a row; the last: {problem}"
        ));
    } else {
        let doubled = 1_u64 << (failures - 1).min(16);
        let rest = rest.saturating_mul(doubled).min(LONGEST_REST);
        webhook.due = Some(GregorianSeconds::new(now().get() + rest));
    }
    webhook.body.failures = failures;
}
