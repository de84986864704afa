//! A server of the fuzzers' own, in this process and without a socket: one
//! account, its token, an empty database.

use std::sync::LazyLock;

use api::{ApiService, ApiSettings, Limits};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use engine::bootstrap::Bootstrap;
use engine::{Engine, Settings};
use http_body_util::BodyExt;
use serde_json::Value;
use store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

struct Server {
    runtime: Runtime,
    service: ApiService,
    account: String,
    token: String,
    _folder: TempDir,
}

static SERVER: LazyLock<Server> = LazyLock::new(Server::new);

impl Server {
    fn new() -> Self {
        let runtime = Runtime::new().expect("threads");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = SqliteStore::open(folder.path().join("numberd.db"), &Options::default());
        let store = std::sync::Arc::new(store.expect("a new database"));
        let engine = Engine::new(store, Settings::default()).expect("good settings");
        let engine = std::sync::Arc::new(engine);
        let (account, token) = runtime.block_on(async {
            let made = engine.bootstrap(Bootstrap::default()).await;
            let made = made.expect("an empty database").expect("no master yet");
            let mut data = serde_json::Map::new();
            data.insert("api_key".to_owned(), made.api_key.into());
            let login = engine.api_auth(data).await.expect("a good key");
            (made.account.id.to_string(), login.token)
        });
        // Guessing is what is done here: nobody is to be stopped.
        let limits = Limits {
            bucket_capacity: u32::MAX,
            bucket_refill_per_second: u32::MAX,
            ..Limits::default()
        };
        let settings = ApiSettings {
            limits,
            ..ApiSettings::default()
        };
        Self {
            service: api::service(engine, settings),
            runtime,
            account,
            token,
            _folder: folder,
        }
    }
}

/// A token of the account.
pub fn token() -> &'static str {
    &SERVER.token
}

/// A path below the account's numbers.
pub fn numbers(rest: &str) -> String {
    format!("/v2/accounts/{}/phone_numbers{rest}", SERVER.account)
}

/// Asks, and sees to it that the answer is whole: an envelope that agrees with
/// the status.
pub fn ask(request: Request<Body>) -> (StatusCode, String) {
    SERVER.runtime.block_on(async {
        let answer = SERVER.service.clone().oneshot(request).await;
        let (parts, body) = answer.expect("never fails").into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        let is_json = parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == "application/json");
        if is_json {
            let body: Value = serde_json::from_str(&text).expect("JSON");
            let wanted = if parts.status.is_success() {
                "success"
            } else {
                "error"
            };
            assert_eq!(body["status"], wanted, "{text}");
        } else {
            assert!(!parts.status.is_client_error(), "{text}");
        }
        (parts.status, text)
    })
}
