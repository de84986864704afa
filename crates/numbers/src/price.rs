//! What things cost: price lists, charges, quotes (spec/numbers.md 11).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::feature::Feature;
use crate::feature::provider::FeatureProviders;
use crate::number::Number;

/// Prices of a plan; what isn't listed costs nothing. Amounts are in the
/// installation's own currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PriceList {
    /// By classifier: what a number costs.
    pub phone_numbers: BTreeMap<String, NumberPrice>,
    /// By billing name of a feature: what it costs a month.
    pub number_services: BTreeMap<String, f64>,
}

/// What a number costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberPrice {
    /// Once, when an account gets it.
    pub activation: f64,
    /// Every month.
    pub monthly: f64,
}

/// The category of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// A number; the item is its classifier.
    PhoneNumbers,
    /// A feature; the item is its billing name.
    NumberServices,
}

impl Category {
    /// The name in quotes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PhoneNumbers => "phone_numbers",
            Self::NumberServices => "number_services",
        }
    }
}

/// Something that would be added to a bill.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Charge {
    /// Of which kind.
    pub category: Category,
    /// Which.
    pub item: String,
}

/// One line of a quote.
#[derive(Clone, Debug, PartialEq)]
pub struct QuoteItem {
    /// What.
    pub charge: Charge,
    /// How many.
    pub quantity: u32,
    /// Each, once.
    pub activation: f64,
    /// Each, every month.
    pub monthly: f64,
}

/// What a request would cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quote {
    /// The lines, sorted by what they charge.
    pub items: Vec<QuoteItem>,
}

impl Quote {
    /// Whether nothing is to pay.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Everything that is paid once.
    pub fn activation_total(&self) -> f64 {
        self.items
            .iter()
            .map(|item| item.activation * f64::from(item.quantity))
            .sum()
    }

    /// Everything that is paid every month.
    pub fn monthly_total(&self) -> f64 {
        self.items
            .iter()
            .map(|item| item.monthly * f64::from(item.quantity))
            .sum()
    }
}

/// What a change of a number adds to its new owner's bill: the number, when he
/// gets one that is billed, and every feature that is switched on.
/// Features have the names of those who stand behind them now, also those that
/// are on already: another provider adds nothing.
pub fn charges(
    before: Option<&Number>,
    after: &Number,
    classifier: &str,
    providers: &FeatureProviders,
) -> Vec<Charge> {
    if after.owner.is_none() {
        return Vec::new();
    }
    let same_owner = before.filter(|number| number.owner == after.owner);
    let mut charges = Vec::new();
    if after.is_billable() && !same_owner.is_some_and(Number::is_billable) {
        charges.push(Charge {
            category: Category::PhoneNumbers,
            item: classifier.to_owned(),
        });
    }
    let names = |number| billed(number, providers).collect::<BTreeSet<&str>>();
    let already_on = same_owner.map(names).unwrap_or_default();
    let now_on = names(after);
    charges.extend(now_on.difference(&already_on).map(|item| Charge {
        category: Category::NumberServices,
        item: (*item).to_owned(),
    }));
    charges
}

/// The names of the features that a bill lists.
fn billed<'a>(
    number: &'a Number,
    providers: &'a FeatureProviders,
) -> impl Iterator<Item = &'a str> {
    number
        .features
        .keys()
        .filter(|feature| **feature != Feature::Local)
        .map(|feature| providers.billing_name(*feature))
}

impl PriceList {
    /// The quote for a list of charges: those with a price, summed up.
    pub fn quote(&self, charges: &[Charge]) -> Quote {
        let mut quantities: BTreeMap<&Charge, u32> = BTreeMap::new();
        for charge in charges {
            *quantities.entry(charge).or_default() += 1;
        }
        let items = quantities
            .into_iter()
            .filter_map(|(charge, quantity)| {
                let (activation, monthly) = self.price(charge)?;
                Some(QuoteItem {
                    charge: charge.clone(),
                    quantity,
                    activation,
                    monthly,
                })
            })
            .collect();
        Quote { items }
    }

    /// Activation and monthly price of one charge; `None` when it is free.
    fn price(&self, charge: &Charge) -> Option<(f64, f64)> {
        let (activation, monthly) = match charge.category {
            Category::PhoneNumbers => {
                let price = self.phone_numbers.get(&charge.item)?;
                (price.activation, price.monthly)
            }
            Category::NumberServices => (0.0, *self.number_services.get(&charge.item)?),
        };
        (activation > 0.0 || monthly > 0.0).then_some((activation, monthly))
    }
}
