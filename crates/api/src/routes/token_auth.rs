//! `token_auth`: the caller's token (spec/http.md 3.5).

use std::sync::Arc;

use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// What the token says, and the data of its log-in.
#[utoipa::path(
    get,
    path = "/v2/token_auth",
    tag = "auth",
    responses(
        (status = 200, description = "Claims, and the data of the log-in", body = ref("TokenInfo")),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let holder = call
        .incoming
        .holder
        .as_ref()
        .ok_or_else(ApiError::invalid_credentials)?;
    Reply::new(&api.engine.token_data(holder).await?)
}

/// Logs out. The client forgets its token; the token itself stays good until it
/// ends by itself, soon, or its password or key changes, as in Kazoo.
#[utoipa::path(
    delete,
    path = "/v2/token_auth",
    tag = "auth",
    responses((status = 200, description = "No data"))
)]
pub async fn delete(_call: Call) -> Reply {
    Reply::without_data()
}
