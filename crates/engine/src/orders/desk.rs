//! Sends orders, asks how they stand, and looks after those that nobody else
//! looks after any more.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use carriers::{
    Carrier, CarrierError, Failure, JournalEntry, Offer, OrderId, Orders, Placed, Purchase,
    Release, Sent, Verdict,
};
use futures::stream::{self, StreamExt};
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use outside::Service;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use store::{DocumentKind, Store, StoreError};
use tokio::time::{Instant, sleep};

use super::{Fault, Order, OrderKind, OrderState};
use crate::context::now;
use crate::credentials::Dealers;

/// Orders that one round of the job looks after, and how many at once.
const ROUND: usize = 200;
const AT_ONCE: usize = 8;

/// The first pause before an order is asked for, and the longest, while its
/// buyer waits.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The longest time between two questions about an order.
const LONGEST_SECONDS: u64 = 300;

/// How long a carrier that took a release may leave it undone before a person
/// is asked to look after it.
const RELEASE_SECONDS: u64 = 24 * 3600;

/// `[orders]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// How long a buyer waits for the carrier before he is told that the order
    /// is open, in milliseconds.
    pub wait_ms: u64,
    /// When an order that was sent and had no answer is taken for lost and
    /// asked for, in seconds. Longer than a request to a carrier can take: twice
    /// its `timeout_ms`.
    pub lost_after_s: u64,
    /// From when on a carrier that knows of no such order is believed, in
    /// seconds since it was sent.
    pub unheard_after_s: u64,
    /// How often all carriers' numbers are compared with ours, in seconds; what
    /// differs is told to the log and the metrics. 0: never.
    pub reconcile_every_s: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            wait_ms: 20_000,
            lost_after_s: 90,
            unheard_after_s: 120,
            reconcile_every_s: 24 * 3600,
        }
    }
}

/// Works off orders. A clone is the same desk: its work goes on when the
/// request that began it ends.
#[derive(Clone)]
pub struct OrderDesk {
    pub(super) store: Arc<dyn Store>,
    dealers: Arc<Dealers>,
    timing: Timing,
}

impl OrderDesk {
    /// A desk over the journal in `store`.
    pub(crate) fn new(store: Arc<dyn Store>, dealers: Arc<Dealers>, timing: Timing) -> Self {
        Self {
            store,
            dealers,
            timing,
        }
    }

    /// An order in the journal.
    pub async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        let stored = self.store.document(DocumentKind::Order, &id.0).await?;
        stored.as_ref().map(Order::from_document).transpose()
    }

    /// When a planned order of this moment is taken for forgotten.
    pub(crate) fn forgotten_at(&self) -> GregorianSeconds {
        now().plus_seconds(self.timing.lost_after_s)
    }

    /// Sends an order that was just planned and follows it for as long as its
    /// buyer waits. It goes on by itself when nobody waits; what it can't end,
    /// [`OrderDesk::look_after`] does.
    pub(crate) async fn carry_out(&self, order: Order, offers: Vec<Offer>) {
        if order.state() == OrderState::ByHand {
            return;
        }
        let desk = self.clone();
        let work = tokio::spawn(async move {
            let sent = match order.kind {
                OrderKind::Purchase => desk.buy(order, offers).await,
                OrderKind::Release => desk.give_back(order).await,
            };
            match sent {
                Ok(order) => desk.follow(order).await,
                Err(error) => Err(error),
            }
        });
        let wait = Duration::from_millis(self.timing.wait_ms);
        match tokio::time::timeout(wait, work).await {
            Ok(Ok(Ok(_))) => {}
            Ok(Ok(Err(error))) => tracing::error!(%error, "an order waits for the job"),
            Ok(Err(error)) => tracing::error!(%error, "an order waits for the job"),
            Err(_) => tracing::info!("an order is still open after {} ms", self.timing.wait_ms),
        }
    }

    /// Looks after every order that is due; answers how many that were.
    pub async fn look_after(&self) -> Result<usize, StoreError> {
        let due = self
            .store
            .due_documents(DocumentKind::Order, now(), ROUND)
            .await?;
        let looked_at = due.len();
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |document| async move {
                let id = document.id.clone();
                let work = async { self.ask(Order::from_document(&document)?).await };
                if let Err(error) = work.await {
                    tracing::error!(%error, order = %id, "an order can't be looked after");
                }
            })
            .await;
        Ok(looked_at)
    }

    /// Asks until nothing is open or its buyer's time is over.
    async fn follow(&self, mut order: Order) -> Result<Order, StoreError> {
        let until = Instant::now() + Duration::from_millis(self.timing.wait_ms);
        let mut pause = FIRST_PAUSE;
        while !order.state().is_final() && order.state() != OrderState::ByHand {
            if Instant::now() + pause >= until {
                break;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            order = self.ask(order).await?;
        }
        Ok(order)
    }

    /// Turns `planned` into `sent`, before the first byte goes out. `Err`: what
    /// is planned, which somebody else sends.
    async fn claim(&self, order: Order) -> Result<Result<(Order, Sent), Order>, StoreError> {
        let mut claim = Claim { desk: self, order };
        let sent = Sent::commit(&mut claim).await?;
        Ok(match sent {
            Some(sent) => Ok((claim.order, sent)),
            None => Err(claim.order),
        })
    }

    async fn buy(&self, order: Order, offers: Vec<Offer>) -> Result<Order, StoreError> {
        let carrier = self.carrier_of(&order).await?;
        let carrier = match taking_orders(&carrier) {
            Ok(carrier) => carrier,
            Err(reason) => return self.refuse(order, reason).await,
        };
        let Some(account) = order.account.clone() else {
            return self.refuse(order, "nobody buys").await;
        };
        let until = self.until();
        let (mut order, sent) = match self.claim(order).await? {
            Ok(claimed) => claimed,
            Err(planned) => return Ok(planned),
        };
        let purchase = Purchase::new(&sent, &account, &offers);
        match bounded(until, &order.carrier, carrier.order(&purchase)).await {
            Ok(standing) => {
                order.vendor.extend(standing.vendor);
                order.due = Some(next_question(&order));
                self.take_over(order, &standing.numbers).await
            }
            Err(error) if error.is_definite() => {
                order.fault = Some(Fault::from(&error));
                self.refuse(order, &told(&error)).await
            }
            Err(error) => self.unknown(order, &error).await,
        }
    }

    async fn give_back(&self, order: Order) -> Result<Order, StoreError> {
        let carrier = self.carrier_of(&order).await?;
        let carrier = match taking_orders(&carrier) {
            Ok(carrier) => carrier,
            Err(reason) => return self.by_hand(order, reason).await,
        };
        let Some(number) = order.open_numbers().pop() else {
            return Ok(order);
        };
        let record = self.store.number(&number).await?;
        let data = record.map(|record| record.carrier_data).unwrap_or_default();
        let until = self.until();
        let (mut order, sent) = match self.claim(order).await? {
            Ok(claimed) => claimed,
            Err(planned) => return Ok(planned),
        };
        let released = carrier.release(&sent, &number, &data);
        match bounded(until, &order.carrier, released).await {
            // Believed when the carrier says that the number isn't ours.
            Ok(Release::Done | Release::Open) => {
                order.taken = true;
                order.due = Some(next_question(&order));
                self.ask(self.keep(order).await?).await
            }
            Err(error) if error.failure == Failure::Refused => {
                order.fault = Some(Fault::from(&error));
                self.by_hand(order, &told(&error)).await
            }
            Err(error) if error.failure == Failure::NotSent => {
                order.fault = Some(Fault::from(&error));
                self.send_later(order).await
            }
            Err(error) => self.unknown(order, &error).await,
        }
    }

    /// Asks the carrier how an order stands, and takes over what it says.
    pub(super) async fn ask(&self, mut order: Order) -> Result<Order, StoreError> {
        if order.state() == OrderState::Planned {
            return match order.kind {
                // Its process ended before it could be sent, and nobody else
                // can send it any more: the write says so.
                OrderKind::Purchase => self.refuse(order, "it was never sent").await,
                OrderKind::Release => Box::pin(self.give_back(order)).await,
            };
        }
        order.asked = order.asked.saturating_add(1);
        order.due = Some(next_question(&order));
        let carrier = self.carrier_of(&order).await?;
        let carrier = match taking_orders(&carrier) {
            Ok(carrier) => carrier,
            Err(reason) => {
                let reason = format!("it can't be asked for: {reason}");
                order.fault = Some(Fault { code: None, reason });
                return self.keep(order).await;
            }
        };
        match order.kind {
            OrderKind::Purchase => self.ask_purchase(order, carrier).await,
            OrderKind::Release => self.ask_release(order, carrier).await,
        }
    }

    async fn ask_purchase(
        &self,
        mut order: Order,
        carrier: &dyn Orders,
    ) -> Result<Order, StoreError> {
        // As it is before the question: an answer tells nothing of what came
        // after.
        let believed = self.is_believed(&order);
        let open = order.open_numbers();
        let placed = Placed {
            id: &order.id,
            vendor: &order.vendor,
            numbers: &open,
        };
        match carrier.status(&placed).await {
            Ok(standing) => {
                let verdict = |(number, verdict): (E164, Verdict)| match verdict {
                    Verdict::Unheard if believed => {
                        let reason = "the carrier has never heard of the order".to_owned();
                        (number, Verdict::Refused(reason))
                    }
                    verdict => (number, verdict),
                };
                order.vendor.extend(standing.vendor);
                let verdicts: Vec<_> = standing.numbers.into_iter().map(verdict).collect();
                self.take_over(order, &verdicts).await
            }
            Err(error) => {
                order.fault = Some(Fault::from(&error));
                self.keep(order).await
            }
        }
    }

    /// A release is done when the carrier says that the number isn't ours. One
    /// that may not have arrived is sent again only after the carrier said,
    /// long enough after it, that the number still is.
    async fn ask_release(
        &self,
        mut order: Order,
        carrier: &dyn Orders,
    ) -> Result<Order, StoreError> {
        let Some(number) = order.open_numbers().pop() else {
            return Ok(order);
        };
        let believed = self.is_believed(&order);
        match carrier.holds(&number).await {
            Ok(None) => {
                let gone = [(number, Verdict::Ours(Map::new()))];
                self.take_over(order, &gone).await
            }
            Ok(Some(_)) if order.taken && age(&order) >= RELEASE_SECONDS => {
                self.by_hand(order, "the carrier took the release and hasn't done it")
                    .await
            }
            Ok(Some(_)) if !order.taken && believed => self.send_later(order).await,
            Ok(Some(_)) => self.keep(order).await,
            Err(error) => {
                order.fault = Some(Fault::from(&error));
                self.keep(order).await
            }
        }
    }

    /// Nothing of it was done, for certain.
    async fn refuse(&self, order: Order, reason: &str) -> Result<Order, StoreError> {
        let refused = |number| (number, Verdict::Refused(reason.to_owned()));
        let verdicts: Vec<_> = order.open_numbers().into_iter().map(refused).collect();
        self.take_over(order, &verdicts).await
    }

    async fn unknown(&self, mut order: Order, error: &CarrierError) -> Result<Order, StoreError> {
        tracing::warn!(order = %order.id, %error, "it is not known what became of an order");
        order.fault = Some(Fault::from(error));
        order.to(OrderState::Unknown, now());
        order.due = Some(next_question(&order));
        self.keep(order).await
    }

    /// Nothing left, or nothing arrived: it may be sent once more, the later the
    /// longer it is tried.
    async fn send_later(&self, mut order: Order) -> Result<Order, StoreError> {
        let tried = now().get().saturating_sub(order.planned_at().get());
        if tried >= RELEASE_SECONDS {
            let reason = "the carrier hasn't taken the release for a day";
            return self.by_hand(order, reason).await;
        }
        order.to(OrderState::Planned, now());
        order.due = Some(after(tried));
        self.keep(order).await
    }

    async fn by_hand(&self, mut order: Order, reason: &str) -> Result<Order, StoreError> {
        tracing::warn!(order = %order.id, reason, "a person must release a number");
        let fault = order.fault.take();
        order.fault = fault.or_else(|| {
            let reason = reason.to_owned();
            Some(Fault { code: None, reason })
        });
        order.to(OrderState::ByHand, now());
        self.keep(order).await
    }

    /// Until when what an adapter does for an order that is sent now may take.
    /// Whatever it is, it ends then: nothing may leave once a carrier that knows
    /// nothing of the order is believed.
    fn until(&self) -> Instant {
        let Timing {
            lost_after_s,
            unheard_after_s,
            ..
        } = self.timing;
        Instant::now() + Duration::from_secs(lost_after_s.min(unheard_after_s).max(1))
    }

    /// Whether a carrier that knows nothing of an order is believed: no request
    /// of it can be under way any more.
    fn is_believed(&self, order: &Order) -> bool {
        age(order) >= self.timing.unheard_after_s
    }

    /// The carrier that an order goes to; `Err`: why there is none.
    async fn carrier_of(
        &self,
        order: &Order,
    ) -> Result<Result<Arc<dyn Carrier>, String>, StoreError> {
        let credentials = order.credentials.as_ref();
        self.dealers.of_order(&order.carrier, credentials).await
    }
}

/// An order that is about to be sent.
struct Claim<'d> {
    desk: &'d OrderDesk,
    order: Order,
}

impl JournalEntry for Claim<'_> {
    type Error = StoreError;

    fn id(&self) -> &OrderId {
        &self.order.id
    }

    async fn commit_as_sent(&mut self) -> Result<bool, StoreError> {
        let at = now();
        let mut order = self.order.clone();
        order.to(OrderState::Sent, at);
        order.sent_at = Some(at);
        order.taken = false;
        order.due = Some(at.plus_seconds(self.desk.timing.lost_after_s));
        let batch = order.put()?;
        let ours = self.desk.store.write(batch).await?.is_ok();
        if ours {
            self.order = order;
        }
        Ok(ours)
    }
}

fn taking_orders(carrier: &Result<Arc<dyn Carrier>, String>) -> Result<&dyn Orders, &str> {
    let carrier = carrier.as_ref().map_err(String::as_str)?;
    carrier.orders().ok_or("the carrier takes no orders")
}

/// Seconds that have passed for certain since it was sent: it may have been the
/// end of the second that is written down.
fn age(order: &Order) -> u64 {
    let sent = order.sent_at.unwrap_or_default();
    now().get().saturating_sub(sent.get()).saturating_sub(1)
}

/// The older the order, the longer until it is asked for again.
fn next_question(order: &Order) -> GregorianSeconds {
    after(age(order))
}

/// When to try again what has taken so many seconds.
fn after(seconds: u64) -> GregorianSeconds {
    now().plus_seconds((seconds / 4).clamp(1, LONGEST_SECONDS))
}

/// What a carrier answers until then; whatever is under way ends with it.
async fn bounded<T>(
    until: Instant,
    carrier: &CarrierName,
    answer: impl Future<Output = Result<T, CarrierError>>,
) -> Result<T, CarrierError> {
    let answer = outside::patience::until(until, answer).await;
    answer.unwrap_or_else(|| {
        let service = Service::carrier(carrier.as_str());
        let reason = "its answer was not waited for any longer";
        Err(CarrierError::new(&service, Failure::Unknown, reason))
    })
}

fn told(error: &CarrierError) -> String {
    match &error.code {
        Some(code) => format!("{} ({code})", error.reason),
        None => error.reason.clone(),
    }
}
