//! Events as rows of a history or of a log.

use engine::history::EventView;
use numbers::number::Number;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::Dialect;
use super::number::{Features, shown_fields};

/// What happened to a number.
#[derive(Clone, Copy, Debug)]
pub struct EventRow<'a> {
    pub(super) view: &'a EventView,
    pub(super) dialect: Dialect,
}

impl Serialize for EventRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { view, dialect } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &view.key.id.0)?;
        map.serialize_entry("number", view.key.number.as_str())?;
        map.serialize_entry("action", view.action.as_str())?;
        map.serialize_entry("at", &view.origin.at)?;
        if let Some(account) = &view.origin.account {
            map.serialize_entry("account_id", account)?;
        }
        if let Some(user) = &view.origin.user {
            map.serialize_entry("user_id", user)?;
        }
        map.serialize_entry("request_id", &view.origin.request_id)?;
        for (name, side) in [("before", &view.before), ("after", &view.after)] {
            if let Some(number) = side {
                let for_admin = view.for_admin;
                let past = PastNumber {
                    number,
                    for_admin,
                    dialect,
                };
                map.serialize_entry(name, &past)?;
            }
        }
        if let Some(call) = &view.call {
            map.serialize_entry("call", call)?;
        }
        if let Some(asked) = &view.asked_address {
            map.serialize_entry("asked_address", asked)?;
        }
        if let Some(note) = &view.note {
            map.serialize_entry("note", note)?;
        }
        map.end()
    }
}

/// A number as it was: its document without what is said of the present
/// (which features could be switched on).
struct PastNumber<'a> {
    number: &'a Number,
    for_admin: bool,
    dialect: Dialect,
}

impl Serialize for PastNumber<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            number, dialect, ..
        } = *self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", number.id.as_str())?;
        for (field, value) in shown_fields(number) {
            map.serialize_entry(dialect.field_name(field), &value)?;
        }
        map.serialize_entry("state", number.state.as_str())?;
        map.serialize_entry("features", &Features { number, dialect })?;
        if let Some(used_by) = &number.used_by {
            map.serialize_entry("used_by", used_by)?;
        }
        if let Some(owner) = &number.owner {
            map.serialize_entry("assigned_to", owner)?;
        }
        map.serialize_entry("created", &number.created)?;
        map.serialize_entry("updated", &number.modified)?;
        map.serialize_entry("carrier_module", number.carrier.as_str())?;
        if self.for_admin && !number.carrier_data.is_empty() {
            map.serialize_entry("carrier_data", &number.carrier_data)?;
        }
        map.end()
    }
}
