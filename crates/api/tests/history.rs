//! Who did what with a number, and the log that accounts follow.

mod common;

use std::time::Duration;

use common::{Harness, Holder};
use numbers::gregorian::GregorianSeconds;
use serde_json::{Value, json};

const N: &str = "/+14155550001";

/// One member of each event.
fn each<'a>(events: &'a Value, member: &str) -> Vec<&'a str> {
    let events = events.as_array().expect("a list").iter();
    events
        .map(|event| event[member].as_str().unwrap_or("-"))
        .collect()
}

async fn history(server: &Harness, holder: &Holder, query: &str) -> Value {
    let path = holder.numbers(&format!("{N}/history{query}"));
    let answer = server.get(holder, &path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

async fn log(server: &Harness, holder: &Holder, query: &str) -> Value {
    let path = holder.numbers(&format!("/events{query}"));
    let answer = server.get(holder, &path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.data().clone()
}

/// The same once so many events are there. On a PostgreSQL server the log waits
/// for every older write, also of other tests.
async fn log_with(server: &Harness, holder: &Holder, query: &str, events: usize) -> Value {
    let all_there = async {
        loop {
            let page = log(server, holder, query).await;
            if page["events"].as_array().unwrap().len() >= events {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let page = tokio::time::timeout(Duration::from_mins(1), all_there).await;
    page.expect("the log has all events in the end")
}

/// A number's life: the child has it, the reseller takes it and lets it go, a
/// stranger takes it.
async fn lived() -> Harness {
    let server = Harness::new().await;
    server.stock("inventory", &["+14155550001"]).await;
    let step = async |method: &str, holder: &Holder, rest: &str, data: Value| {
        let path = holder.numbers(&format!("{N}{rest}"));
        let answer = server.write(method, holder, &path, data).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    };
    let (reseller, child) = (&server.reseller, &server.child);
    let note = json!({"note": "mine", "cnam": {"display_name": "Child"}});
    step("PUT", child, "/activate", note).await;
    step("PUT", reseller, "/activate", json!({"secret": "plan"})).await;
    step("DELETE", reseller, "", json!({})).await;
    step("PUT", &server.stranger, "/activate", json!({})).await;
    log_with(&server, &server.master, "", 5).await;
    server
}

#[tokio::test]
async fn a_history_tells_each_what_is_theirs() {
    let server = lived().await;
    let whole = history(&server, &server.master, "").await;
    let all = [
        "imported",
        "activated",
        "activated",
        "released",
        "activated",
    ];
    assert_eq!(each(&whole["data"], "action"), all);
    let of_reseller = history(&server, &server.reseller, "").await;
    assert_eq!(each(&of_reseller["data"], "action"), all[1..4]);
    let of_child = history(&server, &server.child, "").await;
    assert_eq!(each(&of_child["data"], "action"), all[1..3]);
    // What became of it above the child is the reseller's.
    let taken = &of_child["data"][1];
    assert_eq!(taken["account_id"], server.reseller.id());
    assert_eq!(taken["before"]["note"], "mine");
    assert_eq!(taken["after"], Value::Null);
    assert!(!of_child.to_string().contains("plan"));
    let of_stranger = history(&server, &server.stranger, "").await;
    let event = &of_stranger["data"][0];
    assert_eq!(of_stranger["data"].as_array().unwrap().len(), 1);
    assert_eq!(event["before"]["state"], "available");
    assert_eq!(event["after"]["assigned_to"], server.stranger.id());
    assert_eq!(event["request_id"].as_str().unwrap().len(), 32);
    // Private members never, carrier data for operators.
    assert!(!whole.to_string().contains("pvt_"), "{whole}");
    assert!(whole.to_string().contains("rate_center"));
    assert!(!of_child.to_string().contains("rate_center"));
}

#[tokio::test]
async fn a_history_comes_in_pages_both_ways_and_in_both_dialects() {
    let server = lived().await;
    let first = history(&server, &server.reseller, "?page_size=2").await;
    assert_eq!(each(&first["data"], "action"), ["activated", "activated"]);
    let next = first["next_start_key"].as_str().unwrap();
    let rest = format!("?page_size=2&start_key={next}");
    let rest = history(&server, &server.reseller, &rest).await;
    assert_eq!(each(&rest["data"], "action"), ["released"]);
    assert_eq!(rest["next_start_key"], Value::Null);
    let newest = history(&server, &server.reseller, "?descending=true&page_size=1").await;
    assert_eq!(each(&newest["data"], "action"), ["released"]);
    let path = server.child.numbers(&format!("{N}/history"));
    let token = Some(server.child.token.as_str());
    for (dialect, features) in [
        ("2016", json!({"outbound_cnam": {"display_name": "Child"}})),
        ("4.3", json!(["outbound_cnam"])),
    ] {
        let answer = server.call_in(dialect, "GET", &path, token, None).await;
        let after = &answer.data()[0]["after"];
        assert_eq!(after["features"], features, "{dialect}");
    }
    let none = server.child.numbers("/+14155550009/history");
    let refusal = server.get(&server.child, &none).await;
    assert_eq!(
        (refusal.refusal().0, refusal.refusal().1),
        (404, "bad_identifier")
    );
}

#[tokio::test]
async fn each_account_follows_its_own_tree() {
    let server = lived().await;
    let count = async |holder: &Holder| {
        let answer = log(&server, holder, "").await;
        assert_eq!(answer["more"], false);
        answer["events"].as_array().unwrap().len()
    };
    assert_eq!(count(&server.master).await, 5);
    assert_eq!(count(&server.reseller).await, 3);
    assert_eq!(count(&server.child).await, 2);
    assert_eq!(count(&server.stranger).await, 1);
    // Going on, an event at a time.
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = log(
            &server,
            &server.reseller,
            &format!("?page_size=1&after={after}"),
        )
        .await;
        after = page["after"].as_str().unwrap().to_owned();
        seen.extend(page["events"].as_array().unwrap().clone());
        if page["more"] == false {
            break;
        }
    }
    let seen = json!(seen);
    assert_eq!(
        each(&seen, "action"),
        ["activated", "activated", "released"]
    );
    // At the end the place stays, and what comes is told from there.
    let page = log(&server, &server.reseller, &format!("?after={after}")).await;
    assert_eq!(
        (&page["events"], &page["after"]),
        (&json!([]), &json!(after))
    );
    let path = server.child.numbers("/+14155550002");
    server.write("PUT", &server.child, &path, json!({})).await;
    let page = log_with(&server, &server.reseller, &format!("?after={after}"), 1).await;
    assert_eq!(each(&page["events"], "number"), ["+14155550002"]);
}

#[tokio::test]
async fn a_place_that_never_was_in_the_log_is_refused() {
    let server = lived().await;
    let absent = format!("14155550001-{}", "0".repeat(32));
    for cursor in ["x", "14155550001-", "-", absent.as_str()] {
        let path = server.child.numbers(&format!("/events?after={cursor}"));
        let answer = server.get(&server.child, &path).await;
        let (status, message, data) = answer.refusal();
        assert_eq!((status, message), (400, "validation error"), "{cursor}");
        assert!(data["after"]["wrong_format"].is_object(), "{data}");
    }
    let empty = Harness::new().await;
    let nothing = log(&empty, &empty.child, "").await;
    assert_eq!(nothing, json!({"events": [], "after": null, "more": false}));
}

/// Changes at given times: the clock of a change is its context's.
#[tokio::test]
async fn whose_a_number_was() {
    use engine::change::ChangeRequest;
    use numbers::life::Operation;
    use numbers::plan::Command;

    let server = Harness::new().await;
    let at = |hour: u64| GregorianSeconds::from_unix(1_700_000_000 + hour * 3600);
    let change = async |hour: u64, target: &Holder, operation| {
        let mut cx = engine::Context::system("test");
        cx.now = at(hour);
        let target = std::sync::Arc::new(target.account.clone());
        let request = ChangeRequest {
            target: Some(&target),
            command: Command::new(operation, serde_json::Map::new()),
            accept_charges: true,
        };
        let done = server
            .engine
            .change_one(&cx, &request, "+14155550001")
            .await;
        done.unwrap();
    };
    server.stock("inventory", &["+14155550001"]).await;
    change(1, &server.child, Operation::Activate).await;
    change(3, &server.reseller, Operation::Activate).await;
    change(5, &server.reseller, Operation::Release).await;
    let ask = async |holder: &Holder, at: &str| {
        let path = holder.numbers(&format!("{N}/identify?at={at}"));
        server.get(holder, &path).await
    };
    let gregorian = |hour| at(hour).get().to_string();
    let answer = ask(&server.child, &gregorian(2)).await;
    let expected = json!({
        "account_id": server.child.id(), "number": "+14155550001",
        "at": at(2), "since": at(1),
    });
    assert_eq!(answer.data(), &expected);
    // 2023-11-15T02:13:20Z is the fourth hour.
    for time in ["2023-11-15T02:13:20Z", "1700014400"] {
        let answer = ask(&server.reseller, time).await;
        assert_eq!(answer.data()["account_id"], server.reseller.id(), "{time}");
        assert_eq!(answer.data()["since"], json!(at(3)));
        // The child had it before, and knows nothing of then.
        assert_eq!(ask(&server.child, time).await.status, 404);
    }
    let over = ask(&server.master, &gregorian(6)).await;
    assert_eq!(over.refusal(), (400, "client error", &json!("unassigned")));
    assert_eq!(ask(&server.master, &gregorian(0)).await.status, 404);
    for (time, rule) in [("yesterday", "wrong_format"), ("99999999999", "maximum")] {
        let answer = ask(&server.master, time).await;
        assert_eq!(answer.status, 400);
        assert!(answer.data()["at"][rule].is_object(), "{}", answer.text);
    }
}
