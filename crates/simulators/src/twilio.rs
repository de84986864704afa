//! `twilio`: forms in, JSON out (spec/integrations.md 5.3).

mod emergency;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use crate::vendor::Vendor;
use crate::{Wire, auth};

/// The account and the token that it wants.
pub const LOGIN: (&str, &str) = ("AC00000000000000000000000000000001", "twilio-token");

/// Small, so that nobody gets by with the first page.
const LARGEST_PAGE: usize = 3;

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |method, path, _| *method != Method::GET || path.contains("/Addresses"),
};

type Asked = HashMap<String, String>;

fn routes(vendor: Arc<Vendor>) -> Router {
    let account = Router::new()
        .route("/AvailablePhoneNumbers/{country}/{kind}", get(search))
        .route("/IncomingPhoneNumbers.json", get(owned).post(order))
        .route(
            "/IncomingPhoneNumbers/{file}",
            delete(release).post(emergency::set),
        )
        .merge(emergency::routes())
        .layer(middleware::from_fn(|request, next| {
            auth::basic_only(LOGIN, request, next)
        }))
        .with_state(vendor);
    Router::new().nest(&format!("/2010-04-01/Accounts/{}", LOGIN.0), account)
}

fn error(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({"code": code, "message": message, "status": status.as_u16()});
    (status, Json(body)).into_response()
}

fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, 20404, "The resource was not found")
}

fn text<'a>(asked: &'a Asked, key: &str) -> &'a str {
    asked.get(key).map_or("", String::as_str)
}

async fn search(
    State(vendor): State<Arc<Vendor>>,
    Path((country, kind)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    let is_toll_free = kind == "TollFree.json";
    if country != "US" || kind == "Mobile.json" {
        return not_found();
    }
    let prefix = format!("+1{}", text(&asked, "AreaCode"));
    let pattern = text(&asked, "Contains");
    let found = vendor.search(&prefix, 10_000);
    let rows: Vec<Value> = found
        .iter()
        .filter(|number| number.starts_with("+18") == is_toll_free && matches(number, pattern))
        .map(|number| for_sale(number))
        .collect();
    Json(json!({"available_phone_numbers": rows})).into_response()
}

/// `+` at the beginning and `$` at the end hold a pattern fast.
fn matches(number: &str, pattern: &str) -> bool {
    if pattern.starts_with('+') {
        return number.starts_with(pattern);
    }
    match pattern.strip_suffix('$') {
        Some(end) => number.ends_with(end),
        None => number.contains(pattern),
    }
}

fn for_sale(number: &str) -> Value {
    json!({
        "phone_number": number,
        "friendly_name": number,
        "lata": "722",
        "locality": "San Rafael",
        "rate_center": "SNRFLCNTRL",
        "region": "CA",
        "postal_code": "94901",
        "iso_country": "US",
        "address_requirements": "none",
        "beta": false,
        "capabilities": {"voice": true, "SMS": true, "MMS": false, "fax": false},
    })
}

async fn order(State(vendor): State<Arc<Vendor>>, Form(form): Form<Asked>) -> Response {
    let number = text(&form, "PhoneNumber").to_owned();
    // It makes nobody wait.
    match vendor.order_at_once(text(&form, "FriendlyName"), std::slice::from_ref(&number)) {
        Ok(_) => (StatusCode::CREATED, Json(held(&vendor, &number))).into_response(),
        Err(refusal) => error(
            StatusCode::BAD_REQUEST,
            21422,
            &format!("{number}: {refusal:?}"),
        ),
    }
}

fn held(vendor: &Vendor, number: &str) -> Value {
    let (address, status) = emergency::of(vendor, number);
    json!({
        "sid": format!("PN{:0>32}", number.trim_start_matches('+')),
        "emergency_address_sid": address,
        "emergency_address_status": status,
        "phone_number": number,
        "friendly_name": vendor.owner_order(number).map(|order| order.reference),
        "status": "in-use",
    })
}

async fn owned(State(vendor): State<Arc<Vendor>>, Query(asked): Query<Asked>) -> Response {
    let wanted = text(&asked, "PhoneNumber");
    let size = text(&asked, "PageSize").parse().unwrap_or(50);
    let after = asked.get("PageToken").map(|token| format!("+{token}"));
    let size = LARGEST_PAGE.min(size);
    let found: Vec<String> = if wanted.is_empty() {
        vendor.owned(after.as_deref(), size)
    } else {
        let mut all = vendor.owned(None, 10_000);
        all.retain(|number| number == wanted);
        all
    };
    let next = found.last().filter(|_| found.len() == size).map(|last| {
        let token = last.trim_start_matches('+');
        format!("https://elsewhere.example/IncomingPhoneNumbers.json?PageSize={size}&Page=1&PageToken={token}")
    });
    let rows: Vec<Value> = found.iter().map(|number| held(&vendor, number)).collect();
    Json(json!({"incoming_phone_numbers": rows, "next_page_uri": next})).into_response()
}

/// The number that a file is named after.
fn number_of(file: &str) -> String {
    let sid = file.trim_start_matches("PN").trim_end_matches(".json");
    format!("+{}", sid.trim_start_matches('0'))
}

async fn release(State(vendor): State<Arc<Vendor>>, Path(file): Path<String>) -> Response {
    let number = number_of(&file);
    if vendor.refuses_release() {
        return error(StatusCode::CONFLICT, 20409, "The number is in use");
    }
    if vendor.release(&number) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        not_found()
    }
}
