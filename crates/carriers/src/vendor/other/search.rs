//! Numbers on sale, one by one and by the block.

use std::collections::BTreeMap;

use async_trait::async_trait;
use numbers::e164::E164;
use outside::http::{Call, Method};
use serde_json::{Value, json};

use super::{Other, data, known_data, object};
use crate::{CarrierError, Filter, NumberKind, Offer, Offers, Query};

/// The fewest digits by which a number is named, so that no end of one counts.
const SHORTEST_NAMED: usize = 7;

#[async_trait]
impl Offers for Other {
    async fn offers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let found = match query.block_size {
            Some(size) => self.blocks(query, size).await?,
            None => self.numbers(query).await?,
        };
        // A phonebook may know none of the filters, but it has blocks.
        Ok(query.pick(found, &[Filter::Blocks]))
    }

    async fn check(&self, numbers: &[E164]) -> Result<Vec<bool>, CarrierError> {
        let mut by_country: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, number) in numbers.iter().enumerate() {
            let home = self.home_of(number);
            by_country.entry(home).or_default().push(index);
        }
        let mut sold = vec![false; numbers.len()];
        for (country, indices) in by_country {
            let asked: Vec<&E164> = indices.iter().map(|index| &numbers[*index]).collect();
            let answers = self.check_in(&country, &asked).await?;
            for (index, answer) in indices.into_iter().zip(answers) {
                sold[index] = answer;
            }
        }
        Ok(sold)
    }
}

impl Other {
    async fn numbers(&self, query: &Query) -> Result<Vec<Offer>, CarrierError> {
        let path = ["numbers", &query.country, "search"];
        let call = self
            .look("search", Method::GET, &path)
            .query("prefix", &query.prefix)
            .query("limit", &query.quantity.to_string())
            .query("offset", "0");
        let answer = filtered(call, query).send().await?;
        let found = object(&answer, data(&answer)?)?;
        Ok(found
            .into_iter()
            .filter_map(|(number, known)| self.offer(&number, known, query))
            .collect())
    }

    /// Each block as its first and its last number.
    async fn blocks(&self, query: &Query, size: usize) -> Result<Vec<Offer>, CarrierError> {
        let call = self
            .look("search", Method::GET, &["blocks", &query.country, "search"])
            .query("prefix", &query.prefix)
            .query("size", &query.quantity.to_string())
            .query("offset", "0")
            .query("limit", &size.to_string());
        let answer = filtered(call, query).send().await?;
        let Value::Array(blocks) = data(&answer)? else {
            return Err(answer.garbled("'data' is no list"));
        };
        let blocks = blocks.into_iter().filter(Value::is_object);
        let ends = blocks.flat_map(|mut block| {
            block["bulk"] = Value::Bool(true);
            ["start_number", "end_number"].map(|end| {
                let number = block[end].as_str().unwrap_or_default().to_owned();
                (number, block.clone())
            })
        });
        Ok(ends
            .filter_map(|(number, block)| self.offer(&number, block, query))
            .collect())
    }

    fn offer(&self, number: &str, known: Value, query: &Query) -> Option<Offer> {
        let number: E164 = number.parse().ok()?;
        let (mut known, cost) = known_data(known);
        known.insert("country".to_owned(), json!(query.country));
        Some(Offer::new(number, &self.name, known).with_cost(cost))
    }

    /// Which of these numbers of one country are for sale.
    async fn check_in(&self, country: &str, numbers: &[&E164]) -> Result<Vec<bool>, CarrierError> {
        let answer = self
            .look("check", Method::POST, &["numbers", country, "status"])
            .json(&json!({"data": numbers}))
            .send()
            .await?;
        let Value::Array(rows) = data(&answer)? else {
            return Err(answer.garbled("'data' is no list"));
        };
        // With or without the country code, as the phonebook likes.
        let named: Vec<&str> = rows
            .iter()
            .filter(|row| matches!(row["status"].as_str(), Some("available" | "success")))
            .filter_map(|row| Some(row["number"].as_str()?.trim_start_matches('+')))
            .filter(|named| named.len() >= SHORTEST_NAMED)
            .collect();
        let for_sale = |number: &&E164| {
            let mut named = named.iter();
            named.any(|named| number.as_str().ends_with(named))
        };
        Ok(numbers.iter().map(for_sale).collect())
    }
}

/// With the filters under the names that our own API gives them, lists with
/// commas.
fn filtered<'c>(mut call: Call<'c>, query: &Query) -> Call<'c> {
    let wanted = &query.filters;
    let features = wanted.features.join(",");
    let texts = [
        ("contains", wanted.contains.as_deref()),
        ("ends_with", wanted.ends_with.as_deref()),
        ("locality", wanted.locality.as_deref()),
        ("rate_center", wanted.rate_center.as_deref()),
        ("lata", wanted.lata.as_deref()),
        ("state", wanted.state.as_deref()),
        (
            "features",
            Some(features.as_str()).filter(|text| !text.is_empty()),
        ),
        ("type", wanted.kind.map(NumberKind::as_str)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            call = call.query(name, text);
        }
    }
    call
}
