//! Token buckets: what keeps strangers from guessing passwords and accounts
//! from activating without end (spec/http.md 8).

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use numbers::account::AccountId;

use crate::request::Tokens;
use crate::settings::Limits;

/// Whether a call may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Granted(Tokens),
    /// Not now.
    Refused {
        /// What the answer says of the bucket.
        tokens: Tokens,
        /// Seconds until the next call may go on, at least 1.
        retry_after: u64,
    },
}

/// The buckets of clients without a valid token, and those of accounts'
/// activations.
pub struct Buckets<C: Clock + Clone = DefaultClock> {
    clients: Limiter<(IpAddr, Option<AccountId>), C>,
    activations: Limiter<Option<AccountId>, C>,
}

impl Buckets {
    /// Full buckets.
    pub fn new(limits: &Limits) -> Self {
        Self::with_clock(limits, &DefaultClock::default())
    }
}

impl<C: Clock + Clone> Buckets<C> {
    /// Full buckets that fill by another clock.
    pub fn with_clock(limits: &Limits, clock: &C) -> Self {
        let max = limits.max_buckets;
        let clients = quota(limits.bucket_capacity, limits.bucket_refill_per_second);
        let activations = quota(
            limits.activation_capacity,
            limits.activation_refill_per_second,
        );
        Self {
            clients: Limiter::new(clients, max, clock.clone()),
            activations: Limiter::new(activations, max, clock.clone()),
        }
    }

    /// Takes one token from the bucket of a client without a valid token.
    pub fn draw(&self, client: IpAddr, account: Option<&AccountId>) -> Decision {
        let shared = (IpAddr::from([0, 0, 0, 0]), None);
        self.clients
            .draw((network(client), account.cloned()), shared)
    }

    /// Takes one token from an account's bucket of activations
    /// (spec/http.md 8.2).
    pub fn draw_activation(&self, account: &AccountId) -> Decision {
        self.activations.draw(Some(account.clone()), None)
    }
}

/// The part of an address that one client can't change at will: a /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// `None` for no limit: where one of the two is 0.
fn quota(capacity: u32, per_second: u32) -> Option<Quota> {
    let refill = Quota::per_second(NonZeroU32::new(per_second)?);
    Some(refill.allow_burst(NonZeroU32::new(capacity)?))
}

type Keyed<K, C> = RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>;

/// Buckets by key, at most `max` of them; full ones are forgotten first, and
/// when all are in use, newcomers share one.
struct Limiter<K: Hash + Eq + Clone, C: Clock + Clone> {
    buckets: Option<Keyed<K, C>>,
    clock: C,
    max: usize,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    fn new(quota: Option<Quota>, max: usize, clock: C) -> Self {
        let buckets = quota.map(|quota| {
            let store = DashMapStateStore::default();
            Keyed::new(quota, store, clock.clone())
        });
        Self {
            buckets,
            clock,
            max,
        }
    }

    fn draw(&self, key: K, shared: K) -> Decision {
        let Some(buckets) = &self.buckets else {
            return Decision::Granted(Tokens {
                consumed: 0,
                remaining: 0,
            });
        };
        let key = if buckets.len() < self.max {
            key
        } else {
            buckets.retain_recent();
            if buckets.len() < self.max {
                key
            } else {
                shared
            }
        };
        match buckets.check_key(&key) {
            Ok(left) => Decision::Granted(Tokens {
                consumed: 1,
                remaining: left.remaining_burst_capacity(),
            }),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Decision::Refused {
                    tokens: Tokens {
                        consumed: 0,
                        remaining: 0,
                    },
                    retry_after: retry_after.max(1),
                }
            }
        }
    }
}
