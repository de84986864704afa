//! What can be done about numbers that only the carrier knows.

use numbers::account::AccountId;
use numbers::e164::E164;
use store::Expectation;

use super::{Difference, Reconciliation};
use crate::credentials::note_credentials;
use crate::import::ImportRow;
use crate::orders::{Order, OrderKind};
use crate::{Context, Engine, EngineError};

impl Engine {
    /// Takes numbers that only the carrier knows into our stock: for an
    /// account, in service; else available. Answers those that were.
    pub async fn adopt(
        &self,
        cx: &Context,
        report: &Reconciliation,
        account: Option<&AccountId>,
    ) -> Result<Vec<E164>, EngineError> {
        let orphans: Vec<&Difference> = report.orphans().collect();
        let rows = orphans.iter().map(|orphan| {
            let mut data = orphan.data.clone();
            if let Some(reseller) = &report.reseller {
                note_credentials(&mut data, reseller);
            }
            ImportRow {
                e164: orphan.number.to_string(),
                account_id: account.map(ToString::to_string),
                carrier_module: Some(report.carrier.to_string()),
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

    /// Gives numbers that only the carrier knows back, each by an order of the
    /// master account; answers the orders as they stand.
    pub async fn give_back_orphans(
        &self,
        cx: &Context,
        report: &Reconciliation,
    ) -> Result<Vec<Order>, EngineError> {
        let master = self.master_account_id().await?;
        let credentials = match &report.reseller {
            Some(reseller) => {
                let dealer = self.dealers.giving_back(reseller, &report.carrier).await?;
                dealer.and_then(|dealer| dealer.credentials)
            }
            None => None,
        };
        let mut orders = Vec::new();
        for orphan in report.orphans() {
            let key = orphan.number.clone();
            let mut order = self.new_order(
                cx,
                OrderKind::Release,
                master.clone(),
                &report.carrier,
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
