//! `…/e911_coverage`: which of an account's numbers in service an emergency
//! call can't be located from.

use std::sync::Arc;

use engine::emergency::{Uncovered, coverage_row};
use numbers::e164::E164;

use super::rows::{self, Listed};
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The first columns of the listing as a table.
const COLUMNS: &[&str] = &["id", "state", "provider", "carrier", "used_by"];

/// Numbers of the United States, its territories and Canada in service without
/// a provisioned emergency address.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/e911_coverage",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path), ("page_size" = Option<u32>, Query),
        ("start_key" = Option<String>, Query),
    ),
    responses(
        (status = 200, description = "Each number with what its provider was asked", body = ref("E911Coverage")),
    )
)]
pub async fn list(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let listed = Listed {
        key: |text| E164::try_from(text).ok(),
        key_of: |uncovered: &Uncovered| uncovered.number.id.as_str(),
        filtered: |uncovered| coverage_row(uncovered, false),
        row: if call.context.is_admin() {
            |uncovered| coverage_row(uncovered, true)
        } else {
            |uncovered| coverage_row(uncovered, false)
        },
        columns: COLUMNS,
    };
    let read = async |page| api.engine.e911_coverage(account, &page).await;
    rows::listing(&api, &call, listed, read).await
}
