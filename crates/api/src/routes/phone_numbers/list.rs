//! `…/phone_numbers`: an account's numbers; with `prefix`, a search.

use std::sync::Arc;

use axum::extract::State;
use engine::FieldError;
use engine::numbers::Listing;
use engine::search::SearchQuery;
use numbers::account::{Account, AccountId};
use numbers::number::Number;

use crate::Api;
use crate::call::{Call, Input, OpenCall};
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

/// Parameters that make a search of a listing.
const SEARCHED_BY: [&str; 2] = ["prefix", "city"];

/// The account's numbers, or a search when there is a prefix or a city.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path),
        ("prefix" = Option<String>, Query, description = "Search for numbers that begin so"),
        ("city" = Option<String>, Query, description = "Search for numbers of this city"),
        ("state" = Option<String>, Query, description = "With a city or prefix: only numbers of this state"),
        ("quantity" = Option<u32>, Query), ("offset" = Option<u32>, Query),
        ("country" = Option<String>, Query), ("page_size" = Option<u32>, Query),
        ("start_key" = Option<String>, Query), ("paginate" = Option<bool>, Query),
    ),
    responses(
        (status = 200, description = "`numbers` by number, or the search's rows", body = ref("NumberListingOrSearch")),
    )
)]
pub async fn list(State(api): State<Arc<Api>>, call: Call) -> Result<Reply, ApiError> {
    if SEARCHED_BY.iter().any(|key| given(&call, key).is_some()) {
        search(&api, &call, call.context.account(), call.account.as_deref()).await
    } else {
        listing(&api, &call).await
    }
}

/// A search without an account in the URL: as the token's account. Without a
/// token only where the operator made searches public (spec/http.md 3.8).
#[utoipa::path(
    get,
    path = "/v2/phone_numbers",
    tag = "phone_numbers",
    params(
        ("prefix" = Option<String>, Query, description = "Needed where neither city nor state is given"),
        ("city" = Option<String>, Query), ("state" = Option<String>, Query),
        ("quantity" = Option<u32>, Query),
        ("offset" = Option<u32>, Query), ("country" = Option<String>, Query),
        ("reseller_id" = Option<String>, Query, description = "Search as this reseller, if it allows it"),
    ),
    responses(
        (status = 200, description = "Numbers that can be had", body = ref("SearchRows")),
    )
)]
pub async fn search_anywhere(
    State(api): State<Arc<Api>>,
    call: OpenCall,
) -> Result<Reply, ApiError> {
    let caller = call.context.as_ref().and_then(|context| context.account());
    let reseller = match call.query("reseller_id") {
        Some(id) => Some(open_reseller(&api, id).await?),
        None => None,
    };
    let public = api.engine.settings().number_manager.public_search;
    if caller.is_none() && reseller.is_none() && !public {
        return Err(ApiError::invalid_credentials());
    }
    search(&api, &call, caller, reseller.as_deref().or(caller)).await
}

/// A reseller whose stock everybody may search (spec/life.md 5).
async fn open_reseller(api: &Api, id: &str) -> Result<Arc<Account>, ApiError> {
    let key = AccountId::parse(id).map_err(|_| ApiError::missing("nonexistent reseller_id"))?;
    let account = api.engine.store().account(&key).await?;
    let account = account.ok_or_else(|| ApiError::missing("nonexistent reseller_id"))?;
    let allowed = account.number_manager.get("unauthorized_numbers_lookup") == Some(&true.into());
    if allowed && (account.is_reseller || account.is_admin()) {
        Ok(account)
    } else {
        Err(ApiError::missing("number search restricted"))
    }
}

/// A parameter that says something.
fn given<'i>(input: &'i Input, key: &str) -> Option<&'i str> {
    let value = input.query(key).map(str::trim);
    value.filter(|value| !value.is_empty())
}

async fn search(
    api: &Api,
    input: &Input,
    caller: Option<&Account>,
    account: Option<&Account>,
) -> Result<Reply, ApiError> {
    let prefix = input.query("prefix");
    let (city, state) = (given(input, "city"), given(input, "state"));
    if prefix.is_none() && city.is_none() && state.is_none() {
        let text = "Field is required but missing";
        return Err(ApiError::validation(vec![
            FieldError::new("prefix", "required", text).with_value("prefix"),
        ]));
    }
    let places_alone = city.is_some() || state.is_some();
    // What is no number counts as not given (spec/http.md 6.2).
    let number = |key| {
        input
            .query(key)
            .and_then(|text| text.trim().parse::<usize>().ok())
    };
    let query = SearchQuery {
        prefix: prefix
            .filter(|prefix| !(places_alone && prefix.is_empty()))
            .map(str::to_owned),
        city: city.map(str::to_owned),
        state: state.map(str::to_owned),
        country: input.query("country").map(str::to_owned),
        quantity: number("quantity").unwrap_or(1),
        offset: number("offset").unwrap_or(0),
    };
    let is_admin = caller.is_some_and(Account::is_admin);
    let caller = caller.map(|caller| &caller.id);
    let found = api.engine.search(caller, account, &query).await?;
    let reply = Reply::new(&found.rows)?;
    match input.dialect().silent_carriers(&found.silent, is_admin) {
        Some(metadata) => Ok(reply.with_metadata(&metadata)),
        None => Ok(reply),
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
