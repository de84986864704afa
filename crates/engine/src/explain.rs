//! Why a number is what it is: which rules rewrote the text, which classifier
//! took it and why, and which data says what about its place.

use std::sync::Arc;

use numbers::account::Account;
use numbers::classify::ClassifierRule;
use numbers::converter::Rewrite;
use numbers::e164::E164;
use numbers::pattern::BadPattern;
use places::{About, Geodata, about};
use serde::Serialize;
use serde_json::Value;

use crate::Engine;
use crate::numbering::{Numbering, NumberingRules, Table, TableName};
use crate::places::Facts;
use crate::places::overlays::Overlays;
use crate::settings::NumberManager;

/// What is known of a text, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The text as given.
    pub number: String,
    /// Its normalized form.
    pub e164: String,
    /// How it came to that.
    pub normalization: Normalization,
    /// The classifier that took it.
    pub classifier: Option<Classifier>,
    /// libphonenumber's view; absent for what is no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Who says what about its place.
    pub place: Vec<Value>,
    /// Which data is asked.
    pub data: Data,
}

/// How a text became a number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Normalization {
    /// The country whose way of writing decided, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The rules that rewrote it, in order; none for what stayed as it was.
    pub rewrites: Vec<Rewrite>,
    /// Whether it may become a record.
    pub reconcilable: bool,
    /// The pattern that decides that.
    pub reconcile_regex: String,
}

/// Why a text has its class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classifier {
    /// Its name.
    pub name: String,
    /// Where the table comes from; the first of it that matches wins.
    pub table: TableName,
    /// What its pattern found.
    pub capture: Option<String>,
    /// Pattern, name for people, format.
    #[serde(flatten)]
    pub rule: ClassifierRule,
}

/// libphonenumber's view of a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// ISO 3166-1 code.
    pub country: Option<String>,
    /// The country's name.
    pub country_name: Option<&'static str>,
    /// `fixed_line`, `mobile`, `toll_free`, ….
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whether numbers like this are given out.
    pub valid: bool,
    /// Whether its length is right.
    pub possible: bool,
    /// The place, as exactly as it is known.
    pub geocode: Option<&'static str>,
    /// For mobile numbers: whom the block was given to.
    pub carrier: Option<&'static str>,
    /// IANA names.
    pub time_zones: Vec<&'static str>,
    /// As it is written in its country.
    pub national: String,
    /// As it is written elsewhere.
    pub international: String,
}

/// Which data is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Data {
    /// libphonenumber's version.
    pub libphonenumber: &'static str,
    /// The day of its release.
    pub released: &'static str,
    /// How many loaded tables there are.
    pub loaded_tables: usize,
}

impl From<About> for Metadata {
    fn from(about: About) -> Self {
        let geodata = Geodata::embedded();
        let country = about.country.as_deref();
        Self {
            country_name: country.and_then(|code| geodata.country_name(code)),
            country: about.country,
            kind: about.kind,
            valid: about.valid,
            possible: about.possible,
            geocode: about.description,
            carrier: about.carrier,
            time_zones: about.time_zones,
            national: about.national,
            international: about.international,
        }
    }
}

/// libphonenumber's view of a normalized text; `None`: it is no number.
pub fn metadata(e164: &str) -> Option<Metadata> {
    let number = E164::try_from(e164).ok()?;
    about(&number).map(Metadata::from)
}

impl Engine {
    /// Why a text is what it is, for an account that may have rules of its
    /// own. With a country, it is read as it is written there.
    pub fn explain(
        &self,
        account: Option<&Account>,
        text: &str,
        country: Option<&str>,
        table: Table,
    ) -> Explanation {
        let numbering = self.numbering(account);
        let overlays = self.overlays.get();
        explained(&self.numbering, &numbering, &overlays, text, country, table)
    }
}

/// The same without a database: nobody's own rules, no loaded tables.
pub struct Offline {
    rules: NumberingRules,
    numbering: Arc<Numbering>,
}

impl Offline {
    /// Takes the rules of a configuration.
    pub fn new(settings: &NumberManager) -> Result<Self, BadPattern> {
        let rules = NumberingRules::new(settings)?;
        let numbering = rules.for_account(None, settings);
        Ok(Self { rules, numbering })
    }

    /// Why a text is what it is.
    pub fn explain(&self, text: &str, country: Option<&str>, table: Table) -> Explanation {
        let overlays = Overlays::default();
        explained(
            &self.rules,
            &self.numbering,
            &overlays,
            text,
            country,
            table,
        )
    }
}

fn explained(
    rules: &NumberingRules,
    numbering: &Numbering,
    overlays: &Overlays,
    text: &str,
    country: Option<&str>,
    table: Table,
) -> Explanation {
    let class = rules.classify(numbering, text, country, table);
    let country = country.filter(|country| places::parse(text, country).is_some());
    let rewrites = match country {
        Some(_) => Vec::new(),
        None => numbering.rewrites(text),
    };
    let number = E164::try_from(class.e164.as_str()).ok();
    let about = number.as_ref().and_then(about);
    let place = number.as_ref().map_or_else(Vec::new, |number| {
        Facts::new(overlays, number.digits(), None).sources(about.as_ref(), true)
    });
    let geodata = Geodata::embedded();
    Explanation {
        number: class.number,
        normalization: Normalization {
            country: country.map(str::to_ascii_uppercase),
            rewrites,
            reconcilable: numbering.key(&class.e164).is_ok(),
            reconcile_regex: numbering.reconcile_regex().to_owned(),
        },
        e164: class.e164,
        classifier: class.classifier.map(|(name, rule)| Classifier {
            name,
            table: class.table,
            capture: class.capture,
            rule,
        }),
        metadata: about.map(Metadata::from),
        place,
        data: Data {
            libphonenumber: geodata.version(),
            released: geodata.released(),
            loaded_tables: overlays.len(),
        },
    }
}
