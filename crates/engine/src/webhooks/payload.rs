//! What receivers are sent, and what can be asked for.

use numbers::event::Action;
use numbers::feature::Feature;
use numbers::feature::e911::{self, CONTACTS};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use serde_json::{Value, json};

use super::webhook::{DocumentAction, Hook, Webhook};
use crate::history::EventView;

/// A request's body and its type.
pub(super) struct Payload {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// What a webhook's receiver is sent of an event.
pub(super) fn payload(webhook: &Webhook, event: &EventView) -> Payload {
    let is_object = matches!(Hook::named(&webhook.body.fields), Some(Hook::Object(_)));
    let members = if is_object {
        object(webhook, event)
    } else {
        number(event)
    };
    // What Kazoo sends is a form unless JSON is asked for.
    let is_form = match webhook.text("format") {
        Some(format) => format == "form-data",
        None => is_object,
    };
    if is_form {
        return Payload {
            content_type: "application/x-www-form-urlencoded",
            body: form(&members).into_bytes(),
        };
    }
    Payload {
        content_type: "application/json",
        body: members.to_string().into_bytes(),
    }
}

/// Hook `object`: that a document changed.
fn object(webhook: &Webhook, event: &EventView) -> Value {
    let (before, after) = &event.owners;
    json!({
        "id": event.key.number,
        "account_id": after.as_ref().or(before.as_ref()).unwrap_or(&webhook.account),
        "action": DocumentAction::of(event).as_str(),
        "type": "number",
        "timestamp": event.origin.at,
    })
}

/// Hook `number.…`: what happened to a number. How it is in full is asked for.
fn number(event: &EventView) -> Value {
    let (before, after) = (event.before.as_ref(), event.after.as_ref());
    let mut payload = json!({
        "type": format!("number.{}", event.action),
        "timestamp": rfc3339(event.origin.at),
        "data": {
            "id": event.key.id.0,
            "number": event.key.number,
            "action": event.action,
            "at": event.origin.at,
            "account_id": event.origin.account,
            "request_id": event.origin.request_id,
            "state": after.map(|number| number.state),
            "previous_state": before.map(|number| number.state),
            "assigned_to": after.and_then(|number| number.owner.as_ref()),
            "previously_assigned_to": before.and_then(|number| number.owner.as_ref()),
            "cursor": event.key.to_string(),
        },
    });
    if let Some(call) = &event.call {
        payload["data"]["call"] = json!(call);
        for (name, value) in whereabouts(after) {
            payload["data"][name] = value;
        }
    }
    payload
}

/// Where a caller is, and who wants to know of it: who is to look after somebody
/// has no time to ask.
fn whereabouts(number: Option<&Number>) -> [(&'static str, Value); 3] {
    let confirmed = number.and_then(|number| number.features.get(&Feature::E911));
    let noted = number.and_then(e911::note);
    let contacts = number
        .and_then(|number| number.public.get("e911")?.get(CONTACTS))
        .cloned();
    [
        ("e911", json!(confirmed)),
        ("unconfirmed_e911", json!(noted)),
        (CONTACTS, contacts.unwrap_or_else(|| json!([]))),
    ]
}

fn rfc3339(at: GregorianSeconds) -> String {
    let unix = i64::try_from(at.unix()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(unix).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// Members as a form: those of objects with their path in brackets; none of
/// those that are null.
fn form(members: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let mut open: Vec<(String, &Value)> = vec![(String::new(), members)];
    while let Some((name, value)) = open.pop() {
        match value {
            Value::Null => {}
            Value::Object(members) => {
                let path = |key: &str| match name.as_str() {
                    "" => key.to_owned(),
                    name => format!("{name}[{key}]"),
                };
                let members = members.iter().rev();
                open.extend(members.map(|(key, value)| (path(key), value)));
            }
            Value::String(text) => {
                form.append_pair(&name, text);
            }
            other => {
                form.append_pair(&name, &other.to_string());
            }
        }
    }
    form.finish()
}

/// The kinds of webhooks, for people who make some.
pub fn types() -> Value {
    json!([
        {
            "id": "object",
            "name": "Object",
            "description": "Numbers that are made, edited and deleted, as documents",
            "modifiers": {
                "action": {
                    "type": "array",
                    "items": DocumentAction::ALL.map(DocumentAction::as_str),
                },
                "type": {"type": "array", "items": ["number"]},
            },
        },
        {
            "id": "number.*",
            "name": "Number",
            "description": "All that happens to numbers; in place of * an action: only that",
            "actions": Action::ALL.map(|action| format!("number.{action}")),
        },
    ])
}

/// What deliveries look like, by the kind of webhook.
pub fn samples() -> Value {
    let number = "+14155550100";
    let id = "0192c1d6a0b07c4e8f3a5d2b1c0e9f87";
    let account = "a0b1c2d3e4f5061728394a5b6c7d8e9f";
    json!({
        "object": {
            "id": number,
            "account_id": account,
            "action": "doc_edited",
            "type": "number",
            "timestamp": 63_934_488_000_u64,
        },
        "number.*": {
            "type": "number.activated",
            "timestamp": "2026-01-01T12:00:00Z",
            "data": {
                "id": id,
                "number": number,
                "action": "activated",
                "at": 63_934_488_000_u64,
                "account_id": account,
                "request_id": "f1e2d3c4b5a697887960514233241506",
                "state": "in_service",
                "previous_state": "available",
                "assigned_to": account,
                "previously_assigned_to": null,
                "cursor": format!("{}-{id}", &number[1..]),
            },
        },
    })
}
