//! `…/phone_numbers/{n}/activate`, `/reserve`, `/port`: the steps of a
//! number's life that have a name.

use std::sync::Arc;

use numbers::life::Operation;

use super::change_number;
use crate::Api;
use crate::buckets::Decision;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// Puts a number into service for the account. Each account's activations are
/// limited (spec/http.md 8.2).
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/activate",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 201, description = "The number is in service", body = ref("NumberDocument")),
        (status = 402, description = "It costs; ask again with accept_charges"),
        (status = 404, description = "No such number"),
        (status = 429, description = "Too many activations"),
        (status = 500, description = "In dialect 2016: the account may not add numbers (403 in 4.3)"),
    )
)]
pub async fn activate(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    if let Decision::Refused { retry_after, .. } = api.buckets.draw_activation(&call.account()?.id)
    {
        return Err(ApiError::too_many_requests(retry_after));
    }
    change_number(&api, &mut call, Operation::Activate).await
}

/// Keeps a number for the account.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/reserve",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 201, description = "The number is reserved", body = ref("NumberDocument")),
        (status = 402, description = "It costs; ask again with accept_charges"),
        (status = 404, description = "No such number"),
        (status = 500, description = "In dialect 2016: the account may not add numbers (403 in 4.3)"),
    )
)]
pub async fn reserve(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    change_number(&api, &mut call, Operation::Reserve).await
}

/// Expects a number by a port.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/port",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 201, description = "The number is on its way in", body = ref("NumberDocument")),
        (status = 402, description = "It costs; ask again with accept_charges"),
        (status = 409, description = "The number exists already"),
        (status = 500, description = "In dialect 2016: the account may not add numbers (403 in 4.3)"),
    )
)]
pub async fn port(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    change_number(&api, &mut call, Operation::Port).await
}
