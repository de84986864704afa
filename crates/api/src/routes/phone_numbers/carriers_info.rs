//! `…/phone_numbers/carriers_info`: what an account can search and create.

use std::sync::Arc;

use serde_json::json;

use super::account_of;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// Longest prefix, carriers, states.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/carriers_info",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "Longest prefix, usable carriers and states", body = ref("CarriersInfo")),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = account_of(&call)?;
    let info = api.engine.carriers_info(&call.context, &account).await?;
    Reply::new(&json!({
        "maximal_prefix_length": info.maximal_prefix_length,
        "usable_carriers": info.usable_carriers,
        "usable_creation_states": info.usable_creation_states,
    }))
}
