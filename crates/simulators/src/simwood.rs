//! `simwood`: Simwood's API v3 (spec/integrations.md 2.7 and 5.8). It says no in
//! the status or in the body, as it likes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::vendor::Vendor;
use crate::{Wire, auth};

/// The account that it knows.
pub const ACCOUNT: &str = "930000";
/// The username and password that it wants.
pub const LOGIN: (&str, &str) = ("simwood-user", "simwood-password");

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |method, path, _| {
        path.contains("/allocated/") && (*method == Method::PUT || *method == Method::DELETE)
    },
};

/// The vendor and the reports that were asked for and aren't ready.
struct Simwood {
    vendor: Arc<Vendor>,
    reports: Mutex<HashSet<String>>,
}

fn routes(vendor: Arc<Vendor>) -> Router {
    let simwood = Simwood {
        vendor,
        reports: Mutex::default(),
    };
    Router::new()
        .route("/numbers/{account}/available/{tier}/{count}", get(search))
        .route("/numbers/{account}/allocated/all", post(report))
        .route(
            "/numbers/{account}/allocated/{number}",
            get(holds).put(order).delete(release),
        )
        .route("/files/{account}/{hash}", get(file))
        .layer(middleware::from_fn(known_account))
        .layer(middleware::from_fn(|request, next| {
            auth::basic_only(LOGIN, request, next)
        }))
        .with_state(Arc::new(simwood))
}

/// Every path names the account in its second segment.
async fn known_account(request: Request, next: Next) -> Response {
    if request.uri().path().split('/').nth(2) == Some(ACCOUNT) {
        next.run(request).await
    } else {
        fail(StatusCode::FORBIDDEN, "no such account")
    }
}

fn fail(status: StatusCode, error: &str) -> Response {
    let body = json!({"success": false, "errors": [error]});
    (status, Json(body)).into_response()
}

fn success() -> Response {
    Json(json!({"success": true})).into_response()
}

async fn search(
    State(simwood): State<Arc<Simwood>>,
    Path((_, tier, count)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let known = matches!(tier.as_str(), "all" | "gold" | "standard");
    let (true, "1" | "10" | "100") = (known, count.as_str()) else {
        return fail(StatusCode::NOT_FOUND, "no such endpoint");
    };
    let count = count.parse().unwrap_or(1);
    let code = query.get("country_code").map_or("44", String::as_str);
    let pattern = query.get("pattern").map_or("*", String::as_str);
    let (begin, end) = pattern.split_once('*').unwrap_or((pattern, ""));
    let found = simwood.vendor.search(&format!("+{code}{begin}"), 10_000);
    let fitting = found.iter().filter(|number| number.ends_with(end));
    let items: Vec<Value> = fitting.take(count).map(|number| item(number)).collect();
    Json(items).into_response()
}

fn item(number: &str) -> Value {
    let digits = number.trim_start_matches('+');
    let (code, national) = match digits.strip_prefix('1') {
        Some(national) => ("1", national),
        None => digits.split_at(2.min(digits.len())),
    };
    json!({
        "country_code": code,
        "number": national,
        "recommended_gold_premium": "0",
        "wholesale_gold_premium": "0",
        "block": "894a404a0000000000000000000000ed",
        "bill_class": "DDI",
        "SMS": u8::from(national.ends_with('1')),
    })
}

async fn order(
    State(simwood): State<Arc<Simwood>>,
    Path((_, number)): Path<(String, String)>,
) -> Response {
    let number = format!("+{number}");
    // What is the customer's already stays as it is.
    if simwood.vendor.owner_order(&number).is_some() {
        return success();
    }
    match simwood.vendor.order_at_once("", &[number]) {
        Ok(_) => success(),
        // As it likes to: 200, and the body says no.
        Err(refusal) => fail(StatusCode::OK, &format!("{refusal:?}")),
    }
}

async fn holds(
    State(simwood): State<Arc<Simwood>>,
    Path((_, number)): Path<(String, String)>,
) -> Response {
    let number = format!("+{number}");
    if simwood.vendor.owner_order(&number).is_none() {
        return fail(StatusCode::NOT_FOUND, "not allocated");
    }
    Json(json!({"basic": item(&number), "voice": {}, "sms": {}})).into_response()
}

async fn release(
    State(simwood): State<Arc<Simwood>>,
    Path((_, number)): Path<(String, String)>,
) -> Response {
    if simwood.vendor.refuses_release() {
        return fail(StatusCode::OK, "not now");
    }
    if simwood.vendor.release(&format!("+{number}")) {
        success()
    } else {
        fail(StatusCode::NOT_FOUND, "not allocated")
    }
}

async fn report(State(simwood): State<Arc<Simwood>>) -> Response {
    let hash = "072dfa11000000000000000000000000";
    let mut reports = simwood
        .reports
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    reports.insert(hash.to_owned());
    Json(json!({"type": "nlist", "account": ACCOUNT, "format": "json", "hash": hash}))
        .into_response()
}

/// A report isn't ready when it is asked for the first time.
async fn file(
    State(simwood): State<Arc<Simwood>>,
    Path((_, hash)): Path<(String, String)>,
) -> Response {
    let mut reports = simwood
        .reports
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if reports.remove(&hash) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let owned = simwood.vendor.owned(None, usize::MAX);
    let items: Vec<Value> = owned.iter().map(|number| item(number)).collect();
    Json(items).into_response()
}
