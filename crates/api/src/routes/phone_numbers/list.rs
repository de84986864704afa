//! `…/phone_numbers`: an account's numbers; with `prefix` and the like, a
//! search ([`super::search`]).

use std::sync::Arc;

use engine::numbers::Listing;
use numbers::number::Number;

use super::search::{self, SearchParameters};

use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::paging::Paging;
use crate::reply::Reply;

/// Columns of the listing as CSV (spec/http.md 1.7).
const COLUMNS: &[&str] = &[
    "number",
    "state",
    "features",
    "features_allowed",
    "features_denied",
    "assigned_to",
    "created",
    "updated",
    "features_available",
];

/// The account's numbers, or a search when there is something to search by.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path),
        SearchParameters,
        ("page_size" = Option<u32>, Query),
        ("start_key" = Option<String>, Query), ("paginate" = Option<bool>, Query),
    ),
    responses(
        (status = 200, description = "`numbers` by number, or the search's rows", body = ref("NumberListingOrSearch")),
    )
)]
pub async fn list(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    if search::makes_of_listing(&call) {
        let (caller, account) = (call.context.account(), call.account.as_deref());
        search::search(&api, &call, caller, account).await
    } else {
        listing(&api, &call).await
    }
}

/// The account's numbers (spec/http.md 7.2).
pub(super) async fn listing(api: &Api, call: &Call) -> Result<Reply, ApiError> {
    let account = call.account()?;
    let query = &call.incoming.query;
    let filters = Filters::for_numbers(query)?;
    let paging = Paging::read(&call.incoming, &api.settings.limits)?;
    let keep = |number: &Number| filters.keep_number(number);
    let request = Listing {
        from: paging.start_number()?,
        limit: Some(paging.limit),
        direction: paging.direction,
        keep: &keep,
    };
    let page = api
        .engine
        .list_numbers(&call.context, account, request)
        .await?;
    let info = paging.info(page.rows.len(), page.next.as_ref().map(AsRef::as_ref))?;
    let cascade_quantity = api.engine.cascade_quantity(account).await?;
    let data = call.dialect().listing(&page.rows, cascade_quantity);
    Ok(Reply::listing(&data, info)?.with_csv(COLUMNS))
}
