//! A client: what it does next is by chance, what it was told it keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::Shared;
use super::carrier::PREFIX;
use super::client::Client;
use super::tally::{Deed, Reply, Tally};
use crate::bench::dataset::{self, mixed};
use crate::bench::http::request;
use crate::bench::requests::Holder;

/// Between two deeds, at most, in milliseconds.
const PAUSE: u64 = 15;
/// Numbers that a client keeps; what is more it gives back.
const KEPT: usize = 200;
/// How often a call that runs still is asked for again, and after what time.
const ASKED_AGAIN: usize = 200;
const RUNS_STILL: Duration = Duration::from_millis(50);
/// More than a body may be.
const TOO_LARGE: usize = 20 << 20;

/// What a client was told, and nothing else since.
#[derive(Default)]
pub struct Ledger {
    pub account: String,
    /// Its numbers, with the note that it left.
    pub held: BTreeMap<String, String>,
    /// Numbers of its own making that it gave back.
    pub gone: BTreeSet<String>,
    /// What contradicted it already while the load ran.
    pub lost: Vec<String>,
}

pub struct Worker<'s> {
    shared: &'s Shared,
    client: Client<'s>,
    holder: Holder,
    seed: u64,
    drawn: u64,
    offered: Vec<String>,
    ledger: Ledger,
    tally: Tally,
}

impl<'s> Worker<'s> {
    pub fn new(shared: &'s Shared, holder: Holder, seed: u64) -> Result<Self> {
        Ok(Self {
            shared,
            client: Client::new(shared)?,
            ledger: Ledger {
                account: holder.account.clone(),
                ..Ledger::default()
            },
            holder,
            seed: mixed(seed),
            drawn: 0,
            offered: Vec::new(),
            tally: Tally::default(),
        })
    }

    /// Works until it is over.
    pub fn run(mut self) -> (Ledger, Tally) {
        while !self.shared.over.load(Ordering::SeqCst) {
            self.deed();
            while self.ledger.held.len() > KEPT {
                self.release();
            }
            sleep(Duration::from_millis(self.below(PAUSE + 1)));
        }
        (self.ledger, self.tally)
    }

    fn deed(&mut self) {
        match self.below(100) {
            0..30 => self.read(),
            30..40 => self.list(),
            40..50 => self.search(),
            50..65 => self.create(),
            65..75 => self.edit(),
            75..80 => self.release(),
            80..85 => self.buy(),
            85..89 => self.repeat(),
            89..93 => self.hang_up(),
            _ => self.bad(),
        }
    }

    fn read(&mut self) {
        let Some(number) = self.one_held() else {
            return;
        };
        let request = self.request("GET", &in_path(&number), "");
        if let Some((200, answer)) = self.ask(Deed::Read, &request) {
            let note = answer["data"]["note"].as_str().unwrap_or_default();
            let told = &self.ledger.held[&number];
            if note != told {
                let account = &self.holder.account;
                let text = format!("{number} of {account}: '{note}' in place of '{told}'");
                self.ledger.lost.push(text);
            }
        }
    }

    fn list(&mut self) {
        let request = self.holder.get("?page_size=50");
        self.ask(Deed::List, &request);
    }

    fn search(&mut self) {
        let prefix = if self.below(2) == 0 {
            PREFIX.to_owned()
        } else {
            dataset::area_code(self.below(dataset::CODES)).to_string()
        };
        let quantity = 20 + self.below(80);
        let request = self
            .holder
            .get(&format!("?prefix={prefix}&quantity={quantity}"));
        if let Some((200, answer)) = self.ask(Deed::Search, &request)
            && prefix == PREFIX
        {
            let rows = answer["data"].as_array().into_iter().flatten();
            let numbers = rows.filter_map(|row| row["number"].as_str());
            let skipped = usize::try_from(self.below(20)).unwrap_or_default();
            self.offered = numbers.skip(skipped).map(str::to_owned).collect();
        }
    }

    fn create(&mut self) {
        let (number, note) = (self.fresh(), self.note());
        let request = self.creation(&number, &note);
        if let Some((201, _)) = self.ask(Deed::Create, &request) {
            self.ledger.held.insert(number, note);
        }
    }

    fn edit(&mut self) {
        let Some(number) = self.one_held() else {
            return;
        };
        let note = self.note();
        let body = json!({"data": {"note": note}}).to_string();
        let request = self.request("PATCH", &in_path(&number), &body);
        match self.ask(Deed::Edit, &request) {
            Some((200, _)) => self.ledger.held.insert(number, note),
            // Nobody knows what it is now.
            _ => self.ledger.held.remove(&number),
        };
    }

    fn release(&mut self) {
        let Some(number) = self.one_held() else {
            return;
        };
        // Whatever is answered: it can't be counted on any more.
        self.ledger.held.remove(&number);
        let request = self.request("DELETE", &in_path(&number), "");
        let answer = self.ask(Deed::Release, &request);
        if matches!(answer, Some((200, _))) && !number.starts_with(&format!("+1{PREFIX}")) {
            self.ledger.gone.insert(number);
        }
    }

    fn buy(&mut self) {
        let Some(number) = self.offered.pop() else {
            return;
        };
        let note = self.note();
        let body = json!({"data": {"note": note}}).to_string();
        let request = self.request("PUT", &format!("{}/activate", in_path(&number)), &body);
        if let Some((201, answer)) = self.ask(Deed::Buy, &request)
            && answer["data"]["state"] == "in_service"
        {
            self.ledger.held.insert(number, note);
        }
    }

    /// A call that is broken off, and asked again.
    fn repeat(&mut self) {
        let (number, note) = (self.fresh(), self.note());
        let mut request = self.creation(&number, &note);
        let key = format!("Idempotency-Key: {:x}\r\n", mixed(self.seed ^ self.drawn));
        let head = request
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or_default()
            + 1;
        request.splice(head..head, key.into_bytes());
        self.client.hang_up(&request);
        self.tally.count(Deed::HangUp, Reply::Left, "");
        for _ in 0..ASKED_AGAIN {
            match self.ask(Deed::Repeat, &request) {
                Some((409, _)) => sleep(RUNS_STILL),
                Some((201, _)) => {
                    self.ledger.held.insert(number, note);
                    return;
                }
                _ => return,
            }
        }
        let stuck = Reply::Answer(409, "to the end".to_owned());
        self.tally.count(Deed::Repeat, stuck, &number);
    }

    fn hang_up(&mut self) {
        let (number, note) = (self.fresh(), self.note());
        let request = self.creation(&number, &note);
        let end = 1 + usize::try_from(self.below(request.len() as u64)).unwrap_or_default();
        self.client.hang_up(&request[..end]);
        self.tally.count(Deed::HangUp, Reply::Left, "");
    }

    /// What makes no sense.
    fn bad(&mut self) {
        let number = in_path(&self.fresh());
        let stranger = Holder {
            token: format!("{}x", self.holder.token),
            ..self.holder.clone()
        };
        match self.below(20) {
            0..5 => {
                let request = self.request("PUT", &number, "{\"data\": {");
                self.ask(Deed::BadBody, &request);
            }
            5..10 => {
                self.ask(Deed::BadToken, &stranger.get("?page_size=50"));
            }
            10..15 => {
                let request = self.request("GET", &number, "");
                self.ask(Deed::BadNumber, &request);
            }
            15..19 => {
                let path = format!("/v2/accounts/{}/nothing", self.holder.account);
                let request = request("GET", &path, &self.holder.token, "");
                self.ask(Deed::BadRoute, &request);
            }
            _ => {
                // Only its head: it is refused before the rest is sent.
                let mut request = self.request("PUT", &number, "{}");
                let head = String::from_utf8_lossy(&request).replace(
                    "Content-Length: 2\r\n",
                    &format!("Content-Length: {TOO_LARGE}\r\n"),
                );
                request = head.into_bytes();
                self.client.close();
                self.ask(Deed::TooLarge, &request);
                self.client.close();
            }
        }
    }

    fn ask(&mut self, deed: Deed, request: &[u8]) -> Option<(u16, Value)> {
        let kills = self.shared.kills.load(Ordering::SeqCst);
        match self.client.ask(request) {
            Ok((status, answer)) => {
                let error = match &answer["status"] {
                    Value::String(text) if text == "error" => answer["message"].as_str(),
                    _ => None,
                };
                let error = error.unwrap_or_default().to_owned();
                // Not all of it: there is a token in there.
                let text = answer["data"].to_string();
                self.tally.count(deed, Reply::Answer(status, error), &text);
                Some((status, answer))
            }
            Err(error) => {
                // It needs a moment to come back.
                sleep(Duration::from_millis(100));
                let killed = self.shared.kills.load(Ordering::SeqCst) != kills || kills % 2 == 1;
                let silence = Reply::Silence { killed };
                self.tally.count(deed, silence, &error.to_string());
                None
            }
        }
    }

    fn creation(&self, number: &str, note: &str) -> Vec<u8> {
        let body = json!({"data": {"create_with_state": "in_service", "note": note}});
        self.request("PUT", &in_path(number), &body.to_string())
    }

    fn request(&self, verb: &str, rest: &str, body: &str) -> Vec<u8> {
        let path = format!("/v2/accounts/{}/phone_numbers{rest}", self.holder.account);
        request(verb, &path, &self.holder.token, body)
    }

    fn one_held(&mut self) -> Option<String> {
        let held = self.ledger.held.len() as u64;
        let nth = usize::try_from(self.below(held.max(1))).unwrap_or_default();
        self.ledger.held.keys().nth(nth).cloned()
    }

    fn fresh(&self) -> String {
        dataset::number(self.shared.fresh.fetch_add(1, Ordering::Relaxed))
    }

    fn note(&mut self) -> String {
        format!("note {:x}", self.draw())
    }

    fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mixed(self.seed.wrapping_add(self.drawn))
    }
}

/// A number below an account's numbers.
pub fn in_path(number: &str) -> String {
    format!("/{}", number.replace('+', "%2B"))
}
