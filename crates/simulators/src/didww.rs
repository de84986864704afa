//! `didww`: API v3 in JSON:API (spec/integrations.md 5.5).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::Wire;
use crate::vendor::{Order, OrderState, Vendor};

/// The API key that it wants.
pub const API_KEY: &str = "didww-key";

const JSON_API: &str = "application/vnd.api+json";
const COUNTRY: &str = "country-us";
/// Small, so that nobody gets by with the first page.
const LARGEST_PAGE: usize = 3;

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |method, _, _| *method == Method::POST || *method == Method::PATCH,
};

/// The vendor, and the numbers that were given back and are still listed.
struct Didww {
    vendor: Arc<Vendor>,
    terminated: Mutex<BTreeSet<String>>,
}

type Asked = HashMap<String, String>;
type Shared = State<Arc<Didww>>;

fn routes(vendor: Arc<Vendor>) -> Router {
    let didww = Didww {
        vendor,
        terminated: Mutex::default(),
    };
    Router::new()
        .route("/countries", get(countries))
        .route("/available_dids", get(search))
        .route("/orders", get(orders).post(order))
        .route("/orders/{id}", get(order_by_id))
        .route("/dids", get(dids))
        .route("/dids/{id}", patch(release))
        .layer(middleware::from_fn(admitted))
        .with_state(Arc::new(didww))
}

/// Lets through who has the key and names the version and the media type.
async fn admitted(request: Request, next: Next) -> Response {
    let sent = |headers: &HeaderMap, name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let headers = request.headers();
    if sent(headers, "api-key") != API_KEY {
        return error(StatusCode::UNAUTHORIZED, "unauthorized", "Invalid API key");
    }
    if sent(headers, "x-didww-api-version") != "2026-04-16" {
        return error(StatusCode::BAD_REQUEST, "version", "Unknown version");
    }
    if request.method() != Method::GET && sent(headers, "content-type") != JSON_API {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return error(status, "415", "The media type isn't JSON:API");
    }
    next.run(request).await
}

fn document(status: StatusCode, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, JSON_API)];
    (status, headers, body.to_string()).into_response()
}

fn ok(body: &Value) -> Response {
    document(StatusCode::OK, body)
}

fn error(status: StatusCode, code: &str, detail: &str) -> Response {
    let error = json!({"title": detail, "detail": detail, "code": code, "status": status.as_str()});
    document(status, &json!({"errors": [error]}))
}

fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "404", "Record not found")
}

fn text<'a>(asked: &'a Asked, key: &str) -> &'a str {
    asked.get(key).map_or("", String::as_str)
}

async fn countries(Query(asked): Query<Asked>) -> Response {
    if text(&asked, "filter[iso]") != "US" {
        return ok(&json!({"data": []}));
    }
    let attributes = json!({"name": "United States", "prefix": "1", "iso": "US"});
    ok(&json!({"data": [{"id": COUNTRY, "type": "countries", "attributes": attributes}]}))
}

/// Numbers that end with 9 are of a group that needs documents.
async fn search(State(didww): Shared, Query(asked): Query<Asked>) -> Response {
    if text(&asked, "filter[country.id]") != COUNTRY {
        return ok(&json!({"data": []}));
    }
    let digits = text(&asked, "filter[number_contains]");
    let registered = text(&asked, "filter[did_group.needs_registration]") == "false";
    let found = didww.vendor.search("+1", 10_000);
    let fitting = found
        .iter()
        .map(|number| number.trim_start_matches('+'))
        .filter(|number| number.contains(digits) && !(registered && number.ends_with('9')));
    let row = |number: &str| {
        json!({
            "id": number,
            "type": "available_dids",
            "attributes": {"number": number},
            "relationships": {"did_group": {"data": {"type": "did_groups", "id": "group-1"}}},
        })
    };
    let rows: Vec<Value> = fitting.map(row).collect();
    ok(&json!({"data": rows, "included": included()}))
}

/// One group, sold without channels, with two, and with two for more.
fn included() -> Value {
    let unit = |id: &str, channels: u32, monthly: &str| {
        json!({
            "id": id,
            "type": "stock_keeping_units",
            "attributes": {
                "setup_price": "0.5",
                "monthly_price": monthly,
                "channels_included_count": channels,
            },
        })
    };
    let link = |id: &str| json!({"type": "stock_keeping_units", "id": id});
    json!([
        {
            "id": "group-1",
            "type": "did_groups",
            "attributes": {
                "prefix": "1",
                "area_name": "San Rafael",
                "features": ["voice_in", "sms_in"],
            },
            "relationships": {"stock_keeping_units": {
                "data": [link("sku-0"), link("sku-2"), link("sku-dear")],
            }},
        },
        unit("sku-0", 0, "1.1"),
        unit("sku-2", 2, "2.2"),
        unit("sku-dear", 2, "3.3"),
    ])
}

async fn order(State(didww): Shared, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let attributes = &body["data"]["attributes"];
    let items = attributes["items"].as_array().cloned().unwrap_or_default();
    let numbers: Vec<String> = items
        .iter()
        .filter(|item| item["attributes"]["sku_id"] == "sku-2")
        .filter_map(|item| item["attributes"]["available_did_id"].as_str())
        .map(|digits| format!("+{digits}"))
        .collect();
    if attributes["allow_back_ordering"] != false || numbers.len() != items.len() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return error(status, "100", "The order can't be taken as it is");
    }
    let reference = attributes["external_reference_id"].as_str();
    match didww.vendor.order(reference.unwrap_or_default(), &numbers) {
        Ok(order) => document(StatusCode::CREATED, &json!({"data": resource(&order)})),
        Err(refusal) => error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "100",
            &format!("available_did is invalid: {refusal:?}"),
        ),
    }
}

/// It doesn't say which numbers it is about.
fn resource(order: &Order) -> Value {
    let item = json!({"type": "did_order_items", "attributes": {"qty": 1}});
    json!({
        "id": order.id,
        "type": "orders",
        "attributes": {
            "status": match order.state {
                OrderState::Pending => "pending",
                OrderState::Complete | OrderState::Partial => "completed",
                OrderState::Failed => "canceled",
            },
            "amount": "2.7",
            "external_reference_id": order.reference,
            "items": vec![item; order.numbers.len()],
        },
    })
}

async fn orders(State(didww): Shared, Query(asked): Query<Asked>) -> Response {
    let reference = text(&asked, "filter[external_reference_id]");
    let found = didww.vendor.orders_by_reference(reference);
    let rows: Vec<Value> = found.iter().map(resource).collect();
    ok(&json!({"data": rows}))
}

async fn order_by_id(State(didww): Shared, Path(id): Path<String>) -> Response {
    match didww.vendor.order_by_id(&id) {
        Some(order) => ok(&json!({"data": resource(&order)})),
        None => not_found(),
    }
}

async fn dids(State(didww): Shared, Query(asked): Query<Asked>) -> Response {
    let order = text(&asked, "filter[order.id]");
    let number = text(&asked, "filter[number]");
    let of_order = |held: &str| {
        let found = didww.vendor.owner_order(held);
        order.is_empty() || found.is_some_and(|found| found.id == order)
    };
    let mut rows = Vec::new();
    if text(&asked, "filter[terminated]") != "false" {
        let terminated = didww.terminated();
        rows.extend(terminated.iter().map(|number| did(number, true)));
    }
    let owned = didww.vendor.owned(None, 10_000);
    let ours = owned.iter().filter(|held| of_order(held));
    rows.extend(ours.map(|held| did(held, false)));
    rows.retain(|row| number.is_empty() || row["attributes"]["number"] == number);
    let at = |key| text(&asked, key).parse().ok();
    let size = at("page[size]").unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE);
    let page: usize = at("page[number]").unwrap_or(1).max(1);
    let has_next = rows.len() > page * size;
    let shown: Vec<Value> = rows
        .into_iter()
        .skip((page - 1) * size)
        .take(size)
        .collect();
    let next = has_next.then_some("https://elsewhere.example/dids?page=next");
    ok(&json!({"data": shown, "links": {"next": next}}))
}

fn did(number: &str, terminated: bool) -> Value {
    let digits = number.trim_start_matches('+');
    json!({
        "id": format!("did-{digits}"),
        "type": "dids",
        "attributes": {
            "number": digits,
            "terminated": terminated,
            "blocked": false,
            "awaiting_registration": false,
        },
    })
}

async fn release(State(didww): Shared, Path(id): Path<String>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let number = id.replace("did-", "+");
    let is_whole = body["data"]["id"] == id && body["data"]["attributes"]["terminated"] == true;
    if !is_whole || didww.vendor.refuses_release() {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "100", "Not now");
    }
    if !didww.vendor.release(&number) {
        return not_found();
    }
    didww.terminated().insert(number.clone());
    ok(&json!({"data": did(&number, true)}))
}

impl Didww {
    fn terminated(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.terminated
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
