//! Numbers on sale. The vendor looks for most of what a query can want; its
//! prefix it takes apart into area code and the digits after that.

use async_trait::async_trait;
use numbers::e164::E164;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Many, Telnyx, granted};
use crate::{CarrierError, Cost, Filter, NumberKind, Offer, Offers, Query, TollFree};
use outside::http::Call;

/// The most that are asked for at once.
const MOST_FOUND: usize = 500;

/// What the vendor is asked for, so that its rows needn't say it again.
const SENT: [Filter; 5] = [
    Filter::Locality,
    Filter::RateCenter,
    Filter::State,
    Filter::Features,
    Filter::Kind,
];

/// A number on sale.
#[derive(Deserialize)]
struct Item {
    phone_number: String,
    #[serde(default)]
    best_effort: bool,
    #[serde(default)]
    features: Vec<Feature>,
    cost_information: Option<CostInformation>,
    #[serde(default)]
    region_information: Vec<Region>,
}

#[derive(Deserialize)]
struct Feature {
    name: String,
}

#[derive(Deserialize)]
struct CostInformation {
    currency: String,
    monthly_cost: Decimal,
    upfront_cost: Decimal,
}

#[derive(Deserialize)]
struct Region {
    region_type: String,
    region_name: String,
}

#[async_trait]
impl Offers for Telnyx {
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let limit = if self.settings.should_filter_rates || is_sorted_out_here(query) {
            MOST_FOUND
        } else {
            query.quantity.min(MOST_FOUND)
        };
        let call = self
            .look("search", &["available_phone_numbers"])
            .query("filter[country_code]", &query.country)
            .query("filter[limit]", &limit.to_string())
            .query(
                "filter[best_effort]",
                &self.settings.should_keep_best_effort.to_string(),
            );
        let call = described(narrowed(call, query), query);
        let answer = granted(call.send().await?)?;
        let found: Many<Item> = answer.json()?;
        let offers = found.data.into_iter().filter_map(|item| self.offer(item));
        Ok(query.pick(offers, &SENT))
    }
}

impl Telnyx {
    /// `None`: what the settings don't want, or no number.
    fn offer(&self, item: Item) -> Option<Offer> {
        let settings = &self.settings;
        if item.best_effort && !settings.should_keep_best_effort {
            return None;
        }
        let number: E164 = item.phone_number.parse().ok()?;
        let data = known(&item);
        let cost = item.cost_information.map(|cost| Cost {
            currency: cost.currency,
            setup: Some(cost.upfront_cost),
            monthly: cost.monthly_cost,
        });
        let wanted = |cost: &Cost| {
            cost.setup == Some(settings.upfront_cost)
                && cost.monthly == settings.monthly_recurring_cost
        };
        if settings.should_filter_rates && !cost.as_ref().is_some_and(wanted) {
            return None;
        }
        Some(Offer::new(number, &self.name, data).with_cost(cost))
    }
}

/// Whether some of what the vendor finds may not be what is looked for.
fn is_sorted_out_here(query: &Query) -> bool {
    let wanted = &query.filters;
    query.block_size.is_some()
        || wanted.contains.is_some()
        || wanted.ends_with.is_some()
        || wanted.lata.is_some()
}

/// Asks for the query's digits. Digits anywhere are left to us: beside an area
/// code the vendor looks for them only after that.
fn narrowed<'c>(mut call: Call<'c>, query: &Query) -> Call<'c> {
    let mut starts_with = query.national.as_str();
    let mut ends_at_most = usize::MAX;
    if query.prefix.starts_with("+1")
        && let Some((area_code, rest)) = starts_with.split_at_checked(3)
    {
        call = call.query("filter[national_destination_code]", area_code);
        starts_with = rest;
        // The vendor's limit beside an area code.
        ends_at_most = 4;
    }
    let ends_with = query.filters.ends_with.as_deref();
    for (name, digits) in [
        ("filter[phone_number][starts_with]", Some(starts_with)),
        (
            "filter[phone_number][ends_with]",
            ends_with.filter(|digits| digits.len() <= ends_at_most),
        ),
    ] {
        if let Some(digits) = digits.filter(|digits| !digits.is_empty()) {
            call = call.query(name, digits);
        }
    }
    call
}

/// Asks for the rest of what the query wants.
fn described<'c>(mut call: Call<'c>, query: &Query) -> Call<'c> {
    let wanted = &query.filters;
    let wildcard = matches!(query.toll_free(), Some(TollFree::Wildcard(_)));
    let kind = wanted.kind.or(wildcard.then_some(NumberKind::TollFree));
    let kind = kind.map(|kind| match kind {
        NumberKind::Local => "local",
        NumberKind::TollFree => "toll_free",
        NumberKind::Mobile => "mobile",
    });
    for (name, text) in [
        ("filter[locality]", wanted.locality.as_deref()),
        ("filter[rate_center]", wanted.rate_center.as_deref()),
        ("filter[administrative_area]", wanted.state.as_deref()),
        ("filter[phone_number_type]", kind),
    ] {
        if let Some(text) = text {
            call = call.query(name, text);
        }
    }
    for feature in &wanted.features {
        call = call.query("filter[features][]", &feature.to_lowercase());
    }
    call
}

/// What is known of a number, under the names that all carriers use.
fn known(item: &Item) -> Map<String, Value> {
    let region = |kind: &str| {
        let mut regions = item.region_information.iter();
        regions
            .find(|region| region.region_type == kind)
            .map(|region| region.region_name.as_str())
    };
    let features = item.features.iter().map(|feature| feature.name.as_str());
    let mut data = Map::from_iter([
        ("best_effort".to_owned(), json!(item.best_effort)),
        ("features".to_owned(), json!(features.collect::<Vec<_>>())),
    ]);
    let mut rate_center = Map::new();
    for (key, name) in [
        ("name", region("rate_center")),
        ("lata", region("lata")),
        ("state", region("state")),
    ] {
        if let Some(name) = name {
            rate_center.insert(key.to_owned(), json!(name));
        }
    }
    if !rate_center.is_empty() {
        data.insert("rate_center".to_owned(), Value::Object(rate_center));
    }
    if let Some(locality) = region("location") {
        data.insert("locality".to_owned(), json!(locality));
    }
    data
}
