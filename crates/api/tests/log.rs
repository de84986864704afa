//! What the log says of a request, and what it keeps to itself.

mod common;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use common::Harness;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// On one thread, so that the log of this test is only this test's.
#[tokio::test(flavor = "current_thread")]
async fn one_line_a_request_and_no_secrets() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Harness::new().await;
    log.0.lock().unwrap().clear();
    let token = &server.child.token;
    let path = server
        .child
        .numbers(&format!("/+14155550001?auth_token={token}&key=hush-query"));
    let first = server.get(&server.child, &path).await;
    server
        .call("GET", &format!("/v2/user_auth/{token}"), None, None)
        .await;
    let body = json!({"data": {"credentials": "hush-credentials", "account_name": "x"}});
    server
        .call("PUT", "/v2/user_auth", Some("hush-token"), Some(body))
        .await;
    let body = json!({"data": {"api_key": "f".repeat(64)}});
    server.call("PUT", "/v2/api_auth", None, Some(body)).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let requests: Vec<&Value> = lines
        .iter()
        .filter(|line| line["fields"]["message"] == "request")
        .collect();
    assert_eq!(requests.len(), 4, "{text}");
    let fields = &requests[0]["fields"];
    assert_eq!(fields["request_id"], first.header("x-request-id").unwrap());
    assert_eq!(
        fields["route"],
        "/v2/accounts/{account_id}/phone_numbers/{number}"
    );
    assert_eq!(
        (&fields["method"], &fields["status"]),
        (&json!("GET"), &json!(404))
    );
    assert_eq!(fields["account"], server.child.id());
    assert!(fields["micros"].is_u64());
    for secret in [token.as_str(), "hush", "ffffffff"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
