//! Searching for numbers to have: `/v2/phone_numbers?prefix=…`, and the same
//! for an account.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::FieldError;
use engine::search::SearchQuery;
use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use utoipa::IntoParams;

use crate::Api;
use crate::call::{Input, OpenCall};
use crate::error::ApiError;
use crate::reply::Reply;

/// Parameters of which a search needs one.
const SEARCHED_BY: [&str; 9] = [
    "prefix",
    "city",
    "locality",
    "state",
    "rate_center",
    "lata",
    "type",
    "contains",
    "ends_with",
];

/// What a search is asked for with.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(
    dead_code,
    reason = "it describes the parameters; they are read one by one"
)]
pub struct SearchParameters {
    /// What the numbers begin with after the country code, 3 to 10 digits; or
    /// from `+` on; or a wildcard for toll-free numbers: `8**`, `80*`, `85*`.
    prefix: Option<String>,
    /// How many at most; 1 if it isn't given.
    quantity: Option<u32>,
    /// How many results come before these; 0 begins anew.
    offset: Option<u32>,
    /// Two letters: `US`.
    country: Option<String>,
    /// Only numbers of this city, by its name or the beginning of it; case and
    /// accents don't matter.
    city: Option<String>,
    /// The same as `city`.
    locality: Option<String>,
    /// Only numbers of this state or province, by its letters or its name.
    state: Option<String>,
    /// Only numbers of this rate center: `SAN RAFAEL`.
    rate_center: Option<String>,
    /// Only numbers of this LATA: `722`.
    lata: Option<String>,
    /// `local`, `tollfree` or `mobile`.
    r#type: Option<String>,
    /// Only numbers with these digits somewhere after the country code.
    contains: Option<String>,
    /// Only numbers with these digits at the end.
    ends_with: Option<String>,
    /// Only numbers that can do all of this: `sms,fax`.
    features: Option<String>,
    /// Only blocks of so many consecutive numbers.
    blocks: Option<u32>,
}

/// A search without an account in the URL: as the token's account. Without a
/// token only where the operator made searches public (spec/http.md 3.8).
#[utoipa::path(
    get,
    path = "/v2/phone_numbers",
    tag = "phone_numbers",
    params(
        SearchParameters,
        ("reseller_id" = Option<String>, Query, description = "Search as this reseller, if it allows it"),
    ),
    responses(
        (status = 200, description = "Numbers that can be had", body = ref("SearchRows")),
        (status = 400, description = "Which parameter is wrong, or that something to search by is missing"),
    )
)]
pub async fn get(api: Arc<Api>, call: OpenCall) -> Result<Reply, ApiError> {
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

/// Whether a request for an account's numbers searches for others instead. A
/// state alone doesn't: listings have states of their own.
pub(super) fn makes_of_listing(input: &Input) -> bool {
    let mut keys = SEARCHED_BY.iter().filter(|key| **key != "state");
    keys.any(|key| given(input, key).is_some())
}

/// A parameter that says something.
fn given<'i>(input: &'i Input, key: &str) -> Option<&'i str> {
    let value = input.query(key).map(str::trim);
    value.filter(|value| !value.is_empty())
}

pub(super) async fn search(
    api: &Api,
    input: &Input,
    caller: Option<&Account>,
    account: Option<&Account>,
) -> Result<Reply, ApiError> {
    let query = query(input)?;
    let caller = caller.map(|caller| &caller.id);
    let found = api.engine.search(caller, account, &query).await?;
    let reply = Reply::new(&input.dialect().search_rows(&found.rows))?;
    let why_none = found.why_none.as_deref();
    Ok(with_metadata(reply, input, &found.silent, why_none))
}

/// What the parameters ask for.
fn query(input: &Input) -> Result<SearchQuery, ApiError> {
    if input.query("prefix").is_none() && SEARCHED_BY.iter().all(|key| given(input, key).is_none())
    {
        let text = "Field is required but missing";
        return Err(ApiError::validation(vec![
            FieldError::new("prefix", "required", text).with_value("prefix"),
        ]));
    }
    let text = |key| given(input, key).map(str::to_owned);
    let lenient = input.dialect().searches_leniently();
    let mut errors = Vec::new();
    let mut number = |key, least, lenient: bool| {
        let number = number(input, key, least);
        number.unwrap_or_else(|error| {
            if !lenient {
                errors.push(*error);
            }
            None
        })
    };
    let query = SearchQuery {
        // An empty prefix that stands alone is too short for one.
        prefix: text("prefix").or_else(|| {
            let others = || SEARCHED_BY.iter().any(|key| given(input, key).is_some());
            let empty = input.query("prefix").filter(|_| !others());
            empty.map(str::to_owned)
        }),
        city: text("city").or_else(|| text("locality")),
        state: text("state"),
        country: input.query("country").map(str::to_owned),
        contains: text("contains"),
        ends_with: text("ends_with"),
        rate_center: text("rate_center"),
        lata: text("lata"),
        features: given(input, "features")
            .map(|list| list.split(',').map(|one| one.trim().to_owned()).collect())
            .unwrap_or_default(),
        kind: text("type"),
        blocks: number("blocks", 1, false),
        quantity: number("quantity", 1, lenient).unwrap_or(1),
        offset: number("offset", 0, lenient).unwrap_or(0),
        lenient,
    };
    if errors.is_empty() {
        Ok(query)
    } else {
        Err(ApiError::validation(errors))
    }
}

/// A whole number of at least `least`, if it is given; more than fits is the
/// most that does.
fn number(input: &Input, key: &str, least: usize) -> Result<Option<usize>, Box<FieldError>> {
    let Some(text) = given(input, key) else {
        return Ok(None);
    };
    let shown: String = text.chars().take(20).collect();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number && text.parse::<i128>().is_err() {
        let message = "Value is not of type integer";
        let error = FieldError::new(key, "type", message).with_value(shown);
        return Err(Box::new(error));
    }
    let number = if is_number {
        text.parse().unwrap_or(usize::MAX)
    } else {
        0
    };
    if text.starts_with('-') || number < least {
        let message = format!("Value is less than {least}");
        let error = FieldError::new(key, "minimum", message).with_target(least);
        return Err(Box::new(error.with_value(shown)));
    }
    Ok(Some(number))
}

/// With a warning of the carriers that didn't answer, and why there is nothing,
/// for those who are told.
pub(super) fn with_metadata(
    reply: Reply,
    input: &Input,
    silent: &BTreeMap<CarrierName, String>,
    why_none: Option<&str>,
) -> Reply {
    let holder = input.incoming.holder.as_ref();
    let is_admin = holder.is_some_and(|holder| holder.account.is_admin());
    let dialect = input.dialect();
    match dialect.search_metadata(silent, why_none, is_admin) {
        Some(metadata) => reply.with_metadata(&metadata),
        None => reply,
    }
}
