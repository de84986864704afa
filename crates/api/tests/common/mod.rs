//! A server for tests: a database of its own, four accounts with
//! tokens, and a way to ask.
//!
//! ```text
//! master ─┬─ reseller ── child
//!         └─ stranger
//! ```
//! `reseller` and `child` may add numbers (`wnm_allow_additions`), `stranger`
//! may not.

// Each test file compiles this module for itself and uses a part of it.
#![allow(dead_code)]

pub mod dash;
pub mod database;

use std::sync::Arc;

use api::{ApiService, ApiSettings, Table};
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, request};
use engine::bootstrap::Bootstrap;
use engine::import::ImportRow;
use engine::{Context, Engine, Settings};
use numbers::account::{Account, AccountId};
use numbers::state::State;
use serde_json::{Map, Value, json};
use store::Store;
use tower::ServiceExt;

/// An account and a token for it.
#[derive(Clone)]
pub struct Holder {
    pub account: Account,
    pub token: String,
}

impl Holder {
    pub fn id(&self) -> &str {
        self.account.id.as_str()
    }

    /// `/v2/accounts/ID` and what follows.
    pub fn url(&self, rest: &str) -> String {
        format!("/v2/accounts/{}{rest}", self.account.id)
    }

    /// `/v2/accounts/ID/phone_numbers` and what follows.
    pub fn numbers(&self, rest: &str) -> String {
        self.url(&format!("/phone_numbers{rest}"))
    }
}

/// A running API without a socket.
pub struct Harness {
    pub service: ApiService,
    pub engine: Arc<Engine>,
    pub store: Arc<dyn Store>,
    pub master: Holder,
    pub reseller: Holder,
    pub child: Holder,
    pub stranger: Holder,
    _guard: database::Guard,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// The envelope's data; null when there is none.
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("visible ASCII"))
    }

    /// Status, message and data of an error, for one comparison.
    pub fn refusal(&self) -> (u16, &str, &Value) {
        assert_eq!(self.body["status"], "error", "{}", self.text);
        assert_eq!(self.body["error"], self.status.as_str(), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
        let message = self.body["message"]
            .as_str()
            .expect("errors have a message");
        (self.status.as_u16(), message, self.data())
    }
}

impl Harness {
    /// Everything as it is by default.
    pub async fn new() -> Self {
        Self::with(Settings::default(), ApiSettings::default()).await
    }

    /// Settings of the test's own.
    pub async fn with(settings: Settings, api: ApiSettings) -> Self {
        Self::with_routes(settings, api, api::router::routes()).await
    }

    /// Routes of the test's own.
    pub async fn with_routes(settings: Settings, api: ApiSettings, routes: Table) -> Self {
        let (store, guard) = database::open().await;
        let engine = Engine::new(store.clone(), settings).expect("good settings");
        let engine = Arc::new(engine);
        let made = engine
            .bootstrap(Bootstrap::default())
            .await
            .expect("an empty database");
        let master = made.expect("no master yet").account;
        let cx = Context::system("test");
        let reseller = account(&engine, &cx, &master.id, "reseller").await;
        let reseller = engine
            .set_allow_additions(&cx, &reseller.id, true)
            .await
            .expect("there");
        let reseller = engine
            .set_reseller(&cx, &reseller.id, true)
            .await
            .unwrap_or(reseller);
        let child = account(&engine, &cx, &reseller.id, "child").await;
        let child = engine
            .set_allow_additions(&cx, &child.id, true)
            .await
            .expect("there");
        let stranger = account(&engine, &cx, &master.id, "stranger").await;
        Self {
            service: api::service_with(engine.clone(), api, routes),
            master: holder(&engine, &cx, master).await,
            reseller: holder(&engine, &cx, reseller).await,
            child: holder(&engine, &cx, child).await,
            stranger: holder(&engine, &cx, stranger).await,
            engine,
            store,
            _guard: guard,
        }
    }

    /// Asks, with JSON where there is a body.
    pub async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        self.ask(request, token, body).await
    }

    /// A `GET` as somebody.
    pub async fn get(&self, holder: &Holder, path: &str) -> Answer {
        self.call("GET", path, Some(&holder.token), None).await
    }

    /// A request with data as somebody.
    pub async fn write(&self, method: &str, holder: &Holder, path: &str, data: Value) -> Answer {
        self.call(
            method,
            path,
            Some(&holder.token),
            Some(json!({ "data": data })),
        )
        .await
    }

    /// As [`Self::call`], in a dialect of the test's choice.
    pub async fn call_in(
        &self,
        dialect: &str,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-numberd-dialect", dialect);
        self.ask(request, token, body).await
    }

    /// A request with its token and its body.
    async fn ask(
        &self,
        mut request: request::Builder,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        if let Some(token) = token {
            request = request.header("x-auth-token", token);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).expect("a good request")).await
    }

    /// Numbers for sale, of a carrier, with a rate center.
    pub async fn stock(&self, carrier: &str, numbers: &[&str]) {
        let row = |number: &&str| ImportRow {
            e164: (*number).to_owned(),
            state: Some(State::Available),
            carrier_module: Some(carrier.to_owned()),
            carrier_data: json!({
                "rate_center": {"lata": "722", "name": "SAN RAFAEL", "state": "CA"},
            })
            .as_object()
            .cloned()
            .unwrap_or_default(),
            ..ImportRow::default()
        };
        let rows = numbers.iter().map(row).collect();
        let made = self
            .engine
            .import_batch(&Context::system("test"), rows)
            .await
            .expect("a working store");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .service
            .clone()
            .oneshot(request)
            .await
            .expect("never fails");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a whole body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }
}

/// A new account below another.
pub async fn account(engine: &Engine, cx: &Context, parent: &AccountId, name: &str) -> Account {
    let mut document = Map::new();
    document.insert("name".to_owned(), name.into());
    engine
        .create_account(cx, parent, document)
        .await
        .expect("a good account")
}

/// A token for an account.
pub async fn holder(engine: &Engine, cx: &Context, account: Account) -> Holder {
    let key = engine
        .regenerate_api_key(cx, &account.id)
        .await
        .expect("may make a key");
    let mut data = Map::new();
    data.insert("api_key".to_owned(), key.into());
    let login = engine.api_auth(data).await.expect("a good key");
    Holder {
        account,
        token: login.token,
    }
}
