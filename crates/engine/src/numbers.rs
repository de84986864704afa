//! Reading numbers: one, and an account's list.

use std::sync::Arc;

use numbers::account::Account;
use numbers::authorize::{Owner, Standing};
use numbers::e164::E164;
use numbers::error::NumberError;
use numbers::feature::FeatureSet;
use numbers::feature::availability::available;
use numbers::feature::e911;
use numbers::number::Number;
use numbers::plan::Rules;
use store::{Direction, Page};

use crate::caller_names::NameWork;
use crate::{Context, Engine, EngineError};

/// How many rows are read at once where a list is filtered or has no page size.
const CHUNK: usize = 1000;

/// A number as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberView {
    /// The record.
    pub number: Arc<Number>,
    /// Features that this caller may switch on.
    pub available: FeatureSet,
    /// What is under way for the caller names that it has on; not in listings.
    pub name_work: Option<NameWork>,
    /// Whether the caller may see what only operators see.
    pub for_admin: bool,
    /// Why the provider of its emergency address makes no sense for it.
    pub address_warning: Option<String>,
}

/// What a listing asks for.
pub struct Listing<'a> {
    /// The first key, itself included.
    pub from: Option<E164>,
    /// How many rows; `None`: all of them.
    pub limit: Option<usize>,
    /// Which way.
    pub direction: Direction,
    /// Which numbers are wanted.
    pub keep: &'a (dyn Fn(&Number) -> bool + Send + Sync),
}

/// A page of an account's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberPage {
    /// The rows.
    pub rows: Vec<NumberView>,
    /// The key at which the next page begins, when there is more.
    pub next: Option<E164>,
}

impl NumberView {
    pub(crate) fn new(cx: &Context, number: impl Into<Arc<Number>>, rules: &Rules) -> Self {
        let number = number.into();
        let for_admin = cx.is_admin();
        let reseller = rules.reseller_features.as_ref();
        let available = available(&number, for_admin, reseller, &rules.features);
        let address_warning = e911::warning(&number, &rules.providers.e911);
        Self {
            number,
            available,
            name_work: None,
            for_admin,
            address_warning,
        }
    }
}

impl Engine {
    /// One number, for a caller who may know of it (spec/life.md 2.1).
    pub async fn number(
        &self,
        cx: &Context,
        target: &Arc<Account>,
        text: &str,
    ) -> Result<NumberView, EngineError> {
        let key = self
            .numbering(Some(target))
            .key(text)
            .map_err(|error| NumberError::NotReconcilable(error.text))?;
        let Some(number) = self.store.shared_number(&key).await? else {
            return Err(NumberError::NotFound(key).into());
        };
        let owner = match &number.owner {
            None => None,
            Some(id) if *id == target.id => Some(Arc::clone(target)),
            Some(id) => self.store.account(id).await?,
        };
        let standing = Standing {
            caller: cx.account(),
            // Reading gives nobody anything, so what nobody owns and isn't for
            // sale is the operator's to see, whichever URL is used.
            target: None,
            owner: match (owner.as_deref(), &number.owner) {
                (Some(owner), _) => Owner::Account(owner),
                (None, Some(_)) => Owner::Missing,
                (None, None) => Owner::Nobody,
            },
        };
        if !standing.may_read(number.state) {
            return Err(NumberError::NotFound(key).into());
        }
        let rules = self
            .rules_for(Some(owner.as_ref().unwrap_or(target)))
            .await?;
        Ok(self.view(cx, number, &rules).await?)
    }

    /// An account's numbers. Filtering doesn't shrink pages: reading goes on
    /// until a page is full or the numbers run out (spec/http.md 5.1).
    pub async fn list_numbers(
        &self,
        cx: &Context,
        account: &Account,
        listing: Listing<'_>,
    ) -> Result<NumberPage, EngineError> {
        let rules = self.rules_for(Some(account)).await?;
        let limit = listing.limit.unwrap_or(usize::MAX);
        let mut page = NumberPage {
            rows: Vec::new(),
            next: None,
        };
        let mut from = listing.from;
        // The page, the number after it, and the one that isn't used: a full
        // page takes one read unless rows are filtered out.
        let mut chunk = limit.saturating_add(2).min(CHUNK);
        loop {
            let request = Page {
                from: from.take(),
                limit: chunk,
                direction: listing.direction,
            };
            let mut numbers = self.store.account_numbers(&account.id, &request).await?;
            // One row more than used, so that the next round knows its start.
            if numbers.len() == chunk {
                from = numbers.pop().map(|number| number.id);
            }
            for mut number in numbers {
                self.keep_place(&mut number);
                if !(listing.keep)(&number) {
                    continue;
                }
                if page.rows.len() == limit {
                    page.next = Some(number.id);
                    return Ok(page);
                }
                page.rows.push(NumberView::new(cx, number, &rules));
            }
            if from.is_none() {
                return Ok(page);
            }
            chunk = CHUNK;
        }
    }

    /// How many numbers of the account and its descendants count for billing.
    pub async fn cascade_quantity(&self, account: &Account) -> Result<u64, EngineError> {
        Ok(self.store.billable_quantity(&account.id).await?)
    }
}
