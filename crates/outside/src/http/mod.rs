//! The one HTTP client of all services outside: TLS verified, no redirects, a bound on
//! time, size and concurrency, a breaker, private addresses refused, a log
//! without secrets. And the sandbox: a request that spends can't leave it,
//! whatever the file of a vendor calls it.

mod address;
mod breaker;
mod call;
mod client;
mod reads;
mod redact;

pub use call::{Answer, Call};
pub use client::Client;
pub use reqwest::{Method, Url};

/// Whether a URL names an address of this machine or of a private network
/// itself, and not by a host's name.
pub fn names_private_address(url: &Url) -> bool {
    address::literal(url).is_some_and(address::is_private)
}
