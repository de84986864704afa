//! `phone_numbers`: the routes of spec/http.md 7, one file for those that
//! belong together.

pub mod activate;
pub mod carriers_info;
pub mod check;
pub mod classifiers;
pub mod collection;
pub mod explain;
pub mod fix;
pub mod identify;
pub mod list;
pub mod number;
pub mod place;
pub mod search;

use std::sync::Arc;

use engine::FieldError;
use engine::change::ChangeRequest;
use engine::numbers::NumberView;
use numbers::account::Account;
use numbers::document::public_fields;
use numbers::life::Operation;
use numbers::plan::Command;
use numbers::state::State;
use serde_json::{Map, Value};

use crate::Api;
use crate::call::{Call, Input};
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

/// Takes the request's fields and does `operation` with the path's number.
async fn change_number(
    api: &Api,
    call: &mut Call,
    operation: Operation,
) -> Result<NumberView, ApiError> {
    // Changing a number is always done for an account that the URL names.
    let account = Arc::clone(call.account.as_ref().ok_or_else(ApiError::forbidden)?);
    let accept_charges = call.accept_charges();
    let data = checked_data(call)?;
    let request = ChangeRequest {
        target: Some(&account),
        command: Command::new(requested(api, operation, &data), public_fields(data)),
        accept_charges,
    };
    let number = number_in(call).to_owned();
    Ok(api
        .engine
        .change_one(&call.context, &request, &number)
        .await?)
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
    let reply = Reply::new(&document)?;
    Ok(if call.dialect().shows_metadata() {
        reply.with_metadata(&document.read_only())
    } else {
        reply
    })
}
