//! Orders, what is ours, and giving it back.

use async_trait::async_trait;
use numbers::e164::E164;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Many, One, Telnyx, granted};
use crate::{
    CarrierError, OrderId, Orders, Owned, OwnedPage, Placed, Purchase, Release, Sent, Standing,
    Verdict,
};
use outside::http::Method;

/// The largest page that the vendor answers.
const PAGE: &str = "250";

/// An order as the vendor has it.
#[derive(Deserialize)]
struct Order {
    id: String,
    #[serde(default)]
    status: String,
    customer_reference: Option<String>,
    #[serde(default)]
    phone_numbers: Vec<Ordered>,
    #[serde(default)]
    sub_number_orders_ids: Vec<String>,
}

/// One number of an order.
#[derive(Deserialize)]
struct Ordered {
    id: Option<String>,
    phone_number: String,
    status: Option<String>,
}

/// A number of the account.
#[derive(Deserialize)]
struct Held {
    id: String,
    phone_number: String,
    #[serde(default)]
    status: String,
    customer_reference: Option<String>,
}

impl Held {
    /// Whether it is ours, or on its way to us.
    fn is_live(&self) -> bool {
        !matches!(
            self.status.as_str(),
            "deleted" | "purchase_failed" | "port_failed" | "ported_out"
        )
    }

    fn is_pending(&self) -> bool {
        self.status == "purchase_pending"
    }

    fn data(&self) -> Map<String, Value> {
        Map::from_iter([
            ("phone_number_id".to_owned(), json!(self.id)),
            ("status".to_owned(), json!(self.status)),
        ])
    }

    fn owned(self) -> Option<Owned> {
        Some(Owned {
            number: self.phone_number.parse().ok()?,
            data: self.data(),
            reference: self.customer_reference,
            cost: None,
        })
    }
}

#[async_trait]
impl Orders for Telnyx {
    fn most_per_order(&self) -> usize {
        100
    }

    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let numbers: Vec<E164> = purchase
            .offers
            .iter()
            .map(|offer| offer.number().clone())
            .collect();
        let wanted: Vec<Value> = numbers
            .iter()
            .map(|number| json!({"phone_number": number}))
            .collect();
        let mut body = json!({"phone_numbers": wanted, "customer_reference": purchase.id});
        for (key, value) in [
            ("connection_id", &self.settings.connection_id),
            ("messaging_profile_id", &self.settings.messaging_profile_id),
            ("billing_group_id", &self.settings.billing_group_id),
        ] {
            if !value.is_empty() {
                body[key] = json!(value);
            }
        }
        let call = self.spend("order", Method::POST, &["number_orders"]);
        let answer = granted(call.json(&body).send().await?)?;
        let order: One<Order> = answer.json()?;
        if order.data.customer_reference.as_deref() != Some(&purchase.id.0) {
            return Err(answer.garbled("it is about another order"));
        }
        Ok(order.data.standing(&numbers))
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        if let Some(id) = placed.vendor.get("order_id").and_then(Value::as_str)
            && let Some(order) = self.order_by_id(id, placed.id).await?
        {
            return Ok(order.standing(placed.numbers));
        }
        if let Some(id) = self.order_id(placed.id).await?
            && let Some(order) = self.order_by_id(&id, placed.id).await?
        {
            return Ok(order.standing(placed.numbers));
        }
        self.without_order(placed.numbers).await
    }

    async fn release(
        &self,
        _sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        // By the number as it is now: an id that was kept may be another's.
        let Some(held) = self.held(number).await? else {
            return Ok(Release::Done);
        };
        let path = ["phone_numbers", &held.id];
        let answer = self.spend("release", Method::DELETE, &path).send().await?;
        if answer.status == 404 {
            return Ok(Release::Done);
        }
        let answer = granted(answer)?;
        let gone: One<Held> = answer.json()?;
        if gone.data.phone_number != number.as_str() {
            return Err(answer.garbled(format_args!("it doesn't name {number}")));
        }
        Ok(if gone.data.is_live() {
            Release::Open
        } else {
            Release::Done
        })
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let held = self.held(number).await?;
        Ok(held.filter(|held| !held.is_pending()).and_then(Held::owned))
    }

    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let number: u64 = from.and_then(|from| from.parse().ok()).unwrap_or(1);
        let call = self
            .look("owned", &["phone_numbers"])
            .query("page[number]", &number.to_string())
            .query("page[size]", PAGE)
            .query("sort", "phone_number");
        let page: Many<Held> = granted(call.send().await?)?.json()?;
        let is_last = page.data.is_empty() || number >= page.meta.total_pages;
        let ours = page
            .data
            .into_iter()
            .filter(|held| held.is_live() && !held.is_pending());
        Ok(OwnedPage {
            numbers: ours.filter_map(Held::owned).collect(),
            next: (!is_last).then(|| (number + 1).to_string()),
        })
    }
}

impl Telnyx {
    /// An order, if the vendor has it and it is ours by our id.
    async fn order_by_id(&self, id: &str, ours: &OrderId) -> Result<Option<Order>, CarrierError> {
        let answer = self.look("status", &["number_orders", id]).send().await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let order: One<Order> = granted(answer)?.json()?;
        let is_ours = order.data.customer_reference.as_deref() == Some(&ours.0);
        Ok(is_ours.then_some(order.data))
    }

    /// The vendor's id of an order, by ours. Its listing doesn't say how each
    /// number stands.
    async fn order_id(&self, ours: &OrderId) -> Result<Option<String>, CarrierError> {
        let call = self
            .look("status", &["number_orders"])
            .query("filter[customer_reference]", &ours.0)
            .query("page[size]", PAGE);
        let answer = granted(call.send().await?)?;
        let found: Many<Order> = answer.json()?;
        let is_whole = found.meta.is_last();
        let is_ours = |order: &Order| order.customer_reference.as_deref() == Some(&ours.0);
        match found.data.into_iter().find(is_ours) {
            Some(order) => Ok(Some(order.id)),
            None if is_whole => Ok(None),
            None => Err(answer.garbled("it lists orders that weren't asked for")),
        }
    }

    /// How numbers stand whose order the vendor doesn't know.
    async fn without_order(&self, numbers: &[E164]) -> Result<Standing, CarrierError> {
        let mut standing = Standing::default();
        for number in numbers {
            let verdict = match self.held(number).await? {
                Some(held) if held.is_pending() => Verdict::Open,
                Some(held) => Verdict::Ours(held.data()),
                None => Verdict::Unheard,
            };
            standing.numbers.push((number.clone(), verdict));
        }
        Ok(standing)
    }

    /// A number of the account. The vendor takes digits only, anywhere in a
    /// number.
    async fn held(&self, number: &E164) -> Result<Option<Held>, CarrierError> {
        let call = self
            .look("owned", &["phone_numbers"])
            .query("filter[phone_number]", number.digits())
            .query("page[size]", PAGE);
        let found: Many<Held> = granted(call.send().await?)?.json()?;
        let is_it = |held: &Held| held.phone_number == number.as_str() && held.is_live();
        Ok(found.data.into_iter().find(is_it))
    }
}

impl Order {
    /// How each number stands. One that the order doesn't name is open: what
    /// the vendor doesn't say is not known.
    fn standing(&self, numbers: &[E164]) -> Standing {
        let mut vendor = Map::from_iter([("order_id".to_owned(), json!(self.id))]);
        if !self.sub_number_orders_ids.is_empty() {
            let ids = json!(self.sub_number_orders_ids);
            vendor.insert("sub_number_orders_ids".to_owned(), ids);
        }
        let verdict = |number: &E164| {
            let mut rows = self.phone_numbers.iter();
            rows.find(|row| row.phone_number == number.as_str())
                .map_or(Verdict::Open, |row| self.verdict(row))
        };
        Standing {
            vendor,
            numbers: numbers
                .iter()
                .map(|number| (number.clone(), verdict(number)))
                .collect(),
        }
    }

    fn verdict(&self, row: &Ordered) -> Verdict {
        match row.status.as_deref().unwrap_or(&self.status) {
            "success" => {
                let mut data = Map::from_iter([("order_id".to_owned(), json!(self.id))]);
                if let Some(id) = &row.id {
                    data.insert("order_phone_number_id".to_owned(), json!(id));
                }
                Verdict::Ours(data)
            }
            "failure" => Verdict::Refused("the vendor couldn't deliver the number".to_owned()),
            // `pending`, and whatever the vendor may add.
            _ => Verdict::Open,
        }
    }
}
