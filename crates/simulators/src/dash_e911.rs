//! `dash_e911`: Bandwidth's 911 Access Dashboard in XML (spec/integrations.md
//! 2.12). Which addresses it knows is in [`crate::gazetteer`].

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};

use crate::emergency::Kept;
use crate::faults::Fault;
use crate::gazetteer::{Asked, Place, find};
use crate::vendor::Vendor;
use crate::{Wire, auth, xml};

/// The user and password that it wants.
pub const LOGIN: (&str, &str) = ("dash-user", "dash & password");

/// Locations that a URI may hold.
const MOST_LOCATIONS: usize = 3;

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |_, _, _| true,
};

fn routes(vendor: Arc<Vendor>) -> Router {
    Router::new()
        .route("/validatelocation", post(validate))
        .route("/addlocation", post(add))
        .route("/provisionlocation", post(provision))
        .route("/removelocation", post(remove_location))
        .route("/removeuri", post(remove_uri))
        .route("/locationsbyuri/{uri}", get(locations))
        .route("/provisionedlocationbyuri/{uri}", get(provisioned))
        .layer(middleware::from_fn(|request, next| {
            auth::basic_only(LOGIN, request, next)
        }))
        .with_state(vendor)
}

fn respond(verb: &str, inside: &str) -> Response {
    let body = format!(
        "<ns0:{verb}Response xmlns:ns0=\"http://dashcs.com/api/v1/emergency\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">{inside}</ns0:{verb}Response>"
    );
    xml::answer(StatusCode::OK, &body)
}

fn not_found() -> Response {
    let body =
        "<NotFoundException><message>There is no such thing here.</message></NotFoundException>";
    xml::answer(StatusCode::NOT_FOUND, body)
}

fn status(element: &str, code: &str, description: &str) -> String {
    format!("<{element}><code>{code}</code><description>{description}</description></{element}>")
}

/// What a fault makes the vendor say of a location, if it does.
fn told(vendor: &Vendor) -> Option<String> {
    match vendor.faults.take_inside()? {
        Fault::Refuse => Some(status("status", "ERROR", "Location could not be processed")),
        Fault::UnknownCode => Some(status("status", "PERHAPS", "Nobody knows")),
        _ => None,
    }
}

fn number(uri: &str) -> String {
    format!("+{}", uri.trim_start_matches("tel:"))
}

fn asked(body: &str) -> Asked {
    Asked {
        street: xml::text(body, "address1"),
        second: xml::text(body, "address2"),
        city: xml::text(body, "community"),
        state: xml::text(body, "state"),
        zip: xml::text(body, "postalcode"),
    }
}

/// An element that is absent as this vendor writes it.
fn element(name: &str, text: &str) -> String {
    if text.is_empty() {
        format!("<{name} xsi:nil=\"true\" />")
    } else {
        format!("<{name}>{}</{name}>", xml::escape(text))
    }
}

fn location(name: &str, id: &str, caller: &str, place: &Place, status: &str) -> String {
    let Asked {
        street,
        second,
        city,
        state,
        zip,
    } = &place.address;
    let fields = [
        ("address1", street.as_str()),
        ("address2", second),
        ("callername", caller),
        ("comments", ""),
        ("community", city),
        ("customerorderid", ""),
        ("latitude", &place.latitude),
    ];
    let legacy = [
        ("housenumber", place.house.as_str()),
        ("predirectional", ""),
        ("streetname", place.street_name()),
        ("suite", second),
    ];
    let rest = [
        ("locationid", id),
        ("longitude", &place.longitude),
        ("plusfour", &place.plus_four),
        ("postalcode", zip),
        ("state", state),
    ];
    let written = |fields: &[(&str, &str)]| -> String {
        fields
            .iter()
            .map(|(name, text)| element(name, text))
            .collect()
    };
    format!(
        "<{name}>{}<legacydata>{}</legacydata>{}{status}<type>ADDRESS</type></{name}>",
        written(&fields),
        written(&legacy),
        written(&rest),
    )
}

fn geocoded() -> String {
    status("status", "GEOCODED", "Location is geocoded")
}

/// The only place that is meant, or what the answer holds instead.
fn only_place(vendor: &Vendor, body: &str) -> Result<Place, String> {
    if let Some(status) = told(vendor) {
        return Err(format!("<Location>{status}</Location>"));
    }
    let mut found = find(&asked(body));
    match found.len() {
        0 => {
            let status = status("status", "INVALID", "Location is not geocoded");
            Err(format!("<Location>{status}</Location>"))
        }
        1 => Ok(found.remove(0)),
        _ => {
            let all = found.iter();
            let all = all.map(|place| location("Location", &place.id, "", place, &geocoded()));
            Err(all.collect())
        }
    }
}

async fn validate(State(vendor): State<Arc<Vendor>>, body: String) -> Response {
    let place = only_place(&vendor, &body);
    let found = place.map(|place| location("Location", &place.id, "", &place, &geocoded()));
    respond("validateLocation", &found.unwrap_or_else(|instead| instead))
}

async fn add(State(vendor): State<Arc<Vendor>>, body: String) -> Response {
    let place = match only_place(&vendor, &body) {
        Ok(place) => place,
        Err(instead) => return respond("addLocation", &instead),
    };
    let uris = xml::texts(&body, "uri").unwrap_or_default();
    let number = number(uris.last().map_or("", String::as_str));
    let caller_name = xml::text(&body, "callername");
    let error = |description: &str| {
        let status = status("status", "ERROR", description);
        respond("addLocation", &format!("<Location>{status}</Location>"))
    };
    if number.len() != 12 || caller_name.is_empty() {
        return error("Some inputs are missing or incorrect");
    }
    if vendor.emergency.all(Some(&number)).len() >= MOST_LOCATIONS {
        return error("The URI holds as many locations as it may");
    }
    let kept = vendor.emergency.keep(Kept {
        id: place.id.clone(),
        owner: number,
        caller_name,
        place,
        reference: String::new(),
    });
    let location = location(
        "Location",
        &kept.id,
        &kept.caller_name,
        &kept.place,
        &geocoded(),
    );
    respond("addLocation", &location)
}

async fn provision(State(vendor): State<Arc<Vendor>>, body: String) -> Response {
    let status = match vendor.faults.take_inside() {
        Some(Fault::Refuse) => status("LocationStatus", "ERROR", "Location is locked"),
        Some(Fault::UnknownCode) => status("LocationStatus", "PERHAPS", "Nobody knows"),
        _ => {
            let Some(kept) = vendor.emergency.kept(&xml::text(&body, "locationid")) else {
                return not_found();
            };
            if vendor.emergency.bind(&kept.owner, &kept.id).in_force {
                let description = "Location is currently provisioned for URI";
                status("LocationStatus", "PROVISIONED", description)
            } else {
                status("LocationStatus", "GEOCODED", "Location is geocoded")
            }
        }
    };
    respond("provisionLocation", &status)
}

async fn remove_location(State(vendor): State<Arc<Vendor>>, body: String) -> Response {
    if vendor.faults.take_inside() == Some(Fault::Refuse) {
        let status = status("LocationStatus", "ERROR", "Location is locked");
        return respond("removeLocation", &status);
    }
    if !vendor.emergency.forget(&xml::text(&body, "locationid")) {
        return not_found();
    }
    let status = status(
        "LocationStatus",
        "REMOVED",
        "Location removed from the system",
    );
    respond("removeLocation", &status)
}

async fn remove_uri(State(vendor): State<Arc<Vendor>>, body: String) -> Response {
    match vendor.faults.take_inside() {
        Some(Fault::Refuse) => {
            return respond("removeURI", &status("URIStatus", "ERROR", "URI is locked"));
        }
        Some(Fault::UnknownCode) => {
            return respond("removeURI", &status("URIStatus", "PERHAPS", "Nobody knows"));
        }
        _ => {}
    }
    let number = number(&xml::text(&body, "uri"));
    let all = vendor.emergency.all(Some(&number));
    if all.is_empty() {
        return not_found();
    }
    vendor.emergency.unbind(&number);
    for kept in all {
        vendor.emergency.forget(&kept.id);
    }
    respond(
        "removeURI",
        &status("URIStatus", "REMOVED", "URI removed from system"),
    )
}

async fn locations(State(vendor): State<Arc<Vendor>>, Path(uri): Path<String>) -> Response {
    // Nothing here says no: what fails for other reasons is the way.
    let _ = vendor.faults.take_inside();
    let number = number(&uri);
    let in_force = vendor.emergency.in_force(&number);
    let all = vendor.emergency.all(Some(&number));
    if all.is_empty() {
        return not_found();
    }
    let all = all.iter().map(|kept| {
        let is_in_force = in_force
            .as_ref()
            .is_some_and(|current| current.id == kept.id);
        shown("Locations", kept, is_in_force)
    });
    respond("getLocationsByURI", &all.collect::<String>())
}

fn shown(name: &str, kept: &Kept, is_in_force: bool) -> String {
    let status = if is_in_force {
        let description = "Location is currently provisioned for URI";
        status("status", "PROVISIONED", description)
    } else {
        geocoded()
    };
    location(name, &kept.id, &kept.caller_name, &kept.place, &status)
}

async fn provisioned(State(vendor): State<Arc<Vendor>>, Path(uri): Path<String>) -> Response {
    let _ = vendor.faults.take_inside();
    let number = number(&uri);
    vendor.emergency.ask(&number);
    match vendor.emergency.in_force(&number) {
        Some(kept) => respond("getLocationsByURI", &shown("Location", &kept, true)),
        None => not_found(),
    }
}
