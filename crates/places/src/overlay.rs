//! What an operator knows better or earlier: tables of NPA-NXX(-X) blocks with
//! rate center, LATA, OCN, switch and company, and area codes that the
//! embedded data doesn't have yet. Read from CSV, looked up by the longest
//! prefix.

mod read;

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

pub use read::{BadTable, read_stored, read_table};

use crate::prefix_table::{key, longest, text_of};

/// The most rows of one table: every thousands block of North America twice
/// over.
pub const MAX_ROWS: usize = 1_000_000;

/// What a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Blocks of the North American plan.
    NpaNxx,
    /// Area codes, of any country.
    AreaCodes,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::NpaNxx, Self::AreaCodes];

    /// The kind as it is typed and stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NpaNxx => "npa-nxx",
            Self::AreaCodes => "area-codes",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no kind of table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a kind of table; kinds are npa-nxx and area-codes")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// What a row can say of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// ISO 3166-1 code.
    Country,
    /// State or province, two letters in North America.
    State,
    /// City.
    City,
    /// Rate center.
    RateCenter,
    /// LATA.
    Lata,
    /// Operating company number.
    Ocn,
    /// The company that holds the block.
    Company,
    /// Switch (CLLI).
    Switch,
    /// `WIRELESS`, `LANDLINE`, ….
    LineType,
    /// Postal code.
    PostalCode,
    /// IANA name.
    TimeZone,
}

impl Field {
    /// Every field, in the order in which rows are stored.
    pub const ALL: [Self; 11] = [
        Self::Country,
        Self::State,
        Self::City,
        Self::RateCenter,
        Self::Lata,
        Self::Ocn,
        Self::Company,
        Self::Switch,
        Self::LineType,
        Self::PostalCode,
        Self::TimeZone,
    ];

    /// Its name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::State => "state",
            Self::City => "city",
            Self::RateCenter => "rate_center",
            Self::Lata => "lata",
            Self::Ocn => "ocn",
            Self::Company => "company",
            Self::Switch => "switch",
            Self::LineType => "type",
            Self::PostalCode => "postal_code",
            Self::TimeZone => "time_zone",
        }
    }

    /// What a column of this field may be called, without case, spaces and
    /// punctuation.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Country => &["country"],
            Self::State => &["state", "province", "location"],
            Self::City => &["city", "locality"],
            Self::RateCenter => &["ratecenter", "ratecentre", "rc"],
            Self::Lata => &["lata"],
            Self::Ocn => &["ocn"],
            Self::Company => &["company", "companyname", "carrier", "ocnname"],
            Self::Switch => &["switch", "clli", "switchclli"],
            Self::LineType => &["type", "linetype"],
            Self::PostalCode => &["postalcode", "zip", "zipcode"],
            Self::TimeZone => &["timezone"],
        }
    }
}

/// What a row says, without its prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record([Option<Box<str>>; Field::ALL.len()]);

impl Record {
    /// One field.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0[field as usize].as_deref()
    }

    /// Sets a field; an empty text is none.
    pub fn set(&mut self, field: Field, text: &str) {
        self.0[field as usize] = (!text.is_empty()).then(|| text.into());
    }

    /// Every field as text, in the order in which rows are stored.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|text| text.as_deref().unwrap_or(""))
    }
}

/// A row: what numbers begin with, the country code first, and what is known
/// of them.
pub type Row = (String, Record);

/// What a loaded table says of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    texts: &'a [Box<str>],
    fields: &'a Fields,
}

impl<'a> Said<'a> {
    /// One field.
    pub fn get(self, field: Field) -> Option<&'a str> {
        let index = self.fields[field as usize].checked_sub(1)?;
        let text = self.texts.get(usize::try_from(index).ok()?)?;
        Some(text)
    }

    /// The city by the name that is known: its own, else the rate center's.
    pub fn place_name(self) -> Option<&'a str> {
        self.get(Field::City)
            .or_else(|| self.get(Field::RateCenter))
    }
}

/// Of each field, the index of its text and one more; 0: there is none.
type Fields = [u32; Field::ALL.len()];

/// A loaded table, ready to be looked up. Texts and rows that many prefixes
/// have in common are kept once.
#[derive(Clone, Debug)]
pub struct Overlay {
    kind: Kind,
    keys: Vec<[u8; 4]>,
    /// Of each key, the index of its record.
    values: Vec<u32>,
    records: Vec<Fields>,
    texts: Vec<Box<str>>,
}

/// A table in the making, so that the rows needn't all be there at once.
#[derive(Debug)]
pub struct Builder {
    kind: Kind,
    /// Key, order of arrival, index of the record.
    rows: Vec<(u32, u32, u32)>,
    records: HashMap<Fields, u32>,
    texts: HashMap<Box<str>, u32>,
}

impl Builder {
    /// An empty table.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            rows: Vec::new(),
            records: HashMap::new(),
            texts: HashMap::new(),
        }
    }

    /// Adds rows, up to [`MAX_ROWS`]; those whose prefix is none are passed
    /// over.
    pub fn add(&mut self, rows: impl IntoIterator<Item = Row>) {
        for (prefix, record) in rows {
            let Some(key) = key(&prefix).filter(|_| self.rows.len() < MAX_ROWS) else {
                continue;
            };
            let mut fields = Fields::default();
            for (field, text) in fields.iter_mut().zip(record.0) {
                if let Some(text) = text {
                    *field = index_of(&mut self.texts, text) + 1;
                }
            }
            let order = count(self.rows.len());
            let value = index_of(&mut self.records, fields);
            self.rows.push((key, order, value));
        }
    }

    /// The table; of two rows with one prefix the later one counts.
    pub fn build(mut self) -> Overlay {
        self.rows
            .sort_unstable_by_key(|(key, order, _)| (*key, std::cmp::Reverse(*order)));
        self.rows.dedup_by_key(|(key, _, _)| *key);
        let keys = self.rows.iter().map(|(key, _, _)| key.to_le_bytes());
        Overlay {
            kind: self.kind,
            keys: keys.collect(),
            values: self.rows.iter().map(|(_, _, value)| *value).collect(),
            records: by_index(self.records),
            texts: by_index(self.texts),
        }
    }
}

/// The index of a thing among those that were seen, a new one for a new thing.
fn index_of<T: Eq + Hash>(seen: &mut HashMap<T, u32>, thing: T) -> u32 {
    let next = count(seen.len());
    *seen.entry(thing).or_insert(next)
}

/// There are at most [`MAX_ROWS`] times the fields of a row.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn by_index<T>(seen: HashMap<T, u32>) -> Vec<T> {
    let mut things: Vec<(T, u32)> = seen.into_iter().collect();
    things.sort_unstable_by_key(|(_, index)| *index);
    things.into_iter().map(|(thing, _)| thing).collect()
}

impl Overlay {
    /// A table of rows.
    pub fn new(kind: Kind, rows: impl IntoIterator<Item = Row>) -> Self {
        let mut builder = Builder::new(kind);
        builder.add(rows);
        builder.build()
    }

    /// What it is about.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How many prefixes it knows.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it knows none.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What is known of a number, given by its digits with the country code,
    /// and how many of them decided.
    pub fn find(&self, digits: &str) -> Option<(usize, Said<'_>)> {
        let (index, digits) = longest(&self.keys, digits)?;
        Some((digits, self.said(index)?))
    }

    /// Every prefix with what is known of it, ascending.
    pub fn rows(&self) -> impl Iterator<Item = (String, Said<'_>)> {
        let keys = self
            .keys
            .iter()
            .map(|key| text_of(u32::from_le_bytes(*key)));
        let rows = keys.enumerate();
        rows.filter_map(|(index, prefix)| Some((prefix, self.said(index)?)))
    }

    fn said(&self, index: usize) -> Option<Said<'_>> {
        let value = usize::try_from(*self.values.get(index)?).ok()?;
        Some(Said {
            texts: &self.texts,
            fields: self.records.get(value)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(prefix: &str, city: &str) -> Row {
        let mut record = Record::default();
        record.set(Field::City, city);
        (prefix.to_owned(), record)
    }

    #[test]
    fn the_longest_prefix_and_the_latest_row_win() {
        let rows = [
            row("1415555", "A"),
            row("14155551", "B"),
            row("1415555", "C"),
            row("not digits", "D"),
            row("1415555100000", "D"),
            row("1416555", "C"),
        ];
        let overlay = Overlay::new(Kind::NpaNxx, rows);
        let city = |digits| {
            let (digits, said) = overlay.find(digits)?;
            Some((digits, said.get(Field::City)?))
        };
        assert_eq!(overlay.len(), 3);
        assert_eq!(city("14155550100"), Some((7, "C")));
        assert_eq!(city("14155551100"), Some((8, "B")));
        assert_eq!(city("14165551100"), Some((7, "C")));
        assert_eq!(city("14155560100"), None);
        let prefixes: Vec<_> = overlay.rows().map(|(prefix, _)| prefix).collect();
        assert_eq!(prefixes, ["1415555", "14155551", "1416555"]);
        assert!(Overlay::new(Kind::NpaNxx, []).is_empty());
    }

    #[test]
    fn kinds_have_names() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "lerg".parse::<Kind>().unwrap_err().to_string();
        assert!(error.contains("'lerg'") && error.contains("npa-nxx"));
    }
}
