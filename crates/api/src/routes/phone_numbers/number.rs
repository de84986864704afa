//! `…/phone_numbers/{n}`: one number.

use std::sync::Arc;

use engine::EngineError;
use engine::change::ChangeRequest;
use engine::numbers::NumberView;
use numbers::error::NumberError;
use numbers::life::Operation;
use numbers::plan::Command;
use serde_json::Map;

use super::{change_number, change_one, document, number_in};
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// A number's document. Whatever can't be shown isn't there (spec/life.md 3.3).
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 200, description = "The number", body = ref("NumberDocument")),
        (status = 404, description = "No such number"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let found = api
        .engine
        .number(&call.context, call.account()?, number_in(&call))
        .await;
    match found {
        Ok(view) => document(&call, &view),
        Err(EngineError::Number(NumberError::NotReconcilable(_) | NumberError::NotFound(_))) => {
            Err(ApiError::number_not_found())
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts a number into the database.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 201, description = "The number was added", body = ref("NumberDocument")),
        (status = 402, description = "It costs; ask again with accept_charges"),
        (status = 409, description = "The number exists already"),
        (status = 500, description = "In dialect 2016: the account may not add numbers (403 in 4.3)"),
    )
)]
pub async fn create(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let default = api.engine.settings().number_manager.default_create_state;
    change_number(&api, &mut call, Operation::Create(default)).await
}

/// Replaces a number's public fields.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 200, description = "The number", body = ref("NumberDocument")),
        (status = 402, description = "It costs; ask again with accept_charges"),
        (status = 404, description = "No such number"),
    )
)]
pub async fn replace(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    change_number(&api, &mut call, Operation::Replace).await
}

/// Merges into a number's public fields.
#[utoipa::path(
    patch,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 200, description = "The number", body = ref("NumberDocument")),
        (status = 402, description = "It costs; ask again with accept_charges"),
        (status = 404, description = "No such number"),
    )
)]
pub async fn merge(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    change_number(&api, &mut call, Operation::Merge).await
}

/// Gives a number back; with `hard=true` administrators remove it.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path),
        ("number" = String, Path),
        ("hard" = Option<bool>, Query, description = "Remove the record; administrators only"),
    ),
    responses(
        (status = 200, description = "The number was released", body = ref("ReleasedNumber")),
        (status = 404, description = "No such number"),
    )
)]
pub async fn release(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    // What a client sends along with a release means nothing for the number.
    let account = Arc::clone(call.account()?);
    let request = ChangeRequest {
        target: Some(&account),
        command: Command::new(release_operation(&call), Map::new()),
        accept_charges: true,
    };
    let answer = |view: &NumberView| {
        if call.dialect().delete_answers_number() {
            document(&call, view)
        } else {
            Ok(Reply::empty_object())
        }
    };
    change_one(&api, &call, &request, &answer).await
}

/// `hard` is for administrators; for others it is a release
/// (spec/numbers.md 3).
pub(super) fn release_operation(call: &Call) -> Operation {
    let hard = call
        .query("hard")
        .is_some_and(|hard| hard.eq_ignore_ascii_case("true"));
    if hard && call.context.is_admin() {
        Operation::HardDelete
    } else {
        Operation::Release
    }
}
