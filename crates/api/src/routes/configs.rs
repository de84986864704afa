//! `…/configs/number_manager`: what an account's numbers are managed by instead
//! of the installation's settings.

use std::sync::Arc;

use engine::EngineError;
use numbers::account::Account;
use serde_json::{Map, Value, json};

use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The account's own settings; what isn't there is as in the installation.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/configs/number_manager",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses((status = 200, description = "The settings by key")),
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    answer(&api, &call, call.account()?).await
}

/// Sets them, in place of those that are set: `features` (the lists `allow` and
/// `deny`), `e911_provider`, `cnam_provider`, `carrier_modules`, `prices`, …
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/configs/number_manager",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The settings by key"),
        (status = 400, description = "A key is unknown, or its value can't be used"),
        (status = 403, description = "Administrators only"),
    )
)]
pub async fn replace(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let settings = call.take_data()?;
    store(&api, &call, settings).await
}

/// Sets some of them; null removes one.
#[utoipa::path(
    patch,
    path = "/v2/accounts/{account_id}/configs/number_manager",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The settings by key"),
        (status = 400, description = "A key is unknown, or its value can't be used"),
        (status = 403, description = "Administrators only"),
    )
)]
pub async fn merge(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let changed = call.take_data()?;
    let mut settings = call.account()?.number_manager.clone();
    settings.extend(changed);
    settings.retain(|_, value| !value.is_null());
    store(&api, &call, settings).await
}

/// Removes them all.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}/configs/number_manager",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "No settings"),
        (status = 403, description = "Administrators only"),
    )
)]
pub async fn remove(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    store(&api, &call, Map::new()).await
}

async fn store(api: &Api, call: &Call, settings: Map<String, Value>) -> Result<Reply, ApiError> {
    let id = &call.account()?.id;
    let set = api.engine.set_number_manager(&call.context, id, settings);
    answer(api, call, &set.await?).await
}

/// The settings; newer clients are told what of them makes no sense together.
async fn answer(api: &Api, call: &Call, account: &Account) -> Result<Reply, ApiError> {
    let reply = Reply::new(&account.number_manager)?;
    let warnings = api.engine.provider_warnings(account).await;
    let warnings = warnings.map_err(EngineError::from)?;
    if warnings.is_empty() || !call.dialect().shows_metadata() {
        return Ok(reply);
    }
    Ok(reply.with_metadata(&json!({ "warnings": warnings })))
}
