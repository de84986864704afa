//! Order webhooks: the vendor posts a `Notification` with the HTTP Basic
//! credentials that its subscription was given.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use crate::{Hooks, Notice, OrderId};
use outside::settings::Secret;
use outside::xml::Element;

/// The credentials of the subscription.
pub struct Webhook {
    authorization: Secret,
}

impl Webhook {
    /// `None` when there is no user: webhooks aren't wanted.
    pub fn new(user: &str, password: &Secret) -> Option<Self> {
        if user.is_empty() {
            return None;
        }
        let pair = STANDARD.encode(format!("{user}:{}", password.0));
        Some(Self {
            authorization: Secret(format!("Basic {pair}")),
        })
    }
}

impl Hooks for Webhook {
    fn notice(
        &self,
        _now: u64,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<Notice, String> {
        let sent = header("authorization").ok_or("it has no credentials")?;
        let wanted = self.authorization.0.as_bytes();
        if !bool::from(sent.as_bytes().ct_eq(wanted)) {
            return Err("its credentials are wrong".to_owned());
        }
        let notification = Element::parse(body)?;
        let kind = notification.text_of("OrderType").unwrap_or_default();
        if notification.name != "Notification" || !matches!(kind, "orders" | "disconnects") {
            return Err("it isn't about an order or a disconnect".to_owned());
        }
        let text = |name| notification.text_of(name).map(ToOwned::to_owned);
        let notice = Notice {
            id: text("CustomerOrderId").map(OrderId),
            vendor_id: text("OrderId"),
        };
        if notice.id.is_none() && notice.vendor_id.is_none() {
            return Err("it names no order".to_owned());
        }
        Ok(notice)
    }
}
