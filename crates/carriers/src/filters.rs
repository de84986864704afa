//! What a search wants beyond a prefix. Vendors are asked for what they can
//! look for; the rest is sorted out here, by what the vendor says of each
//! number.

use std::str::FromStr;

use numbers::e164::E164;
use places::{same_name, same_state};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::known::Known;
use crate::toll_free::is_toll_free;
use crate::{Offer, Query};

/// Wanted besides the prefix; each that is there must hold. Texts are compared
/// whole; names of places in any spelling of case, accents and blanks, states
/// by letters or name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Digits somewhere after the country code.
    pub contains: Option<String>,
    /// Digits at the end.
    pub ends_with: Option<String>,
    /// City or town: `San Rafael`.
    pub locality: Option<String>,
    /// Rate center: `SAN RAFAEL`.
    pub rate_center: Option<String>,
    /// LATA: `722`.
    pub lata: Option<String>,
    /// State or province: `CA`.
    pub state: Option<String>,
    /// What the number must be able to do: `sms`, `fax`.
    pub features: Vec<String>,
    /// What sort of number.
    #[serde(rename = "type")]
    pub kind: Option<NumberKind>,
}

/// What sort of number one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberKind {
    /// Of a place.
    Local,
    /// Free for who calls it.
    TollFree,
    /// Of a mobile network.
    Mobile,
}

impl NumberKind {
    /// As in a query: `local`, `tollfree`, `mobile`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::TollFree => "tollfree",
            Self::Mobile => "mobile",
        }
    }
}

impl FromStr for NumberKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Local, Self::TollFree, Self::Mobile]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("'{text}' is no type: local, tollfree, mobile"))
    }
}

/// A filter that is decided by what a vendor says of a number, so that one who
/// was asked for it needn't say it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// [`Filters::locality`].
    Locality,
    /// [`Filters::rate_center`].
    RateCenter,
    /// [`Filters::lata`].
    Lata,
    /// [`Filters::state`].
    State,
    /// [`Filters::features`].
    Features,
    /// [`Filters::kind`].
    Kind,
    /// [`Query::block_size`].
    Blocks,
}

impl Query {
    /// What of a vendor's answer is looked for, at most as many as wanted. Of
    /// blocks of consecutive numbers, only whole ones.
    pub fn pick(&self, found: impl IntoIterator<Item = Offer>, sent: &[Filter]) -> Vec<Offer> {
        let fitting = found.into_iter().filter(|offer| self.admits(offer, sent));
        match self.block_size {
            Some(size) if size > 1 && !sent.contains(&Filter::Blocks) => {
                let mut offers = whole_blocks(fitting.collect(), size);
                offers.truncate(self.quantity - self.quantity % size);
                offers
            }
            _ => fitting.take(self.quantity).collect(),
        }
    }

    /// Whether an offer is what is looked for. The vendor was asked for the
    /// filters that are `sent`: those are left to it.
    pub fn admits(&self, offer: &Offer, sent: &[Filter]) -> bool {
        self.admits_number(offer.number(), offer.data(), sent)
    }

    /// The same for a number and what is known of it, in the form of
    /// [`Offer::data`]. What isn't known doesn't fit.
    pub fn admits_number(&self, number: &E164, data: &Map<String, Value>, sent: &[Filter]) -> bool {
        number.as_str().starts_with(&self.prefix)
            && self.admits_digits(number)
            && self.filters.admit(number, data, sent)
    }

    fn admits_digits(&self, number: &E164) -> bool {
        let code = self.prefix.len().saturating_sub(self.national.len());
        let national = number.as_str().get(code..).unwrap_or_default();
        let wanted = &self.filters;
        let fits = |wanted: &Option<String>, test: fn(&str, &str) -> bool| {
            wanted
                .as_deref()
                .is_none_or(|wanted| test(national, wanted))
        };
        fits(&wanted.contains, |national, wanted| {
            national.contains(wanted)
        }) && fits(&wanted.ends_with, |national, wanted| {
            national.ends_with(wanted)
        })
    }
}

impl Filters {
    /// Whether anything is wanted at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn admit(&self, number: &E164, data: &Map<String, Value>, sent: &[Filter]) -> bool {
        let known = Known(data);
        let fits = |filter, wanted: &Option<String>, test: &dyn Fn(&str) -> bool| {
            sent.contains(&filter) || wanted.as_deref().is_none_or(test)
        };
        let place_fits = fits(Filter::Locality, &self.locality, &|wanted| {
            known.is_in(wanted)
        }) && fits(Filter::RateCenter, &self.rate_center, &|wanted| {
            let name = known.rate_center();
            name.is_some_and(|name| same_name(name, wanted))
        }) && fits(Filter::Lata, &self.lata, &|wanted| {
            known.lata() == Some(wanted)
        }) && fits(Filter::State, &self.state, &|wanted| {
            let state = known.state();
            state.is_some_and(|state| same_state(state, wanted))
        });
        let features_fit =
            sent.contains(&Filter::Features) || has_all(&self.features, data.get("features"));
        let kind_fits = sent.contains(&Filter::Kind)
            || self
                .kind
                .is_none_or(|wanted| wanted == kind_of(number, data));
        place_fits && features_fit && kind_fits
    }
}

/// The numbers that stand in blocks of `size` consecutive ones, in order.
fn whole_blocks(mut offers: Vec<Offer>, size: usize) -> Vec<Offer> {
    let value = |offer: &Offer| offer.number().digits().parse::<u64>().unwrap_or_default();
    offers.sort_by_key(value);
    offers.dedup_by_key(|offer| value(offer));
    let mut blocks = Vec::new();
    let mut run: Vec<Offer> = Vec::new();
    for offer in offers {
        if run
            .last()
            .is_some_and(|last| value(last) + 1 != value(&offer))
        {
            run.clear();
        }
        run.push(offer);
        if run.len() == size {
            blocks.append(&mut run);
        }
    }
    blocks
}

/// The same but for the case of letters and blanks around.
fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn has_all(wanted: &[String], known: Option<&Value>) -> bool {
    let known = known.and_then(Value::as_array);
    let known: Vec<&str> = known
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    wanted
        .iter()
        .all(|wanted| known.iter().any(|known| is_same(wanted, known)))
}

/// By the vendor's word, else by the number itself. In the North American plan
/// nothing tells a mobile number from another; what nobody calls anything else
/// is local.
fn kind_of(number: &E164, data: &Map<String, Value>) -> NumberKind {
    let said = data.get("type").and_then(Value::as_str);
    said.and_then(|said| said.parse().ok())
        .unwrap_or_else(|| kind_by_plan(number))
}

fn kind_by_plan(number: &E164) -> NumberKind {
    if is_toll_free(number.as_str()) {
        return NumberKind::TollFree;
    }
    if number.as_str().starts_with("+1") {
        return NumberKind::Local;
    }
    match places::about(number).map(|about| about.kind) {
        Some("toll_free") => NumberKind::TollFree,
        Some("mobile") => NumberKind::Mobile,
        _ => NumberKind::Local,
    }
}

#[cfg(test)]
mod tests {
    use numbers::carrier::CarrierName;
    use serde_json::json;

    use super::*;

    fn query(filters: Value) -> Query {
        Query {
            prefix: "+1415".to_owned(),
            national: "415".to_owned(),
            filters: serde_json::from_value(filters).unwrap(),
            ..Query::default()
        }
    }

    fn admits(query: &Query, number: &str, data: &Value, sent: &[Filter]) -> bool {
        query.admits_number(&number.parse().unwrap(), data.as_object().unwrap(), sent)
    }

    fn known() -> Value {
        json!({
            "locality": "San Rafael",
            "rate_center": {"name": "SAN RAFAEL", "lata": "722", "state": "CA"},
            "features": ["SMS", "voice"],
        })
    }

    #[test]
    fn each_filter_takes_what_fits_and_leaves_what_does_not() {
        for (fits, not) in [
            (json!({"contains": "5550"}), json!({"contains": "999"})),
            (json!({"ends_with": "0101"}), json!({"ends_with": "0102"})),
            (
                json!({"locality": "san rafael"}),
                json!({"locality": "San"}),
            ),
            (json!({"locality": "Săn Rafaél"}), json!({"locality": "SA"})),
            (json!({"state": "California"}), json!({"state": "Colorado"})),
            (
                json!({"rate_center": "SanRafael"}),
                json!({"rate_center": "NOVATO"}),
            ),
            (json!({"lata": "722"}), json!({"lata": "72"})),
            (json!({"state": "ca"}), json!({"state": "NY"})),
            (
                json!({"features": ["sms", "voice"]}),
                json!({"features": ["sms", "fax"]}),
            ),
            (json!({"type": "local"}), json!({"type": "tollfree"})),
            (json!({}), json!({"type": "mobile"})),
        ] {
            let number = "+14155550101";
            assert!(
                admits(&query(fits.clone()), number, &known(), &[]),
                "{fits}"
            );
            assert!(!admits(&query(not.clone()), number, &known(), &[]), "{not}");
        }
    }

    #[test]
    fn all_must_hold_and_so_must_the_prefix() {
        let both = query(json!({"state": "CA", "ends_with": "9"}));
        assert!(!admits(&both, "+14155550101", &known(), &[]));
        assert!(admits(&both, "+14155550109", &known(), &[]));
        assert!(!admits(&both, "+12125550109", &known(), &[]));
    }

    #[test]
    fn the_country_code_is_no_part_of_what_a_number_contains() {
        let query = query(json!({"contains": "141"}));
        assert!(!admits(&query, "+14155550101", &json!({}), &[]));
        assert!(admits(&query, "+14155514101", &json!({}), &[]));
    }

    #[test]
    fn what_is_unknown_does_not_fit_unless_the_vendor_looked_for_it() {
        let query = query(json!({
            "locality": "San Rafael", "rate_center": "SAN RAFAEL", "lata": "722",
            "state": "CA", "features": ["sms"], "type": "mobile",
        }));
        let all = [
            Filter::Locality,
            Filter::RateCenter,
            Filter::Lata,
            Filter::State,
            Filter::Features,
            Filter::Kind,
        ];
        assert!(admits(&query, "+14155550101", &json!({}), &all));
        for without in all {
            let sent: Vec<Filter> = all.into_iter().filter(|sent| *sent != without).collect();
            assert!(
                !admits(&query, "+14155550101", &json!({}), &sent),
                "{without:?}"
            );
        }
    }

    #[test]
    fn only_whole_blocks_are_picked_and_no_more_than_wanted() {
        let carrier = CarrierName::new("other");
        let found = |ends: &[u32]| -> Vec<Offer> {
            let number = |end| format!("+1415555{end:04}").parse().unwrap();
            let offers = ends
                .iter()
                .map(|end| Offer::new(number(end), &carrier, Map::new()));
            offers.collect()
        };
        let picked = |query: &Query, ends: &[u32], sent: &[Filter]| -> Vec<String> {
            let offers = query.pick(found(ends), sent);
            let ends = offers
                .iter()
                .map(|offer| offer.number().as_str()[8..].to_owned());
            ends.collect()
        };
        let mut query = Query {
            quantity: 10,
            block_size: Some(2),
            ..query(json!({}))
        };
        let ends = [9, 101, 100, 103, 104, 105, 105];
        assert_eq!(picked(&query, &ends, &[]), ["0100", "0101", "0103", "0104"]);
        query.quantity = 3;
        assert_eq!(picked(&query, &ends, &[]), ["0100", "0101"]);
        assert_eq!(
            picked(&query, &ends, &[Filter::Blocks]),
            ["0009", "0101", "0100"]
        );
        query.block_size = None;
        assert_eq!(picked(&query, &ends, &[]), ["0009", "0101", "0100"]);
    }

    #[test]
    fn data_of_any_shape_is_looked_through() {
        let odd = json!({"locality": 1, "rate_center": [], "features": {"sms": 1}, "type": null});
        for wanted in [
            json!({"locality": "1"}),
            json!({"state": "CA"}),
            json!({"features": ["sms"]}),
        ] {
            assert!(!admits(&query(wanted), "+14155550101", &odd, &[]));
        }
        let local = query(json!({"type": "local"}));
        assert!(admits(&local, "+14155550101", &odd, &[]));
    }

    #[test]
    fn a_type_is_the_vendors_word_or_the_numbers_own() {
        let toll_free = Query {
            prefix: "+185".to_owned(),
            national: "85".to_owned(),
            ..query(json!({"type": "tollfree"}))
        };
        assert!(admits(&toll_free, "+18555550101", &json!({}), &[]));
        assert!(!admits(&toll_free, "+18505550101", &json!({}), &[]));
        let mobile = query(json!({"type": "mobile"}));
        assert!(admits(
            &mobile,
            "+14155550101",
            &json!({"type": "mobile"}),
            &[]
        ));
        for (kind, number) in [
            ("tollfree", "+498001234567"),
            ("mobile", "+4915112345678"),
            ("local", "+4930223456"),
        ] {
            let german = Query {
                prefix: "+49".to_owned(),
                national: String::new(),
                ..query(json!({ "type": kind }))
            };
            assert!(admits(&german, number, &json!({}), &[]), "{kind}");
            let other = if kind == "local" {
                "+498001234567"
            } else {
                "+4930223456"
            };
            assert!(!admits(&german, other, &json!({}), &[]), "{kind}");
        }
        assert!("fixed".parse::<NumberKind>().is_err());
        assert!(query(json!({})).filters.is_empty());
    }
}
