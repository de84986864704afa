//! `…/phone_numbers/locality` and `…/prefix?city=`: where numbers are.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Map, Value, json};

use super::account_of;
use super::collection::numbers;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The place of each number.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/locality",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "By number: country, locality, carrier", body = ref("Localities")),
    )
)]
pub async fn locality(State(api): State<Arc<Api>>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account.as_deref();
    let texts = numbers(&api, &call, account)?;
    Reply::new(&api.engine.locality(account, &texts).await?)
}

/// The area codes of a city.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/prefix",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("city" = String, Query)),
    responses(
        (status = 200, description = "By city: state and prefixes", body = ref("Cities")),
        (status = 404, description = "No city given"),
    )
)]
pub async fn prefix(State(api): State<Arc<Api>>, call: Call) -> Result<Reply, ApiError> {
    let account = account_of(&call)?;
    let city = call
        .query("city")
        .map(str::trim)
        .filter(|city| !city.is_empty());
    let city = city.ok_or_else(|| ApiError::bad_identifier("city"))?;
    let cities = api.engine.city_prefixes(&account, city).await?;
    if cities.is_empty() {
        // As the service that Kazoo asks says it (spec/http.md 7.5, row 20).
        return Err(ApiError::init_failed(json!({
            "data": {}, "error": 404, "message": "Not Found", "status": "error",
        })));
    }
    let data: Map<String, Value> = cities
        .into_iter()
        .map(|(city, found)| {
            (
                city,
                json!({"state": found.state, "prefixes": found.prefixes}),
            )
        })
        .collect();
    Reply::new(&data)
}
