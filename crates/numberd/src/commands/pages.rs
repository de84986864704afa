//! Reading all numbers, page by page.

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::number::Number;
use store::Page;

use super::PAGE;
use crate::database::Database;
use crate::exit::Outcome;

/// All numbers, or those of an account, in the order of the keys.
pub struct Numbers {
    account: Option<AccountId>,
    page: Option<Page<E164>>,
}

impl Numbers {
    /// From a key on, itself included.
    pub fn new(account: Option<AccountId>, from: Option<E164>) -> Self {
        let page = Page {
            from,
            ..Page::first(PAGE + 1)
        };
        Self {
            account,
            page: Some(page),
        }
    }

    /// The next page; `None` after the last.
    pub async fn next(&mut self, database: &Database) -> Outcome<Option<Vec<Number>>> {
        let Some(page) = self.page.take() else {
            return Ok(None);
        };
        let mut numbers = match &self.account {
            Some(account) => database.store.account_numbers(account, &page).await?,
            None => database.store.all_numbers(&page).await?,
        };
        if numbers.len() > PAGE
            && let Some(next) = numbers.pop()
        {
            self.page = Some(Page::starting_at(next.id, PAGE + 1));
        }
        Ok(Some(numbers))
    }
}
