//! Orders, what is ours, and giving it back. An order doesn't say which numbers
//! it brought; the list of ours does.

use async_trait::async_trait;
use numbers::e164::E164;
use serde_json::{Map, Value, json};

use super::document::{Many, One, Resource};
use super::{Didww, granted};
use crate::{
    CarrierError, Failure, Offer, OrderId, Orders, Owned, OwnedPage, Placed, Purchase, Release,
    Sent, Standing, Verdict,
};
use outside::http::Method;

/// How many numbers are asked for at once.
const PAGE: &str = "100";

#[async_trait]
impl Orders for Didww {
    fn most_per_order(&self) -> usize {
        20
    }

    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let items = purchase.offers.iter().map(|offer| self.item(offer));
        let items: Vec<Value> = items.collect::<Result<_, _>>()?;
        let numbers: Vec<E164> = purchase
            .offers
            .iter()
            .map(|offer| offer.number().clone())
            .collect();
        let body = json!({"data": {"type": "orders", "attributes": {
            // Else it may bring a number months later.
            "allow_back_ordering": false,
            "external_reference_id": purchase.id,
            "items": items,
        }}});
        let call = self.spend("order", Method::POST, &["orders"]);
        let answer = granted(call.json(&body).send().await?)?;
        let order: One = answer.json()?;
        if !is_ours(&order.data, purchase.id) {
            return Err(answer.garbled("it is about another order"));
        }
        // The order is there, whether or not it can be asked about just now.
        let standing = self.standing(&order.data, &numbers).await;
        Ok(standing.unwrap_or_else(|_| all(&order.data, &numbers, &Verdict::Open)))
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let by_id = match placed.vendor.get("order_id").and_then(Value::as_str) {
            Some(id) => self.order_by_id(id, placed.id).await?,
            None => None,
        };
        let order = match by_id {
            Some(order) => Some(order),
            None => self.order_by_reference(placed.id).await?,
        };
        match order {
            Some(order) => self.standing(&order, placed.numbers).await,
            None => self.without_order(placed.numbers).await,
        }
    }

    async fn release(
        &self,
        _sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        // By the number as it is now: an id that was kept may be another's.
        let Some(did) = self.held(number).await? else {
            return Ok(Release::Done);
        };
        let body = json!({"data": {
            "id": did.id,
            "type": "dids",
            "attributes": {"terminated": true},
        }});
        let call = self.spend("release", Method::PATCH, &["dids", &did.id]);
        let answer = call.json(&body).send().await?;
        if answer.status == 404 {
            return Ok(Release::Done);
        }
        let answer = granted(answer)?;
        let gone: One = answer.json()?;
        if gone.data.text("number") != Some(number.digits()) {
            return Err(answer.garbled(format_args!("it doesn't name {number}")));
        }
        Ok(if gone.data.is("terminated") {
            Release::Done
        } else {
            Release::Open
        })
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        Ok(self.held(number).await?.as_ref().and_then(owned))
    }

    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let number: u64 = from.and_then(|from| from.parse().ok()).unwrap_or(1);
        let call = self
            .look("owned", &["dids"])
            .query("filter[terminated]", "false")
            .query("sort", "number")
            .query("page[number]", &number.to_string())
            .query("page[size]", PAGE);
        let page: Many = granted(call.send().await?)?.json()?;
        let ours = page.data.iter().filter(|did| !did.is("terminated"));
        Ok(OwnedPage {
            numbers: ours.filter_map(owned).collect(),
            next: page.has_next().then(|| (number + 1).to_string()),
        })
    }
}

impl Didww {
    fn item(&self, offer: &Offer) -> Result<Value, CarrierError> {
        let id = |key: &str| offer.data().get(key).and_then(Value::as_str);
        let (Some(did), Some(sku)) = (id("available_did_id"), id("sku_id")) else {
            let reason = format!("the offer of {} has lost the vendor's ids", offer.number());
            return Err(self.client.error(Failure::NotSent, reason));
        };
        let ids = json!({"available_did_id": did, "sku_id": sku});
        Ok(json!({"type": "did_order_items", "attributes": ids}))
    }

    /// An order, if the vendor has it and it is ours by our id.
    async fn order_by_id(
        &self,
        id: &str,
        ours: &OrderId,
    ) -> Result<Option<Resource>, CarrierError> {
        let answer = self.look("status", &["orders", id]).send().await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let order: One = granted(answer)?.json()?;
        Ok(Some(order.data).filter(|order| is_ours(order, ours)))
    }

    async fn order_by_reference(&self, ours: &OrderId) -> Result<Option<Resource>, CarrierError> {
        let call = self
            .look("status", &["orders"])
            .query("filter[external_reference_id]", &ours.0);
        let answer = granted(call.send().await?)?;
        let found: Many = answer.json()?;
        let is_whole = !found.has_next();
        match found.data.into_iter().find(|order| is_ours(order, ours)) {
            None if !is_whole => Err(answer.garbled("it lists orders that weren't asked for")),
            order => Ok(order),
        }
    }

    /// How each number of an order stands.
    async fn standing(&self, order: &Resource, numbers: &[E164]) -> Result<Standing, CarrierError> {
        match order.text("status") {
            Some("canceled") => {
                let verdict = Verdict::Refused("the vendor cancelled the order".to_owned());
                Ok(all(order, numbers, &verdict))
            }
            Some("completed") => self.brought(order, numbers).await,
            // `pending`, and whatever the vendor may add.
            _ => Ok(all(order, numbers, &Verdict::Open)),
        }
    }

    /// What an order brought that is done. While nothing of it is listed, the
    /// list may be late; once something is, the rest didn't come.
    async fn brought(&self, order: &Resource, numbers: &[E164]) -> Result<Standing, CarrierError> {
        let call = self
            .look("status", &["dids"])
            .query("filter[order.id]", &order.id)
            .query("page[size]", PAGE);
        let dids: Many = granted(call.send().await?)?.json()?;
        let missing = if dids.data.is_empty() || dids.has_next() {
            Verdict::Open
        } else {
            Verdict::Refused("the order was done without this number".to_owned())
        };
        let mut standing = all(order, numbers, &missing);
        for (number, verdict) in &mut standing.numbers {
            let mut dids = dids.data.iter();
            if let Some(did) = dids.find(|did| did.text("number") == Some(number.digits())) {
                *verdict = Verdict::Ours(kept(did, Some(&order.id)));
            }
        }
        Ok(standing)
    }

    /// How numbers stand whose order the vendor doesn't know.
    async fn without_order(&self, numbers: &[E164]) -> Result<Standing, CarrierError> {
        let mut standing = Standing::default();
        for number in numbers {
            let held = self.held(number).await?;
            let verdict = held.map_or(Verdict::Unheard, |did| Verdict::Ours(kept(&did, None)));
            standing.numbers.push((number.clone(), verdict));
        }
        Ok(standing)
    }

    /// A number of the account. One that was given back stays listed, as
    /// terminated, until what was paid for it is used up.
    async fn held(&self, number: &E164) -> Result<Option<Resource>, CarrierError> {
        let call = self
            .look("owned", &["dids"])
            .query("filter[number]", number.digits());
        let found: Many = granted(call.send().await?)?.json()?;
        let is_it =
            |did: &Resource| did.text("number") == Some(number.digits()) && !did.is("terminated");
        Ok(found.data.into_iter().find(is_it))
    }
}

fn is_ours(order: &Resource, ours: &OrderId) -> bool {
    order.text("external_reference_id") == Some(&ours.0)
}

/// The same of each number.
fn all(order: &Resource, numbers: &[E164], verdict: &Verdict) -> Standing {
    let numbers = numbers.iter();
    Standing {
        vendor: Map::from_iter([("order_id".to_owned(), json!(order.id))]),
        numbers: numbers
            .map(|number| (number.clone(), verdict.clone()))
            .collect(),
    }
}

/// What the record remembers of a number.
fn kept(did: &Resource, order: Option<&str>) -> Map<String, Value> {
    let mut data = Map::from_iter([("did_id".to_owned(), json!(did.id))]);
    if let Some(order) = order {
        data.insert("order_id".to_owned(), json!(order));
    }
    if did.is("awaiting_registration") {
        data.insert("awaiting_registration".to_owned(), json!(true));
    }
    data
}

fn owned(did: &Resource) -> Option<Owned> {
    Some(Owned {
        number: format!("+{}", did.text("number")?).parse().ok()?,
        data: kept(did, None),
        reference: None,
        cost: None,
    })
}
