//! Real connections: what the HTTP library refuses by itself, stopping, and
//! clients that go away.

mod common;

use std::net::SocketAddr;
use std::sync::Arc;

use api::table::{get, put};
use api::{Api, ApiError, ApiSettings, Limits, OpenCall, Reply, Table};
use common::Harness;
use engine::Settings;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// A server on a port of its own.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<bool>,
    _harness: Harness,
}

async fn run(settings: ApiSettings, routes: Table) -> Running {
    let harness = Harness::with_routes(Settings::default(), settings, routes).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let service = harness.service.clone();
    let ended = tokio::spawn(api::serve(listener, service, async {
        let _ = stopped.await;
    }));
    Running {
        address,
        stop,
        ended,
        _harness: harness,
    }
}

/// Sends bytes and reads until the other side closes.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> (u16, Value, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may answer and stop reading before it has everything.
    let _ = stream.write_all(bytes).await;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (
        status,
        serde_json::from_str(body).unwrap_or_default(),
        head.to_owned(),
    )
}

fn refused(answer: &(u16, Value, String), status: u16) {
    let (sent, body, head) = answer;
    assert_eq!(*sent, status, "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(body["error"], status.to_string());
    assert_eq!(body["status"], "error");
    let id = body["request_id"].as_str().unwrap();
    assert!(head.contains(&format!("x-request-id: {id}")), "{head}");
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_an_envelope() {
    let server = run(ApiSettings::default(), api::router::routes()).await;
    let path = |length: usize| format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(length));
    let ask = |text: String| async move { exchange(server.address, text.as_bytes()).await };
    // Longer than we take, than the library takes, than its buffer.
    let close = path(20_000).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    refused(&ask(close).await, 414);
    refused(&ask(path(100_000)).await, 414);
    refused(&ask(path(10_000_000)).await, 431);
    refused(&ask("\0\u{1}nonsense\r\n\r\n".to_owned()).await, 400);
    refused(
        &ask("GET / HTTP/1.1\r\nbad header\r\n\r\n".to_owned()).await,
        400,
    );
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1000));
    refused(&ask(many).await, 431);
}

#[tokio::test]
async fn bodies_are_bounded_while_they_come() {
    let limits = Limits {
        max_body_bytes: 10_000,
        ..Limits::default()
    };
    let settings = ApiSettings {
        limits,
        ..ApiSettings::default()
    };
    let server = run(settings, api::router::routes()).await;
    let head = "PUT /v2/user_auth HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
    let chunked = format!(
        "{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(10)
    );
    let declared = format!("{head}content-length: 99999999\r\n\r\n");
    for request in [chunked, declared] {
        let answer = exchange(server.address, request.as_bytes()).await;
        refused(&answer, 400);
        assert_eq!(answer.1["data"]["file"]["maxSize"]["target"], 10_000);
    }
}

#[derive(Default)]
struct Gate {
    entered: Notify,
    open: Notify,
    left: Notify,
}

fn gated(gate: &Arc<Gate>) -> Table {
    let inner = Arc::clone(gate);
    let wait = move |_: Arc<Api>, _: OpenCall| {
        let gate = Arc::clone(&inner);
        async move {
            gate.entered.notify_one();
            gate.open.notified().await;
            gate.left.notify_one();
            Ok::<_, ApiError>(Reply::empty_object())
        }
    };
    Table::default().route("/v2/gate", put(wait)).route(
        "/v2/free",
        get(|_: OpenCall| async { Reply::empty_object() }),
    )
}

const GATE: &[u8] = b"PUT /v2/gate HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn stopping_finishes_what_is_in_flight() {
    let gate = Arc::new(Gate::default());
    let server = run(ApiSettings::default(), gated(&gate)).await;
    let asking = tokio::spawn(exchange(server.address, GATE));
    gate.entered.notified().await;
    server.stop.send(()).unwrap();
    gate.open.notify_one();
    let (status, body, _) = asking.await.unwrap();
    assert_eq!((status, &body["status"]), (201, &"success".into()));
    assert!(server.ended.await.unwrap());
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_write_is_finished_when_its_client_goes_away() {
    let gate = Arc::new(Gate::default());
    let server = run(ApiSettings::default(), gated(&gate)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(GATE).await.unwrap();
    gate.entered.notified().await;
    drop(stream);
    server.stop.send(()).unwrap();
    // Nothing but the write holds the server up, and it does, however long
    // the others have to notice.
    while TcpStream::connect(server.address).await.is_ok() {}
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    assert!(!server.ended.is_finished());
    gate.open.notify_one();
    gate.left.notified().await;
    assert!(server.ended.await.unwrap());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let gate = Arc::new(Gate::default());
    let limits = Limits {
        drain_timeout_s: 0,
        ..Limits::default()
    };
    let settings = ApiSettings {
        limits,
        ..ApiSettings::default()
    };
    let server = run(settings, gated(&gate)).await;
    let asking = tokio::spawn(exchange(server.address, GATE));
    gate.entered.notified().await;
    server.stop.send(()).unwrap();
    assert!(!server.ended.await.unwrap());
    asking.abort();
}

#[tokio::test]
async fn forwarded_addresses_are_believed_from_proxies_only() {
    for (proxies, believed) in [(vec!["127.0.0.1"], true), (vec![], false)] {
        let settings = ApiSettings {
            reverse_proxies: proxies.iter().map(|proxy| proxy.parse().unwrap()).collect(),
            limits: Limits {
                bucket_capacity: 1,
                bucket_refill_per_second: 1,
                ..Limits::default()
            },
            ..ApiSettings::default()
        };
        let server = run(settings, gated(&Arc::default())).await;
        let mut refused = 0;
        // Whoever is believed has a bucket for each address; whoever isn't has
        // one, which can't refill as fast as this.
        for client in 0..50 {
            let request = format!(
                "GET /v2/free HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                 x-forwarded-for: 6.6.6.6, 192.0.2.{client}\r\n\r\n"
            );
            let answer = exchange(server.address, request.as_bytes()).await;
            refused += usize::from(answer.0 == 429);
        }
        assert_eq!(refused == 0, believed, "{refused} refused");
    }
}
