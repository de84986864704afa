//! Tables as they come: comma, semicolon or tab between the columns, which go
//! by the names that NANPA's reports, LERG extracts and people use.

use std::io::Read;

use super::{Field, Kind, MAX_ROWS, Record, Row};
use crate::prefix_table::MAX_DIGITS;

/// The largest file, in bytes.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The longest text of a field, in bytes.
const MAX_FIELD: usize = 200;

/// A table that can't be read; `line` counts from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTable {
    /// No column says what the numbers begin with.
    #[error("no column says what numbers begin with: {wanted}; there are {found}")]
    NoPrefix {
        /// Which columns would.
        wanted: &'static str,
        /// The columns.
        found: String,
    },
    /// Nothing but a prefix is in it.
    #[error("no column says anything of the numbers; known are {known}")]
    NoField {
        /// Names of columns.
        known: String,
    },
    /// The prefix of a row is none.
    #[error("line {line}: '{text}' is not {wanted}")]
    Prefix {
        /// Where.
        line: u64,
        /// What stands there.
        text: String,
        /// What should.
        wanted: &'static str,
    },
    /// A field is too long.
    #[error("line {line}: a field is longer than {MAX_FIELD} bytes")]
    LongField {
        /// Where.
        line: u64,
    },
    /// There are too many rows.
    #[error("more than {MAX_ROWS} rows")]
    TooMany,
    /// The file is too large.
    #[error("more than {MAX_BYTES} bytes")]
    TooLarge,
    /// There are no rows.
    #[error("there are no rows")]
    Empty,
    /// It is no CSV.
    #[error("not a table: {0}")]
    Csv(String),
}

/// Which columns are what.
struct Columns {
    /// Columns that make up the prefix, in order.
    prefix: Vec<usize>,
    fields: Vec<(Field, usize)>,
}

/// Reads a table with a line of column names.
pub fn read_table(kind: Kind, from: impl Read) -> Result<Vec<Row>, BadTable> {
    let mut bytes = Vec::new();
    let csv_error = |error: String| BadTable::Csv(error);
    from.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| csv_error(error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(BadTable::TooLarge);
    }
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text);
    let header = reader
        .headers()
        .map_err(|error| csv_error(error.to_string()))?;
    let columns = Columns::new(kind, header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| csv_error(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == MAX_ROWS {
            return Err(BadTable::TooMany);
        }
        rows.push(columns.row(kind, &record, line)?);
    }
    if rows.is_empty() {
        return Err(BadTable::Empty);
    }
    Ok(rows)
}

/// Reads rows as they are stored: the prefix and every field, in order.
pub fn read_stored(text: &str) -> Result<Vec<Row>, BadTable> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| BadTable::Csv(error.to_string()))?;
        let mut row = Record::default();
        for (field, text) in Field::ALL.into_iter().zip(record.iter().skip(1)) {
            row.set(field, text);
        }
        rows.push((record.get(0).unwrap_or_default().to_owned(), row));
    }
    Ok(rows)
}

impl Columns {
    fn new(kind: Kind, header: &csv::StringRecord) -> Result<Self, BadTable> {
        let names: Vec<String> = header.iter().map(plain).collect();
        let column = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&&**name));
        let split = [
            column(&["npa"]),
            column(&["nxx"]),
            column(&["x", "block", "thousandsblock", "nxxx"]),
        ];
        let whole = match kind {
            Kind::NpaNxx => column(&["npanxx", "npanxxx", "prefix"]),
            Kind::AreaCodes => column(&["prefix", "areacode", "npa", "npaid"]),
        };
        let prefix = match (kind, whole, split) {
            (_, Some(whole), _) => vec![whole],
            (Kind::NpaNxx, None, [Some(npa), Some(nxx), block]) => {
                [npa, nxx].into_iter().chain(block).collect()
            }
            _ => {
                let wanted = match kind {
                    Kind::NpaNxx => "NPA-NXX, or NPA and NXX",
                    Kind::AreaCodes => "prefix, or NPA",
                };
                let found = header.iter().take(20).collect::<Vec<_>>().join(", ");
                return Err(BadTable::NoPrefix { wanted, found });
            }
        };
        let fields: Vec<_> = Field::ALL
            .into_iter()
            .filter_map(|field| Some((field, column(field.names())?)))
            .collect();
        if fields.is_empty() {
            let known = Field::ALL.map(|field| field.names()[0]).join(", ");
            return Err(BadTable::NoField { known });
        }
        Ok(Self { prefix, fields })
    }

    fn row(&self, kind: Kind, record: &csv::StringRecord, line: u64) -> Result<Row, BadTable> {
        if record.iter().any(|text| text.len() > MAX_FIELD) {
            return Err(BadTable::LongField { line });
        }
        let parts = self.prefix.iter().filter_map(|column| record.get(*column));
        // LERG's block 'A' is the whole NXX.
        let text: String = parts.filter(|part| *part != "A").collect();
        let prefix = prefix(kind, &text).ok_or(BadTable::Prefix {
            line,
            text,
            wanted: match kind {
                Kind::NpaNxx => "an NPA-NXX like 415-555, or a block like 415-555-1",
                Kind::AreaCodes => "an area code like 415, or a prefix like +4930",
            },
        })?;
        let mut row = Record::default();
        for (field, column) in &self.fields {
            row.set(*field, record.get(*column).unwrap_or_default());
        }
        Ok((prefix, row))
    }
}

/// What numbers begin with, the country code first.
fn prefix(kind: Kind, text: &str) -> Option<String> {
    let international = text.starts_with('+');
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, '-' | ' ' | '.' | '+'))
        .collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let north_american = digits.strip_prefix('1').unwrap_or(&digits);
    let is_area = north_american.starts_with(|c: char| ('2'..='9').contains(&c));
    match (kind, north_american.len()) {
        (Kind::NpaNxx, 6 | 7) if is_area => Some(format!("1{north_american}")),
        (Kind::AreaCodes, 3) if is_area && (!international || digits.len() == 4) => {
            Some(format!("1{north_american}"))
        }
        (Kind::AreaCodes, _) if international && (2..=MAX_DIGITS).contains(&digits.len()) => {
            Some(digits)
        }
        _ => None,
    }
}

/// A column's name without case, spaces and punctuation.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// What stands between columns: what the first line has most of.
fn delimiter(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| line.split(|byte| *byte == wanted).count();
    let best = [b',', b'\t', b';']
        .into_iter()
        .rev()
        .max_by_key(|c| count(*c));
    best.unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Result<Vec<Row>, BadTable> {
        read_table(kind, text.as_bytes())
    }

    #[test]
    fn tables_of_many_kinds_are_understood() {
        for text in [
            "NPA-NXX,RateCenter,State\n415-555,SNFC CNTRL,CA\n",
            "State\tNPA-NXX\tOCN\tCompany\tRateCenter\nCA\t415-555\t\t\tSNFC CNTRL\n",
            "npa;nxx;block;rate_center;state\r\n415;555;A;SNFC CNTRL;CA\r\n\r\n",
            "\u{feff}\"npanxx\", \"rate center\" ,state\n+1415555, SNFC CNTRL ,CA\n",
        ] {
            let rows = read(Kind::NpaNxx, text).unwrap();
            let [(prefix, record)] = &rows[..] else {
                panic!("{text}")
            };
            assert_eq!(prefix, "1415555", "{text}");
            assert_eq!(record.get(Field::RateCenter), Some("SNFC CNTRL"), "{text}");
            assert_eq!(record.get(Field::State), Some("CA"), "{text}");
            assert_eq!(record.get(Field::Lata), None, "{text}");
        }
    }

    #[test]
    fn blocks_and_area_codes_have_their_own_lengths() {
        let prefix = |kind, text: &str| prefix(kind, text);
        assert_eq!(prefix(Kind::NpaNxx, "415-555-1").unwrap(), "14155551");
        assert_eq!(prefix(Kind::NpaNxx, "415"), None);
        assert_eq!(prefix(Kind::NpaNxx, "115555"), None);
        assert_eq!(prefix(Kind::AreaCodes, "415").unwrap(), "1415");
        assert_eq!(prefix(Kind::AreaCodes, "+1415").unwrap(), "1415");
        assert_eq!(prefix(Kind::AreaCodes, "+4930").unwrap(), "4930");
        assert_eq!(prefix(Kind::AreaCodes, "+493").unwrap(), "493");
        assert_eq!(prefix(Kind::AreaCodes, "4930"), None);
        for none in ["", "+", "abc", "٤١٥", "4155551234567"] {
            assert_eq!(prefix(Kind::NpaNxx, none), None, "{none}");
            assert_eq!(prefix(Kind::AreaCodes, none), None, "{none}");
        }
    }

    #[test]
    fn stored_rows_read_back() {
        let mut record = Record::default();
        record.set(Field::Company, "A, \"B\"\nC");
        record.set(Field::TimeZone, "America/New_York");
        let mut writer = csv::Writer::from_writer(Vec::new());
        let texts = record.texts();
        writer
            .write_record(std::iter::once("1415555").chain(texts))
            .unwrap();
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let rows = read_stored(&text).unwrap();
        assert_eq!(rows, [("1415555".to_owned(), record)]);
    }

    #[test]
    fn refusals_say_what_and_where() {
        let long = format!("npanxx,company\n415555,{}\n", "x".repeat(201));
        for (text, expected) in [
            ("a,b\n1,2\n", "NPA-NXX, or NPA and NXX; there are a, b"),
            ("npa,company\n415,x\n", "no column says what"),
            ("npanxx,nothing\n415555,x\n", "known are country, state"),
            (
                "npanxx,company\n415555,x\n4155,y\n",
                "line 3: '4155' is not an NPA-NXX",
            ),
            ("npanxx,company\n", "there are no rows"),
            ("", "no column says what"),
            (&long, "line 2: a field is longer than 200 bytes"),
        ] {
            let error = read(Kind::NpaNxx, text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let binary = read_table(Kind::NpaNxx, &[0xff, 0xfe, b'\n', 0xff][..]);
        assert!(binary.unwrap_err().to_string().contains("UTF-8"));
    }
}
