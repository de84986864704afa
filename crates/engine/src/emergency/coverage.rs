//! Which numbers in service an emergency call can't be located from.

use numbers::account::Account;
use numbers::e164::E164;
use numbers::feature::Feature;
use numbers::feature::e911::{is_in_force, mismatch};
use numbers::number::Number;
use numbers::state::State;
use serde_json::{Map, Value, json};
use store::{Page, StoreError};

use super::setup::Setup;
use crate::{Engine, EngineError};

/// How many numbers are read at once.
const CHUNK: usize = 1000;

/// A number in service without an emergency address in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncovered {
    /// The number.
    pub number: Number,
    /// What is wanted of a provider for it; `None`: nothing was ever asked.
    pub setup: Option<Setup>,
    /// Why the account's provider makes no sense for it.
    pub warning: Option<String>,
}

impl Engine {
    /// A page of an account's numbers of the United States, its territories and
    /// Canada that are in service without a provisioned emergency address.
    pub async fn e911_coverage(
        &self,
        account: &Account,
        page: &Page<E164>,
    ) -> Result<Vec<Uncovered>, EngineError> {
        let rules = self.rules_for(Some(account)).await?;
        let provider = &rules.providers.e911;
        let mut uncovered = Vec::new();
        let mut part = Page {
            limit: CHUNK,
            ..page.clone()
        };
        loop {
            let mut numbers = self.store.account_numbers(&account.id, &part).await?;
            let next = (numbers.len() == CHUNK).then(|| numbers.pop()).flatten();
            numbers.retain(|number| self.needs_address(number));
            for number in numbers {
                if uncovered.len() == page.limit {
                    return Ok(uncovered);
                }
                uncovered.push(self.uncovered(number, provider).await?);
            }
            match next {
                Some(number) => part.from = Some(number.id),
                None => return Ok(uncovered),
            }
        }
    }

    async fn uncovered(&self, number: Number, provider: &str) -> Result<Uncovered, StoreError> {
        Ok(Uncovered {
            setup: self.addresses.setup(&number.id).await?,
            warning: mismatch(provider, &number.carrier),
            number,
        })
    }

    fn needs_address(&self, number: &Number) -> bool {
        number.state == State::InService
            && !is_in_force(number)
            && (self.built_in_class_of(&number.id) == "did_us" || is_of_territory(&number.id))
    }
}

/// Whether a number is of a territory of the United States, which the classes
/// count to the Caribbean, and where 911 is called all the same.
fn is_of_territory(number: &E164) -> bool {
    /// Guam, the Northern Marianas, Puerto Rico, American Samoa, the Virgin
    /// Islands.
    const AREAS: [&str; 6] = ["671", "670", "787", "939", "684", "340"];
    let area = number.as_str().strip_prefix("+1");
    area.and_then(|digits| digits.get(..3))
        .is_some_and(|area| AREAS.contains(&area))
}

/// What a listing shows of a number without an address; what the provider
/// said, to administrators only.
pub fn coverage_row(uncovered: &Uncovered, for_admin: bool) -> Map<String, Value> {
    let Uncovered {
        number,
        setup,
        warning,
    } = uncovered;
    let mut row = Map::new();
    row.insert("id".to_owned(), number.id.as_str().into());
    row.insert("carrier".to_owned(), number.carrier.as_str().into());
    row.insert("used_by".to_owned(), json!(number.used_by));
    if let Some(setup) = setup {
        let state = if number.features.contains_key(&Feature::E911) {
            // A sandbox's: played, and in force nowhere.
            "unconfirmed".into()
        } else {
            json!(setup.state())
        };
        row.insert("state".to_owned(), state);
        row.insert("since".to_owned(), json!(setup.since()));
        row.insert("provider".to_owned(), json!(setup.provider));
        row.insert("address_id".to_owned(), json!(setup.address_id));
        row.insert("asked".to_owned(), json!(setup.asked));
        if let Some(fault) = setup.fault.as_ref().filter(|_| for_admin) {
            row.insert("fault".to_owned(), json!(fault));
        }
    } else {
        row.insert("state".to_owned(), "never_asked".into());
    }
    if let Some(warning) = warning {
        row.insert("warning".to_owned(), warning.as_str().into());
    }
    row
}
