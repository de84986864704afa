//! What can be had: `check` and `carriers_info`.

use std::collections::BTreeMap;

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

/// What can be had of some numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Whether each can be, in the order of the question.
    pub available: Vec<bool>,
    /// Carriers that were asked and didn't answer, and why: for administrators.
    pub silent: BTreeMap<CarrierName, String>,
}

impl Engine {
    /// Whether each text is a number that can be had right now, in order: from
    /// our own stock, else from a carrier that the buyer's searches ask. A
    /// number with a record here is never asked for.
    pub async fn check_numbers(
        &self,
        account: Option<&Account>,
        buyer: Option<&Account>,
        texts: &[String],
    ) -> Result<Checked, EngineError> {
        let numbering = self.numbering(account);
        let keys: Vec<Option<E164>> = texts.iter().map(|text| numbering.key(text).ok()).collect();
        let known: Vec<E164> = keys.iter().flatten().cloned().collect();
        let found = self.store.numbers(&known).await?;
        let unknown = known
            .iter()
            .zip(&found)
            .filter(|(_, found)| found.is_none());
        let unknown: Vec<E164> = unknown.map(|(key, _)| key.clone()).collect();
        let (sold, silent) = match buyer {
            Some(buyer) if !unknown.is_empty() => {
                let shelves = self.outside(buyer).await?;
                self.ask_whether_sold(&shelves, &unknown).await
            }
            _ => (Vec::new(), BTreeMap::new()),
        };
        let (mut found, mut sold) = (found.into_iter(), sold.into_iter());
        let mut is_available = |key: &Option<E164>| {
            if key.is_none() {
                return false;
            }
            match found.next().flatten() {
                Some(number) => number.state == State::Available,
                None => sold.next().unwrap_or(false),
            }
        };
        let available = keys.iter().map(&mut is_available).collect();
        Ok(Checked { available, silent })
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
