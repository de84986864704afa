//! Carriers outside: all are asked at once, within one deadline, and one that
//! fails costs the others nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use carriers::{CarrierError, Offer, Offers, Query};
use futures::future::{BoxFuture, join_all};
use numbers::account::Account;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use store::StoreError;

use crate::Engine;
use crate::credentials::Dealer;

/// How many offers one search keeps, of all carriers together.
const MOST_OFFERS: usize = 1_000;

/// The most that a carrier may say of one number, in bytes of JSON.
const MOST_SAID: usize = 8 * 1024;

/// How many numbers a carrier is asked about at once.
const CHECKED_AT_ONCE: usize = 500;

/// What carriers outside answered.
#[derive(Debug, Default)]
pub(super) struct Answers<T> {
    /// In the order of the carriers.
    pub said: Vec<T>,
    /// Who didn't answer, and why.
    pub silent: BTreeMap<CarrierName, String>,
}

impl Engine {
    /// The carriers that an account's searches ask outside, with the credentials
    /// of its reseller.
    pub(crate) async fn outside(
        &self,
        account: &Account,
    ) -> Result<Vec<(CarrierName, Dealer)>, StoreError> {
        let reseller = self.reseller_of(account).await?;
        let mut outside = Vec::new();
        for name in self.names_searched(Some(&reseller)) {
            let dealer = self.dealers.buying(&reseller.id, &name).await?;
            let dealer = dealer.filter(Dealer::looks);
            outside.extend(dealer.map(|dealer| (name, dealer)));
        }
        Ok(outside)
    }

    /// What carriers sell of what a query wants, each one's by number.
    pub(super) async fn ask_for_offers<'q>(
        &'q self,
        dealers: &'q [(CarrierName, Dealer)],
        query: &'q Query,
    ) -> Answers<Offer> {
        let ask = |offers: &'q dyn Offers| -> BoxFuture<'q, Result<Vec<Offer>, CarrierError>> {
            if offers.serves(query) {
                offers.offers(query)
            } else {
                Box::pin(async { Ok(Vec::new()) })
            }
        };
        let answers = self.ask_each(dealers, ask).await;
        let mut said = Vec::new();
        for mut offers in answers.said {
            offers.retain(|offer| is_good(offer, query));
            offers.sort_by(|one, other| one.number().cmp(other.number()));
            said.append(&mut offers);
        }
        said.truncate(MOST_OFFERS);
        Answers {
            said,
            silent: answers.silent,
        }
    }

    /// Which of these numbers some carrier sells right now, in their order.
    pub(crate) async fn ask_whether_sold<'n>(
        &'n self,
        dealers: &'n [(CarrierName, Dealer)],
        numbers: &'n [E164],
    ) -> (Vec<bool>, BTreeMap<CarrierName, String>) {
        let ask = |offers: &'n dyn Offers| -> BoxFuture<'n, Result<Vec<bool>, CarrierError>> {
            Box::pin(async move {
                let mut sold = Vec::new();
                for part in numbers.chunks(CHECKED_AT_ONCE) {
                    let mut answer = offers.check(part).await?;
                    answer.resize(part.len(), false);
                    sold.append(&mut answer);
                }
                Ok(sold)
            })
        };
        let answers = self.ask_each(dealers, ask).await;
        let mut sold = vec![false; numbers.len()];
        for answer in answers.said {
            for (sold, said) in sold.iter_mut().zip(answer) {
                *sold |= said;
            }
        }
        (sold, answers.silent)
    }

    async fn ask_each<'e, T>(
        &'e self,
        dealers: &'e [(CarrierName, Dealer)],
        ask: impl Fn(&'e dyn Offers) -> BoxFuture<'e, Result<T, CarrierError>>,
    ) -> Answers<T> {
        let deadline = self.settings.number_manager.number_search_timeout_ms;
        let deadline = Duration::from_millis(deadline);
        let asked = dealers.iter().filter_map(|(name, dealer)| {
            let answer = match &dealer.carrier {
                Ok(carrier) => Ok(tokio::time::timeout(deadline, ask(carrier.offers()?))),
                Err(reason) => Err(reason.clone()),
            };
            Some(async move {
                let answer = match answer {
                    Ok(answer) => Ok(answer.await),
                    Err(reason) => Err(reason),
                };
                (name.clone(), answer)
            })
        });
        let mut answers = Answers {
            said: Vec::new(),
            silent: BTreeMap::new(),
        };
        for (name, answer) in join_all(asked).await {
            let reason = match answer {
                Ok(Ok(Ok(said))) => {
                    answers.said.push(said);
                    continue;
                }
                Ok(Ok(Err(error))) => error.reason,
                Err(unusable) => unusable,
                Ok(Err(_)) => format!("no answer within {} ms", deadline.as_millis()),
            };
            tracing::warn!(carrier = %name, reason, "a carrier didn't answer a search");
            answers.silent.insert(name, reason);
        }
        answers
    }
}

/// Whether an offer is what was asked for, and no more than a number and what
/// one says of it.
fn is_good(offer: &Offer, query: &Query) -> bool {
    let begins = offer.number().as_str().starts_with(&query.prefix);
    begins && offer.to_stored().len() <= MOST_SAID
}
