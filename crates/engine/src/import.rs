//! Taking numbers in from elsewhere, many at once: the rows of a file become
//! records of the installation's own making (columns: spec/http.md 9.2).
//!
//! Nothing that is there is ever overwritten. A row whose number is there
//! already, just as the row says, counts as done; so a file can be taken in
//! again after an interruption, and only what is missing is added.

mod accounts;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use numbers::account::{Account, AccountId};
use numbers::carrier::CarrierName;
use numbers::document;
use numbers::e164::E164;
use numbers::event::Action;
use numbers::feature::{self, Feature};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;
use serde_json::{Map, Value};
use store::{Batch, Expectation, NumberChange, StoreError, Unmet};

use crate::account_record::{name_claim, realm_claim};
use crate::context::new_event_id;
use crate::{Context, Engine, EngineError};

use accounts::Accounts;

/// One row of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportRow {
    /// The number, in any form that the configured converters know.
    pub e164: String,
    /// Its account.
    pub account_id: Option<String>,
    /// The account's name: decides where the id is absent or unknown here.
    pub account_name: Option<String>,
    /// The owner before; need not exist any more.
    pub previously_assigned_to: Option<AccountId>,
    /// `None`: in service for an account, available for nobody.
    pub state: Option<State>,
    /// `None`: now.
    pub created: Option<GregorianSeconds>,
    /// `None`: now.
    pub modified: Option<GregorianSeconds>,
    /// The application that uses it.
    pub used_by: Option<String>,
    /// It came by a completed port.
    pub ported_in: bool,
    /// With or without `knm_`; `None`: the configured one.
    pub carrier_module: Option<String>,
    /// What the carrier knows of it: no column, but for those who make rows.
    pub carrier_data: Map<String, Value>,
    /// The fields that clients see.
    pub public: Map<String, Value>,
}

/// What became of a good row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The number was made; in a dry run: it would be.
    Created,
    /// It was there already, as the row says.
    Unchanged,
}

/// Why a row was left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The text is no number.
    #[error("'{0}' is not a number that can be stored")]
    NotReconcilable(String),
    /// The number is there already, and not as the row says.
    #[error("{0} exists already and differs; it was left as it is")]
    Exists(E164),
    /// Neither an id nor a name of an account.
    #[error("there is no account '{0}'")]
    UnknownAccount(String),
    /// Id and name lead to two accounts.
    #[error("account_id and account_name are two different accounts")]
    TwoAccounts,
    /// No carrier by that name.
    #[error("the carrier '{0}' is not known by the system")]
    UnknownCarrier(String),
    /// A state that no record has.
    #[error("no number is stored in state '{0}'")]
    NotStored(State),
    /// The state needs an account.
    #[error("a number in state '{0}' needs an account")]
    AccountMissing(State),
    /// The state doesn't go with an account.
    #[error("a number in state '{0}' can't belong to an account")]
    AccountNotAllowed(State),
    /// Mobile numbers have one state only.
    #[error("mobile numbers are always in state 'in_service', not '{0}'")]
    Mobile(State),
}

impl RowError {
    /// The column to look at.
    pub const fn column(&self) -> &'static str {
        match self {
            Self::NotReconcilable(_) | Self::Exists(_) => "e164",
            Self::UnknownAccount(_) | Self::TwoAccounts | Self::AccountMissing(_) => "account_id",
            Self::UnknownCarrier(_) => "carrier_module",
            Self::NotStored(_) | Self::AccountNotAllowed(_) | Self::Mobile(_) => "state",
        }
    }
}

/// The outcome of each row, in order.
pub type RowOutcomes = Vec<Result<Imported, RowError>>;

/// An import under way: remembers accounts from batch to batch. Several of its
/// batches may be on their way at once.
pub struct Importer<'e> {
    engine: &'e Engine,
    cx: Context,
    dry_run: bool,
    memory: Mutex<Accounts>,
    /// Most numbers of the last batch were there already: look before writing.
    mostly_known: AtomicBool,
}

/// A row on its way.
struct Job {
    index: usize,
    number: Number,
    row: ImportRow,
}

impl Engine {
    /// Takes rows in, each on its own terms; answers in their order.
    pub async fn import_batch(
        &self,
        cx: &Context,
        rows: Vec<ImportRow>,
    ) -> Result<RowOutcomes, EngineError> {
        self.importer(cx.clone()).batch(rows).await
    }

    /// An import of many batches.
    pub fn importer(&self, cx: Context) -> Importer<'_> {
        Importer {
            engine: self,
            cx,
            dry_run: false,
            memory: Mutex::default(),
            mostly_known: AtomicBool::new(false),
        }
    }

    /// The account that a person means by its id, its name or its realm.
    pub async fn find_account(&self, text: &str) -> Result<Option<Arc<Account>>, StoreError> {
        if let Ok(id) = AccountId::parse(text)
            && let Some(account) = self.store.account(&id).await?
        {
            return Ok(Some(account));
        }
        for claim in [name_claim(text), realm_claim(text)] {
            if let Some(holder) = self.store.claimed(&claim).await?
                && let Ok(id) = AccountId::parse(&holder)
            {
                return self.store.account(&id).await;
            }
        }
        Ok(None)
    }
}

impl Importer<'_> {
    /// Only looks what would be done. Of a number that stands twice in
    /// different batches, each row is looked at alone.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Takes rows in, each on its own terms; answers in their order. An error
    /// of the call as a whole means that none was taken in.
    pub async fn batch(&self, rows: Vec<ImportRow>) -> Result<RowOutcomes, EngineError> {
        let accounts = self.resolve(&rows).await?;
        let mut outcomes: Vec<Option<Result<Imported, RowError>>> = Vec::with_capacity(rows.len());
        let mut fresh = Vec::with_capacity(rows.len());
        let mut known = Vec::new();
        let mut seen = HashSet::with_capacity(rows.len());
        for (index, row) in rows.into_iter().enumerate() {
            match self.wanted(&row, &accounts) {
                Ok(number) => {
                    outcomes.push(None);
                    let again = !seen.insert(number.id.clone());
                    let job = Job { index, number, row };
                    // The second row of a number is compared with the first.
                    if again { &mut known } else { &mut fresh }.push(job);
                }
                Err(error) => outcomes.push(Some(Err(error))),
            }
        }
        if self.dry_run {
            self.look(fresh, known, &mut outcomes).await?;
        } else {
            if self.mostly_known.load(Ordering::Relaxed) {
                let (absent, present) = self.split(fresh).await?;
                fresh = absent;
                known.extend(present);
            }
            known.extend(self.write(fresh, &mut outcomes).await?);
            self.mostly_known
                .store(known.len() * 2 > outcomes.len(), Ordering::Relaxed);
            self.compare(known, &mut outcomes).await?;
        }
        let every = outcomes
            .into_iter()
            .map(|outcome| outcome.ok_or_else(|| fault("a row without outcome")));
        Ok(every.collect::<Result<_, StoreError>>()?)
    }

    /// Writes numbers that should not be there; gives back those that are.
    async fn write(
        &self,
        jobs: Vec<Job>,
        outcomes: &mut [Option<Result<Imported, RowError>>],
    ) -> Result<Vec<Job>, EngineError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let batches = jobs.iter().map(|job| self.creation(&job.number)).collect();
        let results = self.engine.store.write_each(batches).await?;
        let mut present = Vec::new();
        for (job, result) in jobs.into_iter().zip(results) {
            match result {
                Ok(()) => outcomes[job.index] = Some(Ok(Imported::Created)),
                // Deleted since it was looked up.
                Err(Unmet(Expectation::AccountExists { id })) => {
                    outcomes[job.index] = Some(Err(RowError::UnknownAccount(id.to_string())));
                }
                Err(Unmet(_)) => present.push(job),
            }
        }
        Ok(present)
    }

    /// Which are there already: the absent ones first.
    async fn split(&self, jobs: Vec<Job>) -> Result<(Vec<Job>, Vec<Job>), StoreError> {
        let keys: Vec<E164> = jobs.iter().map(|job| job.number.id.clone()).collect();
        let stored = self.engine.store.numbers(&keys).await?;
        let mut sides = (Vec::new(), Vec::new());
        for (job, stored) in jobs.into_iter().zip(stored) {
            match stored {
                None => sides.0.push(job),
                Some(_) => sides.1.push(job),
            }
        }
        Ok(sides)
    }

    /// Compares rows with the numbers that are there.
    async fn compare(
        &self,
        jobs: Vec<Job>,
        outcomes: &mut [Option<Result<Imported, RowError>>],
    ) -> Result<(), StoreError> {
        let keys: Vec<E164> = jobs.iter().map(|job| job.number.id.clone()).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let stored = self.engine.store.numbers(&keys).await?;
        for (job, stored) in jobs.into_iter().zip(stored) {
            let same = stored.is_some_and(|stored| is_as_wanted(&job, &stored));
            outcomes[job.index] = Some(if same {
                Ok(Imported::Unchanged)
            } else {
                Err(RowError::Exists(job.number.id))
            });
        }
        Ok(())
    }

    /// What [`batch`](Self::batch) would do, without doing it.
    async fn look(
        &self,
        fresh: Vec<Job>,
        again: Vec<Job>,
        outcomes: &mut [Option<Result<Imported, RowError>>],
    ) -> Result<(), StoreError> {
        let (absent, present) = self.split(fresh).await?;
        self.compare(present, outcomes).await?;
        let made: HashMap<&E164, &Number> = absent
            .iter()
            .map(|job| (&job.number.id, &job.number))
            .collect();
        let mut stored = Vec::new();
        for job in again {
            match made.get(&job.number.id) {
                Some(first) if is_as_wanted(&job, first) => {
                    outcomes[job.index] = Some(Ok(Imported::Unchanged));
                }
                Some(_) => outcomes[job.index] = Some(Err(RowError::Exists(job.number.id))),
                None => stored.push(job),
            }
        }
        for job in &absent {
            outcomes[job.index] = Some(Ok(Imported::Created));
        }
        self.compare(stored, outcomes).await
    }

    fn creation(&self, number: &Number) -> Batch {
        let owner = number.owner.clone();
        let batch = Batch::change_number(NumberChange {
            before: None,
            after: Some(number.clone()),
            event: new_event_id(),
            action: Action::Imported,
            origin: self.cx.origin(),
            note: None,
        });
        match owner {
            Some(id) => batch.expect(Expectation::AccountExists { id }),
            None => batch,
        }
    }

    /// The record that a row asks for.
    fn wanted(&self, row: &ImportRow, accounts: &Accounts) -> Result<Number, RowError> {
        let key = self
            .engine
            .numbering(None)
            .key(&row.e164)
            .map_err(|error| RowError::NotReconcilable(error.text))?;
        let account = accounts.of(row)?;
        let state = row.state.unwrap_or(match account {
            Some(_) => State::InService,
            None => State::Available,
        });
        let carrier = self.carrier_of(row, state)?;
        let mut number = Number::new(key, state, carrier, self.cx.now);
        number.carrier_data.clone_from(&row.carrier_data);
        give(&mut number, account)?;
        number.revision = number.revision.next();
        number
            .previous_owner
            .clone_from(&row.previously_assigned_to);
        number.used_by.clone_from(&row.used_by);
        number.ported_in = row.ported_in;
        number.created = row.created.unwrap_or(self.cx.now);
        number.modified = row.modified.unwrap_or(self.cx.now);
        number.rests_until = number.rest_ends(self.engine.rest_days(&number.id));
        number.public = document::replaced(document::public_fields(row.public.clone()));
        // Emergency addresses stay notes: no provider has confirmed them here.
        number.features = feature::settings(&number);
        Ok(number)
    }

    fn carrier_of(&self, row: &ImportRow, state: State) -> Result<CarrierName, RowError> {
        let Some(name) = &row.carrier_module else {
            let settings = &self.engine.settings.number_manager;
            return Ok(CarrierName::new(match state {
                State::PortIn => &settings.port_in_module_name,
                _ => &settings.available_module_name,
            }));
        };
        let carrier = CarrierName::new(name);
        // Those two are ways to look at other carriers' numbers.
        let is_view = matches!(carrier.as_str(), "reserved" | "reserved_reseller");
        if is_view || self.engine.carriers.get(&carrier).is_none() {
            return Err(RowError::UnknownCarrier(name.clone()));
        }
        Ok(carrier)
    }
}

/// Gives a number to its account, as its state allows.
fn give(number: &mut Number, account: Option<AccountId>) -> Result<(), RowError> {
    let state = number.state;
    if matches!(state, State::Deleted | State::Discovery) {
        return Err(RowError::NotStored(state));
    }
    if number.carrier.is_mdn() && state != State::InService {
        return Err(RowError::Mobile(state));
    }
    let Some(account) = account else {
        return if state.needs_owner() {
            Err(RowError::AccountMissing(state))
        } else {
            Ok(())
        };
    };
    match state {
        // Made for the account's use (spec/numbers.md 10, `managed`).
        State::Available if number.carrier.is_pooled() => {
            let pool = account.as_str().into();
            number.carrier_data.insert("pool".to_owned(), pool);
        }
        State::Available | State::Aging => return Err(RowError::AccountNotAllowed(state)),
        State::Reserved => {
            number.push_reservation(&account);
            number.owner = Some(account);
        }
        _ => number.owner = Some(account),
    }
    Ok(())
}

/// Whether a stored number is what a row asks for, in everything that the row
/// says and that can be said in a row.
fn is_as_wanted(job: &Job, stored: &Number) -> bool {
    let row = &job.row;
    let mut wanted = job.number.clone();
    if row.carrier_data.is_empty() && wanted.pool() == stored.pool() {
        wanted.carrier_data.clone_from(&stored.carrier_data);
    }
    if row.created.is_none() {
        wanted.created = stored.created;
    }
    if row.previously_assigned_to.is_none() {
        wanted.previous_owner.clone_from(&stored.previous_owner);
    }
    if row.used_by.is_none() {
        wanted.used_by.clone_from(&stored.used_by);
    }
    let top = wanted.reserve_history.first();
    if top.is_none() || top == stored.reserve_history.first() {
        wanted.reserve_history.clone_from(&stored.reserve_history);
    }
    if let (Some(confirmed), Some(asked)) = (
        stored.features.get(&Feature::E911),
        wanted.public.get("e911"),
    ) && confirmed == asked
    {
        wanted.features.insert(Feature::E911, confirmed.clone());
    }
    wanted.features_allowed.clone_from(&stored.features_allowed);
    wanted.features_denied.clone_from(&stored.features_denied);
    wanted.region.clone_from(&stored.region);
    wanted.disconnected = stored.disconnected;
    wanted.rests_until = stored.rests_until;
    !wanted.differs_from(stored)
}

fn fault(text: &str) -> StoreError {
    StoreError::Fault(text.to_owned())
}
