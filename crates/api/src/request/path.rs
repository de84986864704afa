//! Paths into tokens (spec/http.md 1.3).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::error::ApiError;

/// What stays as it is when a path is written for the router.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'_')
    .remove(b'-')
    .remove(b'.')
    .remove(b'+');

/// Takes the version off a path: `/v2/a/b` → `(2, "a/b")`. `None` for a path
/// outside of the versioned API.
pub(super) fn version(path: &str) -> Option<(u32, &str)> {
    let rest = path.strip_prefix("/v")?;
    let (number, rest) = rest.split_once('/').unwrap_or((rest, ""));
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, rest))
}

/// Splits at slashes, drops the empty tail, decodes each token once. A plus is
/// a plus.
pub(super) fn tokens(path: &str) -> Result<Vec<String>, ApiError> {
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        return Ok(Vec::new());
    }
    path.split('/')
        .map(|token| {
            if !token.contains('%') {
                return Ok(token.to_owned());
            }
            let mut bytes = Vec::with_capacity(token.len());
            bytes.extend(percent_decode_str(token));
            String::from_utf8(bytes)
                .map_err(|_| ApiError::unreadable("the path is not UTF-8 after percent-decoding"))
        })
        .collect()
}

/// The one spelling of a path that the router knows.
pub(super) fn for_router(tokens: &[String]) -> String {
    let mut path = String::from("/v2");
    for token in tokens {
        path.push('/');
        path.extend(utf8_percent_encode(token, PLAIN));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_integers() {
        assert_eq!(version("/v2/accounts/x"), Some((2, "accounts/x")));
        assert_eq!(version("/v1"), Some((1, "")));
        assert_eq!(version("/v10/"), Some((10, "")));
        for path in [
            "/v/x",
            "/vx/y",
            "/v+2/x",
            "/v2x/y",
            "/healthz",
            "/",
            "",
            "/v99999999999/x",
        ] {
            assert_eq!(version(path), None, "{path}");
        }
    }

    #[test]
    fn tokens_are_decoded_once_and_plus_stays() {
        let tokens = |path| tokens(path).unwrap();
        assert_eq!(tokens("a/+1415/b"), ["a", "+1415", "b"]);
        assert_eq!(tokens("a/%2B1415/"), ["a", "+1415"]);
        assert_eq!(tokens("%252B//x"), ["%2B", "", "x"]);
        assert_eq!(tokens("J%C3%BCrgen%20x"), ["Jürgen x"]);
        assert_eq!(tokens("a%2Fb"), ["a/b"]);
        assert_eq!(tokens("//"), Vec::<String>::new());
        assert!(super::tokens("%FF").is_err());
    }

    #[test]
    fn the_router_sees_one_spelling() {
        let path = |text| for_router(&tokens(text).unwrap());
        assert_eq!(path("phone_numbers/%2B1415/"), "/v2/phone_numbers/+1415");
        assert_eq!(path("%61ccounts/a%2Fb"), "/v2/accounts/a%2Fb");
        assert_eq!(path(""), "/v2");
    }
}
