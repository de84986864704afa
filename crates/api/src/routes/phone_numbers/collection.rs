//! `…/phone_numbers/collection`: many numbers, each with its own outcome
//! (spec/http.md 7.9).

use std::collections::HashSet;
use std::sync::Arc;

use engine::FieldError;
use engine::change::{ChangeRequest, Outcome};
use engine::receipt::{Receipt, Terms};
use numbers::life::Operation;
use numbers::plan::Command;
use serde_json::{Map, Value};

use super::number::release_operation;
use super::requested;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;
use engine::schema::Schema;

/// Puts numbers into the database.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/phone_numbers/collection",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 201, description = "What became of each number", body = ref("CollectionResult")),
        (status = 402, description = "It costs; ask again with accept_charges"),
    )
)]
pub async fn create(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let default = api.engine.settings().number_manager.default_create_state;
    change(&api, call, Operation::Create(default)).await
}

/// Replaces the public fields of numbers.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/phone_numbers/collection",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "What became of each number", body = ref("CollectionResult")),
        (status = 402, description = "It costs; ask again with accept_charges"),
    )
)]
pub async fn replace(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    change(&api, call, Operation::Replace).await
}

/// Merges into the public fields of numbers.
#[utoipa::path(
    patch,
    path = "/v2/accounts/{account_id}/phone_numbers/collection",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "What became of each number", body = ref("CollectionResult")),
        (status = 402, description = "It costs; ask again with accept_charges"),
    )
)]
pub async fn merge(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    change(&api, call, Operation::Merge).await
}

/// Gives numbers back.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}/phone_numbers/collection",
    tag = "phone_numbers",
    params(("account_id" = String, Path), ("hard" = Option<bool>, Query)),
    responses(
        (status = 200, description = "What became of each number", body = ref("CollectionResult")),
    )
)]
pub async fn release(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let operation = release_operation(&call);
    change(&api, call, operation).await
}

/// Puts numbers into service for the account; not rate limited
/// (spec/http.md 8.2).
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/phone_numbers/collection/activate",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 201, description = "What became of each number", body = ref("CollectionResult")),
        (status = 402, description = "It costs; ask again with accept_charges"),
    )
)]
pub async fn activate(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    change(&api, call, Operation::Activate).await
}

async fn change(api: &Api, mut call: Call, operation: Operation) -> Result<Reply, ApiError> {
    let account = Arc::clone(call.account()?);
    let accept_charges = call.accept_charges();
    let texts = numbers(api, &call, Some(&account))?;
    let mut data = call.take_data()?;
    data.shift_remove("numbers");
    let releases = matches!(operation, Operation::Release | Operation::HardDelete);
    let fields = if releases {
        Map::new()
    } else {
        Schema::PhoneNumbers.check(&mut data)?;
        data
    };
    let request = ChangeRequest {
        target: Some(&account),
        command: Command::of_client(requested(api, operation, &fields), fields),
        accept_charges,
    };
    let answer = |outcomes: &[Outcome]| Reply::new(&call.dialect().collection(outcomes));
    let receipt = call.receipt(&answer);
    let terms = Terms {
        only_if: None,
        receipt: receipt.as_ref().map(|receipt| receipt as &dyn Receipt),
    };
    let (engine, cx) = (&api.engine, &call.context);
    answer(&engine.change_on(cx, &request, terms, &texts).await?)
}

/// The request's `numbers`: a list of texts, at least one, none twice after
/// normalization. Elements that are no texts are kept as their JSON, so that
/// they end in the error map.
pub(super) fn numbers(
    api: &Api,
    call: &Call,
    account: Option<&numbers::account::Account>,
) -> Result<Vec<String>, ApiError> {
    let refuse =
        |rule, message: &str| ApiError::validation(vec![FieldError::new("numbers", rule, message)]);
    let list = match call.value("numbers") {
        None => return Err(refuse("required", "list of numbers missing")),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(refuse("type", "numbers must be a list")),
    };
    if list.is_empty() {
        return Err(refuse("minimum", "minimum 1 number required"));
    }
    let most = api.settings.limits.max_numbers_per_call;
    if list.len() > most {
        return Err(refuse(
            "maxItems",
            &format!("The list is more than {most} items"),
        ));
    }
    let texts: Vec<String> = list
        .into_iter()
        .map(|item| match item {
            Value::String(text) => text,
            other => other.to_string(),
        })
        .collect();
    let numbering = api.engine.numbering(account);
    let mut seen = HashSet::with_capacity(texts.len());
    let unique = texts.iter().all(|text| {
        seen.insert(
            numbering
                .key(text)
                .map_or_else(|_| text.clone(), |key| key.to_string()),
        )
    });
    if !unique {
        return Err(refuse("uniqueItems", "some numbers appear twice"));
    }
    Ok(texts)
}
