//! What a provider's word makes of a setup and its number: written together or
//! not at all.

use numbers::event::Action;
use numbers::feature::e911::{AddressWork, confirm, withdraw};
use numbers::feature::{Feature, is_served};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use providers::Located;
use store::{Batch, NumberChange, StoreError};

use super::desk::AddressDesk;
use super::setup::{Fault, Setup, SetupState};
use crate::context::{new_event_id, now};
use crate::event_note::EventNote;

/// How often an outcome is decided anew after the record moved.
const ATTEMPTS: usize = 5;

impl AddressDesk {
    /// The provider has this address: the number takes it over, or it goes
    /// where no number of this account may have it any more.
    pub(super) async fn has(&self, setup: Setup, located: Located) -> Result<(), StoreError> {
        let located = setup.completed(located);
        let leaving = self
            .settle(setup, |setup, record, at| {
                let record = record.filter(|record| takes_addresses(record, setup));
                if let Some(mut record) = record {
                    confirm(&mut record, &located.fields);
                    setup.provisioned(located.clone(), at);
                    return Some((record, Action::AddressSet));
                }
                setup.located = located.clone();
                setup.go(at);
                None
            })
            .await?;
        self.take_away_if_leaving(leaving).await
    }

    pub(super) async fn take_away_if_leaving(
        &self,
        settled: Option<Setup>,
    ) -> Result<(), StoreError> {
        match settled {
            Some(setup) if setup.state() == SetupState::Leaving => {
                Box::pin(self.take_away(setup)).await
            }
            _ => Ok(()),
        }
    }

    /// The provider has no address for the number: the number claims none.
    pub(super) async fn has_none(&self, setup: Setup, fault: Fault) -> Result<(), StoreError> {
        let number = &setup.number;
        tracing::warn!(%number, reason = fault.reason, "an emergency address was not set");
        let settled = self.settle(setup, |setup, record, at| {
            if setup.leaves {
                // Nobody wants one: that there is none is made sure of.
                setup.go(at);
                return None;
            }
            setup.fault = Some(fault.clone());
            setup.let_held_go();
            setup.rest(SetupState::Failed, at);
            let mut record = record.filter(|record| record.owner == setup.account)?;
            let had = record.features.contains_key(&Feature::E911) || record.address_work.is_some();
            had.then(|| {
                withdraw(&mut record);
                (record, Action::AddressRemoved)
            })
        });
        self.take_away_if_leaving(settled.await?).await
    }

    pub(super) async fn is_removed(&self, setup: Setup) -> Result<(), StoreError> {
        let settled = self.settle(setup, |setup, record, at| {
            setup.fault = None;
            setup.leaves = false;
            setup.to(SetupState::Removed, at, None);
            let mut record =
                record.filter(|record| record.address_work == Some(AddressWork::Removing))?;
            record.address_work = None;
            Some((record, Action::AddressRemoved))
        });
        settled.await.map(drop)
    }

    /// Writes what is known now into the setup and the number's record, in one
    /// transaction, deciding anew when the record moved. `None`: somebody else
    /// has the setup.
    async fn settle(
        &self,
        setup: Setup,
        decide: impl Fn(&mut Setup, Option<Number>, GregorianSeconds) -> Option<(Number, Action)>,
    ) -> Result<Option<Setup>, StoreError> {
        let mut setup = setup;
        for _ in 0..ATTEMPTS {
            let at = now();
            let record = self.store.number(&setup.number).await?;
            let mut settled = setup.clone();
            let change = decide(&mut settled, record.clone(), at);
            let origin = setup.origin(at);
            let mut batch = settled.put()?;
            if let Some((mut after, action)) = change
                && record
                    .as_ref()
                    .is_none_or(|record| after.differs_from(record))
            {
                after.revision = record
                    .as_ref()
                    .map(|record| record.revision)
                    .unwrap_or_default()
                    .next();
                after.modified = at;
                let note = format!("at {}", setup.provider);
                let note = match settled.state() {
                    // Nothing was asked for.
                    SetupState::Removed => note,
                    _ => EventNote::stored(Some(note), &settled.asked),
                };
                batch = batch.joined(Batch::change_number(NumberChange {
                    before: record,
                    after: Some(after),
                    event: new_event_id(),
                    action,
                    origin,
                    note: Some(note),
                }));
            }
            if self.store.write(batch).await?.is_ok() {
                return Ok(Some(settled));
            }
            match self.setup(&setup.number).await? {
                // Only that the number left it may have come between.
                Some(stored)
                    if stored.reference == setup.reference && stored.state() == setup.state() =>
                {
                    setup.leaves = stored.leaves;
                    setup.revision = stored.revision;
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Whether the record is one for which the setup was made.
fn takes_addresses(record: &Number, setup: &Setup) -> bool {
    !setup.leaves && record.owner == setup.account && is_served(record.state)
}
