//! A vendor's own calls: it posts to the customer when an order is done.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::played::Hooks;
use crate::vendor::{Hook, Order, Vendor};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What became of one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The vendor's id of the order that it told of.
    pub order: String,
    /// The status that it was answered with, or why there was none.
    pub answer: Result<u16, String>,
}

/// Posts to a URL what a vendor has to tell, one after the other, and tells
/// what became of it.
pub fn posting(
    vendor: &Vendor,
    hooks: Hooks,
    url: String,
) -> reqwest::Result<(JoinHandle<()>, UnboundedReceiver<Posted>)> {
    // It is set once a process, whoever is first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().timeout(TIMEOUT).build()?;
    let (sender, posted) = unbounded_channel();
    let task = tokio::spawn(post_each(vendor.listen(), client, hooks, url, sender));
    Ok((task, posted))
}

async fn post_each(
    mut done: UnboundedReceiver<Order>,
    client: Client,
    hooks: Hooks,
    url: String,
    posted: UnboundedSender<Posted>,
) {
    while let Some(order) = done.recv().await {
        let answer = post(&client, &url, (hooks.hook)(&order)).await;
        let answer = answer.map(|status| status.as_u16());
        // Nobody has to know.
        let _ = posted.send(Posted {
            order: order.id,
            answer: answer.map_err(|error| error.to_string()),
        });
    }
}

async fn post(client: &Client, url: &str, hook: Hook) -> reqwest::Result<StatusCode> {
    let mut request = client.post(url).body(hook.body);
    for (name, value) in hook.headers {
        request = request.header(name, value);
    }
    Ok(request.send().await?.status())
}
