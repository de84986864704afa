//! `numberd carrier reconcile` and `numberd order`: what was ordered, and what
//! a carrier says is ours.

mod common;

use std::sync::Arc;

use common::{API_KEY, Place, send};
use serde_json::{Value, json};
use simulators::other::{TOKEN, WIRE};
use simulators::{Fault, Simulator, Vendor};
use tokio::runtime::Runtime;

const BOUGHT: [&str; 3] = ["+14155550100", "+14155550101", "+14155550102"];
const ORPHAN: &str = "+14155550103";

/// An account that bought three numbers of a carrier; the server has ended.
struct Shop {
    place: Place,
    simulator: Simulator,
    buyer: String,
    _runtime: Runtime,
}

impl Shop {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let stock = (100..110).map(|line| format!("+14155550{line}"));
        let started = Simulator::start(WIRE, Arc::new(Vendor::new(stock)));
        let simulator = runtime.block_on(started).unwrap();
        let place = Place::with_database();
        let shop = Self {
            buyer: place.account("Buyer"),
            place,
            simulator,
            _runtime: runtime,
        };
        shop.configure("");
        let bought = BOUGHT.map(|number| ("PUT", format!("/{number}/activate")));
        shop.ask(&bought);
        shop
    }

    /// Writes the configuration, with more at its end.
    fn configure(&self, more: &str) {
        let url = self.simulator.url();
        self.place.write(
            "numberd.toml",
            format!(
                "[number_manager]\ncarrier_modules = [\"other\"]\n[carriers.other]\n\
                 base_url = \"{url}\"\nbearer_token = \"{TOKEN}\"\n\
                 allow_private_addresses = true\n{more}"
            ),
        );
    }

    /// Asks a server for changes, all of which must be done.
    fn ask(&self, changes: &[(&str, String)]) {
        self.ask_and_measure(changes);
    }

    /// The same, and what `/metrics` says afterwards.
    fn ask_and_measure(&self, changes: &[(&str, String)]) -> String {
        let server = self.place.serve(&[]);
        let ask = |token: &str, verb: &str, path: &str, body: &Value| {
            let (status, answer) = send(&server.address, token, verb, path, body).unwrap();
            assert!(status < 300, "{verb} {path}: {status} {answer}");
            answer
        };
        let login = json!({"data": {"api_key": API_KEY}});
        let token = ask("", "PUT", "/v2/api_auth", &login);
        let token = token["auth_token"].as_str().unwrap();
        let numbers = format!("/v2/accounts/{}/phone_numbers", self.buyer);
        let search = format!("{numbers}?prefix=415&quantity=10");
        ask(token, "GET", &search, &Value::Null);
        for (verb, path) in changes {
            ask(
                token,
                verb,
                &format!("{numbers}{path}"),
                &json!({"data": {}}),
            );
        }
        let metrics = server.get("/metrics");
        server.stop();
        metrics
    }

    fn vendor(&self) -> &Vendor {
        &self.simulator.vendor
    }

    /// The report, and its differences: number, kind, suggestion.
    fn differences(&self, options: &[&str]) -> (Option<i32>, Value, Vec<[String; 3]>) {
        let arguments = ["carrier", "reconcile", "other", "--json"];
        let run = self.place.run(&[&arguments, options].concat());
        let report = run.json()[0].take();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let differences = report["differences"].as_array().unwrap().iter();
        let differences = differences
            .map(|one| ["number", "kind", "suggestion"].map(|key| text(&one[key])))
            .collect();
        (run.code, report, differences)
    }

    fn numbers(&self) -> Value {
        let listed = self.place.run(&["number", "list", "--json"]);
        listed.done().json()
    }

    fn orders(&self, options: &[&str]) -> Vec<Value> {
        let arguments = ["order", "list", "--json"];
        let listed = self.place.run(&[&arguments, options].concat());
        listed.done().json().as_array().unwrap().clone()
    }
}

#[test]
fn where_carrier_and_we_agree_there_is_nothing_to_tell() {
    let shop = Shop::new();
    let (code, report, differences) = shop.differences(&[]);
    assert_eq!((code, differences), (Some(0), vec![]));
    assert_eq!(
        report,
        json!({"carrier": "other", "ours": 3, "theirs": 3, "waiting": 0, "differences": []})
    );
}

#[test]
fn each_difference_is_told_with_what_could_be_done_and_nothing_is_changed() {
    let shop = Shop::new();
    let (vendor, before) = (shop.vendor(), shop.numbers());
    vendor.release(BOUGHT[0]);
    // Another order of theirs has it by now.
    vendor.release(BOUGHT[1]);
    vendor.order_at_once("", &[BOUGHT[1].to_owned()]).unwrap();
    // Ours once: the order is known.
    let order = shop.orders(&[])[0]["id"].as_str().unwrap().to_owned();
    vendor
        .order_at_once(&order, &["+14155550104".to_owned()])
        .unwrap();
    vendor.order_at_once("", &[ORPHAN.to_owned()]).unwrap();
    let (code, report, differences) = shop.differences(&[]);
    assert_eq!(code, Some(1));
    let expected = [
        [BOUGHT[0], "ours_not_theirs", "ask_carrier"],
        [BOUGHT[1], "attributes", "compare"],
        [ORPHAN, "theirs_not_ours", "release"],
        ["+14155550104", "theirs_not_ours", "adopt"],
    ];
    assert_eq!(differences, expected);
    let rows = &report["differences"];
    assert_eq!(rows[0]["account"], shop.buyer.as_str());
    assert_eq!(rows[0]["state"], "in_service");
    assert!(
        rows[1]["attributes"]["order_id"]["theirs"].is_string(),
        "{rows}"
    );
    assert_eq!(rows[2]["cost"]["monthly"], "1.00");
    assert_eq!(rows[3]["order"], order.as_str());
    assert_eq!(rows[3]["account"], shop.buyer.as_str());
    assert_eq!(shop.numbers(), before);

    let table = shop.place.run(&["carrier", "reconcile", "other"]);
    assert_eq!(table.out.lines().count(), 1 + 4 + 1, "{table:?}");
    let csv = shop.place.run(&["carrier", "reconcile", "other", "--csv"]);
    let first = csv.out.lines().next().unwrap();
    assert_eq!(
        first,
        "number,difference,suggestion,done,state,account,reseller,cost,details"
    );
    assert!(csv.out.contains("USD 0.50 setup, 1.00 monthly"), "{csv:?}");
}

#[test]
fn what_only_the_carrier_knows_is_adopted_or_given_back_when_told() {
    let shop = Shop::new();
    let others = ["+14155550104", "+14155550105"];
    for number in [ORPHAN, others[0], others[1]] {
        shop.vendor()
            .order_at_once("", &[number.to_owned()])
            .unwrap();
    }
    let (code, report, _) = shop.differences(&["--adopt", "--only", ORPHAN, "--account", "Buyer"]);
    assert_eq!(code, Some(0));
    assert_eq!(report["differences"][0]["done"], "adopted");
    let shown = shop.place.run(&["number", "show", ORPHAN, "--json"]).json();
    assert_eq!(shown["assigned_to"], shop.buyer.as_str());
    assert_eq!(shown["carrier_module"], "other");
    assert!(shown["carrier_data"]["order_id"].is_string(), "{shown}");

    let (code, _, _) = shop.differences(&["--adopt", "--only", others[0]]);
    assert_eq!(code, Some(0));
    let shown = shop
        .place
        .run(&["number", "show", others[0], "--json"])
        .json();
    assert_eq!(shown["state"], "available");

    let (code, report, _) = shop.differences(&["--release"]);
    assert_eq!(code, Some(0));
    assert_eq!(report["differences"][0]["done"], "released");
    assert!(
        !shop
            .vendor()
            .owned(None, 10)
            .contains(&others[1].to_owned())
    );
    let (code, _, differences) = shop.differences(&[]);
    assert_eq!((code, differences), (Some(0), vec![]));
    shop.place.run(&["check"]).done();
}

#[test]
fn requests_are_measured_by_carrier_and_operation() {
    let shop = Shop::new();
    shop.vendor().faults.script_after(1, Fault::Refuse);
    let metrics = shop.ask_and_measure(&[
        ("PUT", format!("/{ORPHAN}/activate")),
        ("DELETE", format!("/{ORPHAN}")),
    ]);
    for (operation, outcome) in [("search", 200), ("order", 200), ("release", 409)] {
        let labels = format!("carrier=\"other\",operation=\"{operation}\"");
        let counted = format!("numberd_carrier_requests_total{{{labels},outcome=\"{outcome}\"}} 1");
        let timed = format!("numberd_carrier_request_seconds_count{{{labels}}} 1");
        for line in [counted, timed] {
            assert!(
                metrics.lines().any(|known| known == line),
                "{line} not in {metrics}"
            );
        }
    }
}

/// A carrier that nobody answers for costs the others nothing.
#[test]
fn the_job_tells_where_carriers_and_we_differ_and_changes_nothing() {
    let shop = Shop::new();
    shop.configure(
        "[carriers.didww]\napi_key = \"x\"\nbase_url = \"http://127.0.0.1:1\"\n\
         allow_private_addresses = true\n[orders]\nreconcile_every_s = 1\n",
    );
    let vendor = shop.vendor();
    vendor.order_at_once("", &[ORPHAN.to_owned()]).unwrap();
    vendor.release(BOUGHT[0]);
    let (before, theirs) = (shop.numbers(), vendor.owned(None, 100));
    let mut server = shop.place.serve(&[]);
    let mut log = server.log();
    for words in [
        &["didww", "can't be reconciled"][..],
        &["other", "reconciled"],
    ] {
        let told = log.any(|line| words.iter().all(|word| line.contains(word)));
        assert!(told, "{words:?}");
    }
    let metrics = server.get("/metrics");
    for (kind, count) in [
        ("theirs_not_ours", 1),
        ("ours_not_theirs", 1),
        ("attributes", 0),
    ] {
        let line = format!(
            "numberd_reconcile_differences{{carrier=\"other\",reseller=\"\",kind=\"{kind}\"}} {count}"
        );
        assert!(
            metrics.lines().any(|known| known == line),
            "{line} not in {metrics}"
        );
    }
    server.stop();
    assert_eq!(shop.numbers(), before);
    assert_eq!(vendor.owned(None, 100), theirs);
}

#[test]
fn carriers_that_can_not_be_asked_are_refused() {
    let place = Place::with_database();
    for name in ["local", "telnyx", "acme"] {
        place
            .run(&["carrier", "reconcile", name])
            .failed(3, &[name, "can't be asked"]);
    }
    let run = place.run(&["carrier", "reconcile", "other", "--adopt", "--release"]);
    assert_eq!(run.code, Some(2), "{run:?}");
}

#[test]
fn orders_are_listed_shown_and_closed() {
    let shop = Shop::new();
    shop.vendor().faults.script([Fault::Refuse]);
    shop.ask(&[("DELETE", format!("/{}", BOUGHT[0]))]);
    let orders = shop.orders(&[]);
    let states: Vec<&Value> = orders.iter().map(|order| &order["state"]).collect();
    assert_eq!(states, ["confirmed", "confirmed", "confirmed", "by_hand"]);
    assert_eq!(
        shop.orders(&["--account", "Buyer", "--limit", "2"]).len(),
        2
    );
    assert_eq!(shop.orders(&["--account", "master"]).len(), 0);
    assert_eq!(shop.orders(&["--open"]), orders[3..]);
    assert_eq!(shop.orders(&["--state", "by_hand"]), orders[3..]);

    let place = &shop.place;
    let id = orders[3]["id"].as_str().unwrap();
    let shown = place.run(&["order", "show", id]).done().out;
    for text in ["by_hand", "release", "not now", BOUGHT[0], &shop.buyer] {
        assert!(shown.contains(text), "no '{text}' in {shown}");
    }
    let closed = place.run(&["order", "close", id, "--json"]).done().json();
    assert_eq!(closed["state"], "settled");
    assert_eq!(shop.numbers().as_array().unwrap().len(), 2);
    place
        .run(&["order", "close", id])
        .failed(4, &["settled", "by_hand"]);
    place.run(&["order", "show", "nix"]).failed(3, &["nix"]);
    let run = place.run(&["order", "list", "--state", "lost"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("by_hand"), "{run:?}");
}
