//! The embedded file: three tables, the names of countries, and where all of
//! it comes from. `data/NOTICE` says whose it is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::prefix_table::{Found, PrefixTable, section, write_section};

const FILE: &[u8] = include_bytes!("../data/geodata.bin");

/// What the file begins with: its kind and its version.
const MAGIC: &[u8] = b"numberd geodata 1\n";

static EMBEDDED: LazyLock<Geodata<'static>> =
    LazyLock::new(|| Geodata::read(FILE).expect("the embedded file is whole, as every test shows"));

/// libphonenumber's data of the whole world, in English.
#[derive(Clone, Copy, Debug)]
pub struct Geodata<'a> {
    version: &'a str,
    released: &'a str,
    places: PrefixTable<'a>,
    carriers: PrefixTable<'a>,
    time_zones: PrefixTable<'a>,
    countries: &'a str,
}

/// What a file is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// libphonenumber's version.
    pub version: String,
    /// The day of its release, like `2026-11-06`.
    pub released: String,
    /// Prefix → description of the place.
    pub places: BTreeMap<String, String>,
    /// Prefix → carrier that the block was given to.
    pub carriers: BTreeMap<String, String>,
    /// Prefix → time zones, a space between them.
    pub time_zones: BTreeMap<String, String>,
    /// ISO 3166-1 code → name.
    pub countries: BTreeMap<String, String>,
}

impl Geodata<'static> {
    /// The data that the program was built with.
    ///
    /// ```
    /// let geodata = places::Geodata::embedded();
    /// let found = geodata.place("14155550100").unwrap();
    /// assert_eq!(found.name, "San Francisco, CA");
    /// assert_eq!(geodata.country_name("DE"), Some("Germany"));
    /// ```
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }
}

impl<'a> Geodata<'a> {
    /// Reads a file; `None`: it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let text = |rest: &mut &'a [u8]| std::str::from_utf8(section(rest)?).ok();
        let geodata = Self {
            version: text(&mut rest)?,
            released: text(&mut rest)?,
            places: PrefixTable::read(&mut rest)?,
            carriers: PrefixTable::read(&mut rest)?,
            time_zones: PrefixTable::read(&mut rest)?,
            countries: text(&mut rest)?,
        };
        rest.is_empty().then_some(geodata)
    }

    /// Writes a file; `None`: a prefix is none, or there is too much of it.
    pub fn write(source: &Source) -> Option<Vec<u8>> {
        let mut bytes = MAGIC.to_vec();
        write_section(source.version.as_bytes(), &mut bytes)?;
        write_section(source.released.as_bytes(), &mut bytes)?;
        for table in [&source.places, &source.carriers, &source.time_zones] {
            let pairs = table.iter().map(|(prefix, name)| (&**prefix, &**name));
            PrefixTable::write(pairs, &mut bytes)?;
        }
        let mut countries = String::new();
        for (code, name) in &source.countries {
            countries.push_str(code);
            countries.push_str(name);
            countries.push('\n');
        }
        write_section(countries.as_bytes(), &mut bytes)?;
        Some(bytes)
    }

    /// libphonenumber's version.
    pub const fn version(&self) -> &'a str {
        self.version
    }

    /// The day of its release.
    pub const fn released(&self) -> &'a str {
        self.released
    }

    /// The place of a number, given by its digits with the country code.
    pub fn place(&self, digits: &str) -> Option<Found<'a>> {
        self.places.longest(digits)
    }

    /// The carrier that a number's block was given to; a ported number may
    /// belong to another.
    pub fn carrier(&self, digits: &str) -> Option<Found<'a>> {
        self.carriers.longest(digits)
    }

    /// The time zones of a number, a space between them.
    pub fn time_zones(&self, digits: &str) -> Option<Found<'a>> {
        self.time_zones.longest(digits)
    }

    /// The name of the country with an ISO 3166-1 code.
    pub fn country_name(&self, code: &str) -> Option<&'a str> {
        let mut countries = self.countries.lines();
        let name = countries.find_map(|line| line.strip_prefix(code))?;
        (code.len() == 2).then_some(name)
    }

    /// The table of places, to be read whole.
    pub const fn places(&self) -> &PrefixTable<'a> {
        &self.places
    }

    /// The table of carriers, to be read whole.
    pub const fn carriers(&self) -> &PrefixTable<'a> {
        &self.carriers
    }

    /// The table of time zones, to be read whole.
    pub const fn time_zone_table(&self) -> &PrefixTable<'a> {
        &self.time_zones
    }

    /// How many prefixes all tables have.
    pub const fn prefixes(&self) -> usize {
        self.places.len() + self.carriers.len() + self.time_zones.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_holds_the_world_in_three_megabytes() {
        let geodata = Geodata::embedded();
        assert!(FILE.len() <= 3_000_000, "{} bytes", FILE.len());
        assert!(geodata.places.len() > 280_000);
        assert!(geodata.carriers.len() > 29_000);
        assert!(geodata.time_zones.len() > 3_000);
        assert!(geodata.version().starts_with(|c: char| c.is_ascii_digit()));
        assert_eq!(geodata.released().len(), "2026-01-31".len());
        assert!(geodata.countries.lines().count() > 240);
        assert_eq!(geodata.country_name("CI"), Some("Côte d'Ivoire"));
        for none in ["", "D", "DEU", "XX", "de"] {
            assert_eq!(geodata.country_name(none), None, "{none}");
        }
    }

    #[test]
    fn a_file_reads_back_as_it_was_written() {
        let pair = |prefix: &str, name: &str| (prefix.to_owned(), name.to_owned());
        let source = Source {
            version: "1.2".to_owned(),
            released: "2020-01-02".to_owned(),
            places: [pair("4930", "Berlin")].into(),
            carriers: [pair("49151", "Carrier")].into(),
            time_zones: [pair("49", "Europe/Berlin Europe/Busingen")].into(),
            countries: [pair("DE", "Germany"), pair("FR", "France")].into(),
        };
        let bytes = Geodata::write(&source).unwrap();
        let read = Geodata::read(&bytes).unwrap();
        assert_eq!((read.version(), read.released()), ("1.2", "2020-01-02"));
        assert_eq!(read.place("4930123").unwrap().name, "Berlin");
        assert_eq!(read.carrier("49151123").unwrap().name, "Carrier");
        let zones = read.time_zones("49151123").unwrap().name;
        assert_eq!(zones, "Europe/Berlin Europe/Busingen");
        assert_eq!(read.country_name("FR"), Some("France"));
        assert_eq!(read.prefixes(), 3);
        assert!(Geodata::read(&bytes[1..]).is_none());
        assert!(Geodata::read(&bytes[..bytes.len() - 1]).is_none());
    }
}
