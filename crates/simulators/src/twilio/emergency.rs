//! Emergency addresses: things of their own, one of which a number may have.

use std::sync::Arc;

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Asked, error, held, not_found, number_of, text};
use crate::emergency::Kept;
use crate::faults::Fault;
use crate::gazetteer::{self, find};
use crate::vendor::Vendor;

pub fn routes() -> Router<Arc<Vendor>> {
    Router::new()
        .route("/Addresses.json", get(addresses).post(make))
        .route("/Addresses/{file}", delete(forget))
}

/// What a fault makes the vendor say, if it does.
fn told(vendor: &Vendor) -> Option<Response> {
    match vendor.faults.take_inside()? {
        Fault::Refuse => Some(error(StatusCode::BAD_REQUEST, 20001, "Not now")),
        Fault::UnknownCode => Some(error(StatusCode::IM_A_TEAPOT, 99999, "Nobody knows")),
        _ => None,
    }
}

/// The address of a number, and how it stands. Asking brings it nearer to being
/// registered.
pub fn of(vendor: &Vendor, number: &str) -> (Option<String>, &'static str) {
    match vendor.emergency.ask(number) {
        None => (None, "unregistered"),
        Some(bound) if bound.in_force => (Some(bound.id), "registered"),
        Some(bound) => (Some(bound.id), "pending-registration"),
    }
}

/// A number that has an address takes no other before that one is gone.
pub async fn set(
    State(vendor): State<Arc<Vendor>>,
    Path(file): Path<String>,
    Form(form): Form<Asked>,
) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let number = number_of(&file);
    if vendor.owner_order(&number).is_none() {
        return not_found();
    }
    let (wanted, current) = (
        text(&form, "EmergencyAddressSid"),
        vendor.emergency.bound(&number),
    );
    if wanted.is_empty() {
        vendor.emergency.unbind(&number);
    } else if vendor.emergency.kept(wanted).is_none() || current.is_some() {
        return error(StatusCode::BAD_REQUEST, 21633, "The address can't be set");
    } else {
        vendor.emergency.bind(&number, wanted);
    }
    Json(held(&vendor, &number)).into_response()
}

async fn make(State(vendor): State<Arc<Vendor>>, Form(form): Form<Asked>) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let asked = gazetteer::Asked {
        street: text(&form, "Street").to_owned(),
        second: text(&form, "StreetSecondary").to_owned(),
        city: text(&form, "City").to_owned(),
        state: text(&form, "Region").to_owned(),
        zip: text(&form, "PostalCode").to_owned(),
    };
    let mut found = find(&asked);
    if found.is_empty() || text(&form, "CustomerName").chars().count() > 21 {
        return error(StatusCode::BAD_REQUEST, 21628, "Address Validation Error");
    }
    if found.len() > 1 && text(&form, "AutoCorrectAddress") == "false" {
        let message = format!("Did you mean {}?", found[0].address.street);
        return error(StatusCode::BAD_REQUEST, 21629, &message);
    }
    let kept = vendor.emergency.keep(Kept {
        id: String::new(),
        owner: String::new(),
        caller_name: text(&form, "CustomerName").to_owned(),
        place: found.remove(0),
        reference: text(&form, "FriendlyName").to_owned(),
    });
    (StatusCode::CREATED, Json(shown(&kept))).into_response()
}

fn shown(kept: &Kept) -> Value {
    let address = &kept.place.address;
    json!({
        "sid": kept.id,
        "friendly_name": kept.reference,
        "customer_name": kept.caller_name,
        "street": address.street,
        "street_secondary": address.second,
        "city": address.city,
        "region": address.state,
        "postal_code": address.zip,
        "iso_country": "US",
        "emergency_enabled": true,
        "validated": true,
    })
}

async fn addresses(State(vendor): State<Arc<Vendor>>, Query(asked): Query<Asked>) -> Response {
    let _ = vendor.faults.take_inside();
    let label = text(&asked, "FriendlyName");
    let all = vendor.emergency.all(None);
    let fitting = all.iter().filter(|kept| kept.reference == label);
    let rows: Vec<Value> = fitting.map(shown).collect();
    Json(json!({"addresses": rows, "next_page_uri": null})).into_response()
}

async fn forget(State(vendor): State<Arc<Vendor>>, Path(file): Path<String>) -> Response {
    if let Some(told) = told(&vendor) {
        return told;
    }
    let id = file.trim_end_matches(".json");
    if vendor.emergency.is_used(id) {
        return error(StatusCode::CONFLICT, 21613, "The address is in use");
    }
    if vendor.emergency.forget(id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        not_found()
    }
}
