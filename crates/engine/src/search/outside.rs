//! What carriers outside sell: all are asked at once, within one deadline, and
//! one that fails costs the others nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use carriers::{Carrier, Filters, Offer, Offers, Query};
use futures::future::join_all;
use numbers::carrier::CarrierName;

use super::{SearchQuery, country_code};
use crate::Engine;

/// What carriers outside answered.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// What they sell, in the order of the carriers.
    pub offers: Vec<Offer>,
    /// Who didn't answer, and why.
    pub silent: BTreeMap<CarrierName, String>,
}

impl Engine {
    /// Asks these carriers for numbers that begin with `prefix`, `+` and digits.
    pub(super) async fn ask_outside(
        &self,
        names: &[CarrierName],
        prefix: &str,
        country: &str,
        query: &SearchQuery,
    ) -> Answers {
        let manager = &self.settings.number_manager;
        let deadline = Duration::from_millis(manager.number_search_timeout_ms);
        let outside = names.iter().filter_map(|name| {
            let carrier = self.carriers.get(name)?;
            Some((carrier, carrier.offers()?))
        });
        let asked = outside.map(|(carrier, offers)| async move {
            let query = Query {
                quantity: manager.maximum_search_quantity,
                filters: Filters {
                    locality: query.city.clone(),
                    state: query.state.clone(),
                    ..Filters::default()
                },
                ..cut(carrier, prefix, country)
            };
            let answer = tokio::time::timeout(deadline, ask(offers, &query)).await;
            let late = || Err(format!("no answer within {} ms", deadline.as_millis()));
            (carrier.name().clone(), answer.unwrap_or_else(|_| late()))
        });
        let mut answers = Answers::default();
        for (name, answer) in join_all(asked).await {
            match answer {
                Ok(offers) => answers.offers.extend(
                    offers
                        .into_iter()
                        .filter(|offer| offer.number().as_str().starts_with(prefix)),
                ),
                Err(reason) => {
                    tracing::warn!(carrier = %name, reason, "a carrier didn't answer a search");
                    answers.silent.insert(name, reason);
                }
            }
        }
        answers
    }
}

async fn ask(offers: &dyn Offers, query: &Query) -> Result<Vec<Offer>, String> {
    let found = offers.offers(query).await;
    found.map_err(|error| error.reason)
}

/// The prefix as far as the carrier searches by it.
fn cut(carrier: &dyn Carrier, prefix: &str, country: &str) -> Query {
    let code = country_code(country).map(|code| format!("+{code}"));
    let code = code.filter(|code| prefix.starts_with(code.as_str()));
    let code = code.unwrap_or_else(|| "+".to_owned());
    let longest = carrier.maximal_prefix_length().unwrap_or(0);
    let national = prefix[code.len()..].chars().take(longest);
    let national: String = national.collect();
    Query {
        prefix: format!("{code}{national}"),
        country: country.to_ascii_uppercase(),
        national,
        ..Query::default()
    }
}
