//! The requests of the loads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::client::Requests;
use super::dataset;
use super::http::{put_request, request};

/// The same requests over and over.
pub struct Cycle {
    requests: Arc<[Vec<u8>]>,
    at: usize,
}

impl Cycle {
    /// One source for each of `connections`, each starting elsewhere.
    pub fn sources(requests: &Arc<[Vec<u8>]>, connections: usize) -> Vec<Box<dyn Requests>> {
        let one = |index| -> Box<dyn Requests> {
            Box::new(Self {
                requests: Arc::clone(requests),
                at: index * requests.len() / connections,
            })
        };
        (0..connections).map(one).collect()
    }
}

impl Requests for Cycle {
    fn next(&mut self) -> &[u8] {
        let request = &self.requests[self.at % self.requests.len()];
        self.at += 1;
        request
    }
}

/// An account and a token that may act for it.
#[derive(Clone)]
pub struct Holder {
    pub account: String,
    pub token: String,
}

impl Holder {
    /// A GET below the account's numbers.
    pub fn get(&self, rest: &str) -> Vec<u8> {
        request("GET", &base(&self.account, rest), &self.token, "")
    }
}

fn base(account: &str, rest: &str) -> String {
    format!("/v2/accounts/{account}/phone_numbers{rest}")
}

/// A number in a path.
pub fn in_path(index: u64) -> String {
    in_path_of(&dataset::number(index))
}

/// The same of one that isn't in the dataset.
pub fn in_path_of(number: &str) -> String {
    number.replace('+', "%2B")
}

/// The next place in the list of numbers that isn't in the database.
pub type Fresh = Arc<AtomicU64>;

/// PUT of new numbers: one in the path, or many in the body.
pub struct Creation {
    fresh: Fresh,
    holder: Holder,
    each: u64,
    bytes: Vec<u8>,
}

/// What is said of each new number.
const FIELDS: &str = r#""create_with_state":"in_service","note":"front desk""#;

impl Creation {
    /// One source for each of `connections`, taking turns with the holders.
    pub fn sources(
        fresh: &Fresh,
        holders: &[Holder],
        connections: usize,
        each: u64,
    ) -> Vec<Box<dyn Requests>> {
        let holders = holders.iter().cycle().take(connections);
        let one = |holder: &Holder| -> Box<dyn Requests> {
            Box::new(Self {
                fresh: Arc::clone(fresh),
                holder: holder.clone(),
                each,
                bytes: Vec::new(),
            })
        };
        holders.map(one).collect()
    }
}

impl Requests for Creation {
    fn next(&mut self) -> &[u8] {
        let first = self.fresh.fetch_add(self.each, Ordering::Relaxed);
        let Holder { account, token } = &self.holder;
        let (path, body) = if self.each == 1 {
            let path = base(account, &format!("/{}", in_path(first)));
            (path, format!(r#"{{"data":{{{FIELDS}}}}}"#))
        } else {
            let numbers: Vec<String> = (first..first + self.each)
                .map(|index| format!("\"{}\"", dataset::number(index)))
                .collect();
            let numbers = numbers.join(",");
            let body = format!(r#"{{"data":{{"numbers":[{numbers}],{FIELDS}}}}}"#);
            (base(account, "/collection"), body)
        };
        put_request(&mut self.bytes, "PUT", &path, token, &body);
        &self.bytes
    }
}
