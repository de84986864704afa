//! What every vendor is inside: numbers for sale, orders, and what is owned.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::emergency::Emergency;
use crate::faults::{Fault, Faults};
use crate::tokens::Tokens;

/// One customer's account at a vendor.
#[derive(Debug, Default)]
pub struct Vendor {
    state: Arc<Mutex<State>>,
    spent: AtomicU64,
    /// What goes wrong.
    pub faults: Faults,
    /// Its access tokens, if it has any.
    pub tokens: Tokens,
    /// The addresses that help is sent to.
    pub emergency: Emergency,
    requests: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// For sale: E.164 with plus.
    stock: BTreeSet<String>,
    /// Number → the order that bought it.
    owned: BTreeMap<String, String>,
    orders: BTreeMap<String, Order>,
    /// How often a question must be asked until an order is done.
    patience: u32,
    /// After which time an order is done, whether it is asked for or not.
    delay: Option<Duration>,
    /// Who is told of each order that is done.
    listener: Option<UnboundedSender<Order>>,
    bought: BTreeMap<String, u32>,
    released: BTreeMap<String, u32>,
    /// Number → the name that it shows, and whether names are looked up.
    caller_names: BTreeMap<String, (Option<String>, bool)>,
    next_id: u64,
}

/// An order as the vendor has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The vendor's id: a UUID's form.
    pub id: String,
    /// The customer's own reference, as it was sent.
    pub reference: String,
    /// What was asked for.
    pub numbers: Vec<String>,
    /// Which of them were got so far.
    pub got: Vec<String>,
    /// How it stands.
    pub state: OrderState,
    left: u32,
    /// Whether its end is told twice.
    told_twice: bool,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Taken, not done.
    Pending,
    /// Done, all of it.
    Complete,
    /// Done, some of it.
    Partial,
    /// Refused.
    Failed,
}

/// A webhook, as the vendor would post it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// What proves that it is the vendor's.
    pub headers: Vec<(&'static str, String)>,
    /// What it says.
    pub body: String,
}

/// Why a vendor says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// None of the numbers is for sale.
    NotAvailable,
    /// It was told to.
    Told,
}

impl Vendor {
    /// A vendor that sells these numbers, E.164 with plus.
    pub fn new(stock: impl IntoIterator<Item = String>) -> Self {
        let vendor = Self::default();
        vendor.lock().stock.extend(stock);
        vendor
    }

    /// How many requests came that order or release, whatever became of them.
    pub fn spent(&self) -> u64 {
        self.spent.load(Ordering::SeqCst)
    }

    /// Counts one of them.
    pub(crate) fn count_spending(&self) {
        self.spent.fetch_add(1, Ordering::SeqCst);
    }

    /// Orders are done only after they were asked for so many times.
    pub fn set_patience(&self, questions: u32) {
        self.lock().patience = questions;
    }

    /// Orders are done so long after they were taken, by themselves.
    pub fn set_delay(&self, delay: Duration) {
        let mut state = self.lock();
        state.delay = Some(delay);
        state.patience = u32::MAX;
    }

    /// From now on tells of each order that is done; of some twice, where that
    /// is the fault to come.
    pub fn listen(&self) -> UnboundedReceiver<Order> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().listener = Some(sender);
        receiver
    }

    /// Adds numbers for sale.
    pub fn add_stock(&self, numbers: impl IntoIterator<Item = String>) {
        self.lock().stock.extend(numbers);
    }

    /// Numbers for sale that begin with a prefix (`+1415`), at most `limit`.
    pub fn search(&self, prefix: &str, limit: usize) -> Vec<String> {
        let state = self.lock();
        let from = state.stock.range(prefix.to_owned()..);
        from.take_while(|number| number.starts_with(prefix))
            .take(limit)
            .cloned()
            .collect()
    }

    /// Whether a number is for sale.
    pub fn is_for_sale(&self, number: &str) -> bool {
        self.lock().stock.contains(number)
    }

    /// Takes an order. The same reference twice is two orders: a client that
    /// sends twice buys twice, if the numbers are there.
    pub fn order(&self, reference: &str, numbers: &[String]) -> Result<Order, Refusal> {
        let told = self.faults.take_inside();
        let mut state = self.lock();
        if told == Some(Fault::Refuse) {
            return Err(Refusal::Told);
        }
        let mut got: Vec<String> = numbers
            .iter()
            .filter(|number| state.stock.contains(*number))
            .cloned()
            .collect();
        if told == Some(Fault::Partial) && got.len() > 1 {
            got.pop();
        }
        if got.is_empty() {
            return Err(Refusal::NotAvailable);
        }
        state.next_id += 1;
        let id = format!("00000000-0000-4000-8000-{:012x}", state.next_id);
        for number in &got {
            state.stock.remove(number);
            *state.bought.entry(number.clone()).or_default() += 1;
        }
        let mut order = Order {
            id: id.clone(),
            reference: reference.to_owned(),
            numbers: numbers.to_vec(),
            got,
            state: OrderState::Pending,
            left: state.patience,
            told_twice: told == Some(Fault::DuplicateHook),
        };
        if order.left == 0 {
            state.deliver(&mut order);
        }
        state.orders.insert(id.clone(), order.clone());
        if let Some(delay) = state.delay {
            let state = Arc::clone(&self.state);
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                lock(&state).finish(&id);
            });
        }
        Ok(order)
    }

    /// Does an order that is pending, without its being asked for; `false`: there
    /// is none.
    pub fn finish(&self, id: &str) -> bool {
        self.lock().finish(id)
    }

    /// As [`Self::order`], but done at once, for vendors that make nobody wait.
    pub fn order_at_once(&self, reference: &str, numbers: &[String]) -> Result<Order, Refusal> {
        let mut order = self.order(reference, numbers)?;
        let mut state = self.lock();
        if order.state == OrderState::Pending {
            state.deliver(&mut order);
            state.orders.insert(order.id.clone(), order.clone());
        }
        Ok(order)
    }

    /// An order by the vendor's id. Asking brings a pending one nearer to its
    /// end.
    pub fn order_by_id(&self, id: &str) -> Option<Order> {
        self.lock().ask(id)
    }

    /// The orders with the customer's reference, oldest first.
    pub fn orders_by_reference(&self, reference: &str) -> Vec<Order> {
        let mut state = self.lock();
        let ids: Vec<String> = state
            .orders
            .values()
            .filter(|order| order.reference == reference)
            .map(|order| order.id.clone())
            .collect();
        ids.iter().filter_map(|id| state.ask(id)).collect()
    }

    /// The order that bought a number; `None`: it isn't the customer's.
    pub fn owner_order(&self, number: &str) -> Option<Order> {
        let state = self.lock();
        let id = state.owned.get(number)?;
        state.orders.get(id).cloned()
    }

    /// Everything that is the customer's, in order, from `after` on (without
    /// it), at most `limit`.
    pub fn owned(&self, after: Option<&str>, limit: usize) -> Vec<String> {
        let state = self.lock();
        let mut found: Vec<String> = Vec::new();
        for number in state.owned.keys() {
            if found.len() < limit && after.is_none_or(|after| number.as_str() > after) {
                found.push(number.clone());
            }
        }
        found
    }

    /// Takes a number back; `false`: it wasn't the customer's.
    pub fn release(&self, number: &str) -> bool {
        let mut state = self.lock();
        let was = state.owned.remove(number).is_some();
        if was {
            state.stock.insert(number.to_owned());
            *state.released.entry(number.to_owned()).or_default() += 1;
        }
        was
    }

    /// Whether a release meets a refusal that it was told to meet.
    pub fn refuses_release(&self) -> bool {
        self.faults.take_inside() == Some(Fault::Refuse)
    }

    /// Numbers that were bought while they were the customer's already: what
    /// must never happen. Bought at most once more than given back.
    pub fn bought_twice(&self) -> Vec<String> {
        let state = self.lock();
        let released = |number: &String| state.released.get(number).copied().unwrap_or(0);
        state
            .bought
            .iter()
            .filter(|(number, times)| **times > released(number) + 1)
            .map(|(number, _)| number.clone())
            .collect()
    }

    /// How often a number was bought, and how often it was given back.
    pub fn times(&self, number: &str) -> (usize, usize) {
        let state = self.lock();
        let count = |times: &BTreeMap<String, u32>| times.get(number).copied().unwrap_or(0);
        (
            count(&state.bought) as usize,
            count(&state.released) as usize,
        )
    }

    /// How many numbers were bought, and how many given back, each time counted.
    pub fn dealt(&self) -> (usize, usize) {
        let state = self.lock();
        let count = |times: &BTreeMap<String, u32>| times.values().sum::<u32>() as usize;
        (count(&state.bought), count(&state.released))
    }

    /// Every order.
    pub fn orders(&self) -> Vec<Order> {
        self.lock().orders.values().cloned().collect()
    }

    /// The name that a number shows, and whether names of its callers are looked
    /// up.
    pub fn caller_names(&self, number: &str) -> (Option<String>, bool) {
        let state = self.lock();
        state.caller_names.get(number).cloned().unwrap_or_default()
    }

    /// Changes a number's names.
    pub(crate) fn set_caller_names(&self, number: &str, names: (Option<String>, bool)) {
        let mut state = self.lock();
        state.caller_names.insert(number.to_owned(), names);
    }

    /// How many requests arrived, whatever they were.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn finish(&mut self, id: &str) -> bool {
        let pending = self.orders.get(id).cloned();
        let Some(mut order) = pending.filter(|order| order.state == OrderState::Pending) else {
            return false;
        };
        self.deliver(&mut order);
        self.orders.insert(id.to_owned(), order);
        true
    }

    fn ask(&mut self, id: &str) -> Option<Order> {
        let mut order = self.orders.get(id)?.clone();
        if order.state == OrderState::Pending {
            order.left = order.left.saturating_sub(1);
            if order.left == 0 {
                self.deliver(&mut order);
            }
            self.orders.insert(id.to_owned(), order.clone());
        }
        Some(order)
    }

    fn deliver(&mut self, order: &mut Order) {
        for number in &order.got {
            self.owned.insert(number.clone(), order.id.clone());
        }
        order.state = if order.got.len() == order.numbers.len() {
            OrderState::Complete
        } else {
            OrderState::Partial
        };
        let times = if order.told_twice { 2 } else { 1 };
        for _ in 0..times {
            if let Some(listener) = &self.listener {
                // Nobody has to listen to the end.
                let _ = listener.send(order.clone());
            }
        }
    }
}
