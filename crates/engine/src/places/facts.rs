//! What is known of one number's place, and who says it.

use numbers::number::Number;
use places::overlay::{Field, Kind};
use places::{About, Found, Geodata, Place, split};
use serde_json::{Map, Value, json};

use super::overlays::{Known, Overlays, day};

/// What data says of a number, without asking anybody.
pub(crate) struct Facts<'a> {
    digits: &'a str,
    /// The embedded table.
    table: Option<Found<'a>>,
    place: Place<'a>,
    /// A loaded block of the North American plan.
    block: Option<Known<'a>>,
    /// A loaded area code.
    area: Option<Known<'a>>,
    /// `rate_center` of the number's record.
    recorded: Option<&'a Value>,
}

impl<'a> Facts<'a> {
    /// `digits` are the number's, the country code first.
    pub(crate) fn new(overlays: &'a Overlays, digits: &'a str, record: Option<&'a Number>) -> Self {
        let table = Geodata::embedded().place(digits);
        Self {
            digits,
            table,
            place: table.map_or_else(Place::default, |found| split(digits, found.name)),
            block: overlays.find(Kind::NpaNxx, digits),
            area: overlays.find(Kind::AreaCodes, digits),
            recorded: record.and_then(|number| number.carrier_data.get("rate_center")),
        }
    }

    /// The city: an operator's word first, a rate center's name last.
    pub(crate) fn city(&self) -> Option<&'a str> {
        self.loaded(Field::City)
            .or(self.place.city)
            .or_else(|| self.recorded("name"))
            .or_else(|| self.loaded(Field::RateCenter))
    }

    /// State or province.
    pub(crate) fn state(&self) -> Option<&'a str> {
        self.loaded(Field::State)
            .or(self.place.state)
            .or_else(|| self.recorded("state"))
    }

    /// The country, where data beside the numbering plan says it.
    pub(crate) fn country(&self) -> Option<&'a str> {
        self.loaded(Field::Country).or(self.place.country)
    }

    /// What a loaded table says: of the block, else of the area code.
    pub(crate) fn loaded(&self, field: Field) -> Option<&'a str> {
        let said = |known: Option<Known<'a>>| known.and_then(|known| known.said.get(field));
        said(self.block).or_else(|| said(self.area))
    }

    fn recorded(&self, member: &str) -> Option<&'a str> {
        self.recorded?.get(member)?.as_str()
    }

    /// `{lata, name, state}` of a North American number, without what isn't
    /// known.
    pub(crate) fn rate_center(&self) -> Option<Value> {
        if let Some(recorded) = self.recorded {
            return Some(recorded.clone());
        }
        if !self.digits.starts_with('1') {
            return None;
        }
        let name = self.loaded(Field::RateCenter).or(self.place.city)?;
        let mut center = Map::new();
        let members = [
            ("lata", self.loaded(Field::Lata)),
            ("name", Some(name)),
            ("state", self.state()),
        ];
        for (member, value) in members {
            if let Some(value) = value {
                center.insert(member.to_owned(), value.into());
            }
        }
        Some(Value::Object(center))
    }

    /// What is kept with the number's record.
    pub(crate) fn kept(&self) -> Map<String, Value> {
        let mut kept = Map::new();
        for (member, value) in [("locality", self.city()), ("province", self.state())] {
            if let Some(value) = value {
                kept.insert(member.to_owned(), value.into());
            }
        }
        kept
    }

    /// The most exact description of the place.
    pub(crate) fn description(&self, about: Option<&About>) -> Option<String> {
        let described = about.and_then(|about| about.description);
        let described = described.or_else(|| self.table.map(|found| found.name));
        described.map(str::to_owned).or_else(|| {
            let parts = [self.city(), self.state()];
            let known: Vec<&str> = parts.into_iter().flatten().collect();
            (!known.is_empty()).then(|| known.join(", "))
        })
    }

    /// Every source that said something, and with which digits; with what it
    /// said, for those who ask why.
    pub(crate) fn sources(&self, about: Option<&About>, with_words: bool) -> Vec<Value> {
        let mut sources = Vec::new();
        let mut add = |mut source: Value, says: Map<String, Value>| {
            if with_words && let Some(source) = source.as_object_mut() {
                source.insert("says".to_owned(), Value::Object(says));
            }
            sources.push(source);
        };
        for known in [self.block, self.area].into_iter().flatten() {
            let source = json!({
                "name": known.set.name,
                "kind": known.set.kind,
                "file": known.set.source,
                "date": day(known.set.loaded),
                "prefix": self.digits.get(..known.digits),
            });
            let fields = Field::ALL.into_iter();
            let says = fields.filter_map(|field| {
                Some((field.as_str().to_owned(), known.said.get(field)?.into()))
            });
            add(source, says.collect());
        }
        if about.is_some() || self.table.is_some() {
            let geodata = Geodata::embedded();
            let source = json!({
                "name": "libphonenumber",
                "version": geodata.version(),
                "date": geodata.released(),
                "prefix": self.table.and_then(|found| self.digits.get(..found.digits)),
            });
            let mut says = Map::new();
            let mut say = |member: &str, value: Value| {
                if !value.is_null() && value != Value::Array(Vec::new()) {
                    says.insert(member.to_owned(), value);
                }
            };
            say("place", self.table.map(|found| found.name).into());
            if let Some(about) = about {
                say("country", about.country.clone().into());
                say("carrier", about.carrier.into());
                say("time_zones", about.time_zones.clone().into());
            }
            add(source, says);
        }
        if let Some(recorded) = self.recorded {
            let says = [("rate_center".to_owned(), recorded.clone())];
            add(json!({"name": "record"}), says.into_iter().collect());
        }
        sources
    }
}
