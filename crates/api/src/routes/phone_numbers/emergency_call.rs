//! `…/phone_numbers/{n}/emergency_call`: that somebody called for help.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::json;
use store::EventKey;

use super::number_in;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// Tells that an emergency call was placed from a number: everybody who follows
/// its events learns of it, with its address and whom to notify.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/emergency_call",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("number" = String, Path)),
    responses(
        (status = 201, description = "The event", body = ref("EmergencyCall")),
        (status = 400, description = "What is told of the call is wrong"),
        (status = 404, description = "No such number, or nobody has it"),
    )
)]
pub async fn report(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let data = call.take_data()?;
    let account = Arc::clone(call.account()?);
    let (cx, number) = (&call.context, number_in(&call));
    let reported = api
        .engine
        .report_emergency_call(cx, &account, number, data)
        .await?;
    let cursor = EventKey {
        number: reported.number.clone(),
        id: reported.event.clone(),
    };
    let reply = Reply::new(&json!({
        "id": reported.event.0,
        "number": reported.number,
        "action": "emergency_called",
        "at": reported.at,
        "cursor": cursor.to_string(),
    }))?;
    Ok(reply.with_status(StatusCode::CREATED))
}
