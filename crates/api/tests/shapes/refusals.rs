//! What is refused, and how.

use api::{ApiSettings, Limits};
use engine::Settings;
use serde_json::json;

use crate::story::{step, tell};

/// Longer than [`refusals`] allows.
const LONG: &str = concat!(
    "/v2/",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
);

#[expect(clippy::too_many_lines, reason = "a table of steps")]
#[tokio::test]
async fn refusals() {
    let limits = Limits {
        bucket_capacity: 0,
        activation_capacity: 1,
        activation_refill_per_second: 1,
        max_body_bytes: 1000,
        max_path_bytes: 200,
        max_unpaged_rows: 1,
        ..Limits::default()
    };
    let settings = ApiSettings {
        limits,
        ..ApiSettings::default()
    };
    let faults = json!({
        "cnam": {"display_name": "sixteen letters!", "inbound_lookup": "yes"},
        "create_with_state": "foo",
        "e911": {"region": "C", "notification_contact_emails": ["nobody"]},
    });
    let unknown = "/v2/accounts/00000000000000000000000000000000/phone_numbers";
    let steps = [
        step(
            "error_no_json",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        )
        .body("[1"),
        step(
            "error_no_envelope",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        )
        .body(r#"{"a":1}"#),
        step(
            "error_data_is_a_list",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        )
        .body(r#"{"data":[1]}"#),
        step(
            "error_fields",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        )
        .data(faults),
        step(
            "error_numbers_missing",
            "child",
            "PUT",
            "{child}/phone_numbers/collection",
        ),
        step("error_no_token", "nobody", "GET", "{child}/phone_numbers"),
        step("error_bad_token", "bogus", "GET", "{child}/phone_numbers"),
        step(
            "error_account_alias",
            "nobody",
            "GET",
            "/v2/account/phone_numbers",
        ),
        step(
            "error_foreign_account",
            "stranger",
            "GET",
            "{child}/phone_numbers",
        ),
        step(
            "error_may_not_create",
            "stranger",
            "PUT",
            "{stranger}/phone_numbers/+14155550001",
        ),
        step("error_no_route", "nobody", "GET", "/v2/nothing"),
        step(
            "error_no_account_id",
            "nobody",
            "GET",
            "/v2/accounts/short/phone_numbers",
        ),
        step(
            "error_empty_account_id",
            "nobody",
            "GET",
            "/v2/accounts//phone_numbers",
        ),
        step("error_no_account", "nobody", "GET", unknown),
        step(
            "error_no_number",
            "child",
            "GET",
            "{child}/phone_numbers/+14155550009",
        ),
        step(
            "error_not_reconcilable",
            "child",
            "PUT",
            "{child}/phone_numbers/abc",
        ),
        step(
            "first_of_two",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        )
        .unkept(),
        step(
            "second_of_two",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550002",
        )
        .unkept(),
        step(
            "error_number_exists",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        ),
        step(
            "error_creation_state",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550003",
        )
        .data(json!({"create_with_state": "aging"})),
        step(
            "error_feature",
            "child",
            "PATCH",
            "{child}/phone_numbers/+14155550001",
        )
        .data(json!({"cnam": {"display_name": "x"}})),
        step(
            "error_too_many_rows",
            "child",
            "GET",
            "{child}/phone_numbers?paginate=false",
        ),
        step(
            "error_page_size",
            "child",
            "GET",
            "{child}/phone_numbers?page_size=0",
        ),
        step(
            "error_short_prefix",
            "child",
            "GET",
            "{child}/phone_numbers?prefix=41",
        ),
        step(
            "error_unassigned",
            "child",
            "GET",
            "{child}/phone_numbers/+14155550100/identify",
        ),
        step(
            "error_no_city",
            "child",
            "GET",
            "{child}/phone_numbers/prefix",
        ),
        step(
            "error_unknown_city",
            "child",
            "GET",
            "{child}/phone_numbers/prefix?city=nowhere",
        ),
        step("error_verb", "child", "POST", "{child}/phone_numbers"),
        step(
            "error_unknown_verb",
            "child",
            "BREW",
            "{child}/phone_numbers",
        ),
        step(
            "error_not_acceptable",
            "child",
            "GET",
            "{child}/phone_numbers",
        )
        .header("accept", "image/png"),
        step(
            "error_media_type",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550003",
        )
        .body("<a/>")
        .header("content-type", "text/xml"),
        step("error_revision", "child", "PATCH", "{child}")
            .data(json!({"note": "x"}))
            .header("if-match", "\"none\""),
        step("error_long_path", "child", "GET", LONG),
        step(
            "error_large_body",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550003",
        )
        .data(json!({"a": "a".repeat(1000)})),
        step(
            "error_too_many_activations",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001/activate",
        )
        .until(429),
    ];
    tell(Settings::default(), settings, &steps).await;
}
