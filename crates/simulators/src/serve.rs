//! From a vendor and its way to talk to a server on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::faults::Fault;
use crate::played::Hooks;
use crate::post::{Posted, posting};
use crate::vendor::Vendor;

/// One vendor's way to talk.
#[derive(Clone, Copy)]
pub struct Wire {
    /// Its routes.
    pub routes: fn(Arc<Vendor>) -> Router,
    /// Whether a request orders, releases or is a provider's: those meet faults.
    /// Sees the method, path with query, and the body as text.
    pub spends: fn(&Method, &str, &str) -> bool,
}

/// A running simulator; it ends when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    /// What is inside.
    pub vendor: Arc<Vendor>,
    address: SocketAddr,
    server: JoinHandle<()>,
    poster: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Serves a vendor on a free port of loopback.
    pub async fn start(wire: Wire, vendor: Arc<Vendor>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Self::on(listener, wire, vendor)
    }

    /// Serves a vendor where a listener is.
    pub fn on(listener: TcpListener, wire: Wire, vendor: Arc<Vendor>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let routes = router(wire, vendor.clone());
        let server = tokio::spawn(async move {
            // It ends only with the task.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            vendor,
            address,
            server,
            poster: None,
        })
    }

    /// From now on posts to a URL when an order is done, and tells what became
    /// of each webhook.
    ///
    /// # Errors
    /// There is no client to post with.
    pub fn post_to(
        &mut self,
        url: &str,
        hooks: Hooks,
    ) -> reqwest::Result<UnboundedReceiver<Posted>> {
        let (task, posted) = posting(&self.vendor, hooks, url.to_owned())?;
        if let Some(before) = self.poster.replace(task) {
            before.abort();
        }
        Ok(posted)
    }

    /// Where it is: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
        if let Some(poster) = &self.poster {
            poster.abort();
        }
    }
}

fn router(wire: Wire, vendor: Arc<Vendor>) -> Router {
    let state = (wire, vendor.clone());
    (wire.routes)(vendor).layer(middleware::from_fn_with_state(state, meet))
}

/// Lets requests that order or release meet their fault.
async fn meet(
    State((wire, vendor)): State<(Wire, Arc<Vendor>)>,
    request: Request,
    next: Next,
) -> Response {
    vendor.count();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 1 << 20).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let text = String::from_utf8_lossy(&body);
    let fault = if (wire.spends)(&parts.method, path, &text) {
        vendor.count_spending();
        vendor.faults.draw()
    } else {
        None
    };
    match fault {
        Some(Fault::TooMany) => return StatusCode::TOO_MANY_REQUESTS.into_response(),
        Some(Fault::ErrorBefore) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::Unauthorized) => return StatusCode::UNAUTHORIZED.into_response(),
        Some(Fault::Unavailable) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => {}
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    match fault {
        Some(Fault::ErrorAfter) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Fault::DropAfter) => broken(),
        Some(Fault::Hang) => {
            // Longer than any client waits; it gives up first.
            tokio::time::sleep(Duration::from_hours(1)).await;
            response
        }
        Some(Fault::Drip) => dripping(response).await,
        Some(Fault::WrongNumber) => rewritten(response, wrong_number).await,
        Some(Fault::Malformed) => rewritten(response, half).await,
        Some(Fault::Bomb) => rewritten(response, |_| BOMB.to_owned()).await,
        Some(Fault::Deep) => rewritten(response, |_| "<a>".repeat(100_000)).await,
        Some(Fault::Huge) => huge(),
        _ => response,
    }
}

/// An answer that promises a body and breaks off.
fn broken() -> Response {
    let nothing = stream::once(async { Err::<Bytes, _>(std::io::Error::other("told to break")) });
    Response::new(Body::from_stream(nothing))
}

/// 100 MB of one element.
fn huge() -> Response {
    const PIECES: usize = 100;
    let piece = Bytes::from(vec![b'a'; 1 << 20]);
    let begin = std::iter::once(Bytes::from_static(b"<a>"));
    let pieces = begin.chain(std::iter::repeat_n(piece, PIECES));
    Response::new(Body::from_stream(stream::iter(
        pieces.map(Ok::<_, std::io::Error>),
    )))
}

/// A byte each tenth of a second.
async fn dripping(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove("content-length");
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let drops = stream::unfold((bytes, 0), |(bytes, at)| async move {
        let byte = bytes.get(at..=at)?.to_vec();
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from(byte)), (bytes, at + 1)))
    });
    Response::from_parts(parts, Body::from_stream(drops))
}

async fn rewritten(response: Response, change: fn(&str) -> String) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove("content-length");
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let text = change(&String::from_utf8_lossy(&bytes));
    Response::from_parts(parts, Body::from(text))
}

/// Every run of at least ten digits gets another last digit.
fn wrong_number(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let mut run = 0;
    for at in 0..=characters.len() {
        if characters.get(at).is_some_and(char::is_ascii_digit) {
            run += 1;
            continue;
        }
        if run >= 10 {
            let last = characters[at - 1];
            characters[at - 1] = if last == '9' { '0' } else { '9' };
        }
        run = 0;
    }
    characters.into_iter().collect()
}

fn half(text: &str) -> String {
    let length = text.chars().count();
    text.chars().take(length / 2).collect()
}

const BOMB: &str = r#"<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><l>&d;</l>"#;
