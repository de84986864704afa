//! `voxbone`: what numberd uses of Voxbone's REST API (spec/integrations.md
//! 2.6): the inventory and cancelling. Buying a group is left to the vendor's
//! own pages, which here is [`Vendor::order_at_once`].

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use crate::vendor::Vendor;
use crate::{Wire, auth};

/// The username and password that it wants.
pub const LOGIN: (&str, &str) = ("voxbone-user", "voxbone-password");

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |method, path, _| *method == Method::DELETE && path.ends_with("/ordering/cancel"),
};

fn routes(vendor: Arc<Vendor>) -> Router {
    Router::new()
        .route("/inventory/did", get(inventory))
        .route("/ordering/cancel", delete(cancel))
        .layer(middleware::from_fn(|request, next| {
            auth::basic_only(LOGIN, request, next)
        }))
        .with_state(vendor)
}

fn fail(status: StatusCode, message: &str) -> Response {
    let errors = json!([{"apiErrorCode": 140, "apiErrorMessage": message}]);
    let body = json!({"httpStatusCode": status.as_u16(), "errors": errors});
    (status, Json(body)).into_response()
}

async fn inventory(
    State(vendor): State<Arc<Vendor>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let number = |name: &str| query.get(name)?.parse::<usize>().ok();
    let (Some(page), Some(size)) = (number("pageNumber"), number("pageSize")) else {
        return fail(
            StatusCode::BAD_REQUEST,
            "pageNumber and pageSize are needed",
        );
    };
    // A pattern may stand anywhere in the number.
    let pattern = query.get("e164Pattern").map_or("", String::as_str);
    let owned = vendor.owned(None, usize::MAX);
    let fitting: Vec<&String> = owned
        .iter()
        .filter(|number| number.contains(pattern))
        .collect();
    let rows = fitting.iter().skip(page.saturating_mul(size)).take(size);
    let rows: Vec<Value> = rows.map(|number| row(number)).collect();
    Json(json!({"dids": rows, "resultCount": fitting.len()})).into_response()
}

fn row(number: &str) -> Value {
    json!({
        "didId": id(number),
        "e164": number,
        "type": "GEOGRAPHIC",
        "countryCodeA3": "USA",
        "cityName": "SAN RAFAEL",
        "areaCode": "415",
        "orderReference": "9000001DS9000001",
        "didGroupId": 6523,
        "voiceUriId": null,
    })
}

/// Its id is as good as any other that is always the same for a number.
fn id(number: &str) -> u64 {
    let digits: u64 = number.trim_start_matches('+').parse().unwrap_or_default();
    digits % 10_000_000
}

async fn cancel(State(vendor): State<Arc<Vendor>>, Json(body): Json<Value>) -> Response {
    if vendor.refuses_release() {
        return fail(StatusCode::OK, "not now");
    }
    let ids: Vec<u64> = body["didIds"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    let owned = vendor.owned(None, usize::MAX);
    let named = owned.iter().filter(|number| ids.contains(&id(number)));
    let cancelled = named.filter(|number| vendor.release(number)).count();
    Json(json!({"numberCancelled": cancelled})).into_response()
}
