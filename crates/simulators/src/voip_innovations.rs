//! `voip_innovations`: VoIP Innovations' SOAP 1.1 API (spec/integrations.md
//! 2.5).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::vendor::{Order, Refusal, Vendor};
use crate::{Wire, xml};

/// The login and password that it wants; the password only arrives whole from
/// who escapes it.
pub const LOGIN: (&str, &str) = ("voip-login", "p&ss<word>");
/// The endpoint group that it has.
pub const ENDPOINT_GROUP: &str = "1234";

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |_, _, body| body.contains(":assignDID>") || body.contains(":releaseDID>"),
};

fn routes(vendor: Arc<Vendor>) -> Router {
    Router::new().route("/", post(act)).with_state(vendor)
}

async fn act(State(vendor): State<Arc<Vendor>>, headers: HeaderMap, body: String) -> Response {
    let action = headers
        .get("soapaction")
        .and_then(|value| value.to_str().ok());
    let action = action.and_then(|action| action.strip_prefix("http://tempuri.org/"));
    let known = [
        "getDIDs",
        "assignDID",
        "releaseDID",
        "queryDID",
        "auditDIDs",
    ];
    let Some(action) = known.into_iter().find(|name| Some(*name) == action) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    // An action that isn't the one of the header, or no XML at all.
    if xml::texts(&body, action).is_none_or(|found| found.len() != 1) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    if (xml::text(&body, "login"), xml::text(&body, "secret")) != (LOGIN.0.into(), LOGIN.1.into()) {
        return result(action, "101", "Invalid login", "");
    }
    match action {
        "getDIDs" => search(&vendor, &body),
        "assignDID" => assign(&vendor, &body),
        "releaseDID" => release(&vendor, &body),
        "queryDID" => query(&vendor, &body),
        _ => audit(&vendor),
    }
}

fn result(action: &str, code: &str, message: &str, inside: &str) -> Response {
    let body = format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <{action}Response xmlns=\"http://tempuri.org/\"><{action}Result>\
         <responseCode>{code}</responseCode><responseMessage>{message}</responseMessage>{inside}\
         </{action}Result></{action}Response></soap:Body></soap:Envelope>"
    );
    xml::answer(StatusCode::OK, &body)
}

fn success(action: &str, dids: impl Iterator<Item = String>) -> Response {
    let dids = dids.collect::<Vec<_>>().concat();
    result(action, "100", "Success", &format!("<DIDs>{dids}</DIDs>"))
}

fn did(number: &str, code: &str, status: &str, more: &str) -> String {
    format!(
        "<DID><tn>{}</tn><status>{status}</status><statusCode>{code}</statusCode>{more}</DID>",
        ten(number)
    )
}

fn ten(number: &str) -> &str {
    number.trim_start_matches("+1")
}

/// The numbers that a request names.
fn requested(body: &str) -> Vec<String> {
    let texts = xml::texts(body, "tn").unwrap_or_default();
    texts.iter().map(|text| format!("+1{text}")).collect()
}

fn search(vendor: &Vendor, body: &str) -> Response {
    let prefix = format!("+1{}{}", xml::text(body, "npa"), xml::text(body, "nxx"));
    let found = vendor.search(&prefix, 10_000);
    if found.is_empty() {
        return result("getDIDs", "102", "No records found", "");
    }
    let locators = found.iter().map(|number| {
        format!(
            "<DIDLocator><tn>{}</tn><rateCenter>SAN RAFAEL</rateCenter><state>CA</state>\
             <tier>0</tier><lataId>722</lataId><outboundCNAM>true</outboundCNAM>\
             <t38>false</t38></DIDLocator>",
            ten(number)
        )
    });
    let locators = locators.collect::<Vec<_>>().concat();
    let locators = format!("<DIDLocators>{locators}</DIDLocators>");
    result("getDIDs", "100", "Success", &locators)
}

fn assign(vendor: &Vendor, body: &str) -> Response {
    let numbers = requested(body);
    let groups = xml::texts(body, "epg").unwrap_or_default();
    if groups.len() != numbers.len() || groups.iter().any(|group| group != ENDPOINT_GROUP) {
        return result("assignDID", "103", "Invalid endpoint group", "");
    }
    let got = match vendor.order_at_once(&xml::text(body, "refId"), &numbers) {
        Ok(order) => order.got,
        Err(Refusal::NotAvailable) => Vec::new(),
        Err(Refusal::Told) => return result("assignDID", "110", "Not now", ""),
    };
    let dids = numbers.iter().map(|number| {
        if got.contains(number) {
            did(number, "100", "Success", "<endpointId>1234</endpointId>")
        } else {
            did(number, "106232", "Number not available", "")
        }
    });
    success("assignDID", dids)
}

fn release(vendor: &Vendor, body: &str) -> Response {
    if vendor.refuses_release() {
        return result("releaseDID", "110", "Not now", "");
    }
    let numbers = requested(body);
    let dids = numbers.iter().map(|number| {
        if vendor.release(number) {
            did(number, "100", "Success", "")
        } else {
            did(number, "106231", "Number currently available", "")
        }
    });
    success("releaseDID", dids)
}

fn assigned(number: &str, order: &Order) -> String {
    let more = format!(
        "<availability>assigned</availability><refId>{}</refId><endpointId>1234</endpointId>",
        xml::escape(&order.reference)
    );
    did(number, "100", "Number currently assigned to you", &more)
}

fn query(vendor: &Vendor, body: &str) -> Response {
    let number = format!("+1{}", xml::text(body, "did"));
    let row = match vendor.owner_order(&number) {
        Some(order) => assigned(&number, &order),
        None if vendor.is_for_sale(&number) => {
            let more = "<availability>available</availability>";
            did(&number, "100", "Number currently available", more)
        }
        None => did("", "102", "No records found", ""),
    };
    success("queryDID", std::iter::once(row))
}

fn audit(vendor: &Vendor) -> Response {
    let numbers = vendor.owned(None, usize::MAX);
    let dids = numbers.iter().filter_map(|number| {
        let order = vendor.owner_order(number)?;
        Some(assigned(number, &order))
    });
    success("auditDIDs", dids)
}
