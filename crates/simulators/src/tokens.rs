//! Access tokens that a vendor gives out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, header};

/// The tokens of one vendor.
#[derive(Debug)]
pub struct Tokens(Mutex<State>);

#[derive(Debug)]
struct State {
    issued: usize,
    /// Those before it are good no more.
    revoked: usize,
    lifetime_s: u64,
    broken: bool,
}

impl Default for Tokens {
    fn default() -> Self {
        Self(Mutex::new(State {
            issued: 0,
            revoked: 0,
            lifetime_s: 3600,
            broken: false,
        }))
    }
}

impl Tokens {
    /// A new token, and how many seconds the vendor says that it is good;
    /// `None`: it was told to break.
    pub fn issue(&self) -> Option<(String, u64)> {
        let mut state = self.lock();
        if state.broken {
            return None;
        }
        state.issued += 1;
        Some((format!("token-{}", state.issued), state.lifetime_s))
    }

    /// From now on none is given out: whoever asks meets a 500.
    pub fn set_broken(&self) {
        self.lock().broken = true;
    }

    /// How many were given out.
    pub fn issued(&self) -> usize {
        self.lock().issued
    }

    /// How many seconds the vendor says that tokens are good from now on.
    pub fn set_lifetime_s(&self, seconds: u64) {
        self.lock().lifetime_s = seconds;
    }

    /// Takes back all that were given out.
    pub fn revoke(&self) {
        let mut state = self.lock();
        state.revoked = state.issued;
    }

    /// Whether a request bears a good one.
    pub(crate) fn accepts(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION);
        let sent = sent.and_then(|value| value.to_str().ok());
        let number = sent.and_then(|sent| sent.strip_prefix("Bearer token-")?.parse().ok());
        let state = self.lock();
        number.is_some_and(|number: usize| number > state.revoked && number <= state.issued)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
