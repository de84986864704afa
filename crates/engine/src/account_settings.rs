//! What an account's numbers are managed by instead of the installation's
//! `[number_manager]`: Kazoo's `account_config.number_manager`. Of a reseller
//! it holds for the accounts below it, too.

use numbers::account::{Account, AccountId};
use numbers::feature::Feature;
use numbers::feature::e911::mismatch;
use numbers::price::PriceList;
use serde_json::{Map, Value};
use store::StoreError;

use crate::accounts::require_admin;
use crate::numbering::own_numbering;
use crate::{Context, Engine, EngineError, FieldError};

/// Every key that something reads.
const KNOWN: [&str; 10] = [
    "carrier_modules",
    "classifiers",
    "cnam_provider",
    "e164_converters",
    "e911_provider",
    "features",
    "local_feature_override",
    "prices",
    "providers",
    "reconcile_regex",
];

impl Engine {
    /// Settings that override the installation's for this account's numbers;
    /// for administrators.
    ///
    /// # Errors
    /// [`EngineError::Validation`] names every key that is unknown or wrong.
    pub async fn set_number_manager(
        &self,
        ctx: &Context,
        id: &AccountId,
        settings: Map<String, Value>,
    ) -> Result<Account, EngineError> {
        require_admin(ctx)?;
        self.change_account(ctx, id, |before| {
            let after = Account {
                number_manager: settings.clone(),
                ..before.clone()
            };
            let wrong = self.wrong_settings(&after);
            if wrong.is_empty() {
                Ok(after)
            } else {
                Err(EngineError::Validation(wrong))
            }
        })
        .await
    }

    /// Why an account's provider of emergency addresses makes no sense for
    /// numbers that its accounts can buy, in sentences.
    pub async fn provider_warnings(&self, account: &Account) -> Result<Vec<String>, StoreError> {
        let reseller = self.reseller_of(account).await?;
        let provider = self.e911_provider(account).await?;
        let carriers = self.searched_carriers(Some(&reseller)).into_iter();
        // Numbers of these have no emergency addresses.
        let carriers = carriers.filter(|carrier| !carrier.is_local());
        Ok(carriers
            .filter_map(|carrier| mismatch(provider.as_str(), &carrier))
            .collect())
    }

    fn wrong_settings(&self, account: &Account) -> Vec<FieldError> {
        let settings = &account.number_manager;
        let mut wrong: Vec<FieldError> = settings
            .iter()
            .filter_map(|(key, value)| {
                let problem = self.problem(key, value)?;
                let rule = if KNOWN.contains(&key.as_str()) {
                    "invalid"
                } else {
                    "unknown"
                };
                Some(FieldError::new(key.clone(), rule, problem))
            })
            .collect();
        if let Err(error) = own_numbering(account, &self.settings.number_manager) {
            wrong.push(FieldError::new("", "invalid", error.to_string()));
        }
        wrong
    }

    /// What is wrong with a setting, and what would be right.
    fn problem(&self, key: &str, value: &Value) -> Option<String> {
        match key {
            "features" => features_problem(value),
            "providers" => names_problem(value, "a list of features", |name| {
                Feature::named(name).is_some()
            }),
            "carrier_modules" => names_problem(value, "a list of carriers", |name| {
                self.carriers.configured(name).is_ok()
            }),
            "local_feature_override" => {
                (!value.is_boolean()).then(|| "it is true or false".to_owned())
            }
            "e911_provider" => {
                let known = |name: &str| self.addresses.is_configured(name);
                provider_problem(value, known)
            }
            "cnam_provider" => {
                let known = |name: &str| self.names.is_configured(name);
                provider_problem(value, known)
            }
            "prices" => serde_json::from_value::<PriceList>(value.clone())
                .err()
                .map(|error| error.to_string()),
            "classifiers" | "e164_converters" | "reconcile_regex" => None,
            _ => Some(format!("keys are {}", KNOWN.join(", "))),
        }
    }
}

fn features_problem(value: &Value) -> Option<String> {
    let Some(lists) = value.as_object() else {
        return Some("it is an object of the lists allow and deny".to_owned());
    };
    lists.iter().find_map(|(list, names)| match list.as_str() {
        "allow" | "deny" => names_problem(names, "a list of features", |name| {
            Feature::named(name).is_some()
        }),
        _ => Some(format!("'{list}' is no list; lists are allow and deny")),
    })
}

fn names_problem(value: &Value, what: &str, known: impl Fn(&str) -> bool) -> Option<String> {
    let Some(names) = value.as_array() else {
        return Some(format!("it is {what}"));
    };
    let unknown = names
        .iter()
        .find(|name| !name.as_str().is_some_and(&known))?;
    Some(format!("it is {what}, and {unknown} is none"))
}

fn provider_problem(value: &Value, known: impl Fn(&str) -> bool) -> Option<String> {
    let good = value.as_str().is_some_and(known);
    (!good).then(|| format!("{value} is not a provider that is configured under [providers]"))
}
