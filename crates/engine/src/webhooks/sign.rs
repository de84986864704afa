//! Signatures of deliveries, as Standard Webhooks has them: HMAC-SHA256 over
//! id, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use outside::settings::Secret;
use sha2::Sha256;

const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
const MADE_UP: usize = 32;

/// A new secret.
pub(super) fn new_secret() -> Secret {
    let mut bytes = [0; MADE_UP];
    rand::fill(&mut bytes);
    Secret(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// Whether a text can be a secret.
pub(super) fn is_secret(text: &str) -> bool {
    key(text).is_some_and(|key| LENGTHS.contains(&key.len()))
}

fn key(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()
}

/// The header `webhook-signature`.
pub(super) fn signature(secret: &Secret, id: &str, unix: u64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key(&secret.0)?).ok()?;
    mac.update(format!("{id}.{unix}.").as_bytes());
    mac.update(body);
    Some(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with another implementation: `openssl dgst -sha256 -hmac`.
    #[test]
    fn signatures_are_what_others_compute() {
        let secret = Secret(format!("{PREFIX}{}", STANDARD.encode([b'k'; 24])));
        let signed = signature(&secret, "msg_1", 1_700_000_000, b"{\"a\":1}").unwrap();
        assert_eq!(signed, "v1,bYr7Rz93bX8WqNI5XVthzq7NE/LcYrDkos9dgSLYHOc=");
    }

    #[test]
    fn secrets_are_long_enough() {
        assert!(is_secret(&new_secret().0));
        assert_ne!(new_secret(), new_secret());
        for length in [24, 64] {
            let text = format!("{PREFIX}{}", STANDARD.encode(vec![1; length]));
            assert!(is_secret(&text), "{length}");
        }
        let short = format!("{PREFIX}{}", STANDARD.encode([1; 23]));
        let long = format!("{PREFIX}{}", STANDARD.encode([1; 65]));
        for text in ["", PREFIX, "x", &short, &long, &short[6..]] {
            assert!(!is_secret(text), "{text}");
        }
    }
}
