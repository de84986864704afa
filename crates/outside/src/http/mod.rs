//! The one HTTP client of all services outside: TLS verified, no redirects, a bound on
//! time, size and concurrency, a breaker, private addresses refused, a log
//! without secrets. And the sandbox: a request that spends can't leave it,
//! whatever the file of a vendor does.

mod address;
mod breaker;
mod call;
mod client;

pub use call::{Answer, Call};
pub use client::Client;
pub use reqwest::{Method, Url};
