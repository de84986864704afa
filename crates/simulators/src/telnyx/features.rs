//! What the vendor does for numbers besides selling them: emergency addresses
//! and caller names.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Asked, data, error, not_found, page, text};
use crate::emergency::Kept;
use crate::faults::Fault;
use crate::gazetteer::{self, Place, find};
use crate::vendor::Vendor;

pub fn routes() -> Router<Arc<Vendor>> {
    Router::new()
        .route("/addresses", get(addresses).post(make))
        .route("/addresses/actions/validate", post(validate))
        .route("/addresses/{id}", get(address).delete(forget))
        .route("/phone_numbers/{id}/actions/enable_emergency", post(enable))
        .route("/phone_numbers/{id}/voice", get(voice).patch(rename))
}

/// Whether a path is one of these: whatever is asked of them meets faults.
pub fn is_provided(path: &str) -> bool {
    path.starts_with("/addresses") || path.contains("/voice")
}

/// What a fault makes the vendor say, if it does.
fn told(vendor: &Vendor) -> Option<Response> {
    match vendor.faults.take_inside()? {
        Fault::Refuse => Some(error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "10015",
            "Bad request",
            "Not now.",
        )),
        Fault::UnknownCode => Some(error(
            StatusCode::IM_A_TEAPOT,
            "perhaps",
            "Perhaps",
            "Nobody knows.",
        )),
        _ => None,
    }
}

fn asked(body: &Value) -> gazetteer::Asked {
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    gazetteer::Asked {
        street: text("street_address"),
        second: text("extended_address"),
        city: text("locality"),
        state: text("administrative_area"),
        zip: text("postal_code"),
    }
}

fn written(place: &Place) -> Value {
    json!({
        "street_address": place.address.street,
        "extended_address": place.address.second,
        "locality": place.address.city,
        "administrative_area": place.address.state,
        "postal_code": place.address.zip,
        "country_code": "US",
    })
}

/// It suggests one address, whichever others there are.
async fn validate(State(vendor): State<Arc<Vendor>>, Json(body): Json<Value>) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let found = find(&asked(&body));
    let invalid = json!([{
        "code": "20207",
        "title": "Invalid street address",
        "description": "The street address provided is invalid.",
    }]);
    data(json!({
        "record_type": "address_validation",
        "result": if found.len() == 1 { "valid" } else { "invalid" },
        "suggested": found.first().map(written),
        "errors": if found.len() == 1 { json!([]) } else { invalid },
    }))
}

async fn make(State(vendor): State<Arc<Vendor>>, Json(body): Json<Value>) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let mut found = find(&asked(&body));
    if found.len() != 1 || body["country_code"] != "US" {
        let detail = "The address could not be validated.";
        return error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "20207",
            "Invalid address",
            detail,
        );
    }
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let kept = vendor.emergency.keep(Kept {
        id: String::new(),
        owner: String::new(),
        caller_name: text("business_name"),
        place: found.remove(0),
        reference: text("customer_reference"),
    });
    data(shown(&kept))
}

fn shown(kept: &Kept) -> Value {
    let mut shown = written(&kept.place);
    shown["id"] = json!(kept.id);
    shown["record_type"] = json!("address");
    shown["business_name"] = json!(kept.caller_name);
    shown["customer_reference"] = json!(kept.reference);
    shown
}

async fn addresses(State(vendor): State<Arc<Vendor>>, Query(asked): Query<Asked>) -> Response {
    let _ = vendor.faults.take_inside();
    let wanted = text(&asked, "filter[customer_reference][contains]");
    let all = vendor.emergency.all(None);
    let fitting = all.iter().filter(|kept| kept.reference.contains(wanted));
    page(&fitting.map(shown).collect::<Vec<_>>(), &asked)
}

async fn address(State(vendor): State<Arc<Vendor>>, Path(id): Path<String>) -> Response {
    let _ = vendor.faults.take_inside();
    match vendor.emergency.kept(&id) {
        Some(kept) => data(shown(&kept)),
        None => not_found(),
    }
}

async fn forget(State(vendor): State<Arc<Vendor>>, Path(id): Path<String>) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let Some(kept) = vendor.emergency.kept(&id) else {
        return not_found();
    };
    if vendor.emergency.is_used(&id) {
        let detail = "The address is in use.";
        return error(
            StatusCode::UNPROCESSABLE_ENTITY,
            "10015",
            "Bad request",
            detail,
        );
    }
    vendor.emergency.forget(&id);
    data(shown(&kept))
}

async fn enable(
    State(vendor): State<Arc<Vendor>>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let number = format!("+{id}");
    let address = body["emergency_address_id"].as_str();
    match (body["emergency_enabled"].as_bool(), address) {
        _ if vendor.owner_order(&number).is_none() => return not_found(),
        (Some(true), Some(address)) if vendor.emergency.kept(address).is_some() => {
            vendor.emergency.bind(&number, address);
        }
        (Some(false), None) => {
            vendor.emergency.unbind(&number);
        }
        _ => {
            let detail = "The field is invalid.";
            return error(
                StatusCode::UNPROCESSABLE_ENTITY,
                "10015",
                "Bad request",
                detail,
            );
        }
    }
    data(settings(&vendor, &number, false))
}

/// Asking brings an address nearer to being active.
fn settings(vendor: &Vendor, number: &str, is_asked: bool) -> Value {
    let bound = if is_asked {
        vendor.emergency.ask(number)
    } else {
        vendor.emergency.bound(number)
    };
    let (name, lookup) = vendor.caller_names(number);
    json!({
        "id": number.trim_start_matches('+'),
        "record_type": "voice_settings",
        "emergency": {
            "emergency_enabled": bound.is_some(),
            "emergency_address_id": bound.as_ref().map(|bound| &bound.id),
            "emergency_status": match &bound {
                None => "disabled",
                Some(bound) if bound.in_force => "active",
                Some(_) => "provisioning",
            },
        },
        "cnam_listing": {
            "cnam_listing_enabled": name.is_some(),
            "cnam_listing_details": name.unwrap_or_default(),
        },
        "caller_id_name_enabled": lookup,
    })
}

async fn voice(State(vendor): State<Arc<Vendor>>, Path(id): Path<String>) -> Response {
    let _ = vendor.faults.take_inside();
    let number = format!("+{id}");
    if vendor.owner_order(&number).is_none() {
        return not_found();
    }
    data(settings(&vendor, &number, true))
}

async fn rename(
    State(vendor): State<Arc<Vendor>>,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let number = format!("+{id}");
    if vendor.owner_order(&number).is_none() {
        return not_found();
    }
    let listing = &body["cnam_listing"];
    let name = listing["cnam_listing_details"]
        .as_str()
        .map(ToOwned::to_owned);
    let name = name.filter(|_| listing["cnam_listing_enabled"] == true);
    let lookup = body["caller_id_name_enabled"] == true;
    vendor.set_caller_names(&number, (name, lookup));
    data(settings(&vendor, &number, false))
}
