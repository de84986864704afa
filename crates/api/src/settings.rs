//! What an operator configures of the API.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

/// Everything the API is told at start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiSettings {
    /// The dialect of answers to requests that name none.
    pub dialect: Dialect,
    /// The `version` member of envelopes.
    pub version: String,
    /// Names this node; only its hash is shown, as `node`.
    pub node: String,
    /// Peers whose `X-Forwarded-For` is believed (spec/http.md 1.8).
    pub reverse_proxies: Vec<IpAddr>,
    /// `[limits]`.
    pub limits: Limits,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node: "numberd@localhost".to_owned(),
            reverse_proxies: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            limits: Limits::default(),
        }
    }
}

/// `[limits]`: a bound on everything that a request can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls without a valid token that a client may make at once; 0 for no
    /// limit.
    pub bucket_capacity: u32,
    /// How many of them come back each second.
    pub bucket_refill_per_second: u32,
    /// Activations that an account may make at once; 0 for no limit.
    pub activation_capacity: u32,
    /// How many of them come back each second.
    pub activation_refill_per_second: u32,
    /// Connections at a time; more wait to be accepted.
    pub max_connections: usize,
    /// Buckets of each kind that are kept; clients beyond share one.
    pub max_buckets: usize,
    /// Bytes of a request's body (`crossbar.max_upload_size`).
    pub max_body_bytes: usize,
    /// Bytes of a request's path and query together.
    pub max_path_bytes: usize,
    /// Numbers that one collection request may name.
    pub max_numbers_per_call: usize,
    /// Rows of a page when the request doesn't say
    /// (`crossbar.pagination_page_size`).
    pub page_size: usize,
    /// Rows of a page at most.
    pub max_page_size: usize,
    /// Rows of a listing that is asked for without paging (`paginate=false`);
    /// a longer one is refused, never cut.
    pub max_unpaged_rows: usize,
    /// Seconds that a client may take for a request's head, and again for its
    /// body.
    pub receive_timeout_s: u64,
    /// Seconds that requests in flight get to finish when the server stops.
    pub drain_timeout_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bucket_capacity: 100,
            bucket_refill_per_second: 10,
            activation_capacity: 100,
            activation_refill_per_second: 10,
            max_connections: 10_000,
            max_buckets: 100_000,
            max_body_bytes: 8_000_000,
            max_path_bytes: 16_384,
            max_numbers_per_call: 10_000,
            page_size: 50,
            max_page_size: 100_000,
            max_unpaged_rows: 100_000,
            receive_timeout_s: 60,
            drain_timeout_s: 30,
        }
    }
}
