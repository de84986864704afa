//! Descriptions taken apart: "San Francisco, CA" is a city and a state,
//! "California" a state, "Berlin" a city.

/// A city, a state or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// City, town or district.
    pub city: Option<&'a str>,
    /// State or province; of the United States and Canada by its two letters.
    pub state: Option<&'a str>,
    /// The country that the state lies in, where its letters say so.
    pub country: Option<&'static str>,
}

/// Takes the description of a number apart, which is given by its digits, or by
/// its country code alone.
///
/// ```
/// let place = places::split("1", "San Francisco, CA");
/// assert_eq!((place.city, place.state), (Some("San Francisco"), Some("CA")));
/// let place = places::split("1", "California");
/// assert_eq!((place.city, place.state), (None, Some("CA")));
/// let place = places::split("49", "Berlin");
/// assert_eq!((place.city, place.state), (Some("Berlin"), None));
/// ```
pub fn split<'a>(digits: &str, description: &'a str) -> Place<'a> {
    // No other country code begins with these.
    let (is_north_american, is_brazilian) = (digits.starts_with('1'), digits.starts_with("55"));
    let apart = description.rsplit_once(if is_brazilian { " - " } else { ", " });
    let mut place = match apart {
        Some((city, state)) => Place {
            city: Some(city),
            state: Some(state),
            country: None,
        },
        None if is_north_american => north_american(description),
        None => Place {
            city: Some(description),
            ..Place::default()
        },
    };
    if is_north_american {
        place.country = place.state.and_then(country_of);
    }
    place
}

/// A state by its name, of the states that have one number plan with the
/// United States; some area codes serve several, which are none.
fn north_american(name: &str) -> Place<'_> {
    let (city, state) = match name {
        "Washington D.C." => (Some("Washington"), Some("DC")),
        several if several.contains('/') => (None, None),
        name => match state_code(name) {
            Some(code) => (None, Some(code)),
            None => (Some(name), None),
        },
    };
    Place {
        city,
        state,
        country: None,
    }
}

/// The two letters of a state or province, by them or by its name in any
/// spelling.
pub fn state_code(name: &str) -> Option<&'static str> {
    if let Ok(index) = STATES.binary_search_by_key(&name, |(code, _, _)| code) {
        return Some(STATES[index].0);
    }
    let wanted = crate::fold(name);
    match wanted.as_str() {
        // As some of the data spells them.
        "washington state" => return Some("WA"),
        "british colombia" => return Some("BC"),
        _ => {}
    }
    let same = |text: &str| text.eq_ignore_ascii_case(&wanted);
    let state = STATES
        .iter()
        .find(|(code, _, name)| same(code) || same(name));
    state.map(|(code, _, _)| *code)
}

/// Whether two texts name one state or province, by letters or name.
///
/// ```
/// assert!(places::same_state("california", "CA"));
/// assert!(!places::same_state("CA", "CO"));
/// ```
pub fn same_state(one: &str, other: &str) -> bool {
    match (state_code(one), state_code(other)) {
        (None, None) => crate::fold(one) == crate::fold(other),
        (one, other) => one == other,
    }
}

/// `US` or `CA`, by a state's two letters.
pub fn country_of(state: &str) -> Option<&'static str> {
    STATES
        .iter()
        .find(|(code, _, _)| *code == state)
        .map(|(_, country, _)| *country)
}

/// States and provinces: letters, country, name.
const STATES: [(&str, &str, &str); 69] = [
    ("AB", "CA", "Alberta"),
    ("AK", "US", "Alaska"),
    ("AL", "US", "Alabama"),
    ("AR", "US", "Arkansas"),
    ("AS", "AS", "American Samoa"),
    ("AZ", "US", "Arizona"),
    ("BC", "CA", "British Columbia"),
    ("CA", "US", "California"),
    ("CO", "US", "Colorado"),
    ("CT", "US", "Connecticut"),
    ("DC", "US", "District of Columbia"),
    ("DE", "US", "Delaware"),
    ("FL", "US", "Florida"),
    ("GA", "US", "Georgia"),
    ("GU", "GU", "Guam"),
    ("HI", "US", "Hawaii"),
    ("IA", "US", "Iowa"),
    ("ID", "US", "Idaho"),
    ("IL", "US", "Illinois"),
    ("IN", "US", "Indiana"),
    ("KS", "US", "Kansas"),
    ("KY", "US", "Kentucky"),
    ("LA", "US", "Louisiana"),
    ("MA", "US", "Massachusetts"),
    ("MB", "CA", "Manitoba"),
    ("MD", "US", "Maryland"),
    ("ME", "US", "Maine"),
    ("MI", "US", "Michigan"),
    ("MN", "US", "Minnesota"),
    ("MO", "US", "Missouri"),
    ("MP", "MP", "Northern Mariana Islands"),
    ("MS", "US", "Mississippi"),
    ("MT", "US", "Montana"),
    ("NB", "CA", "New Brunswick"),
    ("NC", "US", "North Carolina"),
    ("ND", "US", "North Dakota"),
    ("NE", "US", "Nebraska"),
    ("NH", "US", "New Hampshire"),
    ("NJ", "US", "New Jersey"),
    ("NL", "CA", "Newfoundland and Labrador"),
    ("NM", "US", "New Mexico"),
    ("NS", "CA", "Nova Scotia"),
    ("NT", "CA", "Northwest Territories"),
    ("NU", "CA", "Nunavut"),
    ("NV", "US", "Nevada"),
    ("NY", "US", "New York"),
    ("OH", "US", "Ohio"),
    ("OK", "US", "Oklahoma"),
    ("ON", "CA", "Ontario"),
    ("OR", "US", "Oregon"),
    ("PA", "US", "Pennsylvania"),
    ("PE", "CA", "Prince Edward Island"),
    ("PR", "PR", "Puerto Rico"),
    ("QC", "CA", "Quebec"),
    ("RI", "US", "Rhode Island"),
    ("SC", "US", "South Carolina"),
    ("SD", "US", "South Dakota"),
    ("SK", "CA", "Saskatchewan"),
    ("TN", "US", "Tennessee"),
    ("TX", "US", "Texas"),
    ("UT", "US", "Utah"),
    ("VA", "US", "Virginia"),
    ("VI", "VI", "US Virgin Islands"),
    ("VT", "US", "Vermont"),
    ("WA", "US", "Washington"),
    ("WI", "US", "Wisconsin"),
    ("WV", "US", "West Virginia"),
    ("WY", "US", "Wyoming"),
    ("YT", "CA", "Yukon"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(code: &str, text: &'a str) -> (Option<&'a str>, Option<&'a str>) {
        let place = split(code, text);
        (place.city, place.state)
    }

    #[test]
    fn descriptions_come_apart() {
        for (code, text, city, state) in [
            ("1", "Jersey City, NJ", Some("Jersey City"), Some("NJ")),
            ("1", "New York", None, Some("NY")),
            ("1", "New York, NY", Some("New York"), Some("NY")),
            ("1", "Washington State", None, Some("WA")),
            ("1", "Washington D.C.", Some("Washington"), Some("DC")),
            ("1", "Nova Scotia/Prince Edward Island", None, None),
            ("1", "New Providence", Some("New Providence"), None),
            ("52", "Fresnillo, ZAC", Some("Fresnillo"), Some("ZAC")),
            ("55", "Cuiabá - MT", Some("Cuiabá"), Some("MT")),
            ("33", "Fleury-sur-Andelle", Some("Fleury-sur-Andelle"), None),
        ] {
            assert_eq!(parts(code, text), (city, state), "{text}");
        }
    }

    #[test]
    fn states_say_their_country() {
        assert_eq!(split("1", "Toronto, ON").country, Some("CA"));
        assert_eq!(split("1", "California").country, Some("US"));
        assert_eq!(split("52", "Fresnillo, ZAC").country, None);
        assert_eq!(state_code("california"), Some("CA"));
        assert_eq!(state_code("québec"), Some("QC"));
        assert_eq!(state_code("ca"), Some("CA"));
        assert_eq!(state_code("nowhere"), None);
        assert!(STATES.is_sorted());
    }
}
