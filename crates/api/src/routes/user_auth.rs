//! `user_auth`: logging in with a password (spec/http.md 3.3).

use std::sync::Arc;

use engine::FieldError;
use engine::login::Login;
use serde_json::Value;

use super::accounts::not_a_text;
use super::users::user_in;
use crate::Api;
use crate::buckets::Decision;
use crate::call::{Call, Input, OpenCall};
use crate::error::ApiError;
use crate::reply::Reply;

/// Logs a user in.
#[utoipa::path(
    put,
    path = "/v2/user_auth",
    tag = "auth",
    responses(
        (status = 201, description = "`auth_token` in the envelope, and what an interface needs", body = ref("Login")),
        (status = 400, description = "A field is wrong, or the account is disabled"),
        (status = 401, description = "Wrong credentials"),
        (status = 429, description = "Too many tries"),
    )
)]
pub async fn log_in(api: Arc<Api>, mut call: OpenCall) -> Result<Reply, ApiError> {
    draw(&api, &call)?;
    let data = call.take_data()?;
    answer(api.engine.user_auth(data).await?)
}

/// A log-in costs one more than other calls, with a token too: it is what
/// passwords are guessed with (spec/http.md 8.1).
pub(super) fn draw(api: &Api, input: &Input) -> Result<(), ApiError> {
    match api.buckets.draw(input.incoming.client, None) {
        Decision::Granted(_) => Ok(()),
        Decision::Refused { retry_after, .. } => Err(ApiError::too_many_requests(retry_after)),
    }
}

pub(super) fn answer(login: Login) -> Result<Reply, ApiError> {
    Ok(Reply::new(&login.data)?.with_auth_token(login.token))
}

/// Kazoo mails a link to who forgot a password. numberd sends no mail, and says
/// so rather than promise one; the answer is the same for every user there is
/// and isn't.
#[utoipa::path(
    put,
    path = "/v2/user_auth/recovery",
    tag = "auth",
    responses((status = 501, description = "No mail is sent; who may give a new password is said")),
)]
pub async fn recover(_call: OpenCall) -> ApiError {
    ApiError::no_recovery()
}

/// The second half, for who has such a link.
#[utoipa::path(
    post,
    path = "/v2/user_auth/recovery",
    tag = "auth",
    responses((status = 501, description = "No mail is sent; who may give a new password is said")),
)]
pub async fn posted_recovery(_call: OpenCall) -> ApiError {
    ApiError::no_recovery()
}

/// The data of the log-in that a token came from, for its own account.
#[utoipa::path(
    get,
    path = "/v2/user_auth/{auth_token}",
    tag = "auth",
    params(("auth_token" = String, Path)),
    responses(
        (status = 200, description = "As at log-in", body = ref("Login")),
        (status = 403, description = "Another account's token"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let own = call.context.account().map(|account| &account.id);
    match api.engine.authenticate(call.after("user_auth")).await {
        Ok(holder) if Some(&holder.account.id) == own => {
            let user = holder.user.as_deref();
            Reply::new(&api.engine.login_data(&holder.account, user).await?)
        }
        // Whether a token is no good or somebody else's is nobody's business.
        Ok(_)
        | Err(engine::EngineError::InvalidCredentials | engine::EngineError::ExpiredToken) => {
            Err(ApiError::forbidden())
        }
        Err(error) => Err(error.into()),
    }
}

/// A token for another account's user, for admin users of the master.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/users/{user_id}/user_auth",
    tag = "auth",
    params(("account_id" = String, Path), ("user_id" = String, Path)),
    responses(
        (status = 201, description = "As at log-in", body = ref("Login")),
        (status = 403, description = "Not for this caller"),
    )
)]
pub async fn impersonate(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let data = call.take_data()?;
    check_action(data.get("action"), "impersonate_user")?;
    let account = call.account()?.id.clone();
    answer(
        api.engine
            .impersonate(&call.context, &account, &user_in(&call))
            .await?,
    )
}

/// `action` must be the one that there is.
pub(super) fn check_action(action: Option<&Value>, known: &str) -> Result<(), ApiError> {
    match action {
        Some(Value::String(action)) if action == known => Ok(()),
        Some(Value::String(action)) => {
            let message = "Value not found in enumerated list of values";
            let error = FieldError::new("action", "enum", message);
            let error = error.with_target(vec![known]).with_value(action.as_str());
            Err(ApiError::validation(vec![error]))
        }
        other => Err(not_a_text("action", other)),
    }
}
