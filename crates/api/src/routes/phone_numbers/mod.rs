//! `phone_numbers`: the routes of spec/http.md 7, one file for those that
//! belong together.

pub mod activate;
pub mod carriers_info;
pub mod check;
pub mod classifiers;
pub mod collection;
pub mod emergency_call;
pub mod explain;
pub mod fix;
pub mod history;
pub mod identify;
pub mod list;
pub mod number;
pub mod place;
pub mod search;

use std::sync::Arc;

use engine::FieldError;
use engine::change::{ChangeRequest, Outcome};
use engine::numbers::NumberView;
use engine::receipt::{Receipt, Terms};
use numbers::account::Account;
use numbers::life::Operation;
use numbers::number::Number;
use numbers::plan::Command;
use numbers::state::State;
use serde_json::{Map, Value};

use crate::Api;
use crate::call::{Call, Input};
use crate::envelope::etag_matches;
use crate::error::ApiError;
use crate::reply::Reply;
use engine::schema::Schema;

/// The number in the path.
fn number_in(call: &Call) -> &str {
    call.after("phone_numbers")
}

/// The country whose way of writing numbers is meant, if the request names
/// one: `country`, two letters.
fn country_named(input: &Input) -> Result<Option<String>, ApiError> {
    let country = match input.value("country") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(country)) => country,
        Some(other) => other.to_string(),
    };
    if engine::places::is_country(&country) {
        return Ok(Some(country));
    }
    let shown: String = country.chars().take(20).collect();
    let text = "Value is not the two letters of a country (ISO 3166-1)";
    let error = FieldError::new("country", "enum", text).with_value(shown);
    Err(ApiError::validation(vec![error]))
}

/// The account whose numbers are meant: the URL's, else the token's.
fn account_of(call: &Call) -> Result<Arc<Account>, ApiError> {
    if let Some(account) = &call.account {
        return Ok(Arc::clone(account));
    }
    let own = call.context.account().cloned().map(Arc::new);
    own.ok_or_else(ApiError::forbidden)
}

/// Takes the request's fields, does `operation` with the path's number, and
/// answers with its document.
async fn change_number(
    api: &Api,
    call: &mut Call,
    operation: Operation,
) -> Result<Reply, ApiError> {
    // Changing a number is always done for an account that the URL names.
    let account = Arc::clone(call.account.as_ref().ok_or_else(ApiError::forbidden)?);
    let accept_charges = call.accept_charges();
    let data = checked_data(call)?;
    let request = ChangeRequest {
        target: Some(&account),
        command: Command::of_client(requested(api, operation, &data), data),
        accept_charges,
    };
    change_one(api, call, &request, &|view| document(call, view)).await
}

/// Changes the path's number on the client's terms: as he saw it (`If-Match`),
/// and once (`Idempotency-Key`).
async fn change_one(
    api: &Api,
    call: &Call,
    request: &ChangeRequest<'_>,
    answer: &(dyn Fn(&NumberView) -> Result<Reply, ApiError> + Sync),
) -> Result<Reply, ApiError> {
    let tags = call.incoming.if_match();
    let is_seen = |number: Option<&Number>| match (&tags, number) {
        (None, _) => true,
        (Some(tags), Some(number)) => etag_matches(tags, &etag(number)),
        (Some(_), None) => false,
    };
    let kept = |outcomes: &[Outcome]| match outcomes {
        [outcome] => answer(outcome.result.as_ref().map_err(Clone::clone)?),
        _ => Err(ApiError::unspecified_fault()),
    };
    let receipt = call.receipt(&kept);
    let terms = Terms {
        only_if: Some(&is_seen),
        receipt: receipt.as_ref().map(|receipt| receipt as &dyn Receipt),
    };
    let (cx, number) = (&call.context, number_in(call));
    let view = api.engine.change_one_on(cx, request, terms, number).await?;
    answer(&view)
}

/// A number's entity tag: its revision, and when it was created, since a number
/// that was removed and comes back counts anew.
fn etag(number: &Number) -> String {
    format!("{}-{}", number.revision, number.created)
}

/// The request's data, checked against the schema of numbers.
fn checked_data(call: &mut Call) -> Result<Map<String, Value>, ApiError> {
    let mut data = call.take_data()?;
    Schema::PhoneNumbers.check(&mut data)?;
    Ok(data)
}

/// Creation happens in the state that the data asks for.
fn requested(api: &Api, operation: Operation, data: &Map<String, Value>) -> Operation {
    match operation {
        Operation::Create(_) => {
            let asked = data.get("create_with_state").and_then(Value::as_str);
            let asked = asked.and_then(|state| state.parse::<State>().ok());
            let default = api.engine.settings().number_manager.default_create_state;
            Operation::Create(asked.unwrap_or(default))
        }
        operation => operation,
    }
}

/// A number's document, with what newer clients read beside it.
fn document(call: &Call, view: &NumberView) -> Result<Reply, ApiError> {
    let document = call.dialect().number_document(view);
    let reply = Reply::new(&document)?.with_etag(etag(&view.number));
    Ok(if call.dialect().shows_metadata() {
        reply.with_metadata(&document.read_only())
    } else {
        reply
    })
}
