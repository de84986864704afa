//! Ordering, asking and giving back.

use async_trait::async_trait;
use numbers::e164::E164;
use serde_json::{Map, Value, json};

use super::{Bandwidth2, complaint, document, numbers_in};
use crate::{
    CarrierError, Failure, OrderId, Orders, Owned, OwnedPage, Placed, Purchase, Release, Sent,
    Standing, Verdict,
};
use outside::http::Answer;
use outside::xml::{Element, Writer};

/// How many owned numbers are asked for at once.
const OWNED_PAGE: &str = "500";
/// How many orders are looked into to find the one with our reference.
const MOST_CANDIDATES: usize = 20;
/// The longest name that an order may have.
const NAME_LENGTH: usize = 50;

#[async_trait]
impl Orders for Bandwidth2 {
    fn most_per_order(&self) -> usize {
        100
    }

    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let offers = purchase.offers;
        let numbers: Vec<E164> = offers.iter().map(|offer| offer.number().clone()).collect();
        let body = self.order_body(purchase.id, &numbers)?;
        let answer = self.post("order", &["orders"], body).await?;
        let offered = |number: &E164| {
            let offer = offers.iter().find(|offer| offer.number() == number);
            offer.map(|offer| offer.data().clone()).unwrap_or_default()
        };
        let reply = Reply::about(purchase.id, &answer)?;
        let vendor_id = reply.order.text_of("id").map(ToOwned::to_owned);
        Ok(reply.standing(vendor_id, &numbers, offered))
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let known = placed.vendor.get("order_id").and_then(Value::as_str);
        if let Some(vendor_id) = known
            && let Some(answer) = self.order_answer(vendor_id).await?
        {
            let reply = Reply::about(placed.id, &answer)?;
            let vendor_id = Some(vendor_id.to_owned());
            return Ok(reply.standing(vendor_id, placed.numbers, |_| Map::new()));
        }
        match self.find(placed).await? {
            Found::Order(standing) => Ok(standing),
            Found::Unclear => Ok(Standing {
                vendor: Map::new(),
                numbers: all(placed.numbers, &Verdict::Open),
            }),
            Found::Nothing => self.by_ownership(placed.numbers).await,
        }
    }

    async fn release(
        &self,
        sent: &Sent,
        number: &E164,
        _data: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        let body = self.release_body(sent.id(), number)?;
        let answer = self.post("release", &["disconnects"], body).await?;
        let refusal = match document(&answer) {
            Err(error) if error.failure == Failure::Refused => error,
            Err(error) => return Err(error),
            Ok(reply) => {
                if !numbers_in(&reply, "TelephoneNumber").contains(number) {
                    return Err(answer.garbled(format_args!("it doesn't name {number}")));
                }
                match reply.text_of("OrderStatus") {
                    Some("COMPLETE") => return Ok(Release::Done),
                    Some("FAILED") => {
                        let reason = format!("FAILED: {}", complaint(&reply, Some(number)));
                        self.client.error(Failure::Refused, reason)
                    }
                    Some(_) => return Ok(Release::Open),
                    None => return Err(answer.garbled("it has no OrderStatus")),
                }
            }
        };
        // Refused because it isn't ours any more, or for another reason?
        match self.holds(number).await {
            Ok(None) => Ok(Release::Done),
            Ok(Some(_)) | Err(_) => Err(refusal),
        }
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let path = ["inserviceNumbers", self.digits(number)?];
        let answer = self.ask("owned", &path, &[]).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let answer = answer.success()?;
        if !answer.body.is_empty() {
            let body = answer.xml()?;
            let mut named = numbers_in(&body, "TelephoneNumber");
            named.extend(numbers_in(&body, "FullNumber"));
            if !named.is_empty() && !named.contains(number) {
                return Err(answer.garbled(format_args!("it doesn't name {number}")));
            }
        }
        Ok(Some(owned(number.clone())))
    }

    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let page = from.unwrap_or("1");
        let query = [("size", OWNED_PAGE), ("page", page)];
        let answer = self.ask("owned", &["inserviceNumbers"], &query).await?;
        let body = document(&answer)?;
        if body.name != "TNs" {
            return Err(answer.garbled("it is no list of numbers"));
        }
        let next = body.find("next").and_then(|link| page_of(&link.text));
        if next == Some(page) {
            return Err(answer.garbled("its next page is itself"));
        }
        Ok(OwnedPage {
            numbers: numbers_in(&body, "TelephoneNumber")
                .into_iter()
                .map(owned)
                .collect(),
            next: next.map(ToOwned::to_owned),
        })
    }
}

/// What was found of an order by our reference.
enum Found {
    Order(Standing),
    Nothing,
    /// The vendor names orders that couldn't be looked into.
    Unclear,
}

impl Bandwidth2 {
    fn order_body(&self, id: &OrderId, numbers: &[E164]) -> Result<Writer, CarrierError> {
        let mut body = Writer::new()
            .open("Order")
            .text("Name", &self.order_name(id))
            .text("CustomerOrderId", &id.0)
            .text("SiteId", &self.site)
            .text_if(
                "PeerId",
                Some(self.peer.as_str()).filter(|peer| !peer.is_empty()),
            )
            .text("PartialAllowed", "false")
            .text("BackOrderRequested", "false")
            .open("ExistingTelephoneNumberOrderType")
            .open("TelephoneNumberList");
        for number in numbers {
            body = body.text("TelephoneNumber", self.digits(number)?);
        }
        Ok(body
            .close("TelephoneNumberList")
            .close("ExistingTelephoneNumberOrderType")
            .close("Order"))
    }

    fn release_body(&self, id: &OrderId, number: &E164) -> Result<Writer, CarrierError> {
        Ok(Writer::new()
            .open("DisconnectTelephoneNumberOrder")
            .text("Name", &self.order_name(id))
            .text("CustomerOrderId", &id.0)
            .open("DisconnectTelephoneNumberOrderType")
            .open("TelephoneNumberList")
            .text("TelephoneNumber", self.digits(number)?)
            .close("TelephoneNumberList")
            .text("DisconnectMode", "normal")
            .close("DisconnectTelephoneNumberOrderType")
            .close("DisconnectTelephoneNumberOrder"))
    }

    /// A name for people who look at the vendor's pages.
    fn order_name(&self, id: &OrderId) -> String {
        let name = format!("{}-{id}", self.order_name_prefix);
        name.chars().take(NAME_LENGTH).collect()
    }

    /// The order with the vendor's id; `None`: there is none.
    async fn order_answer(&self, vendor_id: &str) -> Result<Option<Answer>, CarrierError> {
        let answer = self.ask("status", &["orders", vendor_id], &[]).await?;
        Ok((answer.status != 404).then_some(answer))
    }

    /// Looks for an order by our reference. What the vendor lists is believed
    /// only once the order itself says so.
    async fn find(&self, placed: &Placed<'_>) -> Result<Found, CarrierError> {
        let query = [("customerOrderId", placed.id.0.as_str())];
        let answer = self.ask("status", &["orders"], &query).await?;
        if answer.status == 404 {
            return Ok(Found::Nothing);
        }
        let body = document(&answer)?;
        if body.find("ListOrderIdUserIdDate").is_none() {
            return Err(answer.garbled("it is no list of orders"));
        }
        let listed = body.all("OrderIdUserIdDate");
        let mut seen_all = listed.len() <= MOST_CANDIDATES && body.find("next").is_none();
        for row in listed.iter().take(MOST_CANDIDATES) {
            let vendor_id = row.text_of("orderId").or_else(|| row.text_of("OrderId"));
            let answer = match vendor_id {
                Some(vendor_id) => self.order_answer(vendor_id).await?,
                None => None,
            };
            let Some(answer) = answer else {
                seen_all = false;
                continue;
            };
            let reply = Reply::read(&answer)?;
            if reply.reference.as_deref() == Some(&placed.id.0) {
                let vendor_id = vendor_id.map(ToOwned::to_owned);
                let standing = reply.standing(vendor_id, placed.numbers, |_| Map::new());
                return Ok(Found::Order(standing));
            }
        }
        Ok(if seen_all {
            Found::Nothing
        } else {
            Found::Unclear
        })
    }

    /// How numbers stand of whose order the vendor knows nothing.
    async fn by_ownership(&self, numbers: &[E164]) -> Result<Standing, CarrierError> {
        let mut standing = Standing::default();
        for number in numbers {
            let verdict = match self.holds(number).await? {
                Some(held) => Verdict::Ours(held.data),
                None => Verdict::Unheard,
            };
            standing.numbers.push((number.clone(), verdict));
        }
        Ok(standing)
    }
}

/// An `OrderResponse`.
struct Reply {
    root: Element,
    order: Element,
    status: String,
    /// The customer's own id of the order.
    reference: Option<String>,
}

impl Reply {
    fn read(answer: &Answer) -> Result<Self, CarrierError> {
        let root = document(answer)?;
        let order = root.child("Order").cloned();
        let order = order.ok_or_else(|| answer.garbled("it holds no Order"))?;
        let status = root.text_of("OrderStatus").map(ToOwned::to_owned);
        let status = status.ok_or_else(|| answer.garbled("it has no OrderStatus"))?;
        let reference = root.find("CustomerOrderId");
        Ok(Self {
            reference: reference.map(|reference| reference.text.clone()),
            root,
            order,
            status,
        })
    }

    /// One that isn't about another order than ours.
    fn about(id: &OrderId, answer: &Answer) -> Result<Self, CarrierError> {
        let reply = Self::read(answer)?;
        if reply.reference.as_ref().is_some_and(|other| *other != id.0) {
            return Err(answer.garbled("it is about another order"));
        }
        Ok(reply)
    }

    fn standing(
        &self,
        vendor_id: Option<String>,
        numbers: &[E164],
        offered: impl Fn(&E164) -> Map<String, Value>,
    ) -> Standing {
        let mut vendor = Map::new();
        if let Some(vendor_id) = vendor_id {
            vendor.insert("order_id".to_owned(), json!(vendor_id));
        }
        let asked = numbers_in(&self.order, "TelephoneNumber");
        let completed = self.root.child("CompletedNumbers");
        let completed = completed.map(|list| numbers_in(list, "FullNumber"));
        let verdict = |number: &E164| match self.fate(number, &asked, completed.as_deref()) {
            Fate::Open => Verdict::Open,
            Fate::Failed => Verdict::Refused(format!(
                "{}: {}",
                self.status,
                complaint(&self.root, Some(number))
            )),
            Fate::Ours => {
                let mut data = offered(number);
                data.extend(vendor.clone());
                if let Some(reference) = &self.reference {
                    data.insert("customer_order_id".to_owned(), json!(reference));
                }
                if let Some(name) = self.order.text_of("Name") {
                    data.insert("order_name".to_owned(), json!(name));
                }
                Verdict::Ours(data)
            }
        };
        let numbers = numbers.iter();
        Standing {
            numbers: numbers
                .map(|number| (number.clone(), verdict(number)))
                .collect(),
            vendor,
        }
    }

    /// What became of a number, by the order's state and the lists of those that
    /// were asked for and got. One that the vendor doesn't name stays open.
    fn fate(&self, number: &E164, asked: &[E164], completed: Option<&[E164]>) -> Fate {
        let got = completed.unwrap_or(asked).contains(number);
        let meant = asked.is_empty() || asked.contains(number);
        match self.status.as_str() {
            "COMPLETE" if got => Fate::Ours,
            "PARTIAL" if completed.is_some() && got => Fate::Ours,
            "PARTIAL" if completed.is_some() && meant => Fate::Failed,
            "FAILED" | "BACKORDERED" if meant => Fate::Failed,
            _ => Fate::Open,
        }
    }
}

enum Fate {
    Open,
    Ours,
    Failed,
}

fn all(numbers: &[E164], verdict: &Verdict) -> Vec<(E164, Verdict)> {
    let numbers = numbers.iter();
    numbers
        .map(|number| (number.clone(), verdict.clone()))
        .collect()
}

fn owned(number: E164) -> Owned {
    Owned {
        number,
        data: Map::new(),
        reference: None,
        cost: None,
    }
}

/// The `page` in a link to a page: `Link=<https://…?size=500&page=2>;rel="next";`.
fn page_of(link: &str) -> Option<&str> {
    let (_, from) = link.split_once("page=")?;
    let end = from.find(['&', '>', '"', ';', ' ']).unwrap_or(from.len());
    Some(&from[..end]).filter(|page| !page.is_empty() && page.len() <= 100)
}
