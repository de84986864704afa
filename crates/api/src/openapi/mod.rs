//! The OpenAPI 3.1 description of the routes, from what each handler says of
//! itself.

mod answers;

use std::sync::LazyLock;

use engine::schema::Schema;
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "numberd",
        description = "Phone numbers: search, reserve, activate, set up, release.\n\n\
            Every answer is an envelope with `data`, `status`, `request_id` and more; an error's \
            `error` is its HTTP status as text. Requests carry `{\"data\": …}`. The token goes \
            into the header `X-Auth-Token`, the dialect of the answer (`2016` or `4.3`), if it \
            isn't to be the server's own, into `X-Numberd-Dialect`.",
        license(name = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "phone_numbers", description = "Numbers: one, many, and searches"),
        (name = "accounts", description = "Accounts and their place in the tree"),
        (name = "carriers", description = "Resellers' own credentials at carriers"),
        (name = "orders", description = "What was ordered and given back at carriers"),
        (name = "users", description = "People who log in"),
        (name = "webhooks", description = "Who is told of what happens"),
        (name = "auth", description = "Tokens"),
        (name = "server", description = "About the server itself"),
    ),
    paths(
        routes::phone_numbers::list::list,
        routes::phone_numbers::search::get,
        routes::phone_numbers::number::get,
        routes::phone_numbers::number::create,
        routes::phone_numbers::number::replace,
        routes::phone_numbers::number::merge,
        routes::phone_numbers::number::release,
        routes::phone_numbers::activate::activate,
        routes::phone_numbers::activate::reserve,
        routes::phone_numbers::activate::port,
        routes::phone_numbers::identify::get,
        routes::phone_numbers::history::get,
        routes::phone_numbers::history::events,
        routes::phone_numbers::collection::create,
        routes::phone_numbers::collection::replace,
        routes::phone_numbers::collection::merge,
        routes::phone_numbers::collection::release,
        routes::phone_numbers::collection::activate,
        routes::phone_numbers::check::post,
        routes::phone_numbers::place::locality,
        routes::phone_numbers::place::prefix,
        routes::phone_numbers::emergency_call::report,
        routes::phone_numbers::explain::get,
        routes::phone_numbers::classifiers::list,
        routes::phone_numbers::classifiers::classify,
        routes::phone_numbers::carriers_info::get,
        routes::phone_numbers::fix::fix_all,
        routes::phone_numbers::fix::fix_and_list,
        routes::phone_numbers::fix::fix_one,
        routes::accounts::create,
        routes::accounts::create_child,
        routes::accounts::get,
        routes::accounts::replace,
        routes::accounts::merge,
        routes::accounts::delete,
        routes::accounts::children,
        routes::accounts::descendants,
        routes::accounts::siblings,
        routes::accounts::parents,
        routes::accounts::tree,
        routes::accounts::api_key,
        routes::accounts::new_api_key,
        routes::accounts::move_below,
        routes::accounts::promote,
        routes::accounts::demote,
        routes::carriers::get,
        routes::carriers::create,
        routes::carriers::set,
        routes::carriers::remove,
        routes::configs::get,
        routes::configs::replace,
        routes::configs::merge,
        routes::configs::remove,
        routes::e911_coverage::list,
        routes::orders::list,
        routes::orders::get,
        routes::orders::close,
        routes::hooks::carrier,
        routes::hooks::reseller,
        routes::users::list,
        routes::users::create,
        routes::users::get,
        routes::users::replace,
        routes::users::merge,
        routes::users::delete,
        routes::webhooks::kinds,
        routes::webhooks::all_samples,
        routes::webhooks::sample,
        routes::webhooks::list,
        routes::webhooks::create,
        routes::webhooks::enable,
        routes::webhooks::get,
        routes::webhooks::replace,
        routes::webhooks::merge,
        routes::webhooks::delete,
        routes::webhooks::all_attempts,
        routes::webhooks::attempts,
        routes::user_auth::log_in,
        routes::user_auth::get,
        routes::user_auth::recover,
        routes::user_auth::posted_recovery,
        routes::user_auth::impersonate,
        routes::api_auth::log_in,
        routes::auth::refresh,
        routes::auth::token_info,
        routes::auth::posted_token_info,
        routes::token_auth::get,
        routes::token_auth::delete,
        routes::health::alive,
        routes::health::ready,
        routes::metrics::get,
        routes::docs::page,
        routes::docs::openapi,
    ),
)]
struct Description;

/// Where the committed copy of the description is kept, from the repository's
/// root.
pub const COMMITTED: &str = "docs/openapi.json";

/// The description, as JSON text.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| serde_json::to_string_pretty(&document()).unwrap_or_default() + "\n");
    &TEXT
}

/// The description with the schemas of requests and answers.
fn document() -> Value {
    let mut document = serde_json::to_value(Description::openapi()).unwrap_or_default();
    let mut schemas = answers::schemas();
    schemas[COLLECTION] = collection();
    for schema in Schema::ALL {
        schemas[schema.name()] = rebased(schema);
    }
    document["components"] = json!({
        "schemas": schemas,
        "securitySchemes": {
            "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        },
    });
    document["security"] = json!([{"token": []}, {"bearer": []}]);
    for (path, schema) in request_schemas() {
        let methods = document["paths"]
            .get_mut(path)
            .and_then(Value::as_object_mut);
        for (method, operation) in methods.into_iter().flatten() {
            if !["get", "delete"].contains(&method.as_str()) || path.ends_with("/collection") {
                operation["requestBody"] = request_body(schema);
            }
        }
    }
    answers::wrap(&mut document);
    document
}

/// Schemas say `#/definitions/x` of themselves; here they are one of many.
fn rebased(schema: Schema) -> Value {
    let mut document = schema.document().clone();
    if let Some(members) = document.as_object_mut() {
        members.shift_remove("$schema");
    }
    let from = "\"#/definitions/";
    let to = format!("\"#/components/schemas/{}/definitions/", schema.name());
    serde_json::from_str(&document.to_string().replace(from, &to)).unwrap_or_default()
}

/// The name of [`collection`].
const COLLECTION: &str = "collection";

/// The data of a collection's requests.
fn collection() -> Value {
    json!({
        "description": "Fields for all of the numbers",
        "allOf": [
            reference("phone_numbers"),
            {
                "type": "object",
                "required": ["numbers"],
                "properties": {
                    "numbers": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                },
            },
        ],
    })
}

/// What the bodies of each path's requests hold as `data`.
fn request_schemas() -> [(&'static str, &'static str); 16] {
    const NUMBERS: &str = "phone_numbers";
    [
        ("/v2/accounts/{account_id}/phone_numbers/{number}", NUMBERS),
        (
            "/v2/accounts/{account_id}/phone_numbers/{number}/activate",
            NUMBERS,
        ),
        (
            "/v2/accounts/{account_id}/phone_numbers/{number}/reserve",
            NUMBERS,
        ),
        (
            "/v2/accounts/{account_id}/phone_numbers/{number}/port",
            NUMBERS,
        ),
        (
            "/v2/accounts/{account_id}/phone_numbers/collection",
            COLLECTION,
        ),
        (
            "/v2/accounts/{account_id}/phone_numbers/collection/activate",
            COLLECTION,
        ),
        ("/v2/accounts/{account_id}/phone_numbers/check", COLLECTION),
        (
            "/v2/accounts/{account_id}/phone_numbers/locality",
            COLLECTION,
        ),
        (
            "/v2/accounts/{account_id}/phone_numbers/{number}/emergency_call",
            "emergency_calls",
        ),
        ("/v2/accounts", "accounts"),
        ("/v2/accounts/{account_id}", "accounts"),
        ("/v2/accounts/{account_id}/users", "users"),
        ("/v2/accounts/{account_id}/webhooks", "webhooks"),
        (
            "/v2/accounts/{account_id}/webhooks/{webhook_id}",
            "webhooks",
        ),
        ("/v2/user_auth", "user_auth"),
        ("/v2/api_auth", "api_auth"),
    ]
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn request_body(schema: &str) -> Value {
    let envelope = json!({
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": reference(schema),
            "accept_charges": {"type": "boolean", "description": "Agrees to pay what it costs"},
        },
    });
    json!({"content": {"application/json": {"schema": envelope}}})
}
