//! Where the server listens, and when it stops.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, lookup_host};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{Code, Failure, Outcome};

/// Takes an address.
pub async fn bind(address: &str) -> Outcome<TcpListener> {
    let wrong = |error: std::io::Error| {
        let message =
            format!("'{address}' is not an address to listen on, like 127.0.0.1:8000: {error}");
        Failure::new(Code::Usage, message)
    };
    let addresses: Vec<SocketAddr> = lookup_host(address).await.map_err(wrong)?.collect();
    let bound = TcpListener::bind(addresses.as_slice()).await;
    bound.map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("{address} is in use by another program"),
            _ => format!("can't listen on {address}: {error}"),
        };
        Failure::new(Code::Failure, message)
    })
}

/// An address that a client on this machine can use.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The wish that the server ends: SIGTERM or SIGINT.
pub struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From now on these signals don't end the process any more.
    pub fn listen() -> Outcome<Self> {
        let on =
            |kind| signal(kind).map_err(|error| Failure::new(Code::Failure, error.to_string()));
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    /// Waits for one.
    pub async fn asked(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        tracing::info!("stopping: finishing what is in flight");
    }
}
