//! Carriers outside: all are asked at once, within one deadline, and one that
//! fails costs the others nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use carriers::{CarrierError, Offer, Offers, Query};
use futures::future::{BoxFuture, join_all};
use numbers::account::Account;
use numbers::carrier::CarrierName;
use numbers::e164::E164;
use outside::patience::within;
use store::StoreError;

use crate::Engine;
use crate::credentials::Shelf;

/// How many offers one search keeps, of all carriers together.
pub(super) const MOST_OFFERS: usize = 1_000;

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
    pub(crate) async fn outside(&self, account: &Account) -> Result<Vec<Shelf>, StoreError> {
        let reseller = self.reseller_of(account).await?;
        let mut outside = Vec::new();
        for name in self.names_searched(Some(&reseller)) {
            outside.extend(self.dealers.shelf(&reseller.id, name).await?);
        }
        Ok(outside)
    }

    /// What carriers sell of what a query wants, each one's by number.
    pub(super) async fn ask_for_offers<'q>(
        &'q self,
        shelves: &'q [Shelf],
        query: &'q Query,
    ) -> Answers<Vec<Offer>> {
        let ask = |offers: &'q dyn Offers| -> BoxFuture<'q, Result<Vec<Offer>, CarrierError>> {
            if offers.serves(query) {
                offers.offers(query)
            } else {
                Box::pin(async { Ok(Vec::new()) })
            }
        };
        let mut answers = self.ask_each(shelves, ask).await;
        for offers in &mut answers.said {
            offers.retain(|offer| is_good(offer, query));
            offers.sort_by(|one, other| one.number().cmp(other.number()));
        }
        answers
    }

    /// Which of these numbers some carrier sells right now, in their order.
    pub(crate) async fn ask_whether_sold<'n>(
        &'n self,
        shelves: &'n [Shelf],
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
        let answers = self.ask_each(shelves, ask).await;
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
        shelves: &'e [Shelf],
        ask: impl Fn(&'e dyn Offers) -> BoxFuture<'e, Result<T, CarrierError>>,
    ) -> Answers<T> {
        let deadline = self.settings.number_manager.number_search_timeout_ms;
        let deadline = Duration::from_millis(deadline);
        let asked = shelves.iter().map(|shelf| {
            let offers = shelf.offers().map_err(str::to_owned);
            let answer = offers.map(|offers| within(deadline, ask(offers)));
            async move {
                let answer = match answer {
                    Ok(answer) => Ok(answer.await),
                    Err(reason) => Err(reason),
                };
                (shelf.name.clone(), answer)
            }
        });
        let mut answers = Answers {
            said: Vec::new(),
            silent: BTreeMap::new(),
        };
        for (name, answer) in join_all(asked).await {
            let reason = match answer {
                Ok(Some(Ok(said))) => {
                    answers.said.push(said);
                    continue;
                }
                Ok(Some(Err(error))) => error.reason,
                Err(unusable) => unusable,
                Ok(None) => format!("no answer within {} ms", deadline.as_millis()),
            };
            tracing::warn!(carrier = %name, reason, "a carrier didn't answer a search");
            answers.silent.insert(name, reason);
        }
        answers
    }
}

/// At most `most` of what carriers offer, each one's in its order, one carrier
/// after the other. Where there is more, they take turns, so that none pushes
/// another out.
pub(super) fn shared_out<T>(mut offered: Vec<Vec<T>>, most: usize) -> Vec<T> {
    let mut kept = vec![0; offered.len()];
    let mut left = most;
    loop {
        let before = left;
        for (kept, offers) in kept.iter_mut().zip(&offered) {
            if left > 0 && *kept < offers.len() {
                *kept += 1;
                left -= 1;
            }
        }
        if left == before {
            break;
        }
    }
    for (offers, kept) in offered.iter_mut().zip(kept) {
        offers.truncate(kept);
    }
    offered.into_iter().flatten().collect()
}

/// Whether an offer is what was asked for, and no more than a number and what
/// one says of it.
fn is_good(offer: &Offer, query: &Query) -> bool {
    let begins = offer.number().as_str().starts_with(&query.prefix);
    begins && offer.to_stored().len() <= MOST_SAID
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriers_take_turns_where_there_is_more_than_is_kept() {
        for (offered, most, kept) in [
            (vec![vec![1, 2, 3, 4, 5], vec![6, 7]], 4, vec![1, 2, 6, 7]),
            (
                vec![vec![1, 2, 3, 4, 5], vec![6, 7]],
                5,
                vec![1, 2, 3, 6, 7],
            ),
            (vec![vec![1, 2, 3], vec![], vec![6, 7, 8]], 3, vec![1, 2, 6]),
            (vec![vec![1], vec![2], vec![3]], 2, vec![1, 2]),
            (vec![vec![1, 2], vec![3]], 9, vec![1, 2, 3]),
            (vec![vec![1, 2], vec![3]], 0, vec![]),
            (vec![], 9, vec![]),
        ] {
            assert_eq!(
                shared_out(offered.clone(), most),
                kept,
                "{offered:?} {most}"
            );
        }
    }
}
