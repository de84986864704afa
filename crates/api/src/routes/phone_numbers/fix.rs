//! `…/phone_numbers/fix`: repairs what the store can prove wrong.

use std::sync::Arc;

use super::{document, list};
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// Repairs the account's numbers; what was done stands in their histories.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/fix",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account's numbers, or `{}` in dialect 2016", body = ref("Fixed")),
    )
)]
pub async fn fix_all(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    api.engine
        .fix_numbers(&call.context, call.account()?)
        .await?;
    if call.dialect().post_fix_answers_listing() {
        list::listing(&api, &call).await
    } else {
        Ok(Reply::empty_object())
    }
}

/// Repairs the account's numbers and lists them.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/fix",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account's numbers", body = ref("NumberListing")),
    )
)]
pub async fn fix_and_list(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    api.engine
        .fix_numbers(&call.context, call.account()?)
        .await?;
    list::listing(&api, &call).await
}

/// Repairs one number.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/fix/{number}",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 200, description = "The number", body = ref("NumberDocument")),
        (status = 404, description = "No such number"),
    )
)]
pub async fn fix_one(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let text = call.after("fix");
    let account = call.account()?;
    api.engine.fix_number(&call.context, account, text).await?;
    let view = api.engine.number(&call.context, account, text).await?;
    document(&call, &view)
}
