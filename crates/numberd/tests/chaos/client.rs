//! A client that buys and gives back, and takes it as it comes when the server
//! is gone.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::common::{Place, send};
use crate::server::Killed;

/// Number → the account that was told that it is its own.
pub type Ledger = BTreeMap<String, String>;

/// How many numbers of a search are kept, and how many are bought at once.
const LOOKED_AT: usize = 40;
const AT_ONCE: usize = 4;
/// How many it keeps.
const KEPT: usize = 4;

/// An account that buys.
pub struct Buyer {
    id: String,
    api_key: String,
}

impl Buyer {
    pub fn new(place: &Place, nth: usize) -> Self {
        let id = place.account(&format!("buyer {nth}"));
        let made = place.run(&["account", "api-key", &id, "--json"]);
        let api_key = made.done().json()["api_key"].as_str().unwrap().to_owned();
        Self { id, api_key }
    }
}

pub struct Client<'s> {
    server: &'s Killed<'s>,
    buyer: &'s Buyer,
    rng: StdRng,
    token: String,
    offered: Vec<String>,
    /// What it was told is the account's, and didn't give back.
    pub held: Ledger,
}

impl<'s> Client<'s> {
    pub fn new(server: &'s Killed<'s>, buyer: &'s Buyer, seed: u64) -> Self {
        Self {
            server,
            buyer,
            rng: StdRng::seed_from_u64(seed),
            token: String::new(),
            offered: Vec::new(),
            held: Ledger::new(),
        }
    }

    /// Looks around, buys, and gives back what is too much.
    pub fn deal(&mut self) {
        if self.offered.is_empty() {
            self.look();
        }
        if self.rng.random_bool(0.2) {
            self.buy_many();
        } else if let Some(number) = self.offered.pop() {
            self.buy(&number);
        }
        while self.held.len() > KEPT {
            self.give_back();
        }
    }

    fn look(&mut self) {
        let skipped = self.rng.random_range(0..100);
        let path = self.path(&format!("?prefix=415&quantity={}", skipped + LOOKED_AT));
        let Some((200, answer)) = self.ask("GET", &path, &Value::Null) else {
            return;
        };
        let rows = answer["data"]
            .as_array()
            .into_iter()
            .flatten()
            .skip(skipped);
        let numbers = rows.filter_map(|row| row["number"].as_str());
        self.offered = numbers.map(ToOwned::to_owned).collect();
        if self.offered.len() < LOOKED_AT / 2 {
            self.tidy();
        }
    }

    /// Gives back what came without its being told.
    fn tidy(&mut self) {
        let Some((200, answer)) = self.ask("GET", &self.path(""), &Value::Null) else {
            return;
        };
        for (number, row) in answer["data"]["numbers"].as_object().into_iter().flatten() {
            if row["state"] == "in_service" && !self.held.contains_key(number) {
                self.ask("DELETE", &self.path(&format!("/{number}")), &Value::Null);
            }
        }
    }

    fn buy(&mut self, number: &str) {
        let path = self.path(&format!("/{number}/activate"));
        let answer = self.ask("PUT", &path, &json!({"data": {}}));
        if let Some((201, answer)) = answer {
            self.note(number, &answer["data"]);
        }
    }

    fn buy_many(&mut self) {
        let count = self.offered.len().min(self.rng.random_range(1..=AT_ONCE));
        let numbers = self.offered.split_off(self.offered.len() - count);
        let path = self.path("/collection/activate");
        let answer = self.ask("PUT", &path, &json!({"data": {"numbers": numbers}}));
        let Some((201, answer)) = answer else { return };
        for (number, document) in answer["data"]["success"].as_object().into_iter().flatten() {
            self.note(number, document);
        }
    }

    /// Only what is in service was bought; the rest is still open.
    fn note(&mut self, number: &str, document: &Value) {
        if document["state"] == "in_service" {
            self.held.insert(number.to_owned(), self.buyer.id.clone());
        }
    }

    fn give_back(&mut self) {
        // Whatever is answered: it can't be counted on any more.
        if let Some((number, _)) = self.held.pop_first() {
            let path = self.path(&format!("/{number}"));
            self.ask("DELETE", &path, &Value::Null);
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v2/accounts/{}/phone_numbers{rest}", self.buyer.id)
    }

    /// Asks once. `None`: nobody knows whether it was done.
    fn ask(&mut self, verb: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        if self.token.is_empty() {
            let login = json!({"data": {"api_key": self.buyer.api_key}});
            let (_, answer) = self.exchange("PUT", "/v2/api_auth", &login)?;
            answer["auth_token"].as_str()?.clone_into(&mut self.token);
        }
        self.exchange(verb, path, body)
    }

    fn exchange(&self, verb: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let answer = send(&self.server.address(), &self.token, verb, path, body);
        if answer.is_none() {
            // It is dead, and needs a moment to come back.
            thread::sleep(Duration::from_millis(100));
        }
        answer
    }
}
