//! `…/phone_numbers/{n}/identify`: whose number is this.

use std::sync::Arc;

use engine::FieldError;
use engine::identify::Unidentified;
use numbers::gregorian::GregorianSeconds;
use serde_json::json;

use super::number_in;
use crate::Api;
use crate::call::Call;
use crate::error::ApiError;
use crate::reply::Reply;

/// The account that answers for a number.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/phone_numbers/{number}/identify",
    tag = "phone_numbers",
    params(
        ("account_id" = String, Path), ("number" = String, Path),
        ("at" = Option<String>, Query,
            description = "Whose it was then: RFC 3339, Gregorian or Unix seconds"),
    ),
    responses(
        (status = 200, description = "`account_id` and `number`; with `at`, also since when", body = ref("Identity")),
        (status = 400, description = "Unassigned, not in service, or the account is disabled"),
        (status = 404, description = "No such number"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let (engine, cx, number) = (&api.engine, &call.context, number_in(&call));
    let target = call.account.as_deref();
    let found = match call.query("at") {
        None => match engine.identify(cx, target, number).await {
            Ok(holder) => return Reply::new(&holder),
            Err(refused) => Err(refused),
        },
        Some(text) => {
            let at = time(text, cx.now)?;
            let then = engine.identify_at(cx, target, number, at).await;
            then.map(|(holder, since)| {
                json!({
                    "account_id": holder.account_id,
                    "number": holder.number,
                    "at": at,
                    "since": since,
                })
            })
        }
    };
    match found {
        Ok(data) => Reply::new(&data),
        Err(Unidentified::NotFound) => Err(ApiError::number_not_found()),
        Err(Unidentified::Unassigned) => Err(ApiError::client_error("unassigned".into())),
        Err(Unidentified::NotInService(holder)) => Err(ApiError::client_error(json!({
            "cause": "not_in_service",
            "account_id": holder.account_id,
            "number": holder.number,
        }))),
        Err(Unidentified::AccountDisabled(holder)) => Err(ApiError::client_error(json!({
            "cause": "account_disabled",
            "account_id": holder.account_id,
            "number": holder.number,
        }))),
        Err(Unidentified::Store(error)) => Err(error.into()),
    }
}

/// A time that has been: RFC 3339, or seconds. Those before 1970 in Gregorian
/// seconds are so many as Unix seconds will be in the year 3940, so that there
/// is no doubt which are meant.
fn time(text: &str, now: GregorianSeconds) -> Result<GregorianSeconds, ApiError> {
    let refuse = |rule, message| {
        let sent: String = text.chars().take(80).collect();
        ApiError::validation(vec![FieldError::new("at", rule, message).with_value(sent)])
    };
    let text = text.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) if seconds >= GregorianSeconds::from_unix(0).get() => {
            Some(GregorianSeconds::new(seconds))
        }
        Ok(seconds) => Some(GregorianSeconds::from_unix(seconds)),
        Err(_) => {
            // A plus that wasn't encoded comes as a space.
            let time = text.replace(' ', "+").parse::<jiff::Timestamp>().ok();
            let unix = time.and_then(|time| u64::try_from(time.as_second()).ok());
            unix.map(GregorianSeconds::from_unix)
        }
    };
    match seconds {
        Some(at) if at <= now => Ok(at),
        Some(_) => Err(refuse("maximum", "Value is in the future")),
        None => Err(refuse(
            "wrong_format",
            "Value is no time since 1970: write it like 2026-01-31T12:00:00Z, in Gregorian \
             seconds or in Unix seconds",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_three_ways() {
        let now = GregorianSeconds::from_unix(1_800_000_000);
        for text in [
            "1767268800",
            "63934488000",
            "2026-01-01T12:00:00Z",
            "2026-01-01T14:00:00+02:00",
            "2026-01-01T14:00:00 02:00",
            " 1767268800 ",
        ] {
            let at = time(text, now).unwrap();
            assert_eq!(at, GregorianSeconds::from_unix(1_767_268_800), "{text}");
        }
        for text in [
            "",
            "now",
            "-1",
            "1.5",
            "2026-01-01",
            "1960-01-01T00:00:00Z",
            "1800000001",
            "2030-01-01T00:00:00Z",
            "99999999999999999999",
        ] {
            assert!(time(text, now).is_err(), "{text}");
        }
    }
}
