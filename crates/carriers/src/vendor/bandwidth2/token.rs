//! OAuth 2 client credentials: one token for all requests, renewed before it
//! ends, by one request at a time.

use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::Mutex;

use crate::{CarrierError, Failure};
use outside::http::Client;
use outside::settings::Secret;

/// How long a token is good whose end the vendor doesn't tell, in seconds.
const UNTOLD_S: u64 = 300;
/// The longest that a token is believed to be good, in seconds.
const LONGEST_S: u64 = 86_400;

/// The token of one account.
pub struct Tokens {
    id: String,
    secret: Secret,
    current: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    /// From then on another one is fetched.
    stale: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
}

impl Tokens {
    /// Tokens for these client credentials.
    pub fn new(id: String, secret: Secret) -> Self {
        Self {
            id,
            secret,
            current: Mutex::new(None),
        }
    }

    /// A token that is good for a while. Who needs one while it is fetched waits
    /// for that request instead of sending another.
    pub async fn current(&self, client: &Client) -> Result<String, CarrierError> {
        let mut current = self.current.lock().await;
        if let Some(token) = &*current
            && Instant::now() < token.stale
        {
            return Ok(token.text.clone());
        }
        let granted = self.fetch(client).await.map_err(|error| CarrierError {
            // Whatever the token was wanted for hasn't been sent.
            failure: match error.failure {
                Failure::Unknown => Failure::NotSent,
                certain => certain,
            },
            reason: format!("no token: {}", error.reason),
            ..error
        })?;
        let token = current.insert(Token {
            text: granted.access_token,
            stale: Instant::now() + fresh_for(granted.expires_in),
        });
        Ok(token.text.clone())
    }

    /// The vendor doesn't take this token any more.
    pub async fn forget(&self, text: &str) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| token.text == text) {
            *current = None;
        }
    }

    async fn fetch(&self, client: &Client) -> Result<Granted, CarrierError> {
        let answer = client
            .log_in(client.url(["oauth2", "token"]))
            .basic(&self.id, &self.secret.0)
            .form(&[("grant_type", "client_credentials")])
            .send()
            .await?;
        if !(200..300).contains(&answer.status) {
            // Not its body: nobody knows what a server puts there.
            let reason = format!("HTTP {}", answer.status);
            return Err(answer.status_error(reason));
        }
        let granted: Granted = serde_json::from_slice(&answer.body)
            .map_err(|_| answer.garbled("it holds no access_token"))?;
        if granted.access_token.is_empty() {
            return Err(answer.garbled("its access_token is empty"));
        }
        Ok(granted)
    }
}

/// How long a token is used of the seconds that it is good for: it is renewed
/// when a tenth is left.
fn fresh_for(expires_in: Option<u64>) -> Duration {
    let seconds = expires_in.unwrap_or(UNTOLD_S).min(LONGEST_S);
    Duration::from_secs(seconds) * 9 / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        assert_eq!(fresh_for(Some(3600)), Duration::from_mins(54));
        assert_eq!(fresh_for(Some(0)), Duration::ZERO);
        assert!(fresh_for(None) < Duration::from_secs(UNTOLD_S));
        assert!(fresh_for(Some(u64::MAX)) < Duration::from_secs(LONGEST_S));
    }
}
