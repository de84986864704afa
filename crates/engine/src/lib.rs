//! The engine of numberd: runs plans. Loads what a decision needs, lets the
//! domain decide, writes, retries a lost race, and tells the outcome. The only
//! crate with a clock and random ids.
//!
//! Every operation is a method of [`Engine`], in the file of its noun, and
//! takes a [`Context`] first.

mod account_record;
mod account_settings;
pub mod accounts;
pub mod api_keys;
pub mod availability;
mod backoff;
pub mod bootstrap;
pub mod caller_names;
pub mod change;
pub mod columns;
pub mod context;
pub mod credentials;
pub mod emergency;
pub mod error;
mod event_note;
pub mod explain;
mod fields;
pub mod fix;
pub mod hierarchy;
pub mod history;
pub mod identify;
pub mod import;
pub mod leases;
pub mod login;
mod messaging;
pub mod numbering;
pub mod numbers;
pub mod orders;
pub mod passwords;
pub mod places;
pub mod receipt;
pub mod reconcile;
pub mod rest;
mod rules;
pub mod schema;
pub mod search;
mod secrets;
pub mod settings;
pub mod tokens;
mod turns;
pub mod user_document;
pub mod users;
pub mod webhooks;

use std::sync::Arc;

use ::numbers::pattern::BadPattern;
use ::numbers::plan::Rules;
use ::numbers::price::PriceList;
use ::numbers::state::State;
use carriers::phonebook::Phonebook;
use carriers::{GiveBack, Registry, UnknownCarrier};
use providers::Providers;
use store::Store;

pub use context::{Caller, Context};
pub use error::{EngineError, FieldError};
pub use settings::Settings;

use caller_names::NameDesk;
use credentials::Dealers;
use emergency::AddressDesk;
use numbering::NumberingRules;
use orders::OrderDesk;
use search::SearchPages;
use webhooks::Deliveries;

/// Does everything that numberd does.
pub struct Engine {
    store: Arc<dyn Store>,
    settings: Settings,
    carriers: Arc<Registry>,
    dealers: Arc<Dealers>,
    desk: OrderDesk,
    deliveries: Deliveries,
    addresses: AddressDesk,
    names: NameDesk,
    rules: Rules,
    numbering: NumberingRules,
    overlays: places::overlays::Current,
    phonebook: Option<Phonebook>,
    prices: Arc<PriceList>,
    searches: SearchPages,
    turns: turns::Turns,
    keyring: tokens::Keyring,
    hasher: passwords::Hasher,
}

/// Settings that can't be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// A carrier or a provider can't be used as it is configured.
    #[error(transparent)]
    Vendor(#[from] carriers::BadSettings),
    /// A pattern of `[number_manager]`.
    #[error("number_manager: {0}")]
    Pattern(#[from] BadPattern),
    /// A carrier's name.
    #[error("number_manager.{key}: {unknown}")]
    Carrier {
        /// In which setting.
        key: &'static str,
        /// Which name.
        unknown: UnknownCarrier,
    },
    /// The service that is asked where numbers are.
    #[error("number_manager.locality: {problem}")]
    Locality {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A state that a setting can't name.
    #[error("number_manager.{key}: '{state}' is not possible; possible are {list}",
        list = allowed.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", "))]
    State {
        /// In which setting.
        key: &'static str,
        /// Which.
        state: State,
        /// What it could name.
        allowed: &'static [State],
    },
}

impl Engine {
    /// An engine over a store.
    ///
    /// # Errors
    /// Settings that name unknown carriers, impossible states or bad patterns.
    pub fn new(store: Arc<dyn Store>, settings: Settings) -> Result<Self, BadSettings> {
        let providers = Providers::with_settings(settings.providers.0.clone())?;
        Self::with_providers(store, settings, providers)
    }

    /// The same with providers of one's own.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_providers(
        store: Arc<dyn Store>,
        settings: Settings,
        providers: Providers,
    ) -> Result<Self, BadSettings> {
        let carriers = Arc::new(Registry::with_settings(settings.carriers.0.clone())?);
        let dealers = Arc::new(Dealers::new(
            Arc::clone(&store),
            Arc::clone(&carriers),
            settings.carriers.clone(),
            settings.secrets_key.clone(),
        ));
        let desk = OrderDesk::new(Arc::clone(&store), Arc::clone(&dealers), settings.orders);
        let providers = Arc::new(providers);
        let names = NameDesk::new(Arc::clone(&store), Arc::clone(&providers));
        let addresses = AddressDesk::new(Arc::clone(&store), providers, settings.orders);
        let manager = &settings.number_manager;
        let check = |key, name: &str| match carriers.configured(name) {
            Ok(_) => Ok(()),
            Err(unknown) => Err(BadSettings::Carrier { key, unknown }),
        };
        check("available_module_name", &manager.available_module_name)?;
        check("port_in_module_name", &manager.port_in_module_name)?;
        for name in &manager.carrier_modules {
            check("carrier_modules", name)?;
            let carrier = carriers.configured(name).ok();
            if carrier.is_some_and(|carrier| {
                carrier.offers().is_none() && matches!(carrier.give_back(), GiveBack::ByHand)
            }) {
                tracing::warn!(
                    "number_manager.carrier_modules names '{name}', but there is no \
                     [carriers.{name}]: it is asked for numbers only where a reseller has \
                     an account of his own there"
                );
            }
        }
        rules::check_states(manager)?;
        Ok(Self {
            rules: rules::system_rules(manager, &carriers),
            numbering: NumberingRules::new(manager)?,
            overlays: places::overlays::Current::default(),
            phonebook: Phonebook::new(&manager.locality).map_err(|error| {
                BadSettings::Locality {
                    // The client calls every base `base_url`; here it is `url`.
                    problem: error.problem.replace("'base_url'", "'url'"),
                }
            })?,
            prices: Arc::new(settings.prices.clone()),
            searches: SearchPages::default(),
            turns: turns::Turns::default(),
            keyring: tokens::Keyring::default(),
            hasher: passwords::Hasher::default(),
            deliveries: Deliveries::default(),
            store,
            settings,
            carriers,
            dealers,
            desk,
            addresses,
            names,
        })
    }

    /// Where orders at carriers are worked off.
    pub const fn desk(&self) -> &OrderDesk {
        &self.desk
    }

    /// Where emergency addresses are worked off.
    pub const fn addresses(&self) -> &AddressDesk {
        &self.addresses
    }

    /// The store underneath, for reads that need no decision.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What it was told at start.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
}
