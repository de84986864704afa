//! `users`: people who log in to an account (spec/http.md 4.1, 4.3).

use std::sync::Arc;

use engine::user_document::{filtered_document, user_document, user_row};
use numbers::revision::Revision;
use serde_json::json;
use store::{Page, User, UserId};

use super::rows::{self, Listed};
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The user in the path.
pub(super) fn user_in(call: &Call) -> UserId {
    UserId(call.after("users").to_owned())
}

/// An account's users.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/users",
    tag = "users",
    params(
        ("account_id" = String, Path), ("page_size" = Option<u32>, Query),
        ("start_key" = Option<String>, Query), ("paginate" = Option<bool>, Query),
    ),
    responses(
        (status = 200, description = "A row of each", body = ref("UserRows")),
    )
)]
pub async fn list(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = &call.account()?.id;
    let listed = Listed {
        key: |text| Some(UserId(text.to_owned())),
        key_of: |user: &User| user.id.0.as_str(),
        filtered: filtered_document,
        row: user_row,
        columns: &[
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "priv_level",
            "features",
        ],
    };
    let read = async |page: Page<UserId>| api.engine.users(&call.context, account, &page).await;
    rows::listing(&api, &call, listed, read).await
}

/// Makes a user.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/users",
    tag = "users",
    params(("account_id" = String, Path)),
    responses(
        (status = 201, description = "The user", body = ref("UserDocument")),
        (status = 400, description = "A field is wrong, or the username is taken"),
    )
)]
pub async fn create(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let account = call.account()?.id.clone();
    let data = call.take_data()?;
    let user = api
        .engine
        .create_user(&call.context, &account, data)
        .await?;
    let location = format!("/v2/accounts/{account}/users/{}", user.id);
    Ok(document(&user)?.with_location(location))
}

/// A user's document.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/users/{user_id}",
    tag = "users",
    params(("account_id" = String, Path), ("user_id" = String, Path)),
    responses(
        (status = 200, description = "The user", body = ref("UserDocument")),
        (status = 404, description = "No such user"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    document(&*read(&api, &call).await?)
}

/// Replaces a user's fields; the password stays when none is sent.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/users/{user_id}",
    tag = "users",
    params(("account_id" = String, Path), ("user_id" = String, Path)),
    responses(
        (status = 200, description = "The user", body = ref("UserDocument")),
        (status = 400, description = "A field is wrong"),
    )
)]
pub async fn replace(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let (before, at) = unchanged(&api, &call).await?;
    let data = call.take_data()?;
    let user = api
        .engine
        .replace_user(&call.context, &before.account, &before.id, data, at)
        .await?;
    document(&user)
}

/// Merges into a user's fields.
#[utoipa::path(
    patch,
    path = "/v2/accounts/{account_id}/users/{user_id}",
    tag = "users",
    params(("account_id" = String, Path), ("user_id" = String, Path)),
    responses(
        (status = 200, description = "The user", body = ref("UserDocument")),
        (status = 400, description = "A field is wrong"),
    )
)]
pub async fn merge(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let (before, at) = unchanged(&api, &call).await?;
    let data = call.take_data()?;
    let user = api
        .engine
        .patch_user(&call.context, &before.account, &before.id, data, at)
        .await?;
    document(&user)
}

/// Deletes a user; its tokens end.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}/users/{user_id}",
    tag = "users",
    params(("account_id" = String, Path), ("user_id" = String, Path)),
    responses(
        (status = 200, description = "The user as it was", body = ref("UserDocument")),
        (status = 404, description = "No such user"),
    )
)]
pub async fn delete(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let (before, at) = unchanged(&api, &call).await?;
    let user = api
        .engine
        .delete_user(&call.context, &before.account, &before.id, at)
        .await?;
    let mut shown = user_document(&user);
    shown.insert("_read_only".to_owned(), json!({"deleted": true}));
    Reply::document(&shown, user.revision)
}

async fn read(api: &Api, call: &Call) -> Result<Arc<User>, ApiError> {
    Ok(api
        .engine
        .user(&call.context, &call.account()?.id, &user_in(call))
        .await?)
}

/// The user in the URL, and the revision that it must have when it is written.
async fn unchanged(api: &Api, call: &Call) -> Result<(Arc<User>, Option<Revision>), ApiError> {
    let user = read(api, call).await?;
    let at = call.if_match(user.revision)?;
    Ok((user, at))
}

fn document(user: &User) -> Result<Reply, ApiError> {
    Reply::document(&user_document(user), user.revision)
}
