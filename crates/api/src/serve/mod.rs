//! Serving: connections, their limits, and stopping without losing a request.

mod linger;
mod patience;
mod refusal;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::observe;
use crate::pipeline::ApiService;
use linger::Unread;
use patience::Patience;
use refusal::Refusing;

/// How often measurements are moved into histograms.
const UPKEEP: Duration = Duration::from_secs(5);
/// How long to wait after a connection couldn't be accepted for want of file
/// descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is done; then finishes what is in flight, at most for
/// `drain_timeout_s`.
///
/// Returns whether everything in flight was finished in time.
pub async fn serve(
    listener: TcpListener,
    service: ApiService,
    stop: impl Future<Output = ()>,
) -> bool {
    let limits = &service.api().settings.limits;
    let drain = Duration::from_secs(limits.drain_timeout_s);
    let connections = Arc::new(Semaphore::new(limits.max_connections));
    let graceful = GracefulShutdown::new();
    let upkeep = tokio::spawn(async {
        loop {
            tokio::time::sleep(UPKEEP).await;
            observe::upkeep();
        }
    });
    tokio::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            (stream, peer, permit) = next(&listener, &connections) => {
                let watcher = graceful.watcher();
                let connection = connection(stream, peer, service.clone());
                tokio::spawn(async move {
                    // Broken connections are everyday life: the client went away.
                    let _ = watcher.watch(connection).await;
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    upkeep.abort();
    let finished = async {
        graceful.shutdown().await;
        // Writes of clients that went away are finished too.
        service.api().finish().await;
    };
    tokio::time::timeout(drain, finished).await.is_ok()
}

/// The next connection, once there is room for one.
async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so that there always is a permit.
    let permit = connections.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "can't accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether an error is about one connection only.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

type Connection<S> = http1::Connection<TokioIo<Refusing<TcpStream>>, S>;

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    service: ApiService,
) -> Connection<
    impl hyper::service::Service<
        Request<Incoming>,
        Response = axum::response::Response,
        Error = Infallible,
        Future: Send,
    >,
> {
    // Small answers shall not wait for more; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let patience = Duration::from_secs(service.api().settings.limits.receive_timeout_s);
    let unread = Unread::default();
    let stream = Refusing::new(stream, service.api().clone(), unread.clone());
    let answer = service_fn(move |request: Request<Incoming>| {
        let request = request.map(|body| unread.watch(body));
        service.respond(peer.ip(), request)
    });
    http1::Builder::new()
        .timer(Patience::default())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), answer)
}
