//! Numbers: one, lists of them, searches, and what they cost.

use api::ApiSettings;
use engine::Settings;
use serde_json::json;

use crate::story::{step, tell};

#[expect(clippy::too_many_lines, reason = "a table of steps")]
#[tokio::test]
async fn numbers() {
    let some = json!({"numbers": ["+14155550001", "+14155550002", "abc"], "note": "a"});
    let steps = [
        step(
            "number_created",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550001",
        )
        .data(json!({"my_field": "my value", "ringback": {"early": "x"}})),
        step(
            "number_read",
            "child",
            "GET",
            "{child}/phone_numbers/+14155550001",
        ),
        step(
            "number_read_by_master",
            "master",
            "GET",
            "{child}/phone_numbers/+14155550100",
        ),
        step(
            "number_replaced",
            "child",
            "POST",
            "{child}/phone_numbers/+14155550001",
        )
        .data(json!({"other_field": {"deep": [1, "two", false]}})),
        step(
            "number_merged",
            "child",
            "PATCH",
            "{child}/phone_numbers/+14155550001",
        )
        .data(json!({"prepend": {"enabled": true, "name": "x"}})),
        step(
            "number_history",
            "child",
            "GET",
            "{child}/phone_numbers/+14155550001/history",
        ),
        step(
            "number_events",
            "child",
            "GET",
            "{child}/phone_numbers/events?page_size=1",
        ),
        step(
            "number_activated",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550100/activate",
        ),
        step(
            "number_reserved",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550101/reserve",
        ),
        step(
            "number_ported",
            "child",
            "PUT",
            "{child}/phone_numbers/+14155550005/port",
        ),
        step(
            "number_identified",
            "child",
            "GET",
            "{child}/phone_numbers/+14155550100/identify",
        ),
        step(
            "number_fixed",
            "child",
            "POST",
            "{child}/phone_numbers/fix/+14155550100",
        ),
        step(
            "listing",
            "child",
            "GET",
            "{child}/phone_numbers?paginate=false",
        ),
        step(
            "listing_page",
            "child",
            "GET",
            "{child}/phone_numbers?page_size=1&start_key=%2B14155550005",
        ),
        step(
            "listing_table",
            "child",
            "GET",
            "{child}/phone_numbers?accept=csv",
        ),
        step(
            "listing_empty",
            "stranger",
            "GET",
            "{stranger}/phone_numbers",
        ),
        step("fix_by_post", "child", "POST", "{child}/phone_numbers/fix"),
        step("fix_by_get", "child", "GET", "{child}/phone_numbers/fix"),
        step(
            "search",
            "child",
            "GET",
            "{child}/phone_numbers?prefix=415&quantity=2",
        ),
        step(
            "search_without_account",
            "child",
            "GET",
            "/v2/phone_numbers?prefix=212",
        ),
        step("check", "child", "POST", "{child}/phone_numbers/check")
            .data(json!({"numbers": ["+14155550102", "+14155550001", "abc"]})),
        step(
            "localities",
            "child",
            "POST",
            "{child}/phone_numbers/locality",
        )
        .data(json!({"numbers": ["+14155550102", "abc"]})),
        step(
            "cities",
            "child",
            "GET",
            "{child}/phone_numbers/prefix?city=san%20rafael",
        ),
        step(
            "classifiers",
            "nobody",
            "GET",
            "/v2/phone_numbers/classifiers",
        ),
        step(
            "classification",
            "nobody",
            "GET",
            "/v2/phone_numbers/classifiers/4158867900",
        ),
        step(
            "explanation",
            "child",
            "GET",
            "{child}/phone_numbers/4158867900/explain",
        ),
        step(
            "classification_emergency",
            "child",
            "GET",
            "{child}/phone_numbers/classifiers/911",
        ),
        step(
            "carriers_info",
            "child",
            "GET",
            "{child}/phone_numbers/carriers_info",
        ),
        step(
            "collection_created",
            "child",
            "PUT",
            "{child}/phone_numbers/collection",
        )
        .data(some.clone()),
        step(
            "collection_replaced",
            "child",
            "POST",
            "{child}/phone_numbers/collection",
        )
        .data(some.clone()),
        step(
            "collection_merged",
            "child",
            "PATCH",
            "{child}/phone_numbers/collection",
        )
        .data(some.clone()),
        step(
            "collection_activated",
            "child",
            "PUT",
            "{child}/phone_numbers/collection/activate",
        )
        .data(some.clone()),
        step(
            "collection_refused",
            "stranger",
            "PUT",
            "{stranger}/phone_numbers/collection",
        )
        .data(json!({"numbers": ["+14155550009"]})),
        step(
            "collection_released",
            "child",
            "DELETE",
            "{child}/phone_numbers/collection",
        )
        .data(some),
        step(
            "number_released",
            "child",
            "DELETE",
            "{child}/phone_numbers/+14155550100",
        ),
    ];
    tell(Settings::default(), ApiSettings::default(), &steps).await;
}

#[tokio::test]
async fn quotes() {
    let prices = json!({
        "phone_numbers": {"did_us": {"activation": 1.0, "monthly": 2.5}},
        "number_services": {"ringback": 1.5},
    });
    let settings = Settings {
        prices: serde_json::from_value(prices).expect("a price list"),
        ..Settings::default()
    };
    let both = json!({"numbers": ["+13125550100", "+13125550101"]});
    let steps = [
        step(
            "quote_number",
            "child",
            "PUT",
            "{child}/phone_numbers/+13125550100/activate",
        ),
        step(
            "quote_feature",
            "child",
            "PUT",
            "{child}/phone_numbers/+13125550100/activate",
        )
        .data(json!({"ringback": {"early": "x"}})),
        step(
            "quote_collection",
            "child",
            "PUT",
            "{child}/phone_numbers/collection/activate",
        )
        .data(both),
        step(
            "quote_accepted",
            "child",
            "PUT",
            "{child}/phone_numbers/+13125550100/activate",
        )
        .body(r#"{"data":{},"accept_charges":true}"#),
    ];
    tell(settings, ApiSettings::default(), &steps).await;
}
