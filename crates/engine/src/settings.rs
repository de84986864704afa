//! What an operator configures of the engine. The names of `[number_manager]`
//! are Kazoo's (spec/life.md 6.1).

use carriers::phonebook::PhonebookSettings;
use numbers::price::PriceList;
use numbers::state::State;
use outside::settings::AllSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::credentials::SecretsKey;
use crate::orders::Timing;
use crate::webhooks::WebhookSettings;

/// Everything the engine is told at start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `[number_manager]`.
    pub number_manager: NumberManager,
    /// `[prices]`: the installation's price list.
    pub prices: PriceList,
    /// `[auth]`.
    pub auth: Auth,
    /// `[accounts]`.
    pub accounts: Accounts,
    /// `[carriers]`.
    pub carriers: AllSettings,
    /// `[providers]`.
    pub providers: AllSettings,
    /// `[orders]`.
    pub orders: Timing,
    /// What resellers' credentials are stored under; `None`: they can't have
    /// any. Never in a file.
    pub secrets_key: Option<SecretsKey>,
    /// `[webhooks]`.
    pub webhooks: WebhookSettings,
    /// Whether other nodes may work on the same database at the same time: what
    /// one of them must know of another is written down.
    pub many_nodes: bool,
}

/// `[number_manager]`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own, under Kazoo's name"
)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberManager {
    /// Carriers that are searched, after an account's own and its reseller's
    /// reserved numbers and the local stock.
    pub carrier_modules: Vec<String>,
    /// The carrier of numbers that are created without one.
    pub available_module_name: String,
    /// The carrier of numbers that came by a port.
    pub port_in_module_name: String,
    /// The state of a created number when the request names none.
    pub default_create_state: State,
    /// The state of a number that its last owner gave back: `available` or
    /// `released`.
    pub released_state: State,
    /// Whether such a number is removed from the database.
    pub should_permanently_delete: bool,
    /// Whether such a number rests before it is for sale again.
    pub should_age: bool,
    /// How long it rests, in days. Whatever is said here, numbers of the United
    /// States and Canada rest at least 45 days, toll-free ones at most 120.
    pub aging_expiry_d: u32,
    /// Days of rest by classifier, where it differs.
    pub aging_expiry_d_by_class: std::collections::BTreeMap<String, u32>,
    /// The most numbers that one search answers.
    pub maximum_search_quantity: usize,
    /// How long a search waits for carriers, in milliseconds.
    pub number_search_timeout_ms: u64,
    /// Whether `identify` tells everybody who holds a number.
    pub identify_is_public: bool,
    /// Whether searches need no token (spec/http.md 3.8).
    pub public_search: bool,
    /// `features.allow`, `features.deny`: names of features.
    pub features: Map<String, Value>,
    /// Whether local numbers may have features that need a provider.
    pub local_feature_override: bool,
    /// Converters to E.164, in order; the built-in ones when empty.
    pub e164_converters: Vec<numbers::converter::ConverterRule>,
    /// Pattern of what may become a record; the built-in one when absent.
    pub reconcile_regex: Option<String>,
    /// Classifiers, in order; the dialect's built-in table when absent.
    pub classifiers: Option<Map<String, Value>>,
    /// Whether the built-in tables know the toll-free area codes that are in use
    /// at present (800, 833, 844, 855, 866, 877, 888) and no others.
    pub present_toll_free_npas: bool,
    /// A service that is asked where numbers are before our own data.
    pub locality: PhonebookSettings,
    /// Who confirms emergency addresses, unless an account's reseller has its
    /// own choice.
    pub e911_provider: String,
    /// Who shows and looks up caller names, unless an account's reseller has
    /// its own choice.
    pub cnam_provider: String,
    /// The dial plan of everybody: pattern → {prefix, suffix, description}.
    pub dial_plan: Map<String, Value>,
    /// The country of searches that name none.
    pub default_country: String,
}

impl Default for NumberManager {
    fn default() -> Self {
        Self {
            carrier_modules: vec!["local".to_owned(), "inventory".to_owned()],
            available_module_name: "local".to_owned(),
            port_in_module_name: "local".to_owned(),
            default_create_state: State::Reserved,
            released_state: State::Available,
            should_permanently_delete: false,
            should_age: false,
            aging_expiry_d: 90,
            aging_expiry_d_by_class: std::collections::BTreeMap::new(),
            maximum_search_quantity: 500,
            number_search_timeout_ms: 5000,
            identify_is_public: true,
            public_search: false,
            features: Map::new(),
            local_feature_override: false,
            e164_converters: Vec::new(),
            reconcile_regex: None,
            classifiers: None,
            present_toll_free_npas: false,
            locality: PhonebookSettings::default(),
            e911_provider: "dash_e911".to_owned(),
            cnam_provider: "cnam_notifier".to_owned(),
            dial_plan: Map::new(),
            default_country: "US".to_owned(),
        }
    }
}

/// `[auth]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// How long a token is good, in seconds (`token_auth_expiry_s`).
    pub token_auth_expiry_s: u64,
    /// Whether a log-in to a disabled or expired account is answered 423, as
    /// Monster UI expects, instead of 400 (spec/http.md 3.3).
    pub disabled_is_locked: bool,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            token_auth_expiry_s: 3600,
            disabled_is_locked: false,
        }
    }
}

/// `[accounts]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// What follows the random part of a realm that the server makes.
    pub realm_suffix: String,
    /// The time zone of accounts that name none.
    pub default_timezone: String,
    /// Whether an account may move accounts below it (`POST …/move`); else
    /// only administrators.
    pub move_allowed: bool,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            realm_suffix: "sip.numberd.local".to_owned(),
            default_timezone: "America/Los_Angeles".to_owned(),
            move_allowed: false,
        }
    }
}
