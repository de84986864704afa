//! `accounts`: the tree of accounts (spec/http.md 4.1, 4.2).

use std::future::Future;
use std::sync::Arc;

use axum::http::StatusCode;
use engine::accounts::filtered_document;
use engine::{EngineError, FieldError};
use numbers::account::{Account, AccountId};
use numbers::revision::Revision;
use serde_json::{Map, Value, json};
use store::Page;

use super::rows::{self, Listed};
use crate::Api;
use crate::call::{Call, Input};
use crate::error::ApiError;
use crate::reply::Reply;

/// Makes an account below the caller's own.
#[utoipa::path(
    put,
    path = "/v2/accounts",
    tag = "accounts",
    responses(
        (status = 201, description = "The account", body = ref("AccountDocument")),
        (status = 400, description = "A field is wrong, or a name or realm is taken"),
    )
)]
pub async fn create(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let own = call.context.account().map(|account| account.id.clone());
    create_below(&api, &mut call, own.ok_or_else(ApiError::forbidden)?).await
}

/// Makes an account below the one in the URL.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 201, description = "The account", body = ref("AccountDocument")),
        (status = 400, description = "A field is wrong, or a name or realm is taken"),
    )
)]
pub async fn create_child(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let parent = call.account()?.id.clone();
    create_below(&api, &mut call, parent).await
}

async fn create_below(api: &Api, call: &mut Call, parent: AccountId) -> Result<Reply, ApiError> {
    let data = call.take_data()?;
    let account = api
        .engine
        .create_account(&call.context, &parent, data)
        .await?;
    let location = format!("/v2/accounts/{}", account.id);
    Ok(document(api, call, &account).await?.with_location(location))
}

/// An account's document.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account", body = ref("AccountDocument")),
        (status = 404, description = "No such account"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    document(&api, &call, call.account()?).await
}

/// Replaces an account's fields.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account", body = ref("AccountDocument")),
        (status = 400, description = "A field is wrong"),
    )
)]
pub async fn replace(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let (id, at) = unchanged(&call)?;
    let data = call.take_data()?;
    let account = api
        .engine
        .replace_account(&call.context, &id, data, at)
        .await?;
    document(&api, &call, &account).await
}

/// Merges into an account's fields.
#[utoipa::path(
    patch,
    path = "/v2/accounts/{account_id}",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account", body = ref("AccountDocument")),
        (status = 400, description = "A field is wrong"),
    )
)]
pub async fn merge(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let (id, at) = unchanged(&call)?;
    let data = call.take_data()?;
    let account = api
        .engine
        .patch_account(&call.context, &id, data, at)
        .await?;
    document(&api, &call, &account).await
}

/// Deletes an account that has no accounts below it and no numbers.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account as it was", body = ref("AccountDocument")),
        (status = 400, description = "It holds numbers"),
        (status = 405, description = "It is the master account"),
        (status = 500, description = "There are accounts below it"),
    )
)]
pub async fn delete(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let (id, at) = unchanged(&call)?;
    let account = api.engine.delete_account(&call.context, &id, at).await?;
    let mut shown = api.engine.account_document(&call.context, &account).await?;
    shown.insert("_read_only".to_owned(), json!({"deleted": true}));
    Reply::document(&shown, account.revision)
}

/// The id of the account in the URL, and the revision that it must have when it
/// is written.
fn unchanged(call: &Call) -> Result<(AccountId, Option<Revision>), ApiError> {
    let account = call.account()?;
    let at = call.if_match(account.revision)?;
    Ok((account.id.clone(), at))
}

async fn document(api: &Api, call: &Call, account: &Account) -> Result<Reply, ApiError> {
    let shown = api.engine.account_document(&call.context, account).await?;
    Reply::document(&shown, account.revision)
}

/// The accounts directly below.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/children",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "`id`, `name`, `realm` of each", body = ref("AccountRows")),
    )
)]
pub async fn children(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let id = &call.account()?.id;
    listing(&api, &call, row, |page| children_of(&api, &call, id, page)).await
}

async fn children_of(
    api: &Api,
    call: &Call,
    id: &AccountId,
    page: Page<AccountId>,
) -> Result<Vec<Account>, EngineError> {
    api.engine.children(&call.context, id, &page).await
}

/// The accounts anywhere below.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/descendants",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "`id`, `name`, `realm`, `tree` of each", body = ref("AccountRows")),
    )
)]
pub async fn descendants(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let id = &call.account()?.id;
    let read = async |page: Page<AccountId>| api.engine.descendants(&call.context, id, &page).await;
    listing(&api, &call, row_with_tree, read).await
}

/// The accounts with the same parent, for callers above them.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/siblings",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "`id`, `name`, `realm` of each", body = ref("AccountRows")),
        (status = 403, description = "Their parent is above the caller"),
    )
)]
pub async fn siblings(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let id = &call.account()?.id;
    let read = async |page: Page<AccountId>| api.engine.siblings(&call.context, id, &page).await;
    listing(&api, &call, row, read).await
}

/// The accounts above, from the caller's own down.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/parents",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "`id`, `name` of each", body = ref("AccountPath")),
    )
)]
pub async fn parents(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    above(&api, &call).await
}

/// The same as `parents`.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/tree",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "`id`, `name` of each", body = ref("AccountPath")),
    )
)]
pub async fn tree(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    above(&api, &call).await
}

/// At most as many as accounts can be nested: no paging.
async fn above(api: &Api, call: &Call) -> Result<Reply, ApiError> {
    let above = api
        .engine
        .parents(&call.context, &call.account()?.id)
        .await?;
    let rows: Vec<Value> = above
        .iter()
        .map(|account| json!({"id": account.id, "name": account.name}))
        .collect();
    Ok(Reply::listing(&rows, None)?.with_csv(&["id", "name"]))
}

async fn listing<F>(
    api: &Api,
    input: &Input,
    row: fn(&Account) -> Map<String, Value>,
    read: impl Fn(Page<AccountId>) -> F,
) -> Result<Reply, ApiError>
where
    F: Future<Output = Result<Vec<Account>, EngineError>>,
{
    let listed = Listed {
        key: |text| AccountId::parse(text).ok(),
        key_of: |account: &Account| account.id.as_str(),
        filtered: filtered_document,
        row,
        columns: &["id", "name", "realm"],
    };
    rows::listing(api, input, listed, read).await
}

fn row(account: &Account) -> Map<String, Value> {
    let texts = [
        ("id", account.id.as_str()),
        ("name", &account.name),
        ("realm", &account.realm),
    ];
    texts
        .into_iter()
        .map(|(key, text)| (key.to_owned(), text.into()))
        .collect()
}

fn row_with_tree(account: &Account) -> Map<String, Value> {
    let mut row = row(account);
    let tree: Vec<&str> = account.tree.iter().map(AccountId::as_str).collect();
    row.insert("tree".to_owned(), tree.into());
    row
}

/// The account's API key can't be shown: only its digest is stored.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/api_key",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses((status = 404, description = "There is none, or it was shown when it was made"))
)]
pub async fn api_key(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let made = api
        .engine
        .has_api_key(&call.context, &call.account()?.id)
        .await?;
    let cause = if made {
        "API keys are stored hashed and shown only when they are made; PUT makes a new one"
    } else {
        "the account has no API key; PUT makes one"
    };
    let data = json!({"message": "not found", "cause": cause});
    Err(ApiError::direct(StatusCode::NOT_FOUND, "not_found", data))
}

/// Makes a new API key; the old one and its tokens end.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/api_key",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 201, description = "`api_key`, shown this once", body = ref("ApiKey")),
        (status = 403, description = "Admin users only"),
    )
)]
pub async fn new_api_key(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let key = api
        .engine
        .regenerate_api_key(&call.context, &call.account()?.id)
        .await?;
    Ok(Reply::new(&json!({ "api_key": key }))?.with_secret())
}

/// Moves an account, with everything below it, below another one.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/move",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account", body = ref("AccountDocument")),
        (status = 403, description = "Administrators only, unless configured"),
    )
)]
pub async fn move_below(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let (id, at) = unchanged(&call)?;
    let data = call.take_data()?;
    let to = match data.get("to") {
        Some(Value::String(to)) => AccountId::parse(to),
        other => return Err(not_a_text("to", other)),
    };
    let to = to.map_err(|error| ApiError::field("to", "not_found", &error.to_string()))?;
    let account = api.engine.move_account(&call.context, &id, &to, at).await?;
    document(&api, &call, &account).await
}

/// A field that must be a text and isn't.
pub(super) fn not_a_text(key: &str, value: Option<&Value>) -> ApiError {
    let error = match value {
        None => FieldError::new(key, "required", "Field is required but missing").with_value(key),
        Some(value) => FieldError::new(key, "type", "Value did not match type(s): string")
            .with_target("string")
            .with_value(value.clone()),
    };
    ApiError::validation(vec![error])
}

/// Makes an account a reseller.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/reseller",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 201, description = "The account", body = ref("AccountDocument")),
        (status = 403, description = "Administrators only"),
    )
)]
pub async fn promote(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    set_reseller(&api, &call, true).await
}

/// Makes a reseller a customer again.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}/reseller",
    tag = "accounts",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "The account", body = ref("AccountDocument")),
        (status = 403, description = "Administrators only"),
    )
)]
pub async fn demote(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    set_reseller(&api, &call, false).await
}

async fn set_reseller(api: &Api, call: &Call, is_reseller: bool) -> Result<Reply, ApiError> {
    let id = &call.account()?.id;
    let account = api
        .engine
        .set_reseller(&call.context, id, is_reseller)
        .await?;
    document(api, call, &account).await
}
