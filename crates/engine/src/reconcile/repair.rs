//! What can be done about numbers that only the carrier knows.

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::state::State;
use store::Expectation;

use super::{CarrierAccount, Difference, Reconciliation};
use crate::credentials::note_credentials;
use crate::import::ImportRow;
use crate::orders::{Order, OrderKind};
use crate::{Context, Engine, EngineError, FieldError};

impl Engine {
    /// Takes numbers that only the carrier knows into our stock: for an
    /// account, in service; else available. What a reseller pays for goes to an
    /// account below it only, and is else reserved for the reseller itself.
    /// Answers those that were.
    pub async fn adopt(
        &self,
        cx: &Context,
        report: &Reconciliation,
        account: Option<&AccountId>,
    ) -> Result<Vec<E164>, EngineError> {
        let reseller = report.account.reseller.as_ref();
        if let (Some(reseller), Some(account)) = (reseller, account) {
            self.check_is_below(account, reseller).await?;
        }
        let orphans: Vec<&Difference> = report.orphans().collect();
        let rows = orphans.iter().map(|orphan| {
            let mut data = orphan.data.clone();
            if let Some(reseller) = reseller {
                note_credentials(&mut data, reseller);
            }
            ImportRow {
                e164: orphan.number.to_string(),
                account_id: account.or(reseller).map(ToString::to_string),
                state: match (account, reseller) {
                    (None, Some(_)) => Some(State::Reserved),
                    _ => None,
                },
                carrier_module: Some(report.account.carrier.to_string()),
                carrier_data: data,
                ..ImportRow::default()
            }
        });
        let outcomes = self.import_batch(cx, rows.collect()).await?;
        let adopted = orphans.iter().zip(outcomes);
        Ok(adopted
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(orphan, _)| orphan.number.clone())
            .collect())
    }

    /// Refuses to give an account what a reseller above others pays for.
    async fn check_is_below(
        &self,
        account: &AccountId,
        reseller: &AccountId,
    ) -> Result<(), EngineError> {
        let found = self.store.account(account).await?;
        let found = found.ok_or_else(|| EngineError::BadIdentifier(account.to_string()))?;
        if self.reseller_of(&found).await?.id == *reseller {
            return Ok(());
        }
        let message = format!("{account} isn't below the reseller {reseller}, who pays for these");
        let error = FieldError::new("account", "forbidden", message);
        Err(EngineError::Validation(vec![error]))
    }

    /// Gives numbers that only the carrier knows back, each by an order of the
    /// master account; answers the orders as they stand.
    pub async fn give_back_orphans(
        &self,
        cx: &Context,
        report: &Reconciliation,
    ) -> Result<Vec<Order>, EngineError> {
        let master = self.master_account_id().await?;
        let CarrierAccount { carrier, reseller } = &report.account;
        let credentials = match reseller {
            Some(reseller) => match self.dealers.giving_back(reseller, carrier).await? {
                Some(dealer) => dealer.credentials,
                // Gone meanwhile; the operator's open another account.
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let mut orders = Vec::new();
        for orphan in report.orphans() {
            let key = orphan.number.clone();
            let mut order = self.new_order(
                cx,
                OrderKind::Release,
                master.clone(),
                carrier,
                [key.clone()],
            );
            order.credentials.clone_from(&credentials);
            // Somebody who has it by now keeps it.
            let batch = order.put()?.expect(Expectation::Number {
                key,
                revision: None,
            });
            if self.store.write(batch).await?.is_ok() {
                let id = order.id.clone();
                self.desk.carry_out(order, Vec::new()).await;
                orders.extend(self.desk.order(&id).await?);
            }
        }
        Ok(orders)
    }
}
