//! What can be had: `check` and `carriers_info`.

use numbers::account::Account;
use numbers::authorize::creation_states;
use numbers::carrier::{CarrierName, KNOWN};
use numbers::e164::E164;
use numbers::state::State;

use crate::{Context, Engine, EngineError};

/// The longest prefix any search takes (spec/life.md 4.6).
const LONGEST_PREFIX: usize = 15;

/// What `carriers_info` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriersInfo {
    /// The longest prefix that every searched carrier takes.
    pub maximal_prefix_length: usize,
    /// Names that a number's carrier may have.
    pub usable_carriers: &'static [&'static str],
    /// States in which the caller may create numbers.
    pub usable_creation_states: &'static [State],
}

impl Engine {
    /// Whether each text is a number that can be had right now, in order.
    pub async fn check_numbers(
        &self,
        account: Option<&Account>,
        texts: &[String],
    ) -> Result<Vec<bool>, EngineError> {
        let numbering = self.numbering(account);
        let keys: Vec<Option<E164>> = texts.iter().map(|text| numbering.key(text).ok()).collect();
        let known: Vec<E164> = keys.iter().flatten().cloned().collect();
        let mut found = self.store.numbers(&known).await?.into_iter();
        let mut is_available = |key: Option<E164>| {
            key.and_then(|_| found.next().flatten())
                .is_some_and(|number| number.state == State::Available)
        };
        Ok(keys.into_iter().map(&mut is_available).collect())
    }

    /// What the account can search and create.
    pub async fn carriers_info(
        &self,
        cx: &Context,
        account: &Account,
    ) -> Result<CarriersInfo, EngineError> {
        let reseller = self.reseller_of(account).await?;
        let mut names: Vec<CarrierName> = ["reserved", "reserved_reseller", "local"]
            .map(CarrierName::new)
            .to_vec();
        names.extend(self.searched_carriers(Some(&reseller)));
        let maximal_prefix_length = names
            .iter()
            .filter_map(|name| self.carriers.get(name)?.maximal_prefix_length())
            .fold(LONGEST_PREFIX, usize::min);
        Ok(CarriersInfo {
            maximal_prefix_length,
            usable_carriers: &KNOWN,
            usable_creation_states: creation_states(cx.account()),
        })
    }
}
