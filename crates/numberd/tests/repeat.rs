//! Calls with an `Idempotency-Key`, repeated after the server was killed.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{API_KEY, Place, Server};
use serde_json::{Value, json};

const CALLERS: usize = 8;
/// Calls that each caller makes, if the server lives so long.
const CALLS: usize = 400;
/// Answers after which the server is killed.
const KILLED_AFTER: usize = 40;

/// Status and body; `None` where the connection ended before.
fn call(address: &str, head: &str, body: &Value) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let body = body.to_string();
    let length = body.len();
    // The head may bring headers of its own, after the first line.
    let (line, headers) = head.split_once('\n').unwrap_or((head, "Accept: */*"));
    let request = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.get(9..12)?.parse().ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, serde_json::from_str(body).ok()?))
}

/// A token of the master, and the master's id.
fn log_in(server: &Server) -> (String, String) {
    let body = json!({"data": {"api_key": API_KEY}});
    let (status, answer) = call(&server.address, "PUT /v2/api_auth", &body).unwrap();
    assert_eq!(status, 201, "{answer}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&answer["auth_token"]),
        text(&answer["data"]["account_id"]),
    )
}

/// A caller's `n`-th call.
fn create(
    address: &str,
    token: &str,
    account: &str,
    caller: usize,
    n: usize,
) -> Option<(u16, Value)> {
    let number = format!("%2B1415{:07}", 5_000_000 + caller * CALLS + n);
    let head = format!(
        "PUT /v2/accounts/{account}/phone_numbers/{number}\n\
         X-Auth-Token: {token}\r\nIdempotency-Key: {caller}-{n}"
    );
    call(address, &head, &json!({"data": {"caller": caller}}))
}

/// What was done and not answered is answered now; what was answered is
/// answered alike; nothing is done twice.
#[test]
fn after_a_kill_each_call_is_answered_as_if_nothing_had_been() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let (token, account) = log_in(&server);
    let answered = AtomicUsize::new(0);
    let address = server.address.clone();
    let before: Vec<Vec<Option<(u16, Value)>>> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (address, token, account) = (&address, &token, &account);
                let answered = &answered;
                scope.spawn(move || {
                    let mut answers = Vec::new();
                    for n in 0..CALLS {
                        let answer = create(address, token, account, caller, n);
                        let ended = answer.is_none();
                        answers.push(answer);
                        answered.fetch_add(1, Ordering::SeqCst);
                        if ended {
                            break;
                        }
                    }
                    answers
                })
            })
            .collect();
        while answered.load(Ordering::SeqCst) < KILLED_AFTER {
            thread::yield_now();
        }
        server.signal("-KILL");
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });
    server.wait();
    let lost = before.iter().flatten().filter(|answer| answer.is_none());
    assert!(lost.count() > 0, "the server was killed too late");

    let server = place.serve(&[]);
    let mut made = 0;
    for (caller, answers) in before.iter().enumerate() {
        for (n, first) in answers.iter().enumerate() {
            let again = create(&server.address, &token, &account, caller, n).unwrap();
            assert_eq!(again.0, 201, "{}", again.1);
            assert!(
                first.is_none() || *first == Some(again.clone()),
                "{first:?} {again:?}"
            );
            made += 1;
        }
    }
    let events = format!("/v2/accounts/{account}/phone_numbers/events?page_size=100000");
    let head = format!("GET {events}\nX-Auth-Token: {token}");
    let (_, log) = call(&server.address, &head, &json!({})).unwrap();
    assert_eq!(log["data"]["events"].as_array().unwrap().len(), made);
    server.stop();
}
