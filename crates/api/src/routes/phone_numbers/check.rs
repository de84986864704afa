//! `…/phone_numbers/check`: which numbers can be had right now.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::collection::numbers;
use super::search::with_metadata;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// `success` or `error` for each number, as sent: whether it can be had now,
/// of our own stock or from a carrier.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/check",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "By number: `success` or `error`", body = ref("CheckResult")),
    )
)]
pub async fn post(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account.as_deref();
    let texts = numbers(&api, &call, account)?;
    let buyer = account.or_else(|| call.context.account());
    let checked = api.engine.check_numbers(account, buyer, &texts).await?;
    let word = |available| Value::from(if available { "success" } else { "error" });
    let data: Map<String, Value> = texts
        .into_iter()
        .zip(checked.available.into_iter().map(word))
        .collect();
    let reply = Reply::new(&data)?;
    Ok(with_metadata(reply, &call, &checked.silent, None))
}
