//! One result of a search, as the seed shows it.

use carriers::Offer;
use numbers::e164::E164;
use numbers::number::Number;
use numbers::state::State;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::places::Facts;

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
    /// `{lata, name, state}` as the number's record has it, else as a loaded
    /// table or the embedded one knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_center: Option<Value>,
    /// `Available`, or `Reserved`.
    pub status: &'static str,
    /// The ten digits, of the North American plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ten_digit: Option<String>,
}

impl SearchRow {
    /// A number of the own stock.
    pub(super) fn new(number: &Number, facts: &Facts<'_>) -> Self {
        Self::of(&number.id, number.state, facts.rate_center())
    }

    /// A number that a carrier outside sells.
    pub(super) fn offered(offer: &Offer, facts: &Facts<'_>) -> Self {
        let own = offer
            .data()
            .get("rate_center")
            .filter(|own| own.is_object());
        let rate_center = own.cloned().or_else(|| facts.rate_center());
        Self::of(offer.number(), State::Discovery, rate_center)
    }

    fn of(key: &E164, state: State, rate_center: Option<Value>) -> Self {
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
            rate_center,
            status: if state == State::Reserved {
                "Reserved"
            } else {
                "Available"
            },
            state,
            number: key.clone(),
            e164: key.clone(),
        }
    }
}

/// NPA, NXX and line: the ten digits after +1.
fn north_american(key: &E164) -> Option<&str> {
    key.as_str()
        .strip_prefix("+1")
        .filter(|digits| digits.len() == 10)
}
