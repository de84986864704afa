//! `…/phone_numbers/{n}/identify`: whose number is this.

use std::sync::Arc;

use axum::extract::State;
use engine::identify::Unidentified;
use serde_json::json;

use super::number_in;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The account that answers for a number.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/identify",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 200, description = "`account_id` and `number`", body = ref("Identity")),
        (status = 400, description = "Unassigned, not in service, or the account is disabled"),
        (status = 404, description = "No such number"),
    )
)]
pub async fn get(State(api): State<Arc<Api>>, call: Call) -> Result<Reply, ApiError> {
    let target = call.account.as_deref();
    match api
        .engine
        .identify(&call.context, target, number_in(&call))
        .await
    {
        Ok(holder) => Reply::new(&holder),
        Err(Unidentified::NotFound) => Err(ApiError::number_not_found()),
        Err(Unidentified::Unassigned) => Err(ApiError::client_error("unassigned".into())),
        Err(Unidentified::NotInService(holder)) => Err(ApiError::client_error(json!({
            "cause": "not_in_service",
            "account_id": holder.account_id,
            "number": holder.number,
        }))),
        Err(Unidentified::AccountDisabled(holder)) => Err(ApiError::client_error(json!({
            "cause": "account_disabled",
            "account_id": holder.account_id,
            "number": holder.number,
        }))),
        Err(Unidentified::Store(error)) => Err(error.into()),
    }
}
