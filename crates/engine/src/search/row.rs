//! One result of a search: what is kept of it, and how the seed shows it.

use carriers::Offer;
use numbers::e164::E164;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::places::Facts;

/// Where a number would come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CarrierClass {
    /// The account or its reseller holds it reserved.
    Reserved,
    /// Our own stock: it is there at once.
    Own,
    /// A carrier outside, where it has to be ordered.
    Outside,
}

/// A result, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hit {
    pub(super) number: E164,
    state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate_center: Option<Value>,
    class: CarrierClass,
    /// When it was on sale for sure.
    seen: GregorianSeconds,
}

impl Hit {
    /// A number of the own stock.
    pub(super) fn own(number: &Number, facts: &Facts<'_>, seen: GregorianSeconds) -> Self {
        Self {
            number: number.id.clone(),
            state: number.state,
            rate_center: facts.rate_center(),
            class: if number.state == State::Reserved {
                CarrierClass::Reserved
            } else {
                CarrierClass::Own
            },
            seen,
        }
    }

    /// A number that a carrier outside sells.
    pub(super) fn offered(offer: &Offer, facts: &Facts<'_>, seen: GregorianSeconds) -> Self {
        Self {
            number: offer.number().clone(),
            state: State::Discovery,
            rate_center: offer.rate_center().or_else(|| facts.rate_center()),
            class: CarrierClass::Outside,
            seen,
        }
    }
}

/// A number that can be had. `number` is what clients rely on
/// (spec/http.md 7.7); the rest is what the seed shows besides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SearchRow {
    /// The number.
    pub number: E164,
    /// Where it is in its life: `available`, `reserved`, `discovery`.
    pub state: State,
    /// The number again, under the seed's name.
    pub e164: E164,
    /// `1-415-233-8397` for the North American plan, else as libphonenumber
    /// writes it: `+49 30 223456`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted_number: Option<String>,
    /// The first six digits, of the North American plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npa_nxx: Option<String>,
    /// A UUID that is the same for the same number every time.
    pub number_id: String,
    /// `{lata, name, state}` as the number's record or its carrier has it, else
    /// as a loaded table or the embedded one knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_center: Option<Value>,
    /// `Available`, or `Reserved`.
    pub status: &'static str,
    /// The ten digits, of the North American plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ten_digit: Option<String>,
    /// Where it would come from; not every client is told.
    #[serde(skip)]
    pub carrier_class: CarrierClass,
    /// How long ago, in seconds, it was on sale for sure; not every client is
    /// told.
    #[serde(skip)]
    pub age_s: u64,
}

impl SearchRow {
    pub(super) fn new(hit: &Hit, now: GregorianSeconds) -> Self {
        let key = &hit.number;
        let national = north_american(key);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("tel:{key}").as_bytes());
        Self {
            formatted_number: match national {
                Some(n) => Some(format!("1-{}-{}-{}", &n[..3], &n[3..6], &n[6..])),
                None => places::international(key),
            },
            npa_nxx: national.map(|n| n[..6].to_owned()),
            ten_digit: national.map(str::to_owned),
            number_id: id.hyphenated().to_string().to_uppercase(),
            rate_center: hit.rate_center.clone(),
            status: if hit.state == State::Reserved {
                "Reserved"
            } else {
                "Available"
            },
            state: hit.state,
            number: key.clone(),
            e164: key.clone(),
            carrier_class: hit.class,
            age_s: now.get().saturating_sub(hit.seen.get()),
        }
    }
}

/// NPA, NXX and line: the ten digits after +1.
fn north_american(key: &E164) -> Option<&str> {
    key.as_str()
        .strip_prefix("+1")
        .filter(|digits| digits.len() == 10)
}
