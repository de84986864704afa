//! The streets that simulators know: any house in any town, and some that are
//! not there or there twice, for tests and demos.
//!
//! | asked for | found |
//! | --- | --- |
//! | `301 Marina Blvd.` | corrected: `301 MARINA BLVD`, with coordinates |
//! | `116 Natoma St`, `Apt 116`, San Francisco CA 94105 | a place in full, with the four digits after its ZIP code |
//! | `12 Sample`, or any other street without its kind | two: `12 SAMPLE ST` and `12 SAMPLE AVE` |
//! | `Marina Blvd`, without a house number | nothing |
//! | `1 Nowhere Ln`, any street with that name | nothing |

/// An address, as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// House number and street.
    pub street: String,
    /// Flat, suite, floor; empty for none.
    pub second: String,
    /// The city.
    pub city: String,
    /// The state, by its two letters.
    pub state: String,
    /// The ZIP code.
    pub zip: String,
}

/// A place that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The address in its right spelling.
    pub address: Asked,
    /// The house number alone.
    pub house: String,
    /// Degrees north.
    pub latitude: String,
    /// Degrees east.
    pub longitude: String,
    /// What follows the ZIP code.
    pub plus_four: String,
    /// An id of the place, where the vendor has such.
    pub id: String,
}

impl Place {
    /// The street without the house number.
    pub fn street_name(&self) -> &str {
        let rest = self.address.street.strip_prefix(&self.house);
        rest.unwrap_or_default().trim_start()
    }
}

const KINDS: [(&str, &str); 8] = [
    ("STREET", "ST"),
    ("AVENUE", "AVE"),
    ("BOULEVARD", "BLVD"),
    ("ROAD", "RD"),
    ("LANE", "LN"),
    ("DRIVE", "DR"),
    ("COURT", "CT"),
    ("PLACE", "PL"),
];
const UNITS: [(&str, &str); 5] = [
    ("APARTMENT", "APT"),
    ("SUITE", "STE"),
    ("FLOOR", "FL"),
    ("BUILDING", "BLDG"),
    ("ROOM", "RM"),
];

/// The places that an address may mean: none, the one, or several.
pub fn find(asked: &Asked) -> Vec<Place> {
    let street = spelled(&asked.street, &KINDS);
    let (house, name) = street.split_once(' ').unwrap_or_default();
    let is_number = house.starts_with(|first: char| ('1'..='9').contains(&first));
    if !is_number || name.contains("NOWHERE") || asked.city.is_empty() || asked.zip.is_empty() {
        return Vec::new();
    }
    let last = name.rsplit(' ').next().unwrap_or_default();
    if KINDS.iter().any(|(_, kind)| *kind == last) {
        return vec![place(asked, house, street.clone())];
    }
    let both = ["ST", "AVE"].map(|kind| place(asked, house, format!("{street} {kind}")));
    both.into()
}

fn place(asked: &Asked, house: &str, street: String) -> Place {
    let address = Asked {
        street,
        second: spelled(&asked.second, &UNITS),
        city: spelled(&asked.city, &[]),
        state: spelled(&asked.state, &[]),
        zip: asked.zip.trim().to_owned(),
    };
    let mut place = Place {
        house: house.to_owned(),
        address,
        ..Place::default()
    };
    if place.address.street == "116 NATOMA ST" && place.address.zip == "94105" {
        "37.786861".clone_into(&mut place.latitude);
        "-122.399484".clone_into(&mut place.longitude);
        "3745".clone_into(&mut place.plus_four);
        "27578725".clone_into(&mut place.id);
        return place;
    }
    let sum = checksum(&format!("{} {}", place.address.street, place.address.zip));
    place.latitude = format!("37.{:06}", sum % 1_000_000);
    place.longitude = format!("-122.{:06}", sum / 7 % 1_000_000);
    place.plus_four = format!("{:04}", sum / 3 % 10_000);
    place.id = format!("{}", 30_000_000 + sum % 1_000_000);
    place
}

/// In large letters, without dots and commas, words by their short forms.
fn spelled(text: &str, short: &[(&str, &str)]) -> String {
    let text = text.to_uppercase().replace(['.', ','], " ");
    let words = text.split_whitespace().map(|word| {
        let found = short.iter().find(|(long, _)| *long == word);
        found.map_or(word, |(_, short)| short)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The same for the same text, and spread enough.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(7, |sum: u32, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streets(street: &str) -> Vec<String> {
        let asked = Asked {
            street: street.to_owned(),
            second: "Suite 3".to_owned(),
            city: "San Rafael".to_owned(),
            state: "ca".to_owned(),
            zip: "94901".to_owned(),
        };
        let found = find(&asked).into_iter();
        found.map(|place| place.address.street).collect()
    }

    #[test]
    fn streets_are_corrected_doubled_or_missing() {
        assert_eq!(streets("301 Marina Blvd."), ["301 MARINA BLVD"]);
        assert_eq!(streets("301 marina boulevard"), ["301 MARINA BLVD"]);
        assert_eq!(streets("12 Sample"), ["12 SAMPLE ST", "12 SAMPLE AVE"]);
        for missing in ["Marina Blvd", "1 Nowhere Ln", "0 Sample St", "", "12"] {
            assert_eq!(streets(missing), [""; 0], "{missing}");
        }
    }
}
