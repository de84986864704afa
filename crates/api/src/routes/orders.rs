//! `…/orders`: what an account has ordered and given back at carriers, and how
//! each order stands.

use std::sync::Arc;

use engine::orders::{Order, order_row};

use super::rows::{self, Listed};
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The first columns of the listing as a table.
const COLUMNS: &[&str] = &["id", "kind", "state", "carrier", "account"];

/// The account's orders, oldest first.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/orders",
    tag = "orders",
    params(
        ("account_id" = String, Path), ("page_size" = Option<u32>, Query),
        ("start_key" = Option<String>, Query),
    ),
    responses(
        (status = 200, description = "Each order with the states it was in", body = ref("Orders")),
    )
)]
pub async fn list(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = &call.account()?.id;
    let listed = Listed {
        key: |text| Some(text.to_owned()),
        key_of: |order: &Order| order.id.0.as_str(),
        filtered: |order| order_row(order, false),
        row: if call.context.is_admin() {
            |order| order_row(order, true)
        } else {
            |order| order_row(order, false)
        },
        columns: COLUMNS,
    };
    let read = async |page| api.engine.orders(Some(account), &page).await;
    rows::listing(&api, &call, listed, read).await
}

/// An order.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/orders/{order_id}",
    tag = "orders",
    params(("account_id" = String, Path), ("order_id" = String, Path)),
    responses(
        (status = 200, description = "The order", body = ref("Order")),
        (status = 404, description = "No such order of this account"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    shown(&call, &read(&api, &call).await?)
}

/// Closes a release that a person has done at the carrier.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/orders/{order_id}",
    tag = "orders",
    params(("account_id" = String, Path), ("order_id" = String, Path)),
    responses(
        (status = 200, description = "The order, settled", body = ref("Order")),
        (status = 400, description = "It doesn't wait for a person"),
        (status = 403, description = "Administrators only"),
        (status = 404, description = "No such order of this account"),
    )
)]
pub async fn close(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    if !call.context.is_admin() {
        return Err(ApiError::forbidden());
    }
    let order = read(&api, &call).await?;
    match api.engine.close_order(&call.context, order).await? {
        Some(order) => shown(&call, &order),
        None => Err(ApiError::validation(vec![engine::FieldError::new(
            "state",
            "wrong",
            "only a release that waits for a person (by_hand) can be closed",
        )])),
    }
}

async fn read(api: &Api, call: &Call) -> Result<Order, ApiError> {
    let id = call.after("orders");
    let order = api.engine.order(&call.account()?.id, id).await?;
    order.ok_or_else(|| ApiError::bad_identifier(id))
}

fn shown(call: &Call, order: &Order) -> Result<Reply, ApiError> {
    Reply::new(&order_row(order, call.context.is_admin()))
}
