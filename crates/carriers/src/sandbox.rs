//! A carrier whose orders and releases are only played: what Kazoo's sandbox
//! switch does (spec/integrations.md 1.7). That nothing leaves is the client's
//! to keep ([`outside::http`]); this gives the answers.

use async_trait::async_trait;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use serde_json::{Map, Value};

use crate::{
    Carrier, CarrierError, Offers, Orders, OwnStock, Owned, OwnedPage, Placed, Purchase, Release,
    Sent, Spending, Standing, Verdict,
};

/// Another carrier, with played orders.
pub struct Sandbox {
    carrier: Box<dyn Carrier>,
}

impl Sandbox {
    /// Plays the orders of `carrier`.
    pub fn new(carrier: Box<dyn Carrier>) -> Self {
        Self { carrier }
    }
}

impl Carrier for Sandbox {
    fn name(&self) -> &CarrierName {
        self.carrier.name()
    }

    fn maximal_prefix_length(&self) -> Option<usize> {
        self.carrier.maximal_prefix_length()
    }

    fn stock(&self) -> OwnStock {
        self.carrier.stock()
    }

    fn spending(&self) -> Spending {
        self.carrier.spending()
    }

    fn offers(&self) -> Option<&dyn Offers> {
        self.carrier.offers()
    }

    fn orders(&self) -> Option<&dyn Orders> {
        self.carrier.orders().map(|_| self as &dyn Orders)
    }
}

fn played() -> Map<String, Value> {
    Map::from_iter([("sandbox".to_owned(), Value::Bool(true))])
}

#[async_trait]
impl Orders for Sandbox {
    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let ours = |number: E164, mut data: Map<String, Value>| {
            data.extend(played());
            (number, Verdict::Ours(data))
        };
        Ok(Standing {
            vendor: played(),
            numbers: purchase
                .offers
                .iter()
                .map(|offer| ours(offer.number().clone(), offer.data().clone()))
                .collect(),
        })
    }

    /// Played orders end at once; one that is asked for was never answered.
    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let numbers = placed.numbers.iter().cloned();
        Ok(Standing {
            vendor: placed.vendor.clone(),
            numbers: numbers.map(|number| (number, Verdict::Unheard)).collect(),
        })
    }

    async fn release(
        &self,
        _sent: &Sent,
        _number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        Ok(Release::Done)
    }

    async fn holds(&self, _number: &E164) -> Result<Option<Owned>, CarrierError> {
        Ok(None)
    }

    async fn owned(&self, _from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        Ok(OwnedPage::default())
    }
}
