//! What a vendor says of a number's place, under whichever of its names.

use places::same_name;
use serde_json::{Map, Value, json};

/// The longest name of a place that is looked at, in bytes.
const MAX_NAME: usize = 200;

/// [`Offer::data`](crate::Offer::data), as far as it tells of a place.
#[derive(Clone, Copy)]
pub(crate) struct Known<'d>(pub(crate) &'d Map<String, Value>);

impl<'d> Known<'d> {
    /// City or town; where none is named, the rate center's name may be it.
    pub(crate) fn locality(self) -> Option<&'d str> {
        self.text("locality")
            .or_else(|| self.text("city"))
            .or_else(|| self.rate_center())
    }

    /// The name of the rate center. Older vendors have it as a plain text.
    pub(crate) fn rate_center(self) -> Option<&'d str> {
        self.of_rate_center("name")
            .or_else(|| self.text("rate_center"))
            .or_else(|| self.text("ratecenter"))
    }

    /// The LATA.
    pub(crate) fn lata(self) -> Option<&'d str> {
        self.of_rate_center("lata").or_else(|| self.text("lata"))
    }

    /// State or province.
    pub(crate) fn state(self) -> Option<&'d str> {
        self.of_rate_center("state").or_else(|| self.text("state"))
    }

    /// Whether it is in this city.
    pub(crate) fn is_in(self, city: &str) -> bool {
        self.locality().is_some_and(|known| same_name(known, city))
    }

    /// `{lata, name, state}`, without what isn't known.
    pub(crate) fn as_rate_center(self) -> Option<Value> {
        let name = self.rate_center()?;
        let members = [
            ("lata", self.lata()),
            ("name", Some(name)),
            ("state", self.state()),
        ];
        let known = members.into_iter().filter_map(|(member, value)| {
            let value = value?;
            Some((member.to_owned(), json!(value)))
        });
        Some(Value::Object(known.collect()))
    }

    fn of_rate_center(self, member: &str) -> Option<&'d str> {
        text(self.0.get("rate_center")?.get(member)?)
    }

    fn text(self, member: &str) -> Option<&'d str> {
        text(self.0.get(member)?)
    }
}

fn text(value: &Value) -> Option<&str> {
    let text = value.as_str()?.trim();
    (!text.is_empty() && text.len() <= MAX_NAME).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vendors_names_are_read() {
        for data in [
            json!({"rate_center": {"name": "SAN RAFAEL", "lata": "722", "state": "CA"}}),
            json!({"rate_center": "SAN RAFAEL", "lata": "722", "state": "CA"}),
            json!({"ratecenter": "SAN RAFAEL", "lata": "722", "state": "CA"}),
        ] {
            let known = Known(data.as_object().unwrap());
            assert_eq!(
                known.as_rate_center(),
                Some(json!({"lata": "722", "name": "SAN RAFAEL", "state": "CA"})),
                "{data}"
            );
            assert!(known.is_in("San Rafael") && !known.is_in("San"), "{data}");
        }
        let data = json!({"locality": "Novato", "rate_center": {"name": "IGNACIO", "lata": 722}});
        let known = Known(data.as_object().unwrap());
        assert!(known.is_in("novato") && !known.is_in("Ignacio"));
        assert_eq!(known.lata(), None, "no text");
    }

    #[test]
    fn what_is_empty_or_absurdly_long_says_nothing() {
        let data = json!({"locality": " ", "rate_center": "x".repeat(MAX_NAME + 1)});
        let known = Known(data.as_object().unwrap());
        assert_eq!((known.locality(), known.as_rate_center()), (None, None));
    }
}
