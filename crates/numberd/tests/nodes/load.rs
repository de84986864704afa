//! Two accounts that want the same numbers, by all nodes at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Place, Server, ask, send, text};

/// Numbers in stock: more than are asked for.
const STOCK: u64 = 12_000;
/// Between two calls of a caller: what matters is what fails, not how much.
const PAUSE: Duration = Duration::from_millis(15);
/// The longest that anything may take that the tests wait for.
const PATIENCE: Duration = Duration::from_secs(100);

/// How callers choose a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// One after the other.
    RoundRobin,
    /// Each its own.
    OneEach,
}

/// The load, and what was answered to it.
pub struct Load {
    nodes: Vec<String>,
    /// Account and token.
    sides: Vec<(String, String)>,
    next: Vec<AtomicU64>,
    /// Number → the sides that were told that they own it.
    owners: Mutex<BTreeMap<u64, Vec<usize>>>,
    /// Numbers that one side was told are the other's.
    taken: Mutex<Vec<u64>>,
    /// By node: calls that were done, and 503s.
    done: Vec<AtomicUsize>,
    failed: Vec<AtomicUsize>,
    /// From now on every call must be answered.
    is_calm: AtomicBool,
    is_over: AtomicBool,
}

fn number(n: u64) -> String {
    format!("+1415{:07}", 5_550_000 + n)
}

impl Load {
    /// Two accounts and a stock of numbers.
    pub fn new(place: &Place, servers: &[Server]) -> Self {
        let rows: String = (0..STOCK).map(|n| number(n) + ",,available\n").collect();
        let csv = place.write("stock.csv", format!("e164,account_id,state\n{rows}"));
        place.run(&["import", text(&csv)]).done();
        let sides = ["red", "blue"].map(|name| {
            let id = place.account(name);
            let key = place.run(&["account", "api-key", &id, "--json"]);
            let login = json!({"data": {"api_key": key.done().json()["api_key"]}});
            let answer = send(&servers[0].address, "", "PUT", "/v2/api_auth", &login);
            let (_, answer) = answer.expect("the node runs");
            (id, answer["auth_token"].as_str().unwrap().to_owned())
        });
        let counters = || servers.iter().map(|_| AtomicUsize::new(0)).collect();
        Self {
            nodes: servers.iter().map(|each| each.address.clone()).collect(),
            next: sides.iter().map(|_| AtomicU64::new(0)).collect(),
            sides: sides.into(),
            owners: Mutex::default(),
            taken: Mutex::default(),
            done: counters(),
            failed: counters(),
            is_calm: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    /// Keeps the load up while `disturb` runs.
    pub fn during(&self, balance: Balance, disturb: impl FnOnce()) {
        struct End<'a>(&'a AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        thread::scope(|scope| {
            let _end = End(&self.is_over);
            for caller in 0..self.nodes.len() * self.sides.len() {
                scope.spawn(move || self.call_on(caller, balance));
            }
            disturb();
        });
    }

    fn call_on(&self, caller: usize, balance: Balance) {
        let side = caller % self.sides.len();
        for round in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let node = match balance {
                Balance::RoundRobin => caller + round,
                Balance::OneEach => caller / self.sides.len(),
            };
            let n = self.next[side].fetch_add(1, Ordering::Relaxed);
            assert!(n < STOCK, "there are numbers left to ask for");
            self.call(side, node % self.nodes.len(), n);
            thread::sleep(PAUSE);
        }
    }

    fn call(&self, side: usize, node: usize, n: u64) {
        let is_calm = self.is_calm.load(Ordering::SeqCst);
        let (account, token) = &self.sides[side];
        let key = number(n).replace('+', "%2B");
        let path = format!("/v2/accounts/{account}/phone_numbers/{key}/activate");
        let asked = ask(&self.nodes[node], "PUT", &path, token, r#"{"data":{}}"#);
        let (status, answer) = asked.expect("a node that runs answers in time");
        match status {
            201 => {
                lock(&self.owners).entry(n).or_default().push(side);
                self.done[node].fetch_add(1, Ordering::SeqCst);
            }
            503 => {
                assert!(!is_calm, "nothing is wrong any more: {answer}");
                let head = answer.to_lowercase();
                assert!(head.contains("\r\nretry-after: "), "{answer}");
                self.failed[node].fetch_add(1, Ordering::SeqCst);
            }
            _ => {
                // It is the other's, or was a moment ago on its way there.
                assert!([403, 404, 409].contains(&status), "{status}: {answer}");
                lock(&self.taken).push(n);
                self.done[node].fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// How many calls each node has done.
    pub fn done(&self) -> Vec<usize> {
        values(&self.done)
    }

    /// How many calls each node has answered with 503.
    pub fn failed(&self) -> Vec<usize> {
        values(&self.failed)
    }

    /// Waits until these nodes have done so many more calls.
    pub fn until_done(&self, nodes: &[usize], more: usize) {
        let before = self.done();
        let done = || {
            let now = self.done();
            nodes.iter().all(|node| now[*node] >= before[*node] + more)
        };
        self.until("calls are done", done);
    }

    /// Waits until something holds.
    pub fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            let (done, failed) = (self.done(), self.failed());
            assert!(
                begun.elapsed() < PATIENCE,
                "{what}: in vain ({done:?} done, {failed:?} failed)"
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Every call from now on must be answered.
    pub fn calm(&self) {
        self.is_calm.store(true, Ordering::SeqCst);
    }

    /// Nobody was told what isn't so.
    pub fn verify(&self, place: &Place) {
        let listed = place.run(&["number", "list", "--limit", "0", "--json"]);
        let listed = listed.done().json();
        let owners: BTreeMap<&str, &Value> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["id"].as_str().unwrap(), &row["assigned_to"]))
            .collect();
        let told = lock(&self.owners);
        assert!(told.len() > 50, "{} were acknowledged only", told.len());
        for (n, sides) in &*told {
            let [side] = sides.as_slice() else {
                panic!("{n} was given to both");
            };
            let owner = owners[number(*n).as_str()];
            assert_eq!(owner, &self.sides[*side].0, "{n} was acknowledged");
        }
        for n in &*lock(&self.taken) {
            let owner = owners[number(*n).as_str()];
            assert!(owner.is_string(), "{n} was refused and is nobody's");
        }
        let checked = place.run(&["check", "--json"]).done().json();
        assert_eq!(checked["found"], 0, "{checked}");
    }
}

fn values(counters: &[AtomicUsize]) -> Vec<usize> {
    let values = counters.iter().map(|each| each.load(Ordering::SeqCst));
    values.collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
