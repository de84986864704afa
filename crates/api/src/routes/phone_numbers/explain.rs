//! `…/phone_numbers/{n}/explain`: which rules made a number of a text, which
//! classifier took it, and which data says what about its place.

use std::sync::Arc;

use super::{country_named, number_in};
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// Why a number is what it is.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/explain",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path),
        ("number" = String, Path, description = "Any text"),
        ("country" = Option<String>, Query, description = "Read the text as it is written there: DE"),
    ),
    responses(
        (status = 200, description = "Rules, classifier and sources", body = ref("Explanation")),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account.as_deref().or(call.context.account());
    let country = country_named(&call)?;
    let table = call.dialect().classifiers();
    let text = number_in(&call);
    let explanation = api.engine.explain(account, text, country.as_deref(), table);
    Reply::new(&explanation)
}
