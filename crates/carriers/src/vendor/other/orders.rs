//! Orders, releases, and what is ours.

use async_trait::async_trait;
use numbers::e164::E164;
use outside::http::Method;
use serde_json::{Map, Value, json};

use super::{Other, data, known_data, object};
use crate::{
    CarrierError, Failure, Orders, Owned, OwnedPage, Placed, Purchase, Release, Sent, Standing,
    Verdict,
};

/// How many owned numbers are asked for at once.
const OWNED_PAGE: usize = 500;

#[async_trait]
impl Orders for Other {
    fn most_per_order(&self) -> usize {
        100
    }

    async fn order(&self, purchase: &Purchase<'_>) -> Result<Standing, CarrierError> {
        let numbers: Vec<E164> = purchase
            .offers
            .iter()
            .map(|offer| offer.number().clone())
            .collect();
        let country = purchase
            .offers
            .first()
            .map_or(self.country.as_str(), |offer| self.country_of(offer.data()));
        let answer = self
            .spend("order", Method::PUT, &["numbers", country, "order"])
            .header("idempotency-key", &purchase.id.0)
            .json(&json!({"data": {
                "numbers": numbers,
                "gateways": self.gateways,
                "reference": purchase.id,
            }}))
            .send()
            .await?;
        let rows = object(&answer, data(&answer)?)?;
        let offered = |number: &E164| {
            let mut offers = purchase.offers.iter();
            offers
                .find(|offer| offer.number() == number)
                .map(|offer| offer.data().clone())
        };
        Ok(standing(&numbers, &rows, offered))
    }

    async fn status(&self, placed: &Placed<'_>) -> Result<Standing, CarrierError> {
        let country = self.country_of(placed.vendor);
        let answer = self
            .look("status", Method::GET, &["numbers", country, "order"])
            .query("reference", &placed.id.0)
            .send()
            .await?;
        let rows = object(&answer, data(&answer)?)?;
        if rows.is_empty() {
            let unheard = placed.numbers.iter().cloned();
            return Ok(Standing {
                vendor: Map::new(),
                numbers: unheard.map(|number| (number, Verdict::Unheard)).collect(),
            });
        }
        Ok(standing(placed.numbers, &rows, |_| None))
    }

    async fn release(
        &self,
        sent: &Sent,
        number: &E164,
        known: &Map<String, Value>,
    ) -> Result<Release, CarrierError> {
        // What was bought past us has no country noted.
        let noted = known.get("country").and_then(Value::as_str);
        let country = noted.map_or_else(|| self.home_of(number), str::to_owned);
        let path = ["numbers", &country, "order"];
        let answer = self
            .spend("release", Method::DELETE, &path)
            .header("idempotency-key", &sent.id().0)
            .json(&json!({"data": {"numbers": [number], "reference": sent.id()}}))
            .send()
            .await?;
        let rows = object(&answer, data(&answer)?)?;
        match status_of(&rows, number) {
            Some("success" | "not_found") => Ok(Release::Done),
            Some("pending") => Ok(Release::Open),
            Some(_) => Err(self.client.error(Failure::Refused, reason(&rows, number))),
            None => Err(answer.garbled(format_args!("it doesn't name {number}"))),
        }
    }

    async fn holds(&self, number: &E164) -> Result<Option<Owned>, CarrierError> {
        let mut countries = places::countries(number);
        countries.retain(|country| *country != self.country);
        countries.insert(0, self.country.clone());
        for country in countries {
            let path = ["numbers", country.as_str(), "owned", number.as_str()];
            let answer = self.look("owned", Method::GET, &path).send().await?;
            let mut rows = object(&answer, data(&answer)?)?;
            if let Some(known) = rows.remove(number.as_str()) {
                return Ok(Some(owned(number.clone(), known)));
            }
        }
        Ok(None)
    }

    /// One country's list after the other; `from` is `CC/` and the number to go
    /// on after, if any.
    async fn owned(&self, from: Option<&str>) -> Result<OwnedPage, CarrierError> {
        let from = from.and_then(|from| from.split_once('/'));
        let (country, after) = from.unwrap_or((&self.country, ""));
        let mut call = self
            .look("owned", Method::GET, &["numbers", country, "owned"])
            .query("limit", &OWNED_PAGE.to_string());
        if !after.is_empty() {
            call = call.query("after", after);
        }
        let answer = call.send().await?;
        let rows = object(&answer, data(&answer)?)?;
        let next = if rows.len() >= OWNED_PAGE {
            let last = rows.keys().next_back();
            last.map(|last| format!("{country}/{last}"))
        } else {
            let mut rest = self.countries.iter().skip_while(|one| *one != country);
            rest.nth(1).map(|next| format!("{next}/"))
        };
        let numbers = rows.into_iter().filter_map(|(number, known)| {
            let number = number.parse().ok()?;
            Some(owned(number, known))
        });
        Ok(OwnedPage {
            numbers: numbers.collect(),
            next,
        })
    }

    fn list_of(&self, country: &str) -> Option<String> {
        let is_told = self.countries.iter().any(|told| told == country);
        (!is_told).then(|| format!("{country}/"))
    }
}

fn status_of<'r>(rows: &'r Map<String, Value>, number: &E164) -> Option<&'r str> {
    rows.get(number.as_str())?.get("status")?.as_str()
}

fn reason(rows: &Map<String, Value>, number: &E164) -> String {
    let row = rows.get(number.as_str());
    let said = |key| row?.get(key)?.as_str().map(ToOwned::to_owned);
    said("message")
        .or_else(|| said("status"))
        .unwrap_or_default()
}

/// How each number stands by its row. One without a row is open: what the
/// phonebook doesn't say is not known.
fn standing(
    numbers: &[E164],
    rows: &Map<String, Value>,
    offered: impl Fn(&E164) -> Option<Map<String, Value>>,
) -> Standing {
    let verdict = |number: &E164| match status_of(rows, number) {
        Some("success") => {
            let opaque = rows[number.as_str()]
                .get("opaque")
                .and_then(Value::as_object);
            let mut data = opaque
                .cloned()
                .or_else(|| offered(number))
                .unwrap_or_default();
            if let Some(locality) = rows[number.as_str()].get("locality") {
                data.insert("locality".to_owned(), locality.clone());
            }
            Verdict::Ours(data)
        }
        Some("pending") | None => Verdict::Open,
        Some(_) => Verdict::Refused(reason(rows, number)),
    };
    Standing {
        vendor: Map::new(),
        numbers: numbers
            .iter()
            .map(|number| (number.clone(), verdict(number)))
            .collect(),
    }
}

fn owned(number: E164, known: Value) -> Owned {
    let (data, cost) = known_data(known);
    let reference = data.get("reference").and_then(Value::as_str);
    Owned {
        number,
        reference: reference.map(ToOwned::to_owned),
        data,
        cost,
    }
}
