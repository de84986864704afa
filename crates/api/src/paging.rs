//! Pages of listings (spec/http.md 5.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use numbers::e164::E164;
use store::Direction;

use crate::error::ApiError;
use crate::reply::PageInfo;
use crate::request::Query;
use crate::settings::Limits;

/// Which page of a listing is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Rows, at least 1; `None` for all of them (`paginate=false`).
    pub size: Option<usize>,
    /// The key of the first row, decoded.
    pub start: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// The key as it was sent.
    sent_start: Option<String>,
}

/// Tag and type of a binary in Erlang's external term format.
const BINARY: [u8; 2] = [0x83, 0x6d];

impl Paging {
    /// Reads the parameters of a listing that is ascending unless asked.
    ///
    /// # Errors
    /// 404 `faulty request` for page sizes that are none.
    pub fn read(query: &Query, limits: &Limits) -> Result<Self, ApiError> {
        let size = match query.get("page_size") {
            // `paginate=false` doesn't excuse a page size that is none.
            Some(text) => page_size(text)?,
            None => limits.page_size,
        };
        let size = size.clamp(1, limits.max_page_size.max(1));
        let sent_start = query
            .get("start_key")
            .filter(|key| !key.is_empty())
            .map(str::to_owned);
        Ok(Self {
            size: (!query.is_false("paginate")).then_some(size),
            start: sent_start.as_deref().map(decode_key),
            direction: direction(query),
            sent_start,
        })
    }

    /// The number that the page starts at. A plus that wasn't encoded, and so
    /// came as a space or not at all, is meant all the same.
    ///
    /// # Errors
    /// 404 `faulty request` for what is no number.
    pub fn start_number(&self) -> Result<Option<E164>, ApiError> {
        let Some(key) = &self.start else {
            return Ok(None);
        };
        let digits = key.trim().trim_start_matches('+');
        E164::try_from(format!("+{digits}"))
            .map(Some)
            .map_err(|_| ApiError::faulty_request("invalid start key"))
    }

    /// What the envelope says about the page; nothing without paging.
    pub fn info(&self, rows: usize, next: Option<&str>) -> Option<PageInfo> {
        self.size.map(|_| PageInfo {
            page_size: rows,
            start_key: self.sent_start.clone(),
            next_start_key: next.map(encode_key),
        })
    }
}

fn page_size(text: &str) -> Result<usize, ApiError> {
    match text.trim().parse::<i64>() {
        Ok(size) => usize::try_from(size)
            .ok()
            .filter(|size| *size > 0)
            .ok_or_else(|| ApiError::faulty_request("page size must be at least 1")),
        Err(_) => Err(ApiError::faulty_request("invalid page size")),
    }
}

/// Ascending, unless `descending=true` or `ascending=false`.
fn direction(query: &Query) -> Direction {
    if query.is_true("ascending") {
        Direction::Ascending
    } else if query.is_true("descending") || query.is_false("ascending") {
        Direction::Descending
    } else {
        Direction::Ascending
    }
}

/// A key as `next_start_key` and `start_key` carry it: base64url of the
/// external term format of a binary.
///
/// ```
/// assert_eq!(api::paging::encode_key("+14155550004"), "g20AAAAMKzE0MTU1NTUwMDA0");
/// ```
pub fn encode_key(key: &str) -> String {
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let mut term = Vec::with_capacity(key.len() + 6);
    term.extend_from_slice(&BINARY);
    term.extend_from_slice(&length.to_be_bytes());
    term.extend_from_slice(key.as_bytes());
    URL_SAFE_NO_PAD.encode(term)
}

/// Reads a key; what isn't encoded is a key as it stands.
///
/// ```
/// assert_eq!(api::paging::decode_key("g20AAAAMKzE0MTU1NTUwMDA0"), "+14155550004");
/// assert_eq!(api::paging::decode_key("+14155550004"), "+14155550004");
/// ```
pub fn decode_key(text: &str) -> String {
    encoded(text).unwrap_or_else(|| text.to_owned())
}

fn encoded(text: &str) -> Option<String> {
    let term = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let rest = term.strip_prefix(&BINARY)?;
    let (length, key) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (key.len() == length).then(|| String::from_utf8(key.to_vec()).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;

    fn read(query: &str) -> Result<Paging, ApiError> {
        Paging::read(&Query::from_text(query), &Limits::default())
    }

    #[test]
    fn sizes() {
        assert_eq!(read("").unwrap().size, Some(50));
        assert_eq!(read("page_size=7").unwrap().size, Some(7));
        assert_eq!(read("page_size=99999999999").unwrap().size, Some(100_000));
        assert_eq!(read("paginate=false").unwrap().size, None);
        assert_eq!(read("paginate=true").unwrap().size, Some(50));
        for (size, text) in [
            ("0", "page size must be at least 1"),
            ("-3", "page size must be at least 1"),
            ("abc", "invalid page size"),
            ("", "invalid page size"),
            ("1.5", "invalid page size"),
        ] {
            let error = read(&format!("page_size={size}"))
                .unwrap_err()
                .shape(Dialect::V43);
            assert_eq!(error.status, 404);
            assert_eq!(error.message, "faulty request");
            assert_eq!(error.data["message"], text);
        }
    }

    #[test]
    fn directions() {
        for (query, ascending) in [
            ("", true),
            ("ascending=true", true),
            ("ascending", true),
            ("ascending=false", false),
            ("descending=true", false),
            ("descending=false", true),
            ("ascending=true&descending=true", true),
        ] {
            let is_ascending = read(query).unwrap().direction == Direction::Ascending;
            assert_eq!(is_ascending, ascending, "{query}");
        }
    }

    #[test]
    fn keys_go_both_ways() {
        for key in ["+14155550004", "", "ü", "a".repeat(300).as_str()] {
            assert_eq!(decode_key(&encode_key(key)), key);
        }
        // Raw keys, truncated ones and other terms are taken as they stand.
        for raw in [
            "+14155550004",
            "g20AAAAMKzE0MTU1NTUwMDA",
            "g2EB",
            "%%%",
            "g20",
        ] {
            assert_eq!(decode_key(raw), raw);
        }
    }

    #[test]
    fn the_envelope_says_where_it_goes_on() {
        let paging = read("start_key=%2B1&page_size=2").unwrap();
        assert_eq!(paging.start.as_deref(), Some("+1"));
        let info = paging.info(2, Some("+3")).unwrap();
        assert_eq!(info.page_size, 2);
        assert_eq!(info.start_key.as_deref(), Some("+1"));
        assert_eq!(info.next_start_key, Some(encode_key("+3")));
        assert_eq!(read("paginate=false").unwrap().info(2, None), None);
    }
}
