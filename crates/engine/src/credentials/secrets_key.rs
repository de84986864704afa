//! The key that secrets are stored under, and their encryption with it:
//! AES-256-GCM, bound to what the secret is about.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const KEY_BYTES: usize = 32;

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key of secrets has {} hex digits", KEY_BYTES * 2)]
pub struct BadSecretsKey;

/// The key that secrets are stored under.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretsKey([u8; KEY_BYTES]);

impl fmt::Debug for SecretsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretsKey(***)")
    }
}

impl SecretsKey {
    /// From 64 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, BadSecretsKey> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            })
            .collect();
        let digits = digits.ok_or(BadSecretsKey)?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        if digits.len() != KEY_BYTES * 2 {
            return Err(BadSecretsKey);
        }
        bytes.try_into().map(Self).map_err(|_| BadSecretsKey)
    }

    /// Encrypts a text; `about` is what it must be opened with again.
    pub(super) fn seal(&self, about: &str, text: &str) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce);
        let mut sealed = text.as_bytes().to_vec();
        self.cipher()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(about.as_bytes()),
                &mut sealed,
            )
            .ok()?;
        Some(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    /// Decrypts; `None`: under another key, about something else, or changed.
    pub(super) fn open(&self, about: &str, sealed: &str) -> Option<String> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let about = Aad::from(about.as_bytes());
        let text = self
            .cipher()?
            .open_in_place(nonce, about, &mut bytes)
            .ok()?;
        String::from_utf8(text.to_vec()).ok()
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&AES_256_GCM, &self.0).ok()?;
        Some(LessSafeKey::new(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: &str) -> SecretsKey {
        SecretsKey::from_hex(&digit.repeat(64)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_about_the_same_only() {
        let sealed = key("a").seal("A/telnyx", "token").unwrap();
        assert!(!sealed.contains("token"));
        assert_eq!(key("a").open("A/telnyx", &sealed).unwrap(), "token");
        assert_eq!(key("b").open("A/telnyx", &sealed), None);
        assert_eq!(key("a").open("B/telnyx", &sealed), None);
        let mut bytes = STANDARD.decode(&sealed).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let changed = STANDARD.encode(&bytes);
            assert_eq!(key("a").open("A/telnyx", &changed), None, "byte {at}");
            bytes[at] ^= 1;
        }
        for broken in ["", "AAAA", "no base64!"] {
            assert_eq!(key("a").open("A/telnyx", broken), None);
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same() {
        let sealed = || key("a").seal("x", "token").unwrap();
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn a_key_is_64_hex_digits_and_never_shown() {
        for wrong in ["", "a", &"a".repeat(63), &"a".repeat(65), &"g".repeat(64)] {
            assert_eq!(SecretsKey::from_hex(wrong), Err(BadSecretsKey));
        }
        assert_eq!(key("A"), key("a"));
        assert!(!format!("{:?}", key("a")).contains('a'.to_string().repeat(4).as_str()));
    }
}
