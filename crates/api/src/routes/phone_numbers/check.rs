//! `…/phone_numbers/check`: which numbers can be had right now.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Map, Value};

use super::collection::numbers;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// `success` or `error` for each number, as sent.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/check",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "By number: `success` or `error`", body = ref("CheckResult")),
    )
)]
pub async fn post(State(api): State<Arc<Api>>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account.as_deref();
    let texts = numbers(&api, &call, account)?;
    let available = api.engine.check_numbers(account, &texts).await?;
    let word = |available| Value::from(if available { "success" } else { "error" });
    let data: Map<String, Value> = texts
        .into_iter()
        .zip(available.into_iter().map(word))
        .collect();
    Reply::new(&data)
}
