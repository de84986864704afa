//! Calls the providers of emergency addresses, and looks after what nobody
//! else looks after any more.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use numbers::e164::E164;
use numbers::feature::is_served;
use numbers::gregorian::GregorianSeconds;
use providers::{
    Address, EmergencyProvider, Failure, Placed, ProviderError, ProviderName, Providers, Removal,
    Standing,
};
use serde_json::{Map, Value};
use store::{DocumentKind, Store, StoreError};
use tokio::time::{Instant, sleep};

use super::setup::{Fault, Setup, SetupState};
use crate::backoff::pause;
use crate::context::now;
use crate::orders::Timing;

/// Setups that one round of the job looks after, and how many at once.
const ROUND: usize = 200;
const AT_ONCE: usize = 8;

/// The first pause before a provider is asked again while somebody waits, and
/// the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// From how many vain attempts on a removal is a fault that somebody must see.
const ALARMING_TRIES: u32 = 3;

/// Works off address setups. A clone is the same desk.
#[derive(Clone)]
pub struct AddressDesk {
    pub(super) store: Arc<dyn Store>,
    providers: Arc<Providers>,
    timing: Timing,
}

/// What became of placing an address, as far as is known.
pub(super) enum Placement {
    /// The provider has it; the setup is still stored as `placing`, to be
    /// written together with the number.
    Confirmed(Setup),
    /// Not decided; stored.
    Pending(Setup),
    /// The provider refused; stored.
    Refused(Fault),
}

impl AddressDesk {
    /// A desk over the setups in `store`.
    pub fn new(store: Arc<dyn Store>, providers: Arc<Providers>, timing: Timing) -> Self {
        Self {
            store,
            providers,
            timing,
        }
    }

    /// What is wanted of a provider for a number.
    pub async fn setup(&self, number: &E164) -> Result<Option<Setup>, StoreError> {
        let key = number.as_str();
        let stored = self.store.document(DocumentKind::Address, key).await?;
        stored.as_ref().map(Setup::from_document).transpose()
    }

    /// The provider of this name, where it is configured.
    pub(super) fn provider(&self, name: &ProviderName) -> Option<Arc<dyn EmergencyProvider>> {
        self.providers.emergency(name.as_str())
    }

    /// Whether a provider of this name is configured.
    pub(crate) fn is_configured(&self, name: &str) -> bool {
        self.providers.emergency(name).is_some()
    }

    /// Writes down that an address is being placed. `false`: somebody else was
    /// faster.
    pub(super) async fn claim(
        &self,
        setup: &mut Setup,
        state: SetupState,
    ) -> Result<bool, StoreError> {
        let at = now();
        setup.to(state, at, Some(at.plus_seconds(self.timing.lost_after_s)));
        let batch = setup.put()?;
        Ok(self.store.write(batch).await?.is_ok())
    }

    /// Has a claimed address placed, and waits for the provider's word as long
    /// as a caller waits.
    pub(super) async fn place(&self, mut setup: Setup) -> Result<Placement, StoreError> {
        let Some(provider) = self.provider(&setup.provider) else {
            return self.refuse(setup, not_configured()).await;
        };
        let address = asked_address(&setup.asked, "");
        let held = setup.held_here().map(|held| &held.located.keys);
        let placed = provider
            .place(
                &setup.number,
                &address,
                &setup.located,
                held,
                &setup.reference,
            )
            .await;
        match placed {
            Ok(Placed::Provisioned(located)) => {
                setup.located = setup.completed(located);
                return Ok(Placement::Confirmed(setup));
            }
            Ok(Placed::Pending(located)) => {
                setup.located = located;
                let at = now();
                setup.to(SetupState::Pending, at, Some(at.plus_seconds(1)));
            }
            Err(error) if error.failure != Failure::Unknown => {
                return self.refuse(setup, Fault::from(&error)).await;
            }
            Err(error) => {
                let number = &setup.number;
                tracing::warn!(%number, %error, "it is not known whether an emergency address was set");
                setup.fault = Some(Fault::from(&error));
                setup.due = Some(now().plus_seconds(1));
            }
        }
        let setup = self.keep(setup).await?;
        self.follow(setup, provider.as_ref()).await
    }

    /// Asks until it is decided or the caller's time is over.
    async fn follow(
        &self,
        mut setup: Setup,
        provider: &dyn EmergencyProvider,
    ) -> Result<Placement, StoreError> {
        let until = Instant::now() + Duration::from_millis(self.timing.wait_ms);
        let mut pause = FIRST_PAUSE;
        while Instant::now() + pause < until {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match self.standing(&setup, provider).await {
                Ok(Standing::Provisioned(located)) => {
                    setup.located = setup.completed(located);
                    return Ok(Placement::Confirmed(setup));
                }
                Ok(Standing::Failed { reason }) => {
                    let fault = Fault::because(reason);
                    self.fall_back(setup.clone(), fault.clone()).await?;
                    let stored = self.setup(&setup.number).await?.unwrap_or(setup);
                    // What holds now may be known only later.
                    return Ok(if stored.state().is_final() {
                        Placement::Refused(fault)
                    } else {
                        Placement::Pending(stored)
                    });
                }
                Ok(_) => {}
                Err(error) => setup.fault = Some(Fault::from(&error)),
            }
        }
        Ok(Placement::Pending(setup))
    }

    async fn standing(
        &self,
        setup: &Setup,
        provider: &dyn EmergencyProvider,
    ) -> Result<Standing, ProviderError> {
        let (number, reference) = (&setup.number, &setup.reference);
        provider.standing(number, &setup.located, reference).await
    }

    async fn refuse(&self, mut setup: Setup, fault: Fault) -> Result<Placement, StoreError> {
        setup.refused(fault.clone(), now());
        self.keep(setup).await?;
        Ok(Placement::Refused(fault))
    }

    /// Stores a setup; answers it as it is stored, which somebody else may have
    /// changed meanwhile.
    async fn keep(&self, mut setup: Setup) -> Result<Setup, StoreError> {
        let batch = setup.put()?;
        match self.store.write(batch).await? {
            Ok(()) => Ok(setup),
            Err(_) => Ok(self.setup(&setup.number).await?.unwrap_or(setup)),
        }
    }

    /// Looks after every setup that was due at `at`; answers how many that were.
    pub async fn look_after(&self, at: GregorianSeconds) -> Result<usize, StoreError> {
        let due = self
            .store
            .due_documents(DocumentKind::Address, at, ROUND)
            .await?;
        let looked_at = due.len();
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |document| async move {
                let work = async { self.work(Setup::from_document(&document)?).await };
                if let Err(error) = work.await {
                    let number = &document.id;
                    tracing::error!(%error, number, "an emergency address can't be looked after");
                }
            })
            .await;
        Ok(looked_at)
    }

    /// Does for these numbers what is to be done, as long as a caller waits;
    /// the rest is the job's.
    pub(crate) async fn work_off(&self, numbers: Vec<E164>) {
        let desk = self.clone();
        let work = tokio::spawn(async move {
            stream::iter(numbers)
                .for_each_concurrent(AT_ONCE, |number| {
                    let desk = &desk;
                    async move {
                        let setup = desk.setup(&number).await;
                        let done = match setup {
                            Ok(Some(setup)) if !setup.state().is_busy() => desk.work(setup).await,
                            Ok(_) => Ok(()),
                            Err(error) => Err(error),
                        };
                        if let Err(error) = done {
                            tracing::error!(%error, %number, "an emergency address waits for the job");
                        }
                    }
                })
                .await;
        });
        let wait = Duration::from_millis(self.timing.wait_ms);
        if tokio::time::timeout(wait, work).await.is_err() {
            tracing::info!("emergency addresses are still open");
        }
    }

    async fn work(&self, mut setup: Setup) -> Result<(), StoreError> {
        match setup.state() {
            SetupState::Wanted => self.place_when_ours(setup).await,
            SetupState::Placing | SetupState::Pending => self.ask(setup).await,
            // Taking away twice is once.
            SetupState::Leaving | SetupState::Removing => self.take_away(setup).await,
            SetupState::Provisioned | SetupState::Failed if !setup.former.is_empty() => {
                self.drop_former(setup).await
            }
            SetupState::Provisioned | SetupState::Removed | SetupState::Failed => {
                setup.due = None;
                self.keep(setup).await.map(drop)
            }
        }
    }

    /// An address that waits for its number to be bought.
    async fn place_when_ours(&self, mut setup: Setup) -> Result<(), StoreError> {
        let record = self.store.number(&setup.number).await?;
        let theirs = record.filter(|record| record.owner == setup.account);
        match theirs {
            Some(record) if record.order.is_some() => {
                setup.due = Some(now().plus_seconds(5));
                self.keep(setup).await.map(drop)
            }
            Some(record) if is_served(record.state) => {
                if !self.claim(&mut setup, SetupState::Placing).await? {
                    return Ok(());
                }
                match Box::pin(self.place(setup.clone())).await? {
                    Placement::Confirmed(setup) => {
                        let located = setup.located.clone();
                        self.has(setup, located).await
                    }
                    Placement::Pending(_) => Ok(()),
                    // That it was refused is written down already.
                    Placement::Refused(fault) => match self.setup(&setup.number).await? {
                        Some(setup) if setup.state() == SetupState::Failed => {
                            self.has_none(setup, fault).await
                        }
                        Some(setup) if setup.state() == SetupState::Provisioned => {
                            let located = setup.located.clone();
                            self.has(setup, located).await
                        }
                        _ => Ok(()),
                    },
                }
            }
            _ => {
                let fault = Fault::because("the number was not bought");
                setup.refused(fault, now());
                self.keep(setup).await.map(drop)
            }
        }
    }

    /// Asks what became of a placing.
    async fn ask(&self, mut setup: Setup) -> Result<(), StoreError> {
        setup.tries = setup.tries.saturating_add(1);
        setup.due = Some(now().plus_seconds(pause(setup.tries)));
        let Some(provider) = self.provider(&setup.provider) else {
            setup.fault = Some(not_configured());
            return self.keep(setup).await.map(drop);
        };
        // Before that our own request may still be on its way.
        let believed =
            now().get().saturating_sub(setup.since().get()) >= self.timing.unheard_after_s;
        match self.standing(&setup, provider.as_ref()).await {
            Ok(Standing::Provisioned(located)) => self.has(setup, located).await,
            Ok(Standing::Pending(located)) => {
                let due = setup.due;
                setup.located = located;
                setup.to(SetupState::Pending, now(), due);
                self.keep(setup).await.map(drop)
            }
            Ok(Standing::Failed { reason }) => {
                let fault = Fault::because(reason);
                self.fall_back(setup, fault).await
            }
            Ok(Standing::Nothing) if believed => {
                let fault = Fault::because("the provider has no such address");
                self.fall_back(setup, fault).await
            }
            Ok(Standing::Nothing) => self.keep(setup).await.map(drop),
            Err(error) => {
                setup.fault = Some(Fault::from(&error));
                self.keep(setup).await.map(drop)
            }
        }
    }

    /// The new address failed. What the number had before holds, if its
    /// provider says so; else the number claims none. Where that one doesn't
    /// say, it is asked again later.
    async fn fall_back(&self, mut setup: Setup, fault: Fault) -> Result<(), StoreError> {
        let Some(held) = setup.held.clone() else {
            return self.has_none(setup, fault).await;
        };
        let Some(provider) = self.provider(&held.provider) else {
            setup.fault = Some(not_configured());
            return self.keep(setup).await.map(drop);
        };
        let number = &setup.number;
        match provider
            .standing(number, &held.located, &held.reference)
            .await
        {
            Ok(Standing::Provisioned(located)) => {
                setup.restore(held);
                self.has(setup, located).await
            }
            Ok(Standing::Failed { .. } | Standing::Nothing) => self.has_none(setup, fault).await,
            Ok(Standing::Pending(_)) => self.keep(setup).await.map(drop),
            Err(error) => {
                setup.fault = Some(Fault::from(&error));
                self.keep(setup).await.map(drop)
            }
        }
    }

    pub(super) async fn take_away(&self, mut setup: Setup) -> Result<(), StoreError> {
        let tries = setup.tries;
        if !self.claim(&mut setup, SetupState::Removing).await? {
            return Ok(());
        }
        let removed = match self.provider(&setup.provider) {
            Some(provider) => {
                let keys = &setup.located.keys;
                provider
                    .remove(&setup.number, keys)
                    .await
                    .map_err(|error| Fault::from(&error))
            }
            None => Err(not_configured()),
        };
        match removed {
            Ok(Removal::Done) if setup.turn_to_former(now()) => {
                let setup = self.keep(setup).await?;
                self.take_away_if_leaving(Some(setup)).await
            }
            Ok(Removal::Done) => self.is_removed(setup).await,
            Ok(Removal::Open) => {
                setup.due = Some(now().plus_seconds(1));
                self.keep(setup).await.map(drop)
            }
            Err(fault) => {
                let at = now();
                let tries = tries.saturating_add(1);
                Self::alarm(&setup, &fault, tries);
                setup.fault = Some(fault);
                setup.to(SetupState::Leaving, at, Some(at.plus_seconds(pause(tries))));
                setup.tries = tries;
                self.keep(setup).await.map(drop)
            }
        }
    }

    fn alarm(setup: &Setup, fault: &Fault, tries: u32) {
        let (number, provider) = (&setup.number, &setup.provider);
        metrics::counter!("numberd_e911_removals_failed_total", "provider" => provider.to_string())
            .increment(1);
        let reason = &fault.reason;
        if tries >= ALARMING_TRIES {
            tracing::error!(%number, %provider, tries, reason, "an emergency address can't be taken away");
        } else {
            tracing::warn!(%number, %provider, tries, reason, "an emergency address isn't taken away yet");
        }
    }

    /// Takes away what another provider still has from before.
    async fn drop_former(&self, mut setup: Setup) -> Result<(), StoreError> {
        let Some(former) = setup.former.first().cloned() else {
            return Ok(());
        };
        let removed = match self.provider(&former.provider) {
            Some(provider) => {
                let keys = &former.located.keys;
                provider
                    .remove(&setup.number, keys)
                    .await
                    .map_err(|error| Fault::from(&error))
            }
            None => Err(not_configured()),
        };
        let at = now();
        match removed {
            Ok(Removal::Done) => {
                setup.former.remove(0);
                setup.due = (!setup.former.is_empty()).then_some(at);
            }
            Ok(Removal::Open) => setup.due = Some(at.plus_seconds(5)),
            Err(fault) => {
                setup.tries = setup.tries.saturating_add(1);
                Self::alarm(&setup, &fault, setup.tries);
                setup.due = Some(at.plus_seconds(pause(setup.tries)));
                setup.fault = Some(fault);
            }
        }
        self.keep(setup).await.map(drop)
    }
}

/// The address in a document's fields; `fallback` is the name of who is called
/// back where none is given.
pub(super) fn asked_address(asked: &Map<String, Value>, fallback: &str) -> Address {
    let text = |member: &str| {
        let text = asked.get(member).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Address {
        caller_name: text("caller_name").unwrap_or_else(|| fallback.to_owned()),
        street_address: text("street_address").unwrap_or_default(),
        extended_address: text("extended_address"),
        locality: text("locality").unwrap_or_default(),
        region: text("region").unwrap_or_default(),
        postal_code: text("postal_code").unwrap_or_default(),
        location_id: text("location_id"),
    }
}

fn not_configured() -> Fault {
    Fault::because("its provider is not configured, so it can't be asked")
}
