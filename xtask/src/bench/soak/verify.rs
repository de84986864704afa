//! After the load: nothing that was acknowledged is lost, nothing was ordered
//! twice, the carrier and we agree, and the database contradicts itself nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::carrier::{Carrier, PREFIX};
use super::worker::{Ledger, in_path};
use super::{Outcome, Soak};
use crate::bench::http::Caller;
use crate::bench::postgres;
use crate::bench::say;

/// The longest that settling may take; it ends as soon as nothing is open.
const SETTLED_WITHIN: Duration = Duration::from_mins(3);

/// All of it; what is wrong is noted, what can't be looked at is an error.
pub fn all(
    soak: &Soak,
    carrier: &Carrier,
    ledgers: &[Ledger],
    outcome: &mut Outcome,
) -> Result<()> {
    settle(soak)?;
    say("reading what clients were told");
    notes(soak, ledgers, outcome)?;
    if let Some(server) = soak.server.take() {
        server.stop()?;
    }
    let by_hand = close_by_hand(soak, carrier)?;
    say("comparing");
    let ours = ours(soak)?;
    acknowledged(&ours, ledgers, outcome);
    let vendor = carrier.vendor();
    let twice = vendor.bought_twice();
    outcome.checked.push(format!(
        "{} orders at the carrier: {} numbers bought while we had them already",
        outcome.orders,
        twice.len()
    ));
    outcome.lost.extend(
        twice
            .iter()
            .map(|number| format!("{number} was bought twice")),
    );
    references(carrier, outcome);
    agree(&ours, carrier, by_hand, outcome);
    say("numberd check");
    match postgres::verify(&soak.bench.place, &soak.ground) {
        Ok(()) => outcome
            .checked
            .push("`numberd check`: nothing found".to_owned()),
        Err(error) => outcome.lost.push(error.to_string()),
    }
    Ok(())
}

fn json(soak: &Soak, arguments: &[&str]) -> Result<Vec<Value>> {
    let mut command = soak.bench.place.numberd(&soak.ground);
    let output = command.args(arguments).arg("--json").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?}: {said}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn open_orders(soak: &Soak) -> Result<Vec<Value>> {
    json(soak, &["order", "list", "--open", "--limit", "0"])
}

/// Waits until everything open is left to a person.
fn settle(soak: &Soak) -> Result<()> {
    let begun = Instant::now();
    loop {
        let mut open = open_orders(soak)?;
        open.retain(|order| order["state"] != "by_hand");
        if open.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > SETTLED_WITHIN {
            bail!("{} orders are still open, like {}", open.len(), open[0]);
        }
        sleep(Duration::from_millis(500));
    }
}

/// Does what is left to a person; answers how much that was.
fn close_by_hand(soak: &Soak, carrier: &Carrier) -> Result<usize> {
    let open = open_orders(soak)?;
    for order in &open {
        for line in order["numbers"].as_array().into_iter().flatten() {
            carrier
                .vendor()
                .release(line["number"].as_str().unwrap_or_default());
        }
        let id = order["id"].as_str().unwrap_or_default();
        let mut command = soak.bench.place.numberd(&soak.ground);
        let output = command.args(["order", "close", id]).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "order close {id}: {said}");
    }
    Ok(open.len())
}

type Ours = BTreeMap<String, Value>;

fn ours(soak: &Soak) -> Result<Ours> {
    let listed = json(soak, &["number", "list", "--limit", "0"])?;
    let by_id = |record: Value| (record["id"].as_str().unwrap_or_default().to_owned(), record);
    Ok(listed.into_iter().map(by_id).collect())
}

/// The last note that a client left on each of its numbers is there.
fn notes(soak: &Soak, ledgers: &[Ledger], outcome: &mut Outcome) -> Result<()> {
    let mut caller = Caller::new(soak.shared.address())?;
    for (holder, ledger) in soak.bench.installation.clients.iter().zip(ledgers) {
        for (number, note) in &ledger.held {
            let request = holder.get(&in_path(number));
            let wrong = match caller.json(&request, 200) {
                Ok(answer) if answer["data"]["note"] == *note => continue,
                Ok(answer) => answer["data"]["note"].to_string(),
                Err(error) => error.to_string(),
            };
            let text = format!("{number}: {wrong} in place of '{note}'");
            outcome.lost.push(text);
        }
    }
    Ok(())
}

/// Whose each number is, as clients were told.
fn acknowledged(ours: &Ours, ledgers: &[Ledger], outcome: &mut Outcome) {
    let owner = |number: &str| {
        ours.get(number)
            .and_then(|record| record["assigned_to"].as_str())
    };
    let (mut held, mut gone) = (0, 0);
    for ledger in ledgers {
        outcome.lost.extend(ledger.lost.iter().cloned());
        let account = ledger.account.as_str();
        for number in ledger.held.keys() {
            held += 1;
            if owner(number) != Some(account) {
                outcome.lost.push(format!("{number} isn't {account}'s"));
            }
        }
        for number in &ledger.gone {
            gone += 1;
            if owner(number) == Some(account) {
                outcome
                    .lost
                    .push(format!("{number} was given back and is {account}'s"));
            }
        }
    }
    let text = format!(
        "{held} numbers that clients were told are theirs, with the last note they left, \
         and {gone} that they gave back: each as it was answered"
    );
    outcome.checked.push(text);
}

/// No order went twice under one reference.
fn references(carrier: &Carrier, outcome: &mut Outcome) {
    let mut seen = BTreeSet::new();
    for order in carrier.vendor().orders() {
        if !order.reference.is_empty() && !seen.insert(order.reference.clone()) {
            outcome
                .lost
                .push(format!("the order {} went twice", order.reference));
        }
    }
    outcome
        .checked
        .push(format!("{} references of orders: each once", seen.len()));
}

/// What we paid for is in our books, and the other way round.
fn agree(ours: &Ours, carrier: &Carrier, by_hand: usize, outcome: &mut Outcome) {
    let theirs: BTreeSet<String> = carrier
        .vendor()
        .owned(None, usize::MAX)
        .into_iter()
        .collect();
    let prefix = format!("+1{PREFIX}");
    let known = ours.keys().filter(|number| number.starts_with(&prefix));
    let known: BTreeSet<String> = known.cloned().collect();
    for number in theirs.symmetric_difference(&known) {
        let whose = if known.contains(number) {
            "ours only"
        } else {
            "the carrier's only"
        };
        outcome.lost.push(format!("{number} is {whose}"));
    }
    outcome.checked.push(format!(
        "{} numbers bought: the carrier's books and ours agree ({by_hand} orders were left to a person, who did them)",
        known.len()
    ));
}
