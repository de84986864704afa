//! Pages of listings (spec/http.md 5.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use numbers::e164::E164;
use store::Direction;

use crate::error::ApiError;
use crate::reply::PageInfo;
use crate::request::{Incoming, Query};
use crate::settings::Limits;

/// Which page of a listing is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Rows at most, at least 1: of the page, or of the whole listing.
    pub limit: usize,
    /// All rows or a refusal (`paginate=false`), because who asks so takes what
    /// comes for everything.
    pub whole: bool,
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
    /// Reads the parameters of a listing that is ascending unless asked. A
    /// table has no place for the next page's key, so it is whole unless a page
    /// size is named.
    ///
    /// # Errors
    /// 404 `faulty request` for page sizes that are none.
    pub fn read(incoming: &Incoming, limits: &Limits) -> Result<Self, ApiError> {
        Self::of(&incoming.query, incoming.format.media.is_table(), limits)
    }

    fn of(query: &Query, table: bool, limits: &Limits) -> Result<Self, ApiError> {
        // `paginate=false` doesn't excuse a page size that is none.
        let asked = query.get("page_size").map(page_size).transpose()?;
        let whole = query.is_false("paginate") || (table && asked.is_none());
        let limit = if whole {
            limits.max_unpaged_rows
        } else {
            asked.unwrap_or(limits.page_size).min(limits.max_page_size)
        };
        let sent_start = query
            .get("start_key")
            .filter(|key| !key.is_empty())
            .map(str::to_owned);
        Ok(Self {
            limit: limit.max(1),
            whole,
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
    ///
    /// # Errors
    /// 416 for a whole listing of which this is only the beginning.
    pub fn info(&self, rows: usize, next: Option<&str>) -> Result<Option<PageInfo>, ApiError> {
        match (self.whole, next) {
            (true, Some(_)) => Err(ApiError::too_many_rows(self.limit)),
            (true, None) => Ok(None),
            (false, next) => Ok(Some(PageInfo {
                page_size: rows,
                start_key: self.sent_start.clone(),
                next_start_key: next.map(encode_key),
            })),
        }
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
        Paging::of(&Query::from_text(query), false, &Limits::default())
    }

    #[test]
    fn sizes() {
        for (query, limit, whole) in [
            ("", 50, false),
            ("page_size=7", 7, false),
            ("page_size=99999999999", 100_000, false),
            ("paginate=true", 50, false),
            ("paginate=false", 100_000, true),
            ("paginate=false&page_size=7", 100_000, true),
        ] {
            let paging = read(query).unwrap();
            assert_eq!((paging.limit, paging.whole), (limit, whole), "{query}");
        }
        let table = |query| {
            let query = Query::from_text(query);
            Paging::of(&query, true, &Limits::default()).unwrap().whole
        };
        assert!(table("") && table("start_key=x") && !table("page_size=7"));
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
        let info = paging.info(2, Some("+3")).unwrap().unwrap();
        assert_eq!(info.page_size, 2);
        assert_eq!(info.start_key.as_deref(), Some("+1"));
        assert_eq!(info.next_start_key, Some(encode_key("+3")));
    }

    #[test]
    fn what_is_asked_for_whole_is_never_cut() {
        let paging = read("paginate=false").unwrap();
        assert_eq!(paging.info(2, None).unwrap(), None);
        let refusal = paging.info(100_000, Some("+3")).unwrap_err();
        let refusal = refusal.shape(Dialect::V43);
        assert_eq!(
            (refusal.status.as_u16(), refusal.message),
            (416, "range not satisfiable")
        );
        assert!(refusal.data["message"].as_str().unwrap().contains("100000"));
    }
}
