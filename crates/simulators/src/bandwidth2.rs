//! `bandwidth2`: Bandwidth's account API (spec/integrations.md 2.2 and 5.2).
//! Orders and disconnects are only received at first; what becomes of them is
//! told to who asks.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde_json::json;

use crate::vendor::{Hook, Order, OrderState, Vendor};
use crate::{Wire, auth, xml};

/// The account.
pub const ACCOUNT: &str = "9900000";
/// OAuth 2 client credentials that it takes.
pub const CLIENT: (&str, &str) = ("bandwidth-client", "bandwidth-secret");
/// HTTP Basic credentials that it takes.
pub const USER: (&str, &str) = ("bandwidth-user", "bandwidth-password");

/// What its webhooks carry.
pub const WEBHOOK: (&str, &str) = ("bandwidth-hook", "hook-password");

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |method, path, _| {
        *method == Method::POST && (path.ends_with("/orders") || path.ends_with("/disconnects"))
    },
};

/// What it posts when an order with this reference is done.
pub fn hook(reference: &str) -> Hook {
    notification(reference, "COMPLETE", "")
}

/// What it posts when this order is done.
pub fn done(order: &Order) -> Hook {
    let completed = telephone_numbers(&order.got);
    let more = format!(
        "<OrderId>{}</OrderId>\
         <CompletedTelephoneNumbers>{completed}</CompletedTelephoneNumbers>",
        order.id
    );
    notification(&order.reference, status(order), &more)
}

fn notification(reference: &str, status: &str, more: &str) -> Hook {
    Hook {
        headers: vec![
            ("authorization", auth::basic(WEBHOOK)),
            ("content-type", "application/xml".to_owned()),
        ],
        body: format!(
            "<?xml version=\"1.0\"?><Notification><Status>{status}</Status>\
             <OrderType>orders</OrderType><CustomerOrderId>{}</CustomerOrderId>{more}\
             </Notification>",
            xml::escape(reference)
        ),
    }
}

fn routes(vendor: Arc<Vendor>) -> Router {
    let tokens = vendor.clone();
    let account = Router::new()
        .route("/availableNumbers", get(search))
        .route("/orders", post(order).get(orders))
        .route("/orders/{id}", get(order_by_id))
        .route("/disconnects", post(disconnect))
        .route("/inserviceNumbers", get(owned))
        .route("/inserviceNumbers/{number}", get(holds))
        .layer(middleware::from_fn(move |request, next| {
            let vendor = tokens.clone();
            async move { auth::basic_or_token(USER, &vendor.tokens, request, next).await }
        }));
    Router::new()
        .route("/oauth2/token", post(token))
        .nest(&format!("/accounts/{ACCOUNT}"), account)
        .with_state(vendor)
}

async fn token(State(vendor): State<Arc<Vendor>>, headers: HeaderMap, form: String) -> Response {
    let sent = headers.get(header::AUTHORIZATION);
    let known = sent.is_some_and(|sent| sent.as_bytes() == auth::basic(CLIENT).as_bytes());
    if !known || form != "grant_type=client_credentials" {
        return (StatusCode::UNAUTHORIZED, "no such client").into_response();
    }
    let Some((token, expires_in)) = vendor.tokens.issue() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let granted = json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": expires_in,
    });
    Json(granted).into_response()
}

fn ten(number: &str) -> &str {
    number.trim_start_matches("+1")
}

fn refuse(status: StatusCode, code: &str, description: &str) -> Response {
    let body = format!(
        "<Response><ErrorList><Error><Code>{code}</Code>\
         <Description>{description}</Description></Error></ErrorList></Response>"
    );
    xml::answer(status, &body)
}

async fn search(
    State(vendor): State<Arc<Vendor>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let criteria = ["areaCode", "npaNxx", "npaNxxx", "tollFreeWildCardPattern"];
    let has = |name| query.contains_key(name);
    let by_place = has("lata") || has("state") && (has("city") || has("rateCenter"));
    let digits = criteria.iter().find_map(|name| query.get(*name));
    let Some(digits) = digits.map(String::as_str).or(by_place.then_some("")) else {
        return refuse(StatusCode::BAD_REQUEST, "4000", "no search criterion");
    };
    let quantity = query.get("quantity").and_then(|text| text.parse().ok());
    let prefix = format!("+1{}", digits.trim_end_matches('*'));
    let found = vendor.search(&prefix, quantity.unwrap_or(5000));
    let detailed = query
        .get("enableTNDetail")
        .is_some_and(|text| text == "true");
    let mut list = String::new();
    for number in &found {
        let number = ten(number);
        let _ = if detailed && !digits.ends_with('*') {
            write!(
                list,
                "<TelephoneNumberDetail><City>SAN RAFAEL</City><LATA>722</LATA>\
                 <RateCenter>SAN RAFAEL</RateCenter><State>CA</State>\
                 <FullNumber>{number}</FullNumber></TelephoneNumberDetail>"
            )
        } else {
            write!(list, "<TelephoneNumber>{number}</TelephoneNumber>")
        };
    }
    let name = if list.contains("Detail>") {
        "TelephoneNumberDetailList"
    } else {
        "TelephoneNumberList"
    };
    let count = found.len();
    let body = format!(
        "<SearchResult><ResultCount>{count}</ResultCount><{name}>{list}</{name}></SearchResult>"
    );
    xml::answer(StatusCode::OK, &body)
}

fn telephone_numbers(numbers: &[String]) -> String {
    let elements = numbers
        .iter()
        .map(|number| format!("<TelephoneNumber>{}</TelephoneNumber>", ten(number)));
    elements.collect::<Vec<_>>().concat()
}

/// The numbers that a request names; `None`: it is no XML.
fn requested(body: &str) -> Option<Vec<String>> {
    let texts = xml::texts(body, "TelephoneNumber")?;
    Some(texts.iter().map(|text| format!("+1{text}")).collect())
}

async fn order(State(vendor): State<Arc<Vendor>>, body: String) -> Response {
    let Some(numbers) = requested(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "5000", "not well-formed");
    };
    let reference = xml::text(&body, "CustomerOrderId");
    match vendor.order(&reference, &numbers) {
        Ok(order) => {
            let body = order_response(&order, "RECEIVED", "");
            xml::answer(StatusCode::CREATED, &body)
        }
        Err(refusal) => refuse(StatusCode::BAD_REQUEST, "5005", &format!("{refusal:?}")),
    }
}

fn order_response(order: &Order, status: &str, outcome: &str) -> String {
    format!(
        "<OrderResponse>{outcome}<Order><Name>Kazoo-1</Name>\
         <CustomerOrderId>{}</CustomerOrderId><id>{}</id>\
         <ExistingTelephoneNumberOrderType><TelephoneNumberList>{}</TelephoneNumberList>\
         </ExistingTelephoneNumberOrderType><PartialAllowed>false</PartialAllowed></Order>\
         <OrderStatus>{status}</OrderStatus></OrderResponse>",
        xml::escape(&order.reference),
        order.id,
        telephone_numbers(&order.numbers),
    )
}

async fn order_by_id(State(vendor): State<Arc<Vendor>>, Path(id): Path<String>) -> Response {
    let Some(order) = vendor.order_by_id(&id) else {
        return refuse(StatusCode::NOT_FOUND, "404", "no such order");
    };
    let completed = order.got.iter().map(|number| {
        let number = ten(number);
        format!("<TelephoneNumber><FullNumber>{number}</FullNumber></TelephoneNumber>")
    });
    let completed = completed.collect::<Vec<_>>().concat();
    let completed = format!("<CompletedNumbers>{completed}</CompletedNumbers>");
    let outcome = match order.state {
        OrderState::Pending | OrderState::Failed => "",
        OrderState::Complete | OrderState::Partial => completed.as_str(),
    };
    let body = order_response(&order, status(&order), outcome);
    xml::answer(StatusCode::OK, &body)
}

const fn status(order: &Order) -> &'static str {
    match order.state {
        OrderState::Pending => "RECEIVED",
        OrderState::Complete => "COMPLETE",
        OrderState::Partial => "PARTIAL",
        OrderState::Failed => "FAILED",
    }
}

async fn orders(
    State(vendor): State<Arc<Vendor>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let reference = query.get("customerOrderId").cloned().unwrap_or_default();
    let found = vendor.orders_by_reference(&reference);
    let rows = found.iter().map(|order| {
        let id = &order.id;
        format!("<OrderIdUserIdDate><orderId>{id}</orderId></OrderIdUserIdDate>")
    });
    let rows = rows.collect::<Vec<_>>().concat();
    let body = format!(
        "<ResponseSelectWrapper><ListOrderIdUserIdDate><TotalCount>{}</TotalCount>{rows}\
         </ListOrderIdUserIdDate></ResponseSelectWrapper>",
        found.len()
    );
    xml::answer(StatusCode::OK, &body)
}

async fn disconnect(State(vendor): State<Arc<Vendor>>, body: String) -> Response {
    let Some(numbers) = requested(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "5000", "not well-formed");
    };
    if vendor.refuses_release() {
        return refuse(StatusCode::BAD_REQUEST, "5013", "not now");
    }
    let released = numbers.iter().filter(|number| vendor.release(number));
    if released.count() == 0 {
        return refuse(StatusCode::BAD_REQUEST, "5006", "not in your account");
    }
    let body = format!(
        "<DisconnectTelephoneNumberOrderResponse><orderRequest>\
         <CustomerOrderId>{}</CustomerOrderId><id>00000000-0000-4000-9000-000000000000</id>\
         <DisconnectTelephoneNumberOrderType><TelephoneNumberList>{}</TelephoneNumberList>\
         <DisconnectMode>normal</DisconnectMode></DisconnectTelephoneNumberOrderType>\
         </orderRequest><OrderStatus>RECEIVED</OrderStatus>\
         </DisconnectTelephoneNumberOrderResponse>",
        xml::escape(xml::text(&body, "CustomerOrderId")),
        telephone_numbers(&numbers),
    );
    xml::answer(StatusCode::CREATED, &body)
}

/// Pages are named by the last number of the one before.
async fn owned(
    State(vendor): State<Arc<Vendor>>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let size = query.get("size").and_then(|text| text.parse().ok());
    let size = size.unwrap_or(500);
    let after = query.get("page").filter(|page| *page != "1");
    let after = after.map(|last| format!("+1{last}"));
    let found = vendor.owned(after.as_deref(), size);
    let next = found.last().filter(|_| found.len() == size);
    let next = next.map_or_else(String::new, |last| {
        let link = format!(
            r#"Link=<https://api.bandwidth.com/api/v1/accounts/{ACCOUNT}/inserviceNumbers?size={size}&page={}>;rel="next";"#,
            ten(last)
        );
        format!("<next>{}</next>", xml::escape(&link))
    });
    let body = format!(
        "<TNs><TotalCount>{0}</TotalCount><Links>{next}</Links>\
         <TelephoneNumbers><Count>{0}</Count>{1}</TelephoneNumbers></TNs>",
        found.len(),
        telephone_numbers(&found),
    );
    xml::answer(StatusCode::OK, &body)
}

async fn holds(State(vendor): State<Arc<Vendor>>, Path(number): Path<String>) -> Response {
    match vendor.owner_order(&format!("+1{number}")) {
        Some(_) => StatusCode::OK.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
