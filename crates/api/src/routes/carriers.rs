//! `carriers`: a reseller's own credentials at carriers.

use std::sync::Arc;

use engine::credentials::{CredentialsError, OwnCredentials};

use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// Which keys are set, never their values.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/carriers/{carrier}",
    tag = "carriers",
    params(("account_id" = String, Path), ("carrier" = String, Path)),
    responses(
        (status = 200, description = "The keys that are set, and since when"),
        (status = 404, description = "No such carrier, or nothing is set"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let name = call.after("carriers");
    let shown = api.engine.own_credentials(&call.context, account, name);
    reply(shown.await, name)
}

/// Sets a reseller's credentials, in place of those that are set: the keys of
/// `[carriers.NAME]` in the configuration, but those that are the operator's.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/carriers/{carrier}",
    tag = "carriers",
    params(("account_id" = String, Path), ("carrier" = String, Path)),
    responses(
        (status = 200, description = "The keys that are set"),
        (status = 400, description = "A key is missing, wrong, or the operator's to set"),
        (status = 403, description = "For administrators of the account or above it"),
        (status = 404, description = "No such carrier"),
        (status = 501, description = "The server has nothing to encrypt them with"),
    )
)]
pub async fn set(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let settings = call.take_data()?;
    let account = call.account()?;
    let name = call.after("carriers");
    let set = api
        .engine
        .set_own_credentials(&call.context, account, name, settings);
    reply(set.await, name)
}

/// The same, for clients that create with PUT.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/carriers/{carrier}",
    tag = "carriers",
    params(("account_id" = String, Path), ("carrier" = String, Path)),
    responses(
        (status = 201, description = "The keys that are set"),
        (status = 400, description = "A key is missing, wrong, or the operator's to set"),
        (status = 403, description = "For administrators of the account or above it"),
        (status = 404, description = "No such carrier"),
        (status = 501, description = "The server has nothing to encrypt them with"),
    )
)]
pub async fn create(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    set(api, call).await
}

/// Removes them: the operator's are used from now on.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}/carriers/{carrier}",
    tag = "carriers",
    params(("account_id" = String, Path), ("carrier" = String, Path)),
    responses(
        (status = 200, description = "The keys that were set"),
        (status = 403, description = "For administrators of the account or above it"),
        (status = 404, description = "No such carrier, or nothing is set"),
    )
)]
pub async fn remove(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let name = call.after("carriers");
    let removed = api
        .engine
        .remove_own_credentials(&call.context, account, name);
    reply(removed.await, name)
}

fn reply(shown: Result<OwnCredentials, CredentialsError>, name: &str) -> Result<Reply, ApiError> {
    match shown {
        Ok(shown) => Reply::new(&shown),
        Err(CredentialsError::None(_)) => Err(ApiError::bad_identifier(name)),
        Err(CredentialsError::Forbidden) => Err(ApiError::forbidden()),
        Err(CredentialsError::Conflict) => Err(ApiError::conflict()),
        Err(CredentialsError::Store(error)) => Err(error.into()),
        Err(error @ CredentialsError::NoKey) => {
            Err(ApiError::not_implemented().with("cause", error.to_string()))
        }
        Err(error @ (CredentialsError::NoReseller | CredentialsError::Wrong(_))) => {
            Err(ApiError::field("", "credentials", &error.to_string()))
        }
    }
}
