//! The two dialects of the API, and everything they say differently: nothing
//! of it is decided anywhere else (see the design's "Two dialects, one
//! document").

mod collection;
mod event;
mod number;
mod quote;
mod search;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::str::FromStr;

use engine::change::Outcome;
use engine::history::EventView;
use engine::numbering::Table;
use engine::numbers::NumberView;
use numbers::error::NumberError;
use numbers::feature::Feature;
use numbers::price::Quote;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use collection::CollectionResult;
pub use event::EventRow;
pub use number::{NumberDocument, NumberListing};
pub use search::SearchRows;

/// Which generation of clients an answer is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dialect {
    /// As the API was documented in April 2016.
    #[default]
    #[serde(rename = "2016")]
    D2016,
    /// As Kazoo 4.3 and its Monster UI speak it.
    #[serde(rename = "4.3")]
    V43,
}

/// A text that names no dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a dialect; dialects are 2016 and 4.3")]
pub struct UnknownDialect(pub String);

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "2016" => Ok(Self::D2016),
            "4.3" => Ok(Self::V43),
            other => Err(UnknownDialect(other.to_owned())),
        }
    }
}

impl Dialect {
    /// The name in configuration and headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::D2016 => "2016",
            Self::V43 => "4.3",
        }
    }

    /// Envelope member `auth_token` of a request without token.
    pub(crate) const fn absent_auth_token(self) -> Option<&'static str> {
        match self {
            Self::D2016 => Some(""),
            Self::V43 => None,
        }
    }

    /// Envelope member `revision` of answers that have no revision: about
    /// single numbers, searches, checks (spec/http.md 1.11).
    pub(crate) const fn absent_revision(self) -> Option<&'static str> {
        match self {
            Self::D2016 => Some("undefined"),
            Self::V43 => None,
        }
    }

    /// A number as a document (spec/http.md 7.2).
    pub const fn number_document(self, view: &NumberView) -> NumberDocument<'_> {
        NumberDocument {
            view,
            dialect: self,
        }
    }

    /// What happened to a number.
    pub const fn event(self, view: &EventView) -> EventRow<'_> {
        EventRow {
            view,
            dialect: self,
        }
    }

    /// The data of a listing of an account's numbers; `quantity` is the count of
    /// billable numbers of the account and everything below it.
    pub const fn listing(self, rows: &[NumberView], quantity: u64) -> NumberListing<'_> {
        NumberListing {
            rows,
            quantity,
            dialect: self,
        }
    }

    /// What became of each number of a collection (spec/http.md 7.9).
    pub const fn collection(self, outcomes: &[Outcome]) -> CollectionResult<'_> {
        CollectionResult {
            outcomes,
            dialect: self,
        }
    }

    /// The table of classifiers: the one of the time (spec/http.md 7.10).
    pub const fn classifiers(self) -> Table {
        match self {
            Self::D2016 => Table::Seed,
            Self::V43 => Table::Today,
        }
    }

    /// The name of a feature in documents.
    pub fn feature_name(self, feature: Feature) -> &'static str {
        match (self, feature) {
            (Self::D2016, Feature::E911) => "dash_e911",
            (_, other) => other.as_str(),
        }
    }

    /// A list of features by their names in documents.
    pub fn names(self, list: &BTreeSet<String>) -> BTreeSet<&str> {
        list.iter()
            .map(|name| {
                Feature::named(name).map_or(name.as_str(), |known| self.feature_name(known))
            })
            .collect()
    }

    /// The name of a public field in documents: the emergency address has two.
    pub fn field_name(self, field: &str) -> &str {
        match (self, field) {
            (Self::D2016, "e911") => "dash_e911",
            (_, other) => other,
        }
    }

    /// Whether a `DELETE` of a number answers with the released number; else
    /// with `{}`.
    pub const fn delete_answers_number(self) -> bool {
        matches!(self, Self::V43)
    }

    /// Whether `POST fix` answers with the listing; else with `{}`.
    pub const fn post_fix_answers_listing(self) -> bool {
        matches!(self, Self::V43)
    }

    /// Whether a number's read-only part stands beside its document too, where
    /// newer interfaces look for it (spec/http.md 10.7).
    pub const fn shows_metadata(self) -> bool {
        matches!(self, Self::V43)
    }

    /// Whether `features` is an object, name to settings; else a list of
    /// names.
    pub(crate) const fn features_are_objects(self) -> bool {
        matches!(self, Self::D2016)
    }

    /// What listing rows say of `used_by` when no application uses the number.
    pub(crate) const fn absent_used_by(self) -> Option<&'static str> {
        match self {
            Self::D2016 => Some(""),
            Self::V43 => None,
        }
    }

    /// Status, message and data of a creation without the right to create;
    /// `None` where it is an ordinary number error.
    pub(crate) fn creation_forbidden(self) -> Option<(u16, &'static str, Value)> {
        match self {
            Self::D2016 => Some((
                500,
                "unauthorized",
                json!({
                    "message": "unknown failure",
                    "unauthorized": "Not authorized to perform requested number operation",
                }),
            )),
            Self::V43 => None,
        }
    }

    /// Message and data of an emergency address that wasn't confirmed
    /// (spec/http.md 7.8).
    pub(crate) fn address_invalid(
        self,
        address: &Map<String, Value>,
        message: &str,
        provider: &str,
    ) -> (&'static str, Value) {
        let text = match self {
            Self::D2016 => "invalid data",
            Self::V43 => "validation error",
        };
        let data = json!({
            "address": {"invalid": {"cause": address, "message": message, "provider": provider}},
        });
        (text, data)
    }

    /// Data of an emergency address that may mean several (spec/http.md 7.8).
    pub(crate) fn address_ambiguous(
        self,
        address: &Map<String, Value>,
        candidates: &[Map<String, Value>],
    ) -> Value {
        json!({"multiple_choice": {self.field_name("e911"): {
            "cause": address,
            "details": candidates,
            "message": "more than one address found",
        }}})
    }

    /// Data of a 402 (spec/http.md 2.7).
    pub(crate) fn quote(self, quote: &Quote) -> Value {
        match self {
            Self::D2016 => quote::by_category(quote),
            Self::V43 => quote::as_invoices(quote),
        }
    }

    /// The error object of one number within a collection, and of a single
    /// operation (spec/http.md 7.3).
    pub fn number_error(self, error: &NumberError) -> Map<String, Value> {
        let mut object = Map::new();
        let (code, name, message): (u16, &str, Cow<'_, str>) =
            match (error, self.creation_forbidden()) {
                (NumberError::CreationForbidden { .. }, Some((code, name, data))) => {
                    let text = data["unauthorized"].as_str().unwrap_or_default().to_owned();
                    (code, name, text.into())
                }
                _ => (error.code(), error.name(), error.to_string().into()),
            };
        object.insert("code".to_owned(), code.into());
        object.insert("error".to_owned(), name.into());
        object.insert("message".to_owned(), message.into());
        if let Some(cause) = error.cause() {
            object.insert("cause".to_owned(), cause.into());
        }
        let (member, value) = match error {
            NumberError::CarrierFault {
                reason: Some(reason),
                ..
            } => ("carrier_reason", reason.clone().into()),
            NumberError::ProviderFault {
                reason: Some(reason),
                ..
            } => ("provider_reason", reason.clone().into()),
            NumberError::AddressInvalid {
                address,
                message,
                provider,
            } => ("cause", self.address_invalid(address, message, provider).1),
            NumberError::AddressAmbiguous {
                address,
                candidates,
            } => ("cause", self.address_ambiguous(address, candidates)),
            _ => return object,
        };
        object.insert(member.to_owned(), value);
        object
    }
}
