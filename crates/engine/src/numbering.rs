//! How texts become numbers: converters, dial plans and classifiers, of the
//! system and of accounts that have their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use numbers::account::{Account, AccountId};
use numbers::classify::{ClassifierRule, Classifiers, classify_2016};
use numbers::converter::{ConverterRule, Converters, DEFAULT_RECONCILE, NotReconcilable};
use numbers::dial_plan::DialPlan;
use numbers::e164::E164;
use numbers::pattern::BadPattern;
use numbers::revision::Revision;

use crate::Engine;
use crate::settings::NumberManager;

/// How many accounts' own rules are kept compiled.
const COMPILED_ACCOUNTS: usize = 1024;

/// How an account's texts become numbers.
#[derive(Debug, Default)]
pub struct Numbering {
    converters: Converters,
    dial_plan: DialPlan,
}

impl Numbering {
    /// The number that a client's text means.
    pub fn key(&self, text: &str) -> Result<E164, NotReconcilable> {
        self.converters.key(text, &self.dial_plan)
    }

    /// The normalized form of any text, number or not.
    pub fn normalize(&self, text: &str) -> String {
        self.converters
            .normalize_dialed(text, &self.dial_plan)
            .into_owned()
    }
}

/// Which table of classifiers a caller is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The seed's, of 2016.
    Seed,
    /// Today's.
    Today,
}

/// A text's class.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// The text as given.
    pub number: String,
    /// Its normalized form.
    pub e164: String,
    /// The classifier's name and rule; `None`: none matches.
    pub classifier: Option<(String, ClassifierRule)>,
}

/// The system's rules, and those of accounts that have their own.
pub(crate) struct NumberingRules {
    system: Arc<Numbering>,
    accounts: Mutex<HashMap<AccountId, (Revision, Arc<Numbering>)>>,
    seed: Classifiers,
    today: Classifiers,
    configured: bool,
    /// Today's built-in table, whatever is configured: the classes that laws
    /// know.
    built_in: Classifiers,
}

impl NumberingRules {
    pub(crate) fn new(settings: &NumberManager) -> Result<Self, BadPattern> {
        let rules = if settings.e164_converters.is_empty() {
            ConverterRule::defaults()
        } else {
            settings.e164_converters.clone()
        };
        let reconcile = settings
            .reconcile_regex
            .as_deref()
            .unwrap_or(DEFAULT_RECONCILE);
        let (seed, today) = match &settings.classifiers {
            Some(table) => (Classifiers::from_map(table)?, Classifiers::from_map(table)?),
            None => (Classifiers::seed_2016(), Classifiers::modern()),
        };
        Ok(Self {
            system: Arc::new(Numbering {
                converters: Converters::new(rules, reconcile)?,
                dial_plan: DialPlan::from_map(&settings.dial_plan)?,
            }),
            accounts: Mutex::default(),
            seed,
            today,
            configured: settings.classifiers.is_some(),
            built_in: Classifiers::modern(),
        })
    }

    /// The rules of an account: its own dial plan (`dial_plan` of the account
    /// document), converters and `reconcile_regex`, where it has any.
    fn of(&self, account: &Account, settings: &NumberManager) -> Arc<Numbering> {
        let plan = account
            .public
            .get("dial_plan")
            .and_then(|plan| plan.as_object());
        let own = ["e164_converters", "reconcile_regex"];
        let has_own = |key: &&str| account.number_manager.contains_key(*key);
        if plan.is_none() && !own.iter().any(has_own) {
            return Arc::clone(&self.system);
        }
        let mut compiled = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((revision, numbering)) = compiled.get(&account.id)
            && *revision == account.revision
        {
            return Arc::clone(numbering);
        }
        let numbering = match own_numbering(account, settings) {
            Ok(numbering) => Arc::new(numbering),
            Err(error) => {
                tracing::warn!(account = %account.id, %error, "the account's own number rules can't be used");
                Arc::clone(&self.system)
            }
        };
        if compiled.len() >= COMPILED_ACCOUNTS {
            compiled.clear();
        }
        compiled.insert(
            account.id.clone(),
            (account.revision, Arc::clone(&numbering)),
        );
        numbering
    }
}

fn own_numbering(account: &Account, settings: &NumberManager) -> Result<Numbering, BadPattern> {
    let rules = match account.number_manager.get("e164_converters") {
        Some(serde_json::Value::Object(map)) => ConverterRule::from_map(map)?,
        Some(list) => serde_json::from_value(list.clone())
            .map_err(|error| BadPattern::new("e164_converters", "", error.to_string()))?,
        None if settings.e164_converters.is_empty() => ConverterRule::defaults(),
        None => settings.e164_converters.clone(),
    };
    let reconcile = account
        .number_manager
        .get("reconcile_regex")
        .and_then(serde_json::Value::as_str)
        .or(settings.reconcile_regex.as_deref())
        .unwrap_or(DEFAULT_RECONCILE);
    let plan = account
        .public
        .get("dial_plan")
        .and_then(|plan| plan.as_object());
    Ok(Numbering {
        converters: Converters::new(rules, reconcile)?,
        dial_plan: DialPlan::from_map(plan.unwrap_or(&settings.dial_plan))?,
    })
}

impl Engine {
    /// How texts become numbers for an account; for nobody in particular when
    /// there is none.
    pub fn numbering(&self, account: Option<&Account>) -> Arc<Numbering> {
        match account {
            Some(account) => self.numbering.of(account, &self.settings.number_manager),
            None => Arc::clone(&self.numbering.system),
        }
    }

    /// The classifiers, in their order.
    pub fn classifiers(&self, table: Table) -> &Classifiers {
        match table {
            Table::Seed => &self.numbering.seed,
            Table::Today => &self.numbering.today,
        }
    }

    /// The class of a text. With the seed's table, today's knowledge counts
    /// too, so that no text is less known than today (spec/numbers.md 8).
    pub fn classify(&self, account: Option<&Account>, text: &str, table: Table) -> Class {
        let e164 = self.numbering(account).normalize(text);
        let rules = &self.numbering;
        let found = if table == Table::Seed && !rules.configured {
            classify_2016(&rules.seed, &rules.today, text, &e164)
        } else {
            rules.today.classify(&e164)
        };
        let classifier = found.map(|found| (found.name.to_owned(), found.rule.clone()));
        Class {
            number: text.to_owned(),
            e164,
            classifier,
        }
    }

    /// The name of a number's class, which decides its price and its rest.
    pub(crate) fn class_of<'a>(&'a self, key: &'a E164) -> &'a str {
        self.numbering
            .today
            .classify(key.as_str())
            .map_or("unknown", |class| class.name)
    }

    /// The same by the built-in table, whatever is configured.
    pub(crate) fn built_in_class_of<'a>(&'a self, key: &'a E164) -> &'a str {
        self.numbering
            .built_in
            .classify(key.as_str())
            .map_or("unknown", |class| class.name)
    }
}
