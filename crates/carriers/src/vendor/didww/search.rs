//! Numbers on sale: those that the vendor lists one by one.

use std::sync::PoisonError;

use async_trait::async_trait;
use numbers::e164::E164;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::document::{Included, Many, Resource};
use super::{Didww, granted};
use crate::{CarrierError, Cost, Offer, Offers, Query};

#[async_trait]
impl Offers for Didww {
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let Some(country) = self.country_id(&query.country).await? else {
            return Ok(Vec::new());
        };
        let mut call = self
            .look("search", &["available_dids"])
            .query("filter[country.id]", &country)
            .query(
                "filter[number_contains]",
                query.prefix.trim_start_matches('+'),
            )
            .query("include", "did_group.stock_keeping_units");
        if !self.settings.needs_registration {
            call = call.query("filter[did_group.needs_registration]", "false");
        }
        let found: Many = granted(call.send().await?)?.json()?;
        let included = found.included();
        let offers = found
            .data
            .iter()
            .filter_map(|did| self.offer(did, &included));
        Ok(query.pick(offers, &[]))
    }
}

impl Didww {
    /// The vendor's id of a country; `None`: it sells nothing there.
    async fn country_id(&self, iso: &str) -> Result<Option<String>, CarrierError> {
        let known = || {
            self.countries
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(id) = known().get(iso) {
            return Ok(Some(id.clone()));
        }
        let call = self
            .look("search", &["countries"])
            .query("filter[iso]", iso);
        let found: Many = granted(call.send().await?)?.json()?;
        let is_it = |country: &Resource| country.text("iso") == Some(iso);
        let Some(country) = found.data.into_iter().find(is_it) else {
            return Ok(None);
        };
        known().insert(iso.to_owned(), country.id.clone());
        Ok(Some(country.id))
    }

    /// `None`: no number, or none that can be bought as the settings want it.
    fn offer(&self, did: &Resource, included: &Included<'_>) -> Option<Offer> {
        let number: E164 = format!("+{}", did.text("number")?).parse().ok()?;
        let group = included.related(did, "did_group").into_iter().next()?;
        let units = included.related(group, "stock_keeping_units");
        let priced = units.into_iter().filter_map(|unit| {
            let channels = unit.attribute("channels_included_count")?.as_u64()?;
            let cost = self.cost(unit)?;
            (channels >= self.settings.channels).then_some((unit, cost))
        });
        let (unit, cost) = priced.min_by_key(|(_, cost)| (cost.monthly, cost.setup))?;
        let mut data = Map::from_iter([
            ("available_did_id".to_owned(), json!(did.id)),
            ("sku_id".to_owned(), json!(unit.id)),
            ("did_group_id".to_owned(), json!(group.id)),
            ("features".to_owned(), json!(features(group))),
        ]);
        if let Some(area) = group.text("area_name") {
            data.insert("locality".to_owned(), json!(area));
        }
        Some(Offer::new(number, &self.name, data).with_cost(Some(cost)))
    }

    fn cost(&self, unit: &Resource) -> Option<Cost> {
        let price = |key| unit.text(key)?.parse::<Decimal>().ok();
        Some(Cost {
            currency: self.settings.currency.clone(),
            setup: Some(price("setup_price")?),
            monthly: price("monthly_price")?,
        })
    }
}

/// What a group's numbers can do, under the names that all carriers use.
fn features(group: &Resource) -> Vec<&str> {
    let said = group.attribute("features").and_then(Value::as_array);
    let names = said.into_iter().flatten().filter_map(Value::as_str);
    names
        .map(|name| match name {
            "voice_in" => "voice",
            "sms_in" => "sms",
            "t38" => "fax",
            other => other,
        })
        .collect()
}
