//! A running server with the callers that every route is tried as: nobody, a
//! stranger, a child, its parent, the master.
#![allow(dead_code, reason = "each test binary uses a part of it")]

#[path = "../common/database.rs"]
mod database;

use std::sync::Arc;

use api::{ApiService, ApiSettings};
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use engine::bootstrap::Bootstrap;
use engine::passwords::DigestMethod;
use engine::{Context, Engine, Settings};
use numbers::account::Account;
use serde_json::{Map, Value, json};
use store::User;
use tower::ServiceExt;

pub const PASSWORD: &str = "correct horse";

/// master → parent → child; master → stranger. Each has an admin user `admin`.
pub struct People {
    pub service: ApiService,
    pub engine: Arc<Engine>,
    pub master: Person,
    pub parent: Person,
    pub child: Person,
    pub stranger: Person,
    pub api_key: String,
    _guard: database::Guard,
}

/// An account, its admin user, and a token of that user.
pub struct Person {
    pub account: Account,
    pub admin: User,
    pub token: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }
}

pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

pub fn credentials(username: &str, password: &str) -> Value {
    json!(DigestMethod::Md5.digest(username, password))
}

impl People {
    pub async fn new() -> Self {
        Self::with(ApiSettings::default(), Settings::default()).await
    }

    pub async fn with(api: ApiSettings, settings: Settings) -> Self {
        let (store, guard) = database::open().await;
        let engine = Arc::new(Engine::new(store, settings).unwrap());
        let options = Bootstrap {
            password: Some(PASSWORD.to_owned()),
            ..Bootstrap::default()
        };
        let made = engine.bootstrap(options).await.unwrap().unwrap();
        let ctx = Context::system("test");
        let below = async |above: &Account, name: &str| {
            let data = object(json!({ "name": name }));
            let account = engine.create_account(&ctx, &above.id, data).await.unwrap();
            let admin = json!({
                "username": "admin", "password": PASSWORD, "priv_level": "admin",
                "first_name": "Ada", "last_name": name,
            });
            engine
                .create_user(&ctx, &account.id, object(admin))
                .await
                .unwrap();
            account
        };
        let parent = below(&made.account, "parent").await;
        let child = below(&parent, "child").await;
        let stranger = below(&made.account, "stranger").await;
        Self {
            service: api::service(Arc::clone(&engine), api),
            master: person(&engine, made.account).await,
            parent: person(&engine, parent).await,
            child: person(&engine, child).await,
            stranger: person(&engine, stranger).await,
            api_key: made.api_key,
            engine,
            _guard: guard,
        }
    }

    /// Sends a request with the token, if any, and the body, if any.
    pub async fn send(
        &self,
        verb: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(verb).uri(path);
        if let Some(token) = token {
            request = request.header("x-auth-token", token);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        self.request(request).await
    }

    pub async fn request(&self, request: Request<Body>) -> Answer {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        };
        if answer.status != StatusCode::NOT_MODIFIED {
            assert_envelope(&answer);
        }
        answer
    }

    /// The status of the same request by nobody, stranger, child, parent and
    /// master, in this order.
    pub async fn as_each(&self, verb: &str, path: &str, body: Option<Value>) -> [u16; 5] {
        let people = [&self.stranger, &self.child, &self.parent, &self.master];
        let mut statuses = [0; 5];
        statuses[0] = self
            .send(verb, path, None, body.clone())
            .await
            .status
            .as_u16();
        for (status, person) in statuses[1..].iter_mut().zip(people) {
            let answer = self
                .send(verb, path, Some(&person.token), body.clone())
                .await;
            *status = answer.status.as_u16();
        }
        statuses
    }
}

async fn person(engine: &Engine, account: Account) -> Person {
    let data = json!({
        "credentials": credentials("admin", PASSWORD), "account_name": account.name,
    });
    let token = engine.user_auth(object(data)).await.unwrap().token;
    let holder = engine.authenticate(&token).await.unwrap();
    let admin = holder.user.unwrap().as_ref().clone();
    Person {
        account,
        admin,
        token,
    }
}

/// What every answer has (spec/http.md 2.1, 2.2).
fn assert_envelope(answer: &Answer) {
    assert_eq!(answer.headers["content-type"], "application/json");
    let body = &answer.body;
    assert!(body["request_id"].is_string(), "{body}");
    if answer.status.is_success() {
        assert_eq!(body["status"], "success");
    } else {
        assert_eq!(body["status"], "error");
        assert_eq!(body["error"], answer.status.as_str());
        assert!(body["message"].is_string(), "{body}");
        assert!(!body["data"].is_null(), "{body}");
    }
}
