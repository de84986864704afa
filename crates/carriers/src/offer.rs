//! Looking for numbers on sale: never costs anything.

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::known::Known;
use crate::{CarrierError, Filters};

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Query {
    /// `+`, country code and the digits that follow: `+1415`.
    pub prefix: String,
    /// ISO 3166-1 alpha-2 country that was searched in: `US`.
    pub country: String,
    /// The digits of the prefix after the country code: `415`.
    pub national: String,
    /// How many at most; at least 1.
    pub quantity: usize,
    /// Blocks of consecutive numbers are looked for: how many numbers a block
    /// has (spec/integrations.md 2.9, `blocks`).
    pub block_size: Option<usize>,
    /// What is wanted beyond the prefix.
    pub filters: Filters,
}

/// What a number costs at a carrier. Decimal, from the vendor's text: no
/// floating point touches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// ISO 4217: `USD`.
    pub currency: String,
    /// Once; `None`: the carrier doesn't say, above all of what was paid long ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<Decimal>,
    /// Each month.
    pub monthly: Decimal,
}

/// A number that a carrier sells; the only thing that can be ordered. There is
/// no way to make one outside this crate but to bring back one that was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    number: E164,
    carrier: CarrierName,
    data: Map<String, Value>,
    cost: Option<Cost>,
}

impl Offer {
    pub(crate) fn new(number: E164, carrier: &CarrierName, data: Map<String, Value>) -> Self {
        Self {
            number,
            carrier: carrier.clone(),
            data,
            cost: None,
        }
    }

    #[must_use]
    pub(crate) fn with_cost(mut self, cost: Option<Cost>) -> Self {
        self.cost = cost;
        self
    }

    /// The text to keep it in, for [`Offer::from_stored`].
    pub fn to_stored(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// An offer that was kept.
    pub fn from_stored(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The number on offer.
    pub const fn number(&self) -> &E164 {
        &self.number
    }

    /// Who offers it.
    pub const fn carrier(&self) -> &CarrierName {
        &self.carrier
    }

    /// What the carrier needs to know when it is ordered, and what is known of
    /// the number, as far as it is: `locality`, `rate_center {name, lata,
    /// state}`, `features` (a list), `type` ([`NumberKind`](crate::NumberKind)).
    /// Becomes the record's carrier data.
    pub const fn data(&self) -> &Map<String, Value> {
        &self.data
    }

    /// The country that it was found in, where an order of its carrier is for
    /// one country.
    pub fn country(&self) -> Option<&str> {
        self.data.get("country")?.as_str()
    }

    /// `{lata, name, state}` as far as the carrier says it, each a text.
    pub fn rate_center(&self) -> Option<Value> {
        Known(&self.data).as_rate_center()
    }

    /// What it costs there, where the carrier says so.
    pub const fn cost(&self) -> Option<&Cost> {
        self.cost.as_ref()
    }
}

/// Looking: never costs anything.
#[async_trait]
pub trait Offers: Send + Sync {
    /// Numbers on sale that the query wants ([`Query::pick`]); what a vendor
    /// answers besides is left out.
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError>;

    /// Whether it may sell numbers of the query's country; it isn't asked for
    /// those that it never sells.
    fn serves(&self, _query: &Query) -> bool {
        true
    }

    /// Which of these numbers can be bought now, in their order. Carriers
    /// without such a call say no.
    async fn check(&self, numbers: &[E164]) -> Result<Vec<bool>, CarrierError> {
        Ok(vec![false; numbers.len()])
    }
}
