//! `…/webhooks`: who is told of what happens to an account's numbers
//! (spec/http.md 9.3).

use std::sync::Arc;

use engine::webhooks::{Attempt, Edit, Webhook, samples, types};
use numbers::revision::Revision;
use serde_json::{Map, Value, json};
use store::Page;

use super::rows::{self, Listed};
use crate::Api;
use crate::call::{Call, OpenCall};
use crate::error::ApiError;
use crate::reply::Reply;

/// The first columns of the listing as a table.
const COLUMNS: &[&str] = &["id", "name", "hook", "uri", "enabled"];
/// More than an account may have.
const ALL: usize = 1000;

/// The kinds of webhooks.
#[utoipa::path(
    get,
    path = "/v2/webhooks",
    tag = "webhooks",
    responses((status = 200, description = "What can be told", body = ref("WebhookTypes"))),
)]
pub async fn kinds(_call: OpenCall) -> Result<Reply, ApiError> {
    Reply::new(&types())
}

/// What deliveries look like.
#[utoipa::path(
    get,
    path = "/v2/webhooks/samples",
    tag = "webhooks",
    responses((status = 200, description = "By kind", body = ref("WebhookSamples"))),
)]
pub async fn all_samples(_call: OpenCall) -> Result<Reply, ApiError> {
    Reply::new(&samples())
}

/// What deliveries of one kind look like.
#[utoipa::path(
    get,
    path = "/v2/webhooks/samples/{hook}",
    tag = "webhooks",
    params(("hook" = String, Path)),
    responses(
        (status = 200, description = "A delivery", body = ref("WebhookSamples")),
        (status = 404, description = "No such kind"),
    )
)]
pub async fn sample(call: OpenCall) -> Result<Reply, ApiError> {
    let name = call.after("samples");
    // An action's own deliveries look like all of them.
    let kind = if name.starts_with("number.") {
        "number.*"
    } else {
        name
    };
    match samples().get(kind) {
        Some(sample) => Reply::new(sample),
        None => Err(ApiError::bad_identifier(name)),
    }
}

/// The account's webhooks.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/webhooks",
    tag = "webhooks",
    params(
        ("account_id" = String, Path), ("page_size" = Option<u32>, Query),
        ("start_key" = Option<String>, Query),
    ),
    responses((status = 200, description = "Each without its secret", body = ref("WebhookRows"))),
)]
pub async fn list(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = &call.account()?.id;
    let listed = Listed {
        key: |text| Some(text.to_owned()),
        key_of: |webhook: &Webhook| webhook.id.as_str(),
        filtered: Webhook::document,
        row: Webhook::document,
        columns: COLUMNS,
    };
    let read = async |page| api.engine.webhooks(account, &page).await;
    rows::listing(&api, &call, listed, read).await
}

/// Makes a webhook. A secret that is made up here is shown this once.
#[utoipa::path(
    put,
    path = "/v2/accounts/{account_id}/webhooks",
    tag = "webhooks",
    params(("account_id" = String, Path)),
    responses(
        (status = 201, description = "The webhook, with its secret", body = ref("Webhook")),
        (status = 400, description = "A field is wrong"),
    )
)]
pub async fn create(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let account = Arc::clone(call.account()?);
    let data = call.take_data()?;
    let made = api.engine.create_webhook(&call.context, &account, data);
    let (webhook, is_made_up) = made.await?;
    let location = format!("/v2/accounts/{}/webhooks/{}", account.id, webhook.id);
    let mut document = webhook.document();
    if is_made_up {
        document.insert("secret".to_owned(), webhook.secret().0.clone().into());
    }
    let reply = Reply::document(&document, webhook.version())?.with_location(location);
    Ok(if is_made_up {
        reply.with_secret()
    } else {
        reply
    })
}

/// With `re-enable`, enables the account's webhooks that were disabled.
#[utoipa::path(
    patch,
    path = "/v2/accounts/{account_id}/webhooks",
    tag = "webhooks",
    params(("account_id" = String, Path)),
    responses(
        (status = 200, description = "Those that were enabled", body = ref("WebhookRows")),
        (status = 400, description = "`re-enable` is missing"),
    )
)]
pub async fn enable(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    if !call.is_true("re-enable") {
        let text = "only re-enable: true can be said to all webhooks";
        return Err(ApiError::field("re-enable", "required", text));
    }
    let account = &call.account()?.id;
    let enabled = api.engine.enable_webhooks(&call.context, account).await?;
    let rows: Vec<Map<String, Value>> = enabled.iter().map(Webhook::document).collect();
    Reply::new(&rows)
}

/// A webhook, without its secret.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "The webhook", body = ref("Webhook")),
        (status = 404, description = "No such webhook"),
    )
)]
pub async fn get(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let webhook = api
        .engine
        .webhook(&call.account()?.id, id_in(&call))
        .await?;
    document(&webhook)
}

/// Replaces a webhook's fields. With `after` it is told again of what came after
/// that place in the log.
#[utoipa::path(
    post,
    path = "/v2/accounts/{account_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "The webhook", body = ref("Webhook")),
        (status = 404, description = "No such webhook"),
    )
)]
pub async fn replace(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let edit = Edit::Replace(call.take_data()?);
    change(&api, &call, &edit).await
}

/// Merges into a webhook's fields; `re-enable` makes it forget its failures.
#[utoipa::path(
    patch,
    path = "/v2/accounts/{account_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "The webhook", body = ref("Webhook")),
        (status = 404, description = "No such webhook"),
    )
)]
pub async fn merge(api: Arc<Api>, mut call: Call) -> Result<Reply, ApiError> {
    let edit = Edit::Merge(call.take_data()?);
    change(&api, &call, &edit).await
}

/// Deletes a webhook.
#[utoipa::path(
    delete,
    path = "/v2/accounts/{account_id}/webhooks/{webhook_id}",
    tag = "webhooks",
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "The webhook as it was", body = ref("Webhook")),
        (status = 404, description = "No such webhook"),
    )
)]
pub async fn delete(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let (account, id) = (&call.account()?.id, id_in(&call));
    let at = seen(&api, &call).await?;
    document(&api.engine.delete_webhook(account, id, at).await?)
}

/// The last attempts to deliver events to the account's webhooks, newest first.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/webhooks/attempts",
    tag = "webhooks",
    params(("account_id" = String, Path)),
    responses((status = 200, description = "The attempts", body = ref("WebhookAttempts"))),
)]
pub async fn all_attempts(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let account = &call.account()?.id;
    let webhooks = api.engine.webhooks(account, &Page::first(ALL)).await?;
    let mut attempts: Vec<(&Webhook, &Attempt)> = webhooks
        .iter()
        .flat_map(|webhook| webhook.attempts().map(move |attempt| (webhook, attempt)))
        .collect();
    // Those of one webhook keep their order.
    attempts.sort_by_key(|(_, attempt)| std::cmp::Reverse(attempt.at));
    let rows: Vec<Value> = attempts.into_iter().map(attempt_row).collect();
    Reply::new(&rows)
}

/// The last attempts to deliver events to a webhook, newest first.
#[utoipa::path(
    get,
    path = "/v2/accounts/{account_id}/webhooks/{webhook_id}/attempts",
    tag = "webhooks",
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "The attempts", body = ref("WebhookAttempts")),
        (status = 404, description = "No such webhook"),
    )
)]
pub async fn attempts(api: Arc<Api>, call: Call) -> Result<Reply, ApiError> {
    let webhook = api
        .engine
        .webhook(&call.account()?.id, id_in(&call))
        .await?;
    let rows: Vec<Value> = webhook
        .attempts()
        .map(|attempt| attempt_row((&webhook, attempt)))
        .collect();
    Reply::new(&rows)
}

fn id_in(call: &Call) -> &str {
    call.after("webhooks")
}

/// The version that the client saw, if he says one.
async fn seen(api: &Api, call: &Call) -> Result<Option<Revision>, ApiError> {
    let webhook = api.engine.webhook(&call.account()?.id, id_in(call)).await?;
    call.if_match(webhook.version())
}

async fn change(api: &Api, call: &Call, edit: &Edit) -> Result<Reply, ApiError> {
    let (account, id) = (&call.account()?.id, id_in(call));
    let at = seen(api, call).await?;
    let edited = api
        .engine
        .edit_webhook(&call.context, account, id, edit, at);
    document(&edited.await?)
}

fn document(webhook: &Webhook) -> Result<Reply, ApiError> {
    Reply::document(&webhook.document(), webhook.version())
}

/// An attempt, by the names that Kazoo has for its parts.
fn attempt_row((webhook, attempt): (&Webhook, &Attempt)) -> Value {
    let mut row = json!({
        "hook_id": webhook.id,
        "event": attempt.event,
        "attempted": attempt.at,
        "took_ms": attempt.took_ms,
        "result": if attempt.problem.is_none() { "success" } else { "failure" },
    });
    if let Some(status) = attempt.status {
        row["response_code"] = status.into();
    }
    if let Some(problem) = &attempt.problem {
        row["reason"] = problem.as_str().into();
    }
    row
}
