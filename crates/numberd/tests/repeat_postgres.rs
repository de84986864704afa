//! Calls with an `Idempotency-Key` on PostgreSQL, when commits are lost on
//! their way: repeated until they are answered, each is done once.

mod common;

use common::{Place, Server, ask_with};
use serde_json::Value;
use test_postgres::{Link, Loss, Server as Postgres};

/// How often a call is sent before it must have been answered.
const TRIES: usize = 10;

/// One kind of call.
struct Kind {
    name: &'static str,
    method: &'static str,
    path: String,
    body: &'static str,
    /// Lists what such calls make.
    listing: String,
    /// How many transactions it is made of.
    commits: usize,
}

fn kinds(account: &str, child: &str) -> Vec<Kind> {
    let of = |rest: &str| format!("/v2/accounts/{account}/{rest}");
    vec![
        Kind {
            name: "user",
            method: "PUT",
            path: of("users"),
            body: r#"{"data":{"first_name":"Zoe","last_name":"Zed"}}"#,
            listing: of("users?paginate=false"),
            commits: 3,
        },
        Kind {
            name: "account",
            method: "PUT",
            path: format!("/v2/accounts/{account}"),
            // The name of the call's key is put in, since names are unique.
            body: r#"{"data":{"name":"KEY"}}"#,
            listing: of("descendants?paginate=false"),
            commits: 3,
        },
        Kind {
            name: "webhook",
            method: "PUT",
            path: format!("/v2/accounts/{child}/webhooks"),
            body: r#"{"data":{"name":"h","hook":"object","uri":"https://example.com/","secret":"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"}}"#,
            listing: format!("/v2/accounts/{child}/webhooks?paginate=false"),
            commits: 3,
        },
        Kind {
            name: "number",
            method: "PUT",
            path: of("phone_numbers/%2B1415555NUMBER"),
            body: r#"{"data":{}}"#,
            listing: of("phone_numbers/events"),
            commits: 1,
        },
    ]
}

fn json(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("head and body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

fn count(server: &Server, token: &str, listing: &str) -> usize {
    let (status, answer) = server.ask("GET", listing, token, "").unwrap();
    assert_eq!(status, 200, "{answer}");
    let data = &json(&answer)["data"];
    let rows = data["events"].as_array().or_else(|| data.as_array());
    rows.unwrap_or_else(|| panic!("no list: {answer}")).len()
}

/// Sends a call until it is answered: what isn't known is a 503 that says when
/// to come again.
fn until_answered(server: &Server, token: &str, kind: &Kind, key: &str, nth: usize) -> String {
    let path = kind.path.replace("NUMBER", &format!("{nth:04}"));
    let body = kind.body.replace("KEY", key);
    let headers = [("X-Auth-Token", token), ("Idempotency-Key", key)];
    for _ in 0..TRIES {
        let asked = ask_with(&server.address, kind.method, &path, &headers, &body);
        let (status, answer) = asked.expect("the node runs");
        if status == 201 {
            return answer;
        }
        assert_eq!(status, 503, "{key}: {answer}");
        let head = answer.to_lowercase();
        assert!(head.contains("\r\nretry-after: "), "{key}: {answer}");
    }
    panic!("{key} was never answered");
}

#[test]
fn a_call_is_done_once_whichever_commit_is_lost() {
    let postgres = Postgres::start();
    let link = Link::to(&postgres);
    let place = Place::over(&link.url());
    let server = place.serve(&["--log-level", "off"]);
    let token = server.token();
    let accounts = place.run(&["account", "list", "--json"]).done().json();
    let account = accounts[0]["id"].as_str().unwrap().to_owned();
    let child = place.account("child");
    let mut nth = 0;
    for kind in kinds(&account, &child) {
        for (loss, commit) in [Loss::Answer, Loss::Request]
            .into_iter()
            .flat_map(|loss| (0..kind.commits).map(move |commit| (loss, commit)))
        {
            nth += 1;
            let key = format!("{}-{loss:?}-{commit}", kind.name);
            let before = count(&server, &token, &kind.listing);
            let through = std::iter::repeat_n(None, commit);
            link.lose_commits(through.chain([Some(loss)]));
            let answer = until_answered(&server, &token, &kind, &key, nth);
            assert_eq!(link.commits_met(), commit + 1, "{key} lost what it should");
            assert_eq!(
                count(&server, &token, &kind.listing),
                before + 1,
                "{key}: {answer}"
            );
            // Also afterwards.
            let again = until_answered(&server, &token, &kind, &key, nth);
            assert_eq!(json(&again)["data"]["id"], json(&answer)["data"]["id"]);
            assert_eq!(count(&server, &token, &kind.listing), before + 1, "{key}");
        }
    }
    let checked = place.run(&["check", "--json"]).done().json();
    assert_eq!(checked["found"], 0, "{checked}");
    server.stop();
}
