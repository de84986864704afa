//! `telnyx`: API v2 in JSON (spec/integrations.md 5.1).

mod features;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router, middleware};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};

use crate::Wire;
use crate::auth;
use crate::vendor::{Hook, Order, OrderState, Vendor};

/// The API key that it wants.
pub const TOKEN: &str = "telnyx-key";

/// What its webhooks are signed with.
const SEED: [u8; 32] = [7; 32];

/// Small, so that nobody gets by with the first page.
const LARGEST_PAGE: usize = 3;

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |method, path, _| *method != Method::GET || features::is_provided(path),
};

/// The public key of its webhooks, as it shows it.
pub const PUBLIC_KEY: &str = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";

/// What it posts, at a time in Unix seconds, when an order with this reference
/// is done.
pub fn hook(reference: &str, at: u64) -> Hook {
    signed(
        &json!({"customer_reference": reference, "status": "success"}),
        at,
    )
}

/// What it posts when this order is done.
pub fn done(order: &Order) -> Hook {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let at = since.unwrap_or_default().as_secs();
    signed(&detailed(order), at)
}

fn signed(payload: &Value, at: u64) -> Hook {
    let body = json!({"data": {
        "record_type": "event",
        "event_type": "number_order.complete",
        "payload": payload,
    }});
    let body = body.to_string();
    let signature = Ed25519KeyPair::from_seed_unchecked(&SEED)
        .map(|key| key.sign(format!("{at}|{body}").as_bytes()));
    Hook {
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("telnyx-timestamp", at.to_string()),
            (
                "telnyx-signature-ed25519",
                signature.map_or_else(|_| String::new(), |signature| STANDARD.encode(signature)),
            ),
        ],
        body,
    }
}

type Asked = HashMap<String, String>;

fn routes(vendor: Arc<Vendor>) -> Router {
    Router::new()
        .route("/available_phone_numbers", get(search))
        .route("/number_orders", get(orders).post(order))
        .route("/number_orders/{id}", get(order_by_id))
        .route("/phone_numbers", get(owned))
        .route("/phone_numbers/{id}", delete(release))
        .merge(features::routes())
        .layer(middleware::from_fn(|request, next| {
            auth::bearer(TOKEN, request, next)
        }))
        .with_state(vendor)
}

fn data(data: impl Into<Value>) -> Response {
    Json(json!({"data": data.into()})).into_response()
}

fn error(status: StatusCode, code: &str, title: &str, detail: &str) -> Response {
    let error = json!({"code": code, "title": title, "detail": detail});
    (status, Json(json!({"errors": [error]}))).into_response()
}

fn not_found() -> Response {
    let (title, detail) = ("Resource not found", "There is no such thing here.");
    error(StatusCode::NOT_FOUND, "10005", title, detail)
}

/// The rows of the page that is asked for.
fn page(rows: &[Value], asked: &Asked) -> Response {
    let number = |key: &str| asked.get(key).and_then(|text| text.parse().ok());
    let size = number("page[size]").unwrap_or(20).clamp(1, LARGEST_PAGE);
    let page = number("page[number]").unwrap_or(1).max(1);
    let shown: Vec<&Value> = rows.iter().skip((page - 1) * size).take(size).collect();
    let meta = json!({
        "page_number": page,
        "page_size": size,
        "total_pages": rows.len().div_ceil(size),
        "total_results": rows.len(),
    });
    Json(json!({"data": shown, "meta": meta})).into_response()
}

fn text<'a>(asked: &'a Asked, key: &str) -> &'a str {
    asked.get(key).map_or("", String::as_str)
}

/// Numbers that end with 9 stand for those that only come near what was asked
/// for, `best_effort`, which fill up what is left of the limit.
async fn search(State(vendor): State<Arc<Vendor>>, Query(asked): Query<Asked>) -> Response {
    if text(&asked, "filter[country_code]") != "US" {
        return data(json!([]));
    }
    let prefix = format!(
        "+1{}{}",
        text(&asked, "filter[national_destination_code]"),
        text(&asked, "filter[phone_number][starts_with]"),
    );
    let limit = text(&asked, "filter[limit]").parse().unwrap_or(100);
    let ends_with = text(&asked, "filter[phone_number][ends_with]");
    let contains = text(&asked, "filter[phone_number][contains]");
    let (near, exact): (Vec<_>, Vec<_>) = vendor
        .search(&prefix, 10_000)
        .into_iter()
        .partition(|number| is_best_effort(number));
    let fitting = exact.iter().chain(&near).filter(|number| {
        let national = number.get(2..).unwrap_or_default();
        national.ends_with(ends_with) && national.contains(contains)
    });
    let rows: Vec<Value> = fitting.take(limit).map(|number| for_sale(number)).collect();
    data(rows)
}

fn is_best_effort(number: &str) -> bool {
    number.ends_with('9')
}

fn for_sale(number: &str) -> Value {
    json!({
        "record_type": "available_phone_number",
        "phone_number": number,
        "best_effort": is_best_effort(number),
        "quickship": true,
        "reservable": true,
        "vanity_format": null,
        "features": [{"name": "sms"}, {"name": "voice"}],
        "cost_information": {
            "currency": "USD",
            "upfront_cost": "1.00",
            "monthly_cost": if number.ends_with('5') { "2.00" } else { "1.00" },
        },
        "region_information": [
            {"region_type": "country_code", "region_name": "US"},
            {"region_type": "state", "region_name": "CA"},
            {"region_type": "rate_center", "region_name": "SAN RAFAEL"},
            {"region_type": "location", "region_name": "San Rafael"},
        ],
    })
}

async fn order(State(vendor): State<Arc<Vendor>>, Json(body): Json<Value>) -> Response {
    let rows = body["phone_numbers"].as_array().cloned();
    let numbers: Vec<String> = rows
        .unwrap_or_default()
        .iter()
        .filter_map(|row| row["phone_number"].as_str().map(ToOwned::to_owned))
        .collect();
    let reference = body["customer_reference"].as_str().unwrap_or_default();
    match vendor.order(reference, &numbers) {
        Ok(order) => data(detailed(&order)),
        Err(refusal) => error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "85001",
            "Number not available",
            &format!("{refusal:?}"),
        ),
    }
}

/// Without the numbers' own statuses: this one doesn't tell.
async fn orders(State(vendor): State<Arc<Vendor>>, Query(asked): Query<Asked>) -> Response {
    let reference = text(&asked, "filter[customer_reference]");
    let listed = |order: &Order| {
        let mut row = detailed(order);
        let numbers = order.numbers.iter();
        row["phone_numbers"] = numbers.map(|n| json!({"phone_number": n})).collect();
        row
    };
    let found = vendor.orders_by_reference(reference);
    page(&found.iter().map(listed).collect::<Vec<_>>(), &asked)
}

async fn order_by_id(State(vendor): State<Arc<Vendor>>, Path(id): Path<String>) -> Response {
    match vendor.order_by_id(&id) {
        Some(order) => data(detailed(&order)),
        None => not_found(),
    }
}

fn detailed(order: &Order) -> Value {
    let status = |number: &String| match order.state {
        OrderState::Pending => "pending",
        OrderState::Complete | OrderState::Partial if order.got.contains(number) => "success",
        _ => "failure",
    };
    let row = |number: &String| {
        json!({
            "id": format!("row-{}", number.trim_start_matches('+')),
            "record_type": "number_order_phone_number",
            "phone_number": number,
            "status": status(number),
        })
    };
    json!({
        "id": order.id,
        "record_type": "number_order",
        "status": match order.state {
            OrderState::Pending => "pending",
            OrderState::Complete | OrderState::Partial => "success",
            OrderState::Failed => "failure",
        },
        "customer_reference": order.reference,
        "requirements_met": true,
        "phone_numbers": order.numbers.iter().map(row).collect::<Vec<_>>(),
        "sub_number_orders_ids": [format!("sub-{}", order.id)],
    })
}

/// By digits anywhere in a number.
async fn owned(State(vendor): State<Arc<Vendor>>, Query(asked): Query<Asked>) -> Response {
    let digits = text(&asked, "filter[phone_number]");
    let owned = vendor.owned(None, 10_000);
    let fitting = owned.iter().filter(|number| number.contains(digits));
    let rows: Vec<Value> = fitting
        .map(|number| held(&vendor, number, "active"))
        .collect();
    page(&rows, &asked)
}

fn held(vendor: &Vendor, number: &str, status: &str) -> Value {
    json!({
        "id": number.trim_start_matches('+'),
        "record_type": "phone_number",
        "phone_number": number,
        "status": status,
        "customer_reference": vendor.owner_order(number).map(|order| order.reference),
    })
}

async fn release(State(vendor): State<Arc<Vendor>>, Path(id): Path<String>) -> Response {
    let number = format!("+{id}");
    if vendor.refuses_release() {
        let detail = "Deletion is locked for this number.";
        return error(StatusCode::BAD_REQUEST, "10015", "Bad request", detail);
    }
    let gone = held(&vendor, &number, "deleted");
    if vendor.release(&number) {
        data(gone)
    } else {
        not_found()
    }
}
