//! Searches and purchases over carriers outside, through the API.

mod common;
mod market;

use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use common::Answer;
use market::Market;
use numbers::gregorian::GregorianSeconds;
use serde_json::{Value, json};
use simulators::{Fault, Wire};
use store::{Batch, DocumentKind, Operation, Page};

const SOLD: [&str; 3] = ["+14155550101", "+14155550102", "+14155550103"];

async fn search(market: &Market, dialect: &str, holder: &common::Holder) -> Answer {
    let path = holder.numbers("?prefix=415&quantity=10");
    let token = Some(holder.token.as_str());
    market
        .server
        .call_in(dialect, "GET", &path, token, None)
        .await
}

async fn activate(market: &Market, holder: &common::Holder, number: &str) -> Answer {
    let path = holder.numbers(&format!("/{number}/activate"));
    let data = json!({"accept_charges": true});
    market.server.write("PUT", holder, &path, data).await
}

#[tokio::test]
async fn silent_carriers_are_named_to_newer_clients() {
    let market = Market::with_dead_ones(&SOLD).await;
    let server = &market.server;
    let answer = search(&market, "2016", &server.master).await;
    assert_eq!(answer.data().as_array().map(Vec::len), Some(3));
    assert_eq!(answer.body.get("metadata"), None);
    let answer = search(&market, "4.3", &server.child).await;
    assert_eq!(answer.data().as_array().map(Vec::len), Some(3));
    let silent = json!({"status": "error", "message": "not available"});
    assert_eq!(
        answer.body["metadata"],
        json!({"carriers": {"simwood": silent, "telnyx": silent}})
    );
    // Who looks after the carriers is told why.
    let answer = search(&market, "4.3", &server.master).await;
    let carriers = &answer.body["metadata"]["carriers"];
    assert_eq!(carriers["simwood"]["message"], "no answer within 300 ms");
    assert_ne!(carriers["telnyx"]["message"], "not available");
    // So is everybody on the pages that follow.
    let path = server.child.numbers("?prefix=415&quantity=2&offset=2");
    let token = Some(server.child.token.as_str());
    let page = server.call_in("4.3", "GET", &path, token, None).await;
    assert_eq!(page.data().as_array().map(Vec::len), Some(1));
    assert_eq!(page.body["metadata"]["carriers"]["telnyx"], silent);
    // A check asks them too, and isn't held up.
    let path = server.child.numbers("/check");
    let data = json!({"data": {"numbers": [SOLD[0]]}});
    let answer = server
        .call_in("4.3", "POST", &path, token, Some(data))
        .await;
    assert_eq!(answer.data(), &json!({SOLD[0]: "success"}));
}

#[tokio::test]
async fn newer_clients_are_told_where_a_number_comes_from_and_how_old_that_is() {
    let market = Market::selling(&SOLD).await;
    let server = &market.server;
    server
        .stock("inventory", &["+14155559001", "+14155559002"])
        .await;
    let path = server.child.numbers("/+14155559002/reserve");
    let reserved = server.write("PUT", &server.child, &path, json!({})).await;
    assert_eq!(reserved.status, 201, "{}", reserved.text);
    let answer = search(&market, "4.3", &server.child).await;
    let rows = answer.data().as_array().expect("a list");
    let told: Vec<(&str, &str)> = rows
        .iter()
        .map(|row| {
            assert!(row["age_s"].is_u64(), "{row}");
            let text = |key: &str| row[key].as_str().expect("text");
            (text("state"), text("carrier_class"))
        })
        .collect();
    let outside = ("discovery", "outside");
    let wanted = [
        ("reserved", "reserved"),
        ("available", "own"),
        outside,
        outside,
        outside,
    ];
    assert_eq!(told, wanted);
    let answer = search(&market, "2016", &server.child).await;
    for row in answer.data().as_array().expect("a list") {
        assert_eq!(row.get("carrier_class"), None);
        assert_eq!(row.get("age_s"), None);
    }
}

#[tokio::test]
async fn only_what_was_offered_to_an_account_can_be_ordered_by_it() {
    let market = Market::selling(&SOLD).await;
    let (child, stranger) = (&market.server.child, &market.server.stranger);
    assert_eq!(activate(&market, child, SOLD[0]).await.refusal().0, 404);
    search(&market, "2016", child).await;
    assert_eq!(activate(&market, stranger, SOLD[0]).await.refusal().0, 404);
    // Every other way to write it and to ask for it alike.
    let path = stranger.numbers("/collection/activate");
    let data = json!({"numbers": SOLD, "accept_charges": true});
    let answer = market.server.write("PUT", stranger, &path, data).await;
    let refused = answer.data()["error"].as_object().expect("errors");
    assert_eq!(refused.len(), 3, "{}", answer.text);
    assert!(refused.values().all(|error| error["code"] == 404));
    assert_eq!(market.other.vendor.orders(), []);
    let bought = activate(&market, child, SOLD[0]).await;
    assert_eq!(bought.status, 201, "{}", bought.text);
    assert_eq!(market.other.vendor.owned(None, 10), [SOLD[0]]);
    // What is ours isn't offered, whatever the carrier says.
    market.other.vendor.add_stock([SOLD[0].to_owned()]);
    let again = search(&market, "2016", child).await;
    assert_eq!(
        again.data().as_array().map(Vec::len),
        Some(2),
        "{}",
        again.text
    );
}

#[tokio::test]
async fn an_offer_that_has_expired_is_no_offer() {
    let market = Market::selling(&SOLD).await;
    let child = &market.server.child;
    search(&market, "2016", child).await;
    let store = &market.server.store;
    let offers = store
        .documents(
            DocumentKind::Offer,
            Some(&child.account.id),
            &Page::first(10),
        )
        .await
        .expect("offers");
    assert_eq!(offers.len(), 3);
    let mut late = Batch::new();
    for mut offer in offers {
        offer.expires = Some(GregorianSeconds::new(1));
        late = late.then(Operation::PutDocument(Box::new(offer)));
    }
    store.write(late).await.expect("written").expect("met");
    for number in SOLD {
        let refused = activate(&market, child, number).await;
        let (status, _, data) = refused.refusal();
        assert_eq!(status, 404);
        assert_eq!(data["not_found"], "The number could not be found");
    }
    assert_eq!(market.other.vendor.orders(), []);
    // Looking again makes a new one.
    search(&market, "2016", child).await;
    assert_eq!(activate(&market, child, SOLD[0]).await.status, 201);
}

#[tokio::test]
async fn a_check_asks_carriers_for_what_is_not_ours() {
    let market = Market::selling(&SOLD).await;
    let server = &market.server;
    server.stock("inventory", &["+14155559001"]).await;
    let path = server.child.numbers("/check");
    let numbers = json!([
        SOLD[0],
        "4155550102",
        "+14155559001",
        "+14155550199",
        "abc",
        "+493022"
    ]);
    let data = json!({ "numbers": numbers });
    for path in [path.as_str(), "/v2/phone_numbers/check"] {
        let answer = server
            .write("POST", &server.child, path, data.clone())
            .await;
        assert_eq!(
            answer.data(),
            &json!({
                SOLD[0]: "success", "4155550102": "success", "+14155559001": "success",
                "+14155550199": "error", "abc": "error", "+493022": "error",
            })
        );
    }
    // What is taken here is no longer to be had, whatever the carrier says.
    search(&market, "2016", &server.child).await;
    assert_eq!(activate(&market, &server.child, SOLD[0]).await.status, 201);
    market.other.vendor.add_stock([SOLD[0].to_owned()]);
    let data = json!({"numbers": [SOLD[0], SOLD[1]]});
    let answer = server.write("POST", &server.child, &path, data).await;
    assert_eq!(
        answer.data(),
        &json!({SOLD[0]: "error", SOLD[1]: "success"})
    );
}

#[tokio::test]
async fn an_order_answered_with_another_number_is_asked_for_and_brings_only_its_own() {
    let market = Market::selling(&SOLD).await;
    let child = &market.server.child;
    search(&market, "2016", child).await;
    market.other.vendor.faults.script([Fault::WrongNumber]);
    let answer = activate(&market, child, SOLD[0]).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.data()["id"], SOLD[0]);
    let listed = market.server.get(child, &child.numbers("")).await;
    let numbers = listed.data()["numbers"].as_object().expect("numbers");
    assert_eq!(numbers.keys().collect::<Vec<_>>(), [SOLD[0]]);
    assert_eq!(market.other.vendor.owned(None, 10), [SOLD[0]]);
    assert_eq!(market.other.vendor.orders().len(), 1);
}

#[tokio::test]
async fn why_a_carrier_refused_is_told_to_administrators() {
    let market = Market::selling(&SOLD).await;
    let server = &market.server;
    for (holder, number, knows) in [
        (&server.child, SOLD[0], false),
        (&server.master, SOLD[1], true),
    ] {
        search(&market, "4.3", holder).await;
        market.other.vendor.faults.script([Fault::Refuse]);
        let refused = activate(&market, holder, number).await;
        assert_eq!(refused.status, 500, "{}", refused.text);
        let is_told = refused.text.contains("carrier_reason");
        assert_eq!(is_told, knows, "{}", refused.text);
        let url = holder.numbers(&format!("/{number}"));
        assert_eq!(server.get(holder, &url).await.status, 404);
    }
}

#[tokio::test]
async fn a_number_that_waits_for_its_carrier_says_so_in_both_dialects() {
    let market = Market::in_a_hurry(&SOLD).await;
    let (server, child) = (&market.server, &market.server.child);
    search(&market, "4.3", child).await;
    market.other.vendor.set_patience(1000);
    let bought = activate(&market, child, SOLD[0]).await;
    assert_eq!(bought.status, 201, "{}", bought.text);
    let url = child.numbers(&format!("/{}", SOLD[0]));
    for dialect in ["2016", "4.3"] {
        let token = Some(child.token.as_str());
        let seen = server.call_in(dialect, "GET", &url, token, None).await;
        assert_eq!(seen.data()["state"], "discovery", "{}", seen.text);
        let order = &seen.data()["_read_only"]["order"];
        assert_eq!(order["becomes"], "in_service", "{}", seen.text);
    }
}

/// A carrier whose answers aren't what they claim: by the prefix they are of
/// all sorts, or no answers at all.
const LIAR: Wire = Wire {
    routes: |_| Router::new().fallback(lie),
    spends: |_, _, _| false,
};

async fn lie(uri: Uri) -> Response {
    let asked = uri.query().unwrap_or_default();
    if uri.path().contains("/blocks/") {
        let block = json!({"start_number": SOLD[0], "end_number": SOLD[1]});
        let said = json!(["x", 1, null, ["y"], {"start_number": 5}, block]);
        return Json(json!({"status": "success", "data": said})).into_response();
    }
    if asked.contains("415") {
        let said = json!({
            SOLD[1]: "no object",
            SOLD[0]: {"rate_center": {"name": 1, "state": ["CA"]}, "features": 7, "cost": "free"},
            SOLD[2]: {"note": "x".repeat(10_000)},
            "+12125550101": {},
            "+1415": {},
            "4155550104": {},
            "+14155550105' OR 1=1": {},
            "": {},
        });
        return Json(json!({"status": "success", "data": said})).into_response();
    }
    if asked.contains("212") {
        return "<html>Welcome</html>".into_response();
    }
    Json(json!({"status": "success", "data": [SOLD[0]]})).into_response()
}

#[tokio::test]
async fn nothing_but_numbers_that_were_asked_for_is_taken_from_an_answer() {
    let market = Market::talking(LIAR).await;
    assert_eq!(market.found("prefix=415&quantity=10").await, SOLD[..2]);
    let blocks = market.found("prefix=415&quantity=10&blocks=2").await;
    assert_eq!(blocks, SOLD[..2]);
    for prefix in [212, 303] {
        assert_eq!(market.found(&format!("prefix={prefix}")).await, [""; 0]);
        let path = format!("/v2/phone_numbers?prefix={prefix}");
        let token = Some(market.server.child.token.as_str());
        let answer = market
            .server
            .call_in("4.3", "GET", &path, token, None)
            .await;
        let silent = &answer.body["metadata"]["carriers"]["other"];
        assert_eq!(silent["status"], "error", "{}", answer.text);
    }
    assert_eq!(market.other.vendor.orders(), []);
}

#[tokio::test]
async fn no_get_reaches_an_ordering_call() {
    let market = Market::selling(&SOLD).await;
    let server = &market.server;
    search(&market, "2016", &server.child).await;
    let bought = activate(&market, &server.child, SOLD[0]).await;
    assert_eq!(bought.status, 201, "{}", bought.text);
    assert_eq!(market.other.vendor.spent(), 1, "the purchase is counted");
    let orders = server
        .get(&server.child, &server.child.url("/orders"))
        .await;
    let order = orders.data()[0]["id"]
        .as_str()
        .expect("an order")
        .to_owned();
    let description: Value = serde_json::from_str(api::openapi::text()).expect("JSON");
    let paths = description["paths"].as_object().expect("paths");
    let readable: Vec<&String> = paths
        .iter()
        .filter(|(_, methods)| methods.get("get").is_some())
        .map(|(path, _)| path)
        .collect();
    assert!(readable.len() > 20, "{readable:?}");
    let queries = [
        "",
        "?prefix=415&quantity=10&accept_charges=true",
        "?type=tollfree&city=San%20Rafael&quantity=500&hard=true",
    ];
    for holder in [&server.master, &server.reseller, &server.child] {
        for path in &readable {
            for number in SOLD {
                let path = path
                    .replace("{account_id}", server.child.id())
                    .replace("{number}", number)
                    .replace("{carrier}", "other")
                    .replace("{webhook_id}", server.child.id())
                    .replace("{hook}", "number")
                    .replace("{order_id}", &order)
                    .replace("{user_id}", server.child.id())
                    .replace("{auth_token}", &holder.token)
                    .replace("{carrier}", "other")
                    .replace("{hook}", "object")
                    .replace("{webhook_id}", server.child.id());
                assert!(
                    !path.contains('{'),
                    "{path} has a part that no value is known for"
                );
                for query in queries {
                    let path = format!("{path}{query}");
                    let answer = server.get(holder, &path).await;
                    assert_ne!(answer.status, 500, "{path}: {}", answer.text);
                }
            }
        }
    }
    assert_eq!(market.other.vendor.spent(), 1);
    assert_eq!(market.other.vendor.orders().len(), 1);
}
