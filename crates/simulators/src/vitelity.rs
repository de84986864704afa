//! `vitelity`: Vitelity's `api.php` (spec/integrations.md 2.4). It answers 200
//! always, and takes no credentials in its URL.

mod features;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Form, Router};

use crate::vendor::Vendor;
use crate::{Wire, xml};

/// The login and password that it wants.
pub const LOGIN: (&str, &str) = ("vitelity-login", "vitelity & password");

/// How it talks.
pub const WIRE: Wire = Wire {
    routes,
    spends: |_, _, body| {
        let commands = [
            "getlocaldid",
            "gettollfree",
            "removedid",
            "e911",
            "lidb",
            "cnam",
        ];
        commands
            .iter()
            .map(|command| format!("cmd={command}"))
            .any(|command| body.contains(&command))
    },
};

fn routes(vendor: Arc<Vendor>) -> Router {
    Router::new().route("/", post(command)).with_state(vendor)
}

fn content(inside: &str) -> Response {
    xml::answer(StatusCode::OK, &format!("<content>{inside}</content>"))
}

fn fail(error: &str) -> Response {
    content(&format!("<status>fail</status><error>{error}</error>"))
}

async fn command(
    State(vendor): State<Arc<Vendor>>,
    RawQuery(query): RawQuery,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let field = |name| form.get(name).map(String::as_str).unwrap_or_default();
    if query.is_some() {
        return fail("credentials belong into the body");
    }
    if (field("login"), field("pass")) != LOGIN || field("xml") != "yes" {
        return fail("invalidauth");
    }
    let number = format!("+1{}", field("did"));
    match field("cmd") {
        "listnpa" => detailed(&vendor.search(&format!("+1{}", field("npa")), 10_000)),
        "listnpanxx" => detailed(&vendor.search(&format!("+1{}", field("npanxx")), 10_000)),
        "listtollfree" => {
            let limit = field("limit").parse().unwrap_or(10);
            bare(&vendor.search("+18", limit))
        }
        "listdids" => owned(&vendor.owned(None, usize::MAX)),
        "getlocaldid" | "gettollfree" if field("routesip").is_empty() => fail("missingroute"),
        "getlocaldid" if number.starts_with("+18") => fail("invalid"),
        "gettollfree" if !number.starts_with("+18") => fail("invalid"),
        "getlocaldid" | "gettollfree" => match vendor.order_at_once("", &[number]) {
            Ok(_) => content("<status>ok</status><response>success</response>"),
            Err(refusal) => fail(&format!("{refusal:?}")),
        },
        "removedid" if vendor.refuses_release() => fail("notnow"),
        "removedid" if vendor.release(&number) => content("<status>ok</status>"),
        "removedid" => fail("unowned"),
        command if features::knows(command) => features::answer(&vendor, &number, &form),
        _ => fail("invalid"),
    }
}

fn ten(number: &str) -> &str {
    number.trim_start_matches("+1")
}

fn numbers(dids: &[String]) -> Response {
    if dids.is_empty() {
        return content("<status>ok</status><numbers><response>none</response></numbers>");
    }
    let dids = dids.concat();
    content(&format!("<status>ok</status><numbers>{dids}</numbers>"))
}

fn detailed(found: &[String]) -> Response {
    let dids = found.iter().map(|number| {
        let number = ten(number);
        format!(
            "<did><number>{number}</number><ratecenter>SANRAFAEL</ratecenter>\
             <state>CA</state><empty/></did>"
        )
    });
    numbers(&dids.collect::<Vec<_>>())
}

fn bare(found: &[String]) -> Response {
    let dids = found.iter();
    let dids = dids.map(|number| format!("<did>{}</did>", ten(number)));
    numbers(&dids.collect::<Vec<_>>())
}

fn owned(found: &[String]) -> Response {
    if found.is_empty() {
        return fail("none");
    }
    let rows = found.iter().map(|number| {
        let number = ten(number);
        format!(
            "<number><did>{number}</did><ratecenter>SANRAFAEL</ratecenter><state>CA</state>\
             <cost_per_minute>0.0110</cost_per_minute><cost_per_month>1.49</cost_per_month>\
             <subaccount/></number>"
        )
    });
    numbers(&rows.collect::<Vec<_>>())
}
