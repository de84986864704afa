//! How texts become numbers: converters, dial plans and classifiers, of the
//! system and of accounts that have their own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use numbers::account::{Account, AccountId};
use numbers::classify::{ClassifierRule, Classifiers, UNKNOWN, classify_2016};
use numbers::converter::{ConverterRule, Converters, DEFAULT_RECONCILE, NotReconcilable, Rewrite};
use numbers::dial_plan::DialPlan;
use numbers::e164::E164;
use numbers::pattern::BadPattern;
use numbers::revision::Revision;
use serde::Serialize;
use serde_json::Value;

use crate::Engine;
use crate::settings::NumberManager;

/// How many accounts' own rules are kept compiled.
const COMPILED_ACCOUNTS: usize = 1024;

/// How an account's texts become numbers.
#[derive(Debug, Default)]
pub struct Numbering {
    converters: Converters,
    dial_plan: DialPlan,
    /// The account's own classifiers.
    classifiers: Option<Arc<Classifiers>>,
}

impl Numbering {
    /// The number that a client's text means.
    pub fn key(&self, text: &str) -> Result<E164, NotReconcilable> {
        self.converters.key(text, &self.dial_plan)
    }

    /// The number that a text means where a country is named: what is written
    /// there, else by the rules.
    pub fn key_in(&self, text: &str, country: Option<&str>) -> Result<E164, NotReconcilable> {
        match country.and_then(|country| places::parse(text, country)) {
            Some(number) => Ok(number),
            None => self.key(text),
        }
    }

    /// The rules that rewrite a text, in order.
    pub fn rewrites(&self, text: &str) -> Vec<Rewrite> {
        self.converters.rewrites(text, &self.dial_plan)
    }

    /// The pattern of what may become a record.
    pub fn reconcile_regex(&self) -> &str {
        self.converters.reconcile_regex()
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
    /// What its pattern found.
    pub capture: Option<String>,
    /// Where the table comes from.
    pub table: TableName,
}

/// Where a table of classifiers comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableName {
    /// Built in: the seed's, of 2016, with today's behind it.
    #[serde(rename = "2016")]
    Seed,
    /// Built in: today's.
    Today,
    /// The operator's configuration.
    Configured,
    /// The account's own.
    Account,
}

/// The system's rules, and those of accounts that have their own.
pub(crate) struct NumberingRules {
    system: Arc<Numbering>,
    accounts: Mutex<HashMap<AccountId, (Revision, Arc<Numbering>)>>,
    seed: Arc<Classifiers>,
    today: Arc<Classifiers>,
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
            Some(table) => {
                let table = Arc::new(Classifiers::from_map(table)?);
                (Arc::clone(&table), table)
            }
            None if settings.present_toll_free_npas => (
                Arc::new(Classifiers::seed_2016().with_present_toll_free()),
                Arc::new(Classifiers::modern().with_present_toll_free()),
            ),
            None => (
                Arc::new(Classifiers::seed_2016()),
                Arc::new(Classifiers::modern()),
            ),
        };
        Ok(Self {
            system: Arc::new(Numbering {
                converters: Converters::new(rules, reconcile)?,
                dial_plan: DialPlan::from_map(&settings.dial_plan)?,
                classifiers: None,
            }),
            accounts: Mutex::default(),
            seed,
            today,
            configured: settings.classifiers.is_some(),
            built_in: Classifiers::modern(),
        })
    }

    /// The rules of an account, or the system's.
    pub(crate) fn for_account(
        &self,
        account: Option<&Account>,
        settings: &NumberManager,
    ) -> Arc<Numbering> {
        match account {
            Some(account) => self.of(account, settings),
            None => Arc::clone(&self.system),
        }
    }

    /// The class of a text. With the seed's table, today's knowledge counts
    /// too, so that no text is less known than today (spec/numbers.md 8).
    pub(crate) fn classify(
        &self,
        numbering: &Numbering,
        text: &str,
        country: Option<&str>,
        table: Table,
    ) -> Class {
        let parsed = country.and_then(|country| places::parse(text, country));
        let e164 = parsed.map_or_else(|| numbering.normalize(text), |number| number.to_string());
        let (found, from) = match (&numbering.classifiers, table) {
            (Some(own), _) => (own.classify(&e164), TableName::Account),
            (None, _) if self.configured => (self.today.classify(&e164), TableName::Configured),
            (None, Table::Today) => (self.today.classify(&e164), TableName::Today),
            (None, Table::Seed) => (
                classify_2016(&self.seed, &self.today, text, &e164),
                TableName::Seed,
            ),
        };
        let classifier = found.map(|found| (found.name.to_owned(), found.rule.clone()));
        let capture = found.map(|found| found.capture.to_owned());
        Class {
            number: text.to_owned(),
            e164,
            classifier,
            capture,
            table: from,
        }
    }

    /// The rules of an account: its own dial plan (`dial_plan` of the account
    /// document), converters, `reconcile_regex` and classifiers, where it has
    /// any.
    fn of(&self, account: &Account, settings: &NumberManager) -> Arc<Numbering> {
        let plan = account
            .public
            .get("dial_plan")
            .and_then(|plan| plan.as_object());
        let own = ["classifiers", "e164_converters", "reconcile_regex"];
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

pub(crate) fn own_numbering(
    account: &Account,
    settings: &NumberManager,
) -> Result<Numbering, BadPattern> {
    let rules = match account.number_manager.get("e164_converters") {
        Some(Value::Object(map)) => ConverterRule::from_map(map)?,
        Some(list) => serde_json::from_value(list.clone())
            .map_err(|error| BadPattern::new("e164_converters", "", error.to_string()))?,
        None if settings.e164_converters.is_empty() => ConverterRule::defaults(),
        None => settings.e164_converters.clone(),
    };
    let reconcile = account
        .number_manager
        .get("reconcile_regex")
        .and_then(Value::as_str)
        .or(settings.reconcile_regex.as_deref())
        .unwrap_or(DEFAULT_RECONCILE);
    let plan = account
        .public
        .get("dial_plan")
        .and_then(|plan| plan.as_object());
    Ok(Numbering {
        converters: Converters::new(rules, reconcile)?,
        dial_plan: DialPlan::from_map(plan.unwrap_or(&settings.dial_plan))?,
        classifiers: own_classifiers(account)?.map(Arc::new),
    })
}

fn own_classifiers(account: &Account) -> Result<Option<Classifiers>, BadPattern> {
    match account.number_manager.get("classifiers") {
        None => Ok(None),
        Some(Value::Object(table)) => Classifiers::from_map(table).map(Some),
        Some(_) => Err(BadPattern::new("classifiers", "", "not an object")),
    }
}

impl Engine {
    /// How texts become numbers for an account; for nobody in particular when
    /// there is none.
    pub fn numbering(&self, account: Option<&Account>) -> Arc<Numbering> {
        self.numbering
            .for_account(account, &self.settings.number_manager)
    }

    /// The classifiers of an account, or the system's, in their order.
    pub fn classifiers(&self, account: Option<&Account>, table: Table) -> Arc<Classifiers> {
        let numbering = self.numbering(account);
        let rules = &self.numbering;
        let classifiers = match (&numbering.classifiers, table) {
            (Some(own), _) => own,
            (None, Table::Seed) => &rules.seed,
            (None, Table::Today) => &rules.today,
        };
        Arc::clone(classifiers)
    }

    /// The class of a text, which is of the country if one is named.
    pub fn classify(
        &self,
        account: Option<&Account>,
        text: &str,
        country: Option<&str>,
        table: Table,
    ) -> Class {
        let numbering = self.numbering(account);
        self.numbering.classify(&numbering, text, country, table)
    }

    /// The name of a number's class, which decides its price: by the
    /// classifiers of the account that pays.
    pub(crate) fn class_of(&self, account: Option<&Account>, key: &E164) -> String {
        let classifiers = self.classifiers(account, Table::Today);
        let class = classifiers.classify(key.as_str());
        class.map_or(UNKNOWN, |class| class.name).to_owned()
    }

    /// The same by the built-in table, whatever is configured.
    pub(crate) fn built_in_class_of<'a>(&'a self, key: &'a E164) -> &'a str {
        self.numbering
            .built_in
            .classify(key.as_str())
            .map_or(UNKNOWN, |class| class.name)
    }
}
