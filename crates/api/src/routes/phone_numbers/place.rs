//! `…/phone_numbers/locality` and `…/prefix?city=`: where numbers are.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::places::CityQuery;
use serde_json::{Map, Value, json};

use super::collection::numbers;
use super::{account_of, country_named};
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The place of each number.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/locality",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path),
        ("country" = Option<String>, Query, description = "Read the texts as they are written there: DE"),
    ),
    responses(
        (status = 200, description = "By number: country, locality, carrier", body = ref("Localities")),
    )
)]
pub async fn locality(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account.as_deref();
    let texts = numbers(&api, &call, account)?;
    let country = country_named(&call)?;
    let places = api
        .engine
        .locality(account, &texts, country.as_deref())
        .await?;
    Reply::new(&places)
}

/// The area codes of a city.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/prefix",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path),
        ("city" = String, Query, description = "Its name, or how it begins; case and accents don't matter"),
        ("state" = Option<String>, Query), ("country" = Option<String>, Query),
    ),
    responses(
        (status = 200, description = "By city: state and prefixes", body = ref("Cities")),
        (status = 404, description = "No city given"),
        (status = 500, description = "No such city: `init failed`, as clients know it"),
    )
)]
pub async fn prefix(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = account_of(&call)?;
    let city = call
        .query("city")
        .map(str::trim)
        .filter(|city| !city.is_empty());
    let city = city.ok_or_else(|| ApiError::bad_identifier("city"))?;
    let default = &api.engine.settings().number_manager.default_country;
    let country = call.query("country").unwrap_or(default);
    let cities = match CityQuery::new(city, call.query("state"), country)? {
        Some(query) => api.engine.city_prefixes(&account, &query).await?,
        None => BTreeMap::new(),
    };
    if cities.is_empty() {
        // As the service that Kazoo asks says it (spec/http.md 7.5, row 20).
        return Err(ApiError::init_failed(json!({
            "data": {}, "error": 404, "message": "Not Found", "status": "error",
        })));
    }
    let data: Map<String, Value> = cities
        .into_iter()
        .map(|(city, found)| {
            let data = json!({"state": found.state, "prefixes": found.prefixes});
            (city, data)
        })
        .collect();
    Reply::new(&data)
}
