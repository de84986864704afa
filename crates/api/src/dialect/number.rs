//! Numbers as documents and as rows of listings (spec/http.md 7.2), written
//! straight from the record.

use std::borrow::Cow;

use engine::caller_names::NameWork;
use engine::numbers::NumberView;
use numbers::feature::{Feature, e911};
use numbers::number::Number;
use numbers::state::State;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::Dialect;

/// A number's document.
#[derive(Clone, Copy, Debug)]
pub struct NumberDocument<'a> {
    pub(super) view: &'a NumberView,
    pub(super) dialect: Dialect,
}

/// The data of a listing of numbers.
#[derive(Clone, Copy, Debug)]
pub struct NumberListing<'a> {
    pub(super) rows: &'a [NumberView],
    pub(super) quantity: u64,
    pub(super) dialect: Dialect,
}

impl<'a> NumberDocument<'a> {
    /// What clients may see and never set, by itself.
    pub fn read_only(self) -> impl Serialize + 'a {
        ReadOnly(self)
    }
}

impl Serialize for NumberListing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("numbers", &Rows(*self))?;
        // The second spelling is the one of 2016.
        map.serialize_entry("cascade_quantity", &self.quantity)?;
        map.serialize_entry("casquade_quantity", &self.quantity)?;
        map.end()
    }
}

/// Rows by number.
struct Rows<'a>(NumberListing<'a>);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let NumberListing { rows, dialect, .. } = self.0;
        serializer.collect_map(
            rows.iter()
                .map(|view| (&view.number.id, Row { view, dialect })),
        )
    }
}

/// A number's row in a listing.
#[derive(Clone, Copy)]
struct Row<'a> {
    view: &'a NumberView,
    dialect: Dialect,
}

impl Serialize for NumberDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = &self.view.number;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", number.id.as_str())?;
        for (field, value) in shown_fields(number) {
            map.serialize_entry(self.dialect.field_name(field), &value)?;
        }
        map.serialize_entry("state", number.state.as_str())?;
        map.serialize_entry(
            "features",
            &Features {
                number,
                dialect: self.dialect,
            },
        )?;
        if let Some(used_by) = &number.used_by {
            map.serialize_entry("used_by", used_by)?;
        }
        if let Some(owner) = &number.owner {
            map.serialize_entry("assigned_to", owner)?;
        }
        map.serialize_entry("created", &number.created)?;
        map.serialize_entry("updated", &number.modified)?;
        map.serialize_entry("_read_only", &ReadOnly(*self))?;
        map.end()
    }
}

/// The public fields as they are shown: an address that no provider has
/// confirmed, without a status.
pub(super) fn shown_fields(number: &Number) -> impl Iterator<Item = (&str, Cow<'_, Value>)> {
    number.public.iter().map(|(field, value)| {
        let note = (field == "e911").then(|| e911::note(number)).flatten();
        let shown = note.map_or(Cow::Borrowed(value), |note| Cow::Owned(Value::Object(note)));
        (field.as_str(), shown)
    })
}

/// `_read_only`: what clients may see and never set.
struct ReadOnly<'a>(NumberDocument<'a>);

impl Serialize for ReadOnly<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let NumberDocument { view, dialect } = self.0;
        let number = &view.number;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("created", &number.created)?;
        map.serialize_entry("modified", &number.modified)?;
        map.serialize_entry("state", number.state.as_str())?;
        if let Some(used_by) = &number.used_by {
            map.serialize_entry("used_by", used_by)?;
        }
        map.serialize_entry("features", &FeatureSettings(self.0))?;
        map.serialize_entry("features_available", &Available { view, dialect })?;
        for (key, list) in [
            ("features_allowed", &number.features_allowed),
            ("features_denied", &number.features_denied),
        ] {
            if !list.is_empty() {
                map.serialize_entry(key, &dialect.names(list))?;
            }
        }
        map.serialize_entry("carrier_module", number.carrier.as_str())?;
        if view.for_admin && !number.carrier_data.is_empty() {
            map.serialize_entry("carrier_data", &number.carrier_data)?;
        }
        if let Some(order) = &number.order {
            map.serialize_entry("order", order)?;
        }
        let note = address_note(view);
        if !note.is_empty() {
            map.serialize_entry(dialect.field_name("e911"), &note)?;
        }
        if let Some(work) = &view.name_work {
            map.serialize_entry("cnam", &name_work(work, view.for_admin))?;
        }
        if number.state == State::Deleted {
            map.serialize_entry("is_deleted", &true)?;
        }
        map.end()
    }
}

/// How far caller names are at their provider; why it didn't take them is for
/// administrators.
fn name_work(work: &NameWork, for_admin: bool) -> Value {
    match work {
        NameWork::Pending => json!({ "state": "pending" }),
        NameWork::Failed(reason) if for_admin => json!({ "state": "failed", "reason": reason }),
        NameWork::Failed(_) => json!({ "state": "failed" }),
        NameWork::Removing(Some(reason)) if for_admin => {
            json!({ "state": "removing", "reason": reason })
        }
        NameWork::Removing(_) => json!({ "state": "removing" }),
        NameWork::ByHand => json!({ "state": "by_hand" }),
    }
}

/// What there is to know of the emergency address beside the address: what is
/// under way for it, or that nobody has confirmed it, and why its provider makes
/// no sense for the number.
fn address_note(view: &NumberView) -> Map<String, Value> {
    let unconfirmed = || e911::is_note(&view.number).then(|| json!("unconfirmed"));
    let work = view.number.address_work.map(|work| json!(work));
    let work = work.or_else(unconfirmed);
    let warning = view.address_warning.as_ref().map(|text| json!(text));
    [("state", work), ("warning", warning)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// `_read_only.features`: what may be switched on, and the settings of what
/// is on.
struct FeatureSettings<'a>(NumberDocument<'a>);

impl Serialize for FeatureSettings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let NumberDocument { view, dialect } = self.0;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("available", &Available { view, dialect })?;
        let settings = FeatureObject {
            number: &view.number,
            dialect,
        };
        map.serialize_entry("settings", &settings)?;
        map.end()
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { view, dialect } = *self;
        let number = &view.number;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("state", number.state.as_str())?;
        map.serialize_entry("features", &Features { number, dialect })?;
        map.serialize_entry("features_allowed", &dialect.names(&number.features_allowed))?;
        map.serialize_entry("features_denied", &dialect.names(&number.features_denied))?;
        map.serialize_entry("features_available", &Available { view, dialect })?;
        if let Some(owner) = &number.owner {
            map.serialize_entry("assigned_to", owner)?;
        }
        if let Some(used_by) = number.used_by.as_deref().or(dialect.absent_used_by()) {
            map.serialize_entry("used_by", used_by)?;
        }
        map.serialize_entry("created", &number.created)?;
        map.serialize_entry("updated", &number.modified)?;
        if let Some(locality @ Value::Object(_)) = number.public.get("locality") {
            map.serialize_entry("locality", locality)?;
        } else if !number.locality.is_empty() {
            map.serialize_entry("locality", &number.locality)?;
        }
        map.end()
    }
}

/// The features that are on: an object or a list of names, by dialect.
pub(super) struct Features<'a> {
    pub(super) number: &'a Number,
    pub(super) dialect: Dialect,
}

impl Serialize for Features<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { number, dialect } = *self;
        if dialect.features_are_objects() {
            FeatureObject { number, dialect }.serialize(serializer)
        } else {
            serializer.collect_seq(
                number
                    .features
                    .keys()
                    .map(|name| dialect.feature_name(*name)),
            )
        }
    }
}

/// The features that are on, with their settings.
struct FeatureObject<'a> {
    number: &'a Number,
    dialect: Dialect,
}

impl<'a> Serialize for FeatureObject<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = |(feature, settings): (&Feature, &'a Value)| {
            (self.dialect.feature_name(*feature), settings)
        };
        serializer.collect_map(self.number.features.iter().map(named))
    }
}

/// The names of the features that may be switched on.
struct Available<'a> {
    view: &'a NumberView,
    dialect: Dialect,
}

impl Serialize for Available<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |feature| self.dialect.feature_name(feature);
        serializer.collect_seq(self.view.available.iter().map(name))
    }
}
