//! `other`: the generic REST carrier (spec/integrations.md 2.9) with token,
//! references, questions and releases; and the locality service beside it
//! (2.11), which knows one city.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, middleware};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Wire;
use crate::auth;
use crate::vendor::{Order, OrderState, Vendor};

/// The token that it wants.
pub const TOKEN: &str = "other-token";

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |method, path, _| {
        path.contains("/order") && (*method == Method::PUT || *method == Method::DELETE)
    },
};

fn routes(vendor: Arc<Vendor>) -> Router {
    Router::new()
        .route("/numbers/{country}/search", get(search))
        .route("/blocks/{country}/search", get(blocks))
        .route("/numbers/{country}/status", post(check))
        .route(
            "/numbers/{country}/order",
            put(order).get(status).delete(release),
        )
        .route("/locality/metadata", post(locality))
        .route("/{country}/city", get(city))
        .route("/numbers/{country}/owned", get(owned))
        .route("/numbers/{country}/owned/{number}", get(holds))
        .layer(middleware::from_fn(|request, next| {
            auth::bearer(TOKEN, request, next)
        }))
        .with_state(vendor)
}

/// Whether a number is one of a country's, which are kept apart.
fn is_of(country: &str, number: &str) -> bool {
    match country {
        "GB" => number.starts_with("+44"),
        "FR" => number.starts_with("+33"),
        _ => !number.starts_with("+44") && !number.starts_with("+33"),
    }
}

#[derive(Deserialize)]
struct Search {
    prefix: String,
    limit: usize,
    /// How many blocks.
    size: Option<usize>,
}

fn success(data: impl Into<Value>) -> Response {
    Json(json!({"status": "success", "data": data.into()})).into_response()
}

fn error(status: StatusCode, message: &str) -> Response {
    let body = json!({"status": "error", "data": {}, "message": message});
    (status, Json(body)).into_response()
}

/// Knows one city, which nobody else does.
async fn city(Path(country): Path<String>, Query(asked): Query<Map<String, Value>>) -> Response {
    let pattern = asked.get("pattern").and_then(Value::as_str);
    let known = pattern.is_some_and(|name| !name.is_empty() && "Nova Vila".starts_with(name));
    if country == "US" && known {
        success(json!({"Nova Vila": {"prefixes": ["999", "998"], "state": "CA"}}))
    } else {
        error(StatusCode::NOT_FOUND, "Not Found")
    }
}

/// Knows every number of +1415 but those that end in 9.
async fn locality(Json(asked): Json<Map<String, Value>>) -> Response {
    let numbers = asked["data"].as_array().into_iter().flatten();
    let known = |number: &Value| {
        let number = number.as_str()?;
        let place = if number.starts_with("+1415") && !number.ends_with('9') {
            json!({
                "status": "success",
                "country": "US",
                "locality": {"locality": "Sausalito", "province": "CA", "postal_code": "94965"},
                "carrier": {"id": "9999", "company": "Phonebook Wireless", "type": "WIRELESS"},
            })
        } else {
            json!({"status": "error"})
        };
        Some((number.to_owned(), place))
    };
    success(numbers.filter_map(known).collect::<Map<_, _>>())
}

async fn search(
    State(vendor): State<Arc<Vendor>>,
    Path(country): Path<String>,
    Query(search): Query<Search>,
) -> Response {
    let found = vendor.search(&search.prefix, search.limit);
    let rows: Map<String, Value> = found
        .into_iter()
        .filter(|number| is_of(&country, number))
        .map(|number| {
            (
                number,
                json!({
                    "rate_center": {"name": "SAN RAFAEL", "lata": "722", "state": "CA"},
                    "cost": cost(),
                }),
            )
        })
        .collect();
    success(rows)
}

/// Runs of `limit` consecutive numbers, at most `size` of them.
async fn blocks(State(vendor): State<Arc<Vendor>>, Query(search): Query<Search>) -> Response {
    let length = search.limit.max(1);
    let numbers = vendor.search(&search.prefix, 10_000);
    let mut found: Vec<Value> = Vec::new();
    let mut run: Vec<(u64, String)> = Vec::new();
    for number in numbers {
        let value: u64 = number.trim_start_matches('+').parse().unwrap_or_default();
        if run.last().is_some_and(|(last, _)| last + 1 != value) {
            run.clear();
        }
        run.push((value, number));
        if run.len() == length && found.len() < search.size.unwrap_or(1) {
            found.push(json!({"start_number": run[0].1, "end_number": run[length - 1].1}));
            run.clear();
        }
    }
    success(found)
}

async fn check(
    State(vendor): State<Arc<Vendor>>,
    Path(country): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let rows: Vec<Value> = texts(&body["data"])
        .into_iter()
        .map(|number| {
            let status = if is_of(&country, &number) && vendor.is_for_sale(&number) {
                "available"
            } else {
                "unavailable"
            };
            json!({"number": number, "status": status})
        })
        .collect();
    success(rows)
}

async fn order(
    State(vendor): State<Arc<Vendor>>,
    Path(country): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let data = &body["data"];
    let reference = data["reference"].as_str().unwrap_or_default();
    let numbers = texts(&data["numbers"]);
    if !numbers.iter().all(|number| is_of(&country, number)) {
        return error(StatusCode::CONFLICT, "number of another country");
    }
    match vendor.order(reference, &numbers) {
        Ok(order) => success(rows(&order)),
        Err(refusal) => error(StatusCode::CONFLICT, &format!("{refusal:?}")),
    }
}

#[derive(Deserialize)]
struct Reference {
    reference: String,
}

async fn status(
    State(vendor): State<Arc<Vendor>>,
    Path(country): Path<String>,
    Query(asked): Query<Reference>,
) -> Response {
    let orders = vendor.orders_by_reference(&asked.reference);
    let mut all = Map::new();
    for order in &orders {
        let rows = rows(order).into_iter();
        all.extend(rows.filter(|(number, _)| is_of(&country, number)));
    }
    success(all)
}

fn rows(order: &Order) -> Map<String, Value> {
    let row = |number: &String| {
        let got = order.got.contains(number);
        match order.state {
            OrderState::Pending if got => json!({"status": "pending"}),
            OrderState::Complete | OrderState::Partial if got => {
                json!({"status": "success", "opaque": {"order_id": order.id}})
            }
            _ => json!({"status": "error", "message": "number is not available"}),
        }
    };
    let numbers = order.numbers.iter();
    numbers
        .map(|number| (number.clone(), row(number)))
        .collect()
}

async fn release(
    State(vendor): State<Arc<Vendor>>,
    Path(country): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if vendor.refuses_release() {
        return error(StatusCode::CONFLICT, "not now");
    }
    let rows: Map<String, Value> = texts(&body["data"]["numbers"])
        .into_iter()
        .map(|number| {
            let status = if is_of(&country, &number) && vendor.release(&number) {
                "success"
            } else {
                "not_found"
            };
            (number, json!({"status": status}))
        })
        .collect();
    success(rows)
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
    limit: usize,
}

async fn owned(
    State(vendor): State<Arc<Vendor>>,
    Path(country): Path<String>,
    Query(page): Query<After>,
) -> Response {
    let found = vendor.owned(page.after.as_deref(), usize::MAX);
    let rows: Map<String, Value> = found
        .into_iter()
        .filter(|number| is_of(&country, number))
        .take(page.limit.min(1000))
        .map(|number| {
            let known = known(&vendor, &number);
            (number, known)
        })
        .collect();
    success(rows)
}

async fn holds(
    State(vendor): State<Arc<Vendor>>,
    Path((country, number)): Path<(String, String)>,
) -> Response {
    if !is_of(&country, &number) || vendor.owner_order(&number).is_none() {
        return success(Map::new());
    }
    let known = known(&vendor, &number);
    success(Map::from_iter([(number, known)]))
}

fn known(vendor: &Vendor, number: &str) -> Value {
    match vendor.owner_order(number) {
        Some(order) => {
            json!({"order_id": order.id, "reference": order.reference, "cost": cost()})
        }
        None => json!({}),
    }
}

fn cost() -> Value {
    json!({"currency": "USD", "setup": "0.50", "monthly": "1.00"})
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(|text| text.as_str().map(ToOwned::to_owned))
        .collect()
}
