//! Locations as the vendor writes them.

use outside::xml::{Element, Writer};
use serde_json::{Map, Value, json};

use crate::address::{is_same, is_same_caller};
use crate::{Address, Checked, Located};

/// The vendor's elements, and the `e911` fields that they are, as the document
/// that the API began with puts them.
const FIELDS: [(&str, &str); 14] = [
    ("address1", "street_address"),
    ("address2", "extended_address"),
    ("callername", "caller_name"),
    ("community", "locality"),
    ("latitude", "latitude"),
    ("longitude", "longitude"),
    ("locationid", "location_id"),
    ("plusfour", "plus_four"),
    ("postalcode", "postal_code"),
    ("state", "region"),
    ("customerorderid", "order_id"),
    ("activatedtime", "activated_time"),
    ("activated_time", "activated_time"),
    ("comments", "comments"),
];
const LEGACY: [(&str, &str); 4] = [
    ("housenumber", "house_number"),
    ("predirectional", "predirectional"),
    ("streetname", "streetname"),
    ("suite", "suite"),
];

/// The `location` of a request.
pub fn written(document: Writer, fields: &Map<String, Value>) -> Writer {
    let field = |name: &str| fields.get(name).and_then(Value::as_str);
    document
        .open("location")
        .text_if("address1", field("street_address"))
        .text_if("address2", field("extended_address"))
        .text_if("community", field("locality"))
        .text_if("state", field("region"))
        .text_if("postalcode", field("postal_code"))
        .text("type", "ADDRESS")
        .close("location")
}

/// Code and description of a status of this name.
pub fn status_of(root: &Element, name: &str) -> Option<(String, String)> {
    let status = root.find(name)?;
    let code = status.text_of("code")?.to_owned();
    let description = status.text_of("description").unwrap_or(&code).to_owned();
    Some((code, description))
}

/// What an answer says of the locations in it.
pub enum Verdict {
    /// The vendor knows these, at least one.
    Good(Vec<Location>),
    /// It says no: `INVALID` or `ERROR`, and why.
    Bad { code: String, description: String },
    /// A code that isn't in its documents.
    Strange { code: String, description: String },
}

/// Reads the status of each location: a reply may hold several. One without a
/// status of its own has that of the others, but isn't in force because another
/// one is.
pub fn verdict(root: &Element) -> Result<Verdict, &'static str> {
    let locations = Location::all(root);
    if locations.is_empty() {
        return Err("it holds no Location");
    }
    let Some(shared) = locations
        .iter()
        .find_map(|location| location.status.clone())
    else {
        return Err("no Location has a status");
    };
    let mut good = Vec::new();
    let mut invalid = None;
    let mut other = None;
    for mut location in locations {
        let (code, description) = match &location.status {
            Some(own) => own.clone(),
            None if shared.0 == "PROVISIONED" => ("GEOCODED".to_owned(), String::new()),
            None => shared.clone(),
        };
        match code.as_str() {
            "GEOCODED" | "PROVISIONED" => {
                location.set_status(&code);
                good.push(location);
            }
            "INVALID" => invalid = invalid.or(Some((code, description))),
            _ => other = other.or(Some((code, description))),
        }
    }
    if !good.is_empty() {
        return Ok(Verdict::Good(good));
    }
    let (code, description) = invalid.or(other).ok_or("no Location has a status")?;
    Ok(match code.as_str() {
        "INVALID" | "ERROR" => Verdict::Bad { code, description },
        _ => Verdict::Strange { code, description },
    })
}

/// Which of the locations that the vendor knows is meant: the only one, the one
/// that is word by word what was asked for, or the one that was chosen. The
/// words count first: a choice may be left over from the address before.
pub fn meant(mut found: Vec<Location>, address: &Address) -> Checked {
    for location in &mut found {
        location.call(&address.caller_name);
    }
    let chosen = address.location_id.as_deref();
    let asked = address.fields();
    let is_chosen = |one: &Location| chosen.is_some() && one.id() == chosen;
    let is_asked = |one: &Location| one.is_at(&asked);
    let meant = match found.as_slice() {
        [_] => Some(0),
        several => several
            .iter()
            .position(|one| is_chosen(one) && is_asked(one))
            .or_else(|| several.iter().position(is_asked))
            .or_else(|| several.iter().position(is_chosen)),
    };
    match meant {
        Some(meant) => Checked::Found(found.swap_remove(meant).checked()),
        None => Checked::Several(found.into_iter().map(Location::checked).collect()),
    }
}

/// One location.
#[derive(Clone, Debug)]
pub struct Location {
    fields: Map<String, Value>,
    status: Option<(String, String)>,
}

impl Location {
    /// Every location of an answer, in its order: `Location`, in lists
    /// `Locations`.
    pub fn all(root: &Element) -> Vec<Self> {
        let mut elements = root.all("Location");
        elements.extend(root.all("Locations"));
        elements.into_iter().map(Self::read).collect()
    }

    fn read(element: &Element) -> Self {
        let mut fields = texts(element, &FIELDS);
        let status = status_of(element, "status");
        if let Some((code, _)) = &status {
            fields.insert("status".to_owned(), json!(code));
        }
        if let Some(legacy) = element.child("legacydata") {
            let legacy = texts(legacy, &LEGACY);
            if !legacy.is_empty() {
                fields.insert("legacy_data".to_owned(), Value::Object(legacy));
            }
        }
        Self { fields, status }
    }

    pub fn id(&self) -> Option<&str> {
        self.fields.get("location_id")?.as_str()
    }

    pub fn set_status(&mut self, code: &str) {
        self.fields.insert("status".to_owned(), json!(code));
    }

    fn call(&mut self, name: &str) {
        self.fields.insert("caller_name".to_owned(), json!(name));
    }

    pub fn is_provisioned(&self) -> bool {
        self.fields
            .get("status")
            .is_some_and(|code| code == "PROVISIONED")
    }

    /// Whether it is certainly not in force.
    pub fn is_idle(&self) -> bool {
        self.fields
            .get("status")
            .is_some_and(|code| ["GEOCODED", "INVALID"].iter().any(|idle| code == idle))
    }

    /// Whether it is the place that these fields name.
    pub fn is_at(&self, fields: &Map<String, Value>) -> bool {
        is_same(&self.fields, fields)
    }

    /// Whether it is under the caller's name of these fields.
    pub fn is_called(&self, fields: &Map<String, Value>) -> bool {
        is_same_caller(&self.fields, fields)
    }

    /// As a check found it: nobody's yet.
    fn checked(self) -> Located {
        Located {
            fields: self.fields,
            keys: Map::new(),
        }
    }

    /// As a number has it.
    pub fn located(self) -> Located {
        let id = self.id().map(ToOwned::to_owned);
        let keys = id.map(|id| ("location_id".to_owned(), json!(id)));
        Located {
            keys: keys.into_iter().collect(),
            fields: self.fields,
        }
    }
}

fn texts(element: &Element, names: &[(&str, &str)]) -> Map<String, Value> {
    let texts = names.iter().filter_map(|(theirs, ours)| {
        let text = element.text_of(theirs)?;
        Some(((*ours).to_owned(), json!(text)))
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(id: &str, street: &str, status: &str) -> String {
        let status = match status {
            "" => String::new(),
            code => format!("<status><code>{code}</code></status>"),
        };
        format!(
            "<Location><locationid>{id}</locationid><address1>{street}</address1>\
             <community>Anytown</community><state>CA</state>\
             <postalcode>94000</postalcode>{status}</Location>"
        )
    }

    fn good(locations: &[String]) -> Vec<Location> {
        let root = Element::parse(format!("<a>{}</a>", locations.concat()).as_bytes());
        match verdict(&root.unwrap()) {
            Ok(Verdict::Good(found)) => found,
            _ => panic!("no location is good"),
        }
    }

    #[test]
    fn a_location_is_not_in_force_because_another_one_is() {
        let found = good(&[
            location("1", "12 SAMPLE ST", "PROVISIONED"),
            location("2", "12 SAMPLE AVE", ""),
            location("3", "12 SAMPLE RD", "INVALID"),
        ]);
        let in_force: Vec<_> = found.iter().map(Location::is_provisioned).collect();
        assert_eq!(in_force, [true, false]);
        let found = good(&[location("1", "A", "GEOCODED"), location("2", "B", "")]);
        assert!(found.iter().all(Location::is_idle));
    }

    #[test]
    fn the_words_of_an_address_count_before_a_choice_of_another_one() {
        let known = [("1", "12 SAMPLE ST"), ("2", "12 SAMPLE AVE")];
        let meant_by = |street: &str, choice: Option<&str>| {
            let known = known.map(|(id, street)| location(id, street, "GEOCODED"));
            let address = Address {
                caller_name: "Bakery".to_owned(),
                street_address: street.to_owned(),
                extended_address: None,
                locality: "Anytown".to_owned(),
                region: "CA".to_owned(),
                postal_code: "94000".to_owned(),
                location_id: choice.map(str::to_owned),
            };
            match meant(good(&known), &address) {
                Checked::Found(found) => found.fields.get("location_id").cloned(),
                _ => None,
            }
        };
        assert_eq!(meant_by("12 Sample", None), None);
        assert_eq!(meant_by("12 Sample", Some("2")), Some(json!("2")));
        assert_eq!(meant_by("12 Sample Ave", Some("1")), Some(json!("2")));
    }
}
