//! The operator's rules for one account's numbers: the system's, with what
//! its reseller and the account itself override.

use std::borrow::Cow;
use std::sync::Arc;

use carriers::Registry;
use numbers::account::Account;
use numbers::authorize::creation_states;
use numbers::carrier::CarrierName;
use numbers::feature::availability::FeatureRules;
use numbers::feature::provider::FeatureProviders;
use numbers::plan::Rules;
use numbers::price::PriceList;
use numbers::state::State;
use providers::ProviderName;
use serde_json::{Map, Value};
use store::StoreError;

use crate::settings::NumberManager;
use crate::{BadSettings, Engine};

/// The system's part of the rules.
pub(crate) fn system_rules(settings: &NumberManager, carriers: &Registry) -> Rules {
    let mut features = Map::new();
    features.insert(
        "features".to_owned(),
        Value::Object(settings.features.clone()),
    );
    let mut feature_rules = FeatureRules::from_settings(&features);
    feature_rules.local_override = settings.local_feature_override;
    let messaging = carriers.messaging().iter();
    feature_rules.carriers_lack = messaging
        .map(|(name, messaging)| (name.clone(), messaging.lacking()))
        .collect();
    Rules {
        available_carrier: CarrierName::new(&settings.available_module_name),
        port_in_carrier: CarrierName::new(&settings.port_in_module_name),
        released_state: settings.released_state,
        remove_released: settings.should_permanently_delete,
        age_released: settings.should_age,
        features: feature_rules,
        reseller_features: None,
        providers: FeatureProviders {
            e911: bare(&settings.e911_provider),
            cnam: bare(&settings.cnam_provider),
        },
    }
}

/// A provider's name as records and bills have it.
fn bare(name: &str) -> String {
    ProviderName::new(name).as_str().to_owned()
}

/// The states that `released_state` may name: those of numbers without owner
/// that nothing else leads to.
const RELEASED_STATES: [State; 2] = [State::Available, State::Released];

/// The states that a setting names must be possible ones; else every release
/// would leave a broken record, every creation be refused.
pub(crate) fn check_states(settings: &NumberManager) -> Result<(), BadSettings> {
    let check = |key, state, allowed: &'static [State]| {
        if allowed.contains(&state) {
            Ok(())
        } else {
            Err(BadSettings::State {
                key,
                state,
                allowed,
            })
        }
    };
    let create = creation_states(None);
    check(
        "default_create_state",
        settings.default_create_state,
        create,
    )?;
    check("released_state", settings.released_state, &RELEASED_STATES)
}

impl Engine {
    /// The rules for numbers of `account`. Without one, the system's.
    pub(crate) async fn rules_for(
        &self,
        account: Option<&Account>,
    ) -> Result<Cow<'_, Rules>, StoreError> {
        let mut rules = Cow::Borrowed(&self.rules);
        if let Some(account) = account {
            let reseller = self.reseller_of(account).await?;
            if !reseller.number_manager.is_empty() {
                let settings = &reseller.number_manager;
                let rules = rules.to_mut();
                rules.reseller_features = Some(FeatureRules::from_settings(settings));
                let chosen = |key| settings.get(key).and_then(Value::as_str).map(bare);
                let FeatureProviders { e911, cnam } = &mut rules.providers;
                if let Some(name) = chosen("e911_provider") {
                    *e911 = name;
                }
                if let Some(name) = chosen("cnam_provider") {
                    *cnam = name;
                }
            }
        }
        Ok(rules)
    }

    /// The price list of the account that pays.
    pub(crate) fn price_list(&self, account: &Account) -> Arc<PriceList> {
        let own = account
            .number_manager
            .get("prices")
            .map(|prices| serde_json::from_value::<PriceList>(prices.clone()));
        match own {
            Some(Ok(prices)) => Arc::new(prices),
            Some(Err(error)) => {
                tracing::warn!(account = %account.id, %error, "the account's own prices can't be read");
                Arc::clone(&self.prices)
            }
            None => Arc::clone(&self.prices),
        }
    }
}
