//! Order webhooks: signed with Ed25519 over the time, a bar and the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, ED25519_PUBLIC_KEY_LEN, UnparsedPublicKey};
use serde_json::Value;

use crate::{Hooks, Notice, OrderId};

/// How old or early a webhook may be, in seconds: an old one is somebody's
/// recording.
const TOLERANCE_S: u64 = 300;

/// The account's public key.
pub struct Webhook(UnparsedPublicKey<Vec<u8>>);

impl Webhook {
    /// From base64; `None` when it is empty: webhooks aren't wanted.
    pub fn new(public_key: &str) -> Result<Option<Self>, String> {
        if public_key.is_empty() {
            return Ok(None);
        }
        let key = STANDARD.decode(public_key).unwrap_or_default();
        if key.len() != ED25519_PUBLIC_KEY_LEN {
            let problem = "'public_key' is not the base64 text of 32 bytes that the vendor shows";
            return Err(problem.to_owned());
        }
        Ok(Some(Self(UnparsedPublicKey::new(&ED25519, key))))
    }
}

impl Hooks for Webhook {
    fn notice(
        &self,
        now: u64,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<Notice, String> {
        let timestamp = header("telnyx-timestamp").ok_or("it has no telnyx-timestamp")?;
        let signature =
            header("telnyx-signature-ed25519").ok_or("it has no telnyx-signature-ed25519")?;
        let signature = STANDARD
            .decode(signature)
            .map_err(|_| "its signature is no base64")?;
        let signed = [timestamp.as_bytes(), b"|", body].concat();
        self.0
            .verify(&signed, &signature)
            .map_err(|_| "its signature is wrong")?;
        let sent: u64 = timestamp.parse().map_err(|_| "its time is no number")?;
        if now.abs_diff(sent) > TOLERANCE_S {
            return Err(format!("its time is more than {TOLERANCE_S} s off"));
        }
        read(body)
    }
}

fn read(body: &[u8]) -> Result<Notice, String> {
    let event: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let data = &event["data"];
    let kind = data["event_type"].as_str().unwrap_or_default();
    if !kind.starts_with("number_order.") {
        return Err("it isn't about a number order".to_owned());
    }
    let text = |key: &str| data["payload"][key].as_str().map(ToOwned::to_owned);
    let notice = Notice {
        id: text("customer_reference").map(OrderId),
        vendor_id: text("id"),
    };
    if notice.id.is_none() && notice.vendor_id.is_none() {
        return Err("it names no order".to_owned());
    }
    Ok(notice)
}
