//! `…/phone_numbers/classifiers`: the kinds of numbers, and a text's kind. A
//! pure function without secrets, so it needs no token without an account
//! (spec/http.md 3.8).

use std::sync::Arc;

use engine::explain::metadata;
use serde_json::{Map, Value};

use super::country_named;
use crate::Api;
use crate::call::OpenCall;
use crate::error::ApiError;
use crate::reply::Reply;

/// Every classifier, in its order.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/classifiers",
    tag = "phone_numbers",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "By name: regex, friendly name, format", body = ref("Classifiers")),
    )
)]
pub async fn list(api: Arc<Api>, call: OpenCall) -> Result<Reply, ApiError> {
    require_token_for_account(&call)?;
    let account = call.account.as_deref();
    let table = call.dialect().classifiers();
    Reply::new(api.engine.classifiers(account, table).as_ref())
}

/// A text's class.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/classifiers/{number}",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path),
        ("number" = String, Path),
        ("country" = Option<String>, Query, description = "Read the text as it is written there: DE"),
    ),
    responses(
        (status = 200, description = "The classifier, the number as given and normalized", body = ref("Classification")),
    )
)]
pub async fn classify(api: Arc<Api>, call: OpenCall) -> Result<Reply, ApiError> {
    require_token_for_account(&call)?;
    let text = call.after("classifiers");
    let account = call.account.as_deref();
    let country = country_named(&call)?;
    let table = call.dialect().classifiers();
    let class = api
        .engine
        .classify(account, text, country.as_deref(), table);
    let mut data = Map::new();
    if let Some((name, rule)) = &class.classifier {
        if let Ok(Value::Object(rule)) = serde_json::to_value(rule) {
            data = rule;
        }
        data.insert("name".to_owned(), name.as_str().into());
    }
    let metadata = call
        .dialect()
        .shows_metadata()
        .then(|| metadata(&class.e164))
        .flatten();
    data.insert("number".to_owned(), class.number.into());
    data.insert("e164".to_owned(), class.e164.into());
    if let Some(Ok(metadata)) = metadata.map(serde_json::to_value) {
        data.insert("metadata".to_owned(), metadata);
    }
    Reply::new(&data)
}

fn require_token_for_account(call: &OpenCall) -> Result<(), ApiError> {
    if call.account.is_some() && call.context.is_none() {
        return Err(ApiError::invalid_credentials());
    }
    Ok(())
}
