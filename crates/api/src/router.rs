//! Every route, on one page (spec/http.md 3, 4.1, 7.1).
//!
//! Paths outside of this table are 404, verbs outside of it 405, both with an
//! envelope. `/v1` and other versions, trailing slashes and
//! `/v2/account/…` have been brought to the spelling of this table before.

use crate::call::Call;
use crate::error::ApiError;
use crate::request::Incoming;
use crate::routes::phone_numbers::{
    activate, carriers_info, check, classifiers, collection, emergency_call, explain, fix, history,
    identify, list, number, place, search,
};
use crate::routes::{
    accounts, api_auth, auth, carriers, configs, docs, e911_coverage, health, hooks, metrics,
    orders, token_auth, user_auth, users, webhooks,
};
use crate::table::{Table, Verbs, get, post, put};

/// The whole table.
pub fn routes() -> Table {
    let parts = [
        account_numbers,
        numbers,
        account_routes,
        webhook_routes,
        logins,
        from_vendors,
        about_the_server,
    ];
    parts
        .into_iter()
        .fold(Table::default(), |table, add| add(table))
}

/// An account's numbers (spec/http.md 7.1).
fn account_numbers(table: Table) -> Table {
    let base = |rest: &str| format!("/v2/accounts/{{account_id}}/phone_numbers{rest}");
    let table = table
        .route(&base(""), get(list::list))
        .route(&base("/carriers_info"), get(carriers_info::get))
        .route(&base("/check"), post(check::post))
        .route(&base("/classifiers"), get(classifiers::list))
        .route(&base("/classifiers/{number}"), get(classifiers::classify))
        .route(
            &base("/collection"),
            put(collection::create)
                .post(collection::replace)
                .patch(collection::merge)
                .delete(collection::release),
        )
        .route(&base("/collection/activate"), put(collection::activate))
        .route(&base("/events"), get(history::events))
        .route(&base("/fix"), post(fix::fix_all).get(fix::fix_and_list))
        .route(&base("/fix/{number}"), post(fix::fix_one))
        .route(&base("/locality"), post(place::locality))
        .route(&base("/prefix"), get(place::prefix))
        .route(
            &base("/{number}"),
            get(number::get)
                .put(number::create)
                .post(number::replace)
                .patch(number::merge)
                .delete(number::release),
        )
        .route(&base("/{number}/activate"), put(activate::activate))
        .route(
            &base("/{number}/emergency_call"),
            post(emergency_call::report),
        )
        .route(&base("/{number}/explain"), get(explain::get))
        .route(&base("/{number}/history"), get(history::get))
        .route(&base("/{number}/identify"), get(identify::get))
        .route(&base("/{number}/port"), put(activate::port))
        .route(&base("/{number}/reserve"), put(activate::reserve));
    // These words are no numbers, so nothing is under them but what is listed.
    let words = [
        "carriers_info",
        "check",
        "collection",
        "events",
        "locality",
        "prefix",
    ];
    words.into_iter().fold(table, |table, word| {
        table.route(&base(&format!("/{word}/{{any}}")), Verbs::default())
    })
}

/// Numbers without an account in the path: searches, and what is the same for
/// everybody (spec/http.md 3.8). A number itself is never had this way.
fn numbers(table: Table) -> Table {
    table
        .route("/v2/phone_numbers", get(search::get))
        .route("/v2/phone_numbers/carriers_info", get(carriers_info::get))
        .route("/v2/phone_numbers/check", post(check::post))
        .route("/v2/phone_numbers/classifiers", get(classifiers::list))
        .route(
            "/v2/phone_numbers/classifiers/{number}",
            get(classifiers::classify),
        )
        .route("/v2/phone_numbers/locality", post(place::locality))
        .route("/v2/phone_numbers/prefix", get(place::prefix))
        .route(
            "/v2/phone_numbers/{number}",
            get(forbidden)
                .put(forbidden)
                .post(forbidden)
                .patch(forbidden)
                .delete(forbidden),
        )
        .route("/v2/phone_numbers/{number}/explain", get(explain::get))
        .route("/v2/phone_numbers/{number}/identify", get(identify::get))
}

/// Accounts, their users and orders (spec/http.md 4.1).
fn account_routes(table: Table) -> Table {
    table
        .route("/v2/accounts", put(accounts::create))
        .route(
            "/v2/accounts/{account_id}",
            get(accounts::get)
                .put(accounts::create_child)
                .post(accounts::replace)
                .patch(accounts::merge)
                .delete(accounts::delete),
        )
        .route(
            "/v2/accounts/{account_id}/api_key",
            get(accounts::api_key).put(accounts::new_api_key),
        )
        .route(
            "/v2/accounts/{account_id}/carriers/{carrier}",
            get(carriers::get)
                .put(carriers::create)
                .post(carriers::set)
                .delete(carriers::remove),
        )
        .route(
            "/v2/accounts/{account_id}/children",
            get(accounts::children),
        )
        .route(
            "/v2/accounts/{account_id}/descendants",
            get(accounts::descendants),
        )
        .route(
            "/v2/accounts/{account_id}/configs/number_manager",
            get(configs::get)
                .post(configs::replace)
                .patch(configs::merge)
                .delete(configs::remove),
        )
        .route(
            "/v2/accounts/{account_id}/e911_coverage",
            get(e911_coverage::list),
        )
        .route("/v2/accounts/{account_id}/move", post(accounts::move_below))
        .route("/v2/accounts/{account_id}/orders", get(orders::list))
        .route(
            "/v2/accounts/{account_id}/orders/{order_id}",
            get(orders::get).post(orders::close),
        )
        .route("/v2/accounts/{account_id}/parents", get(accounts::parents))
        .route(
            "/v2/accounts/{account_id}/reseller",
            put(accounts::promote).delete(accounts::demote),
        )
        .route(
            "/v2/accounts/{account_id}/siblings",
            get(accounts::siblings),
        )
        .route("/v2/accounts/{account_id}/tree", get(accounts::tree))
        .route(
            "/v2/accounts/{account_id}/users",
            get(users::list).put(users::create),
        )
        .route(
            "/v2/accounts/{account_id}/users/{user_id}",
            get(users::get)
                .post(users::replace)
                .patch(users::merge)
                .delete(users::delete),
        )
        .route(
            "/v2/accounts/{account_id}/users/{user_id}/user_auth",
            put(user_auth::impersonate),
        )
}

/// Webhooks (spec/http.md 9.3).
fn webhook_routes(table: Table) -> Table {
    table
        .route("/v2/webhooks", get(webhooks::kinds))
        .route("/v2/webhooks/samples", get(webhooks::all_samples))
        .route("/v2/webhooks/samples/{hook}", get(webhooks::sample))
        .route(
            "/v2/accounts/{account_id}/webhooks",
            get(webhooks::list)
                .put(webhooks::create)
                .patch(webhooks::enable),
        )
        .route(
            "/v2/accounts/{account_id}/webhooks/attempts",
            get(webhooks::all_attempts),
        )
        .route(
            "/v2/accounts/{account_id}/webhooks/{webhook_id}",
            get(webhooks::get)
                .post(webhooks::replace)
                .patch(webhooks::merge)
                .delete(webhooks::delete),
        )
        .route(
            "/v2/accounts/{account_id}/webhooks/{webhook_id}/attempts",
            get(webhooks::attempts),
        )
}

/// Logging in, and tokens (spec/http.md 3.3–3.5).
fn logins(table: Table) -> Table {
    table
        .route("/v2/api_auth", put(api_auth::log_in))
        .route("/v2/auth", put(auth::refresh))
        .route(
            "/v2/auth/tokeninfo",
            get(auth::token_info).post(auth::posted_token_info),
        )
        .route(
            "/v2/token_auth",
            get(token_auth::get).delete(token_auth::delete),
        )
        .route("/v2/user_auth", put(user_auth::log_in))
        .route(
            "/v2/user_auth/recovery",
            put(user_auth::recover).post(user_auth::posted_recovery),
        )
        .route("/v2/user_auth/{auth_token}", get(user_auth::get))
}

/// What vendors tell us.
fn from_vendors(table: Table) -> Table {
    table
        .route("/v2/hooks/carriers/{carrier}", post(hooks::carrier))
        .route(
            "/v2/hooks/carriers/{carrier}/{account_id}",
            post(hooks::reseller),
        )
}

/// Outside of the versioned API, without envelopes or tokens.
fn about_the_server(table: Table) -> Table {
    table
        .route("/docs", get(docs::page))
        .route("/healthz", get(health::alive))
        .route("/metrics", get(metrics::get))
        .route("/openapi.json", get(docs::openapi))
        .route("/readyz", get(health::ready))
}

/// The route is known, but only under an account.
async fn forbidden(_call: Call) -> ApiError {
    ApiError::forbidden()
}

/// No such route (spec/http.md 1.3).
pub(crate) fn not_found(incoming: &Incoming) -> ApiError {
    match incoming.tokens.as_slice() {
        [noun, id, ..] if noun == "accounts" && id.is_empty() => ApiError::missing_account_id(),
        [] if incoming.version.is_some() && incoming.holder.is_none() => {
            ApiError::invalid_credentials()
        }
        _ => ApiError::not_found(),
    }
}
