//! What is wanted of a provider for one number, and how far it is.

use std::mem::replace;

use numbers::account::AccountId;
use numbers::e164::E164;
use numbers::event::Origin;
use numbers::feature::e911::{CONTACTS, PLACE};
use numbers::gregorian::GregorianSeconds;
use numbers::revision::Revision;
use providers::{Located, ProviderError, ProviderName};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::{Batch, Document, DocumentKind, Expectation, Operation, StoreError};

/// How many states of its past a setup keeps.
const MOST_STEPS: usize = 50;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetupState {
    /// Waits until the number is ours: it is still being bought.
    Wanted,
    /// On its way to the provider, or not known.
    Placing,
    /// The provider took it and hasn't said yet that it works.
    Pending,
    /// The provider has it.
    Provisioned,
    /// To be taken away; nobody is at it.
    Leaving,
    /// Being taken away, or not known.
    Removing,
    /// The provider has none.
    Removed,
    /// The provider refused it, or lost it.
    Failed,
}

impl SetupState {
    /// Whether nothing follows by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Provisioned | Self::Removed | Self::Failed)
    }

    /// Whether another address may be asked for: not while it is open what
    /// becomes of the one before, which nobody would look after any more.
    pub const fn takes_wishes(self) -> bool {
        self.is_final() || matches!(self, Self::Wanted)
    }

    /// Whether somebody may be calling the provider just now.
    pub const fn is_busy(self) -> bool {
        matches!(self, Self::Placing | Self::Removing)
    }
}

/// A state that it was in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which.
    pub state: SetupState,
    /// Since when.
    pub at: GregorianSeconds,
}

/// What went wrong; for administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The provider's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// In a sentence.
    pub reason: String,
}

impl Fault {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self {
            code: None,
            reason: reason.into(),
        }
    }
}

impl From<&ProviderError> for Fault {
    fn from(error: &ProviderError) -> Self {
        Self {
            code: error.code.clone(),
            reason: error.reason.clone(),
        }
    }
}

/// The address that a number had before the one that is being placed, which it
/// has again if that comes to nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Who has it.
    pub provider: ProviderName,
    /// The account for which it was asked.
    pub account: Option<AccountId>,
    /// As it was asked for, with whom its owner wants to be notified.
    pub asked: Map<String, Value>,
    /// As the provider knows it.
    pub located: Located,
    /// Our name of its placing.
    pub reference: String,
}

/// An address at a provider that isn't asked any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Former {
    /// Who has it.
    pub provider: ProviderName,
    /// As that one knows it.
    pub located: Located,
}

/// What is wanted of a provider for one number. There is one a number, and
/// none for a number that never had an address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Which number's.
    pub number: E164,
    /// The account for which it was asked.
    pub account: Option<AccountId>,
    /// Who is asked.
    pub provider: ProviderName,
    /// Our name of this placing; goes with it where the provider takes one.
    pub reference: String,
    /// Names the address: the same for all numbers that have the same one.
    pub address_id: String,
    /// As it was asked for.
    pub asked: Map<String, Value>,
    /// As the provider knows it.
    pub located: Located,
    /// What the number had before, perhaps at another provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// What other providers have for the number from before, to be taken away
    /// there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<Former>,
    /// The number lost it while it was being placed: it goes as soon as it is
    /// known.
    #[serde(default)]
    pub leaves: bool,
    /// Its states, the present one last.
    pub steps: Vec<Step>,
    /// The last thing that went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// How often the provider was called in vain since the last step.
    #[serde(default)]
    pub tries: u32,
    /// The request that asked for it.
    pub request_id: String,
    /// The user who asked, where one had logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When somebody has to look after it; `None`: nobody has to.
    #[serde(skip)]
    pub due: Option<GregorianSeconds>,
    /// Counts the writes.
    #[serde(skip)]
    pub revision: Revision,
}

impl Setup {
    /// One that nobody has written down.
    pub(super) fn new(
        number: E164,
        account: Option<AccountId>,
        provider: ProviderName,
        origin: &Origin,
    ) -> Self {
        Self {
            number,
            account,
            provider,
            reference: String::new(),
            address_id: String::new(),
            asked: Map::new(),
            located: Located::default(),
            held: None,
            former: Vec::new(),
            leaves: false,
            steps: Vec::new(),
            fault: None,
            tries: 0,
            request_id: origin.request_id.clone(),
            user: origin.user.clone(),
            due: None,
            revision: Revision::default(),
        }
    }

    /// How far it is; of one that was never written down, that there is none.
    pub fn state(&self) -> SetupState {
        self.steps
            .last()
            .map_or(SetupState::Removed, |step| step.state)
    }

    /// Since when.
    pub fn since(&self) -> GregorianSeconds {
        self.steps.last().map(|step| step.at).unwrap_or_default()
    }

    /// Moves on to a state, unless it is there; somebody looks after it at
    /// `due`.
    pub(super) fn to(
        &mut self,
        state: SetupState,
        at: GregorianSeconds,
        due: Option<GregorianSeconds>,
    ) {
        if self.steps.is_empty() || self.state() != state {
            self.steps.push(Step { state, at });
            if self.steps.len() > MOST_STEPS {
                self.steps.remove(0);
            }
            self.tries = 0;
        }
        self.due = due;
    }

    /// An address as the provider has it, with what it isn't told: whom its
    /// owner wants to be notified.
    pub(super) fn completed(&self, mut located: Located) -> Located {
        if let Some(own) = self.asked.get(CONTACTS) {
            located.fields.insert(CONTACTS.to_owned(), own.clone());
        }
        located
    }

    /// Begins anew with another address, which the provider knows.
    pub(super) fn wish(
        &mut self,
        account: Option<AccountId>,
        provider: ProviderName,
        asked: Map<String, Value>,
        located: Located,
        origin: &Origin,
    ) {
        let is_held = self.is_at_provider();
        let held = Held {
            provider: replace(&mut self.provider, provider),
            account: replace(&mut self.account, account),
            asked: replace(&mut self.asked, asked),
            located: replace(&mut self.located, located),
            reference: replace(&mut self.reference, crate::context::new_event_id().0),
        };
        self.held = is_held.then_some(held);
        self.address_id = address_id(&self.provider, &self.located.fields);
        self.leaves = false;
        self.fault = None;
        self.request_id.clone_from(&origin.request_id);
        self.user.clone_from(&origin.user);
    }

    /// Whether the provider has, or may have, something for the number.
    fn is_at_provider(&self) -> bool {
        !matches!(
            self.state(),
            SetupState::Wanted | SetupState::Removed | SetupState::Failed
        )
    }

    /// Whether a number may ask this provider for another address: not while it
    /// has one from before that is being taken away there, which the new one
    /// would go with.
    pub(super) fn takes_wishes(&self, provider: &ProviderName) -> bool {
        let goes_there = self.former.iter().any(|old| old.provider == *provider);
        self.state().takes_wishes() && !goes_there
    }

    /// What the provider that is asked had for the number before.
    pub(super) fn held_here(&self) -> Option<&Held> {
        self.held
            .as_ref()
            .filter(|held| held.provider == self.provider)
    }

    /// What the number had before is what it has, with all that belongs to it.
    pub(super) fn restore(&mut self, held: Held) {
        self.address_id = address_id(&held.provider, &held.located.fields);
        self.provider = held.provider;
        self.account = held.account;
        self.asked = held.asked;
        self.located = held.located;
        self.reference = held.reference;
        self.held = None;
    }

    /// What the number had before goes: here with the new one, or by itself at
    /// another provider.
    pub(super) fn let_held_go(&mut self) {
        if let Some(held) = self.held.take()
            && held.provider != self.provider
        {
            self.former.push(Former {
                provider: held.provider,
                located: held.located,
            });
        }
    }

    /// The provider refused the new address: what it had before still holds.
    pub(super) fn refused(&mut self, fault: Fault, at: GregorianSeconds) {
        self.fault = Some(fault);
        match self.held.take() {
            Some(held) => {
                self.restore(held);
                self.rest(SetupState::Provisioned, at);
            }
            None => self.rest(SetupState::Failed, at),
        }
    }

    /// Nothing follows, but that other providers' addresses from before go.
    pub(super) fn rest(&mut self, state: SetupState, at: GregorianSeconds) {
        let due = (!self.former.is_empty()).then_some(at);
        self.to(state, at, due);
    }

    /// The provider has this address for the number.
    pub(super) fn provisioned(&mut self, located: Located, at: GregorianSeconds) {
        self.address_id = address_id(&self.provider, &located.fields);
        self.located = located;
        self.let_held_go();
        self.fault = None;
        self.rest(SetupState::Provisioned, at);
    }

    /// The number has lost its address: it goes at once, or as soon as it is
    /// known what became of its placing.
    pub(crate) fn leave(&mut self, at: GregorianSeconds) {
        if self.state() == SetupState::Placing {
            self.leaves = true;
        } else {
            self.go(at);
        }
    }

    /// It is to be taken away, wherever the number may have one.
    pub(super) fn go(&mut self, at: GregorianSeconds) {
        self.leaves = false;
        self.let_held_go();
        self.to(SetupState::Leaving, at, Some(at));
    }

    /// Turns to what another provider has from before, to be taken away next.
    pub(super) fn turn_to_former(&mut self, at: GregorianSeconds) -> bool {
        let Some(former) = self.former.pop() else {
            return false;
        };
        self.provider = former.provider;
        self.located = former.located;
        self.to(SetupState::Leaving, at, Some(at));
        true
    }

    /// Who did what the events tell of.
    pub(super) fn origin(&self, at: GregorianSeconds) -> Origin {
        Origin {
            account: self.account.clone(),
            user: self.user.clone(),
            request_id: self.request_id.clone(),
            at,
        }
    }

    /// The batch that stores it, if it is still as it was read; the revision
    /// moves on.
    pub(crate) fn put(&mut self) -> Result<Batch, StoreError> {
        let unchanged = self.unchanged();
        self.revision = self.revision.next();
        let body = serde_json::to_string(self).map_err(|error| {
            StoreError::Fault(format!("an address setup can't be written: {error}"))
        })?;
        let document = Document {
            kind: DocumentKind::Address,
            id: self.number.to_string(),
            account: self.account.clone(),
            revision: self.revision,
            due: self.due,
            expires: None,
            body,
        };
        Ok(Batch::new()
            .expect(unchanged)
            .then(Operation::PutDocument(Box::new(document))))
    }

    /// That it is stored as it was read.
    pub(crate) fn unchanged(&self) -> Expectation {
        Expectation::Document {
            kind: DocumentKind::Address,
            id: self.number.to_string(),
            revision: (self.revision != Revision::default()).then_some(self.revision),
        }
    }

    /// The one in a stored document.
    pub(super) fn from_document(document: &Document) -> Result<Self, StoreError> {
        let mut setup: Self = serde_json::from_str(&document.body).map_err(|error| {
            let id = &document.id;
            StoreError::Fault(format!("the address setup of {id} is damaged: {error}"))
        })?;
        setup.due = document.due;
        setup.revision = document.revision;
        Ok(setup)
    }
}

/// The same for all numbers that have the same address at the same provider.
fn address_id(provider: &ProviderName, fields: &Map<String, Value>) -> String {
    let mut digest = Sha256::new();
    digest.update(provider.as_str());
    for member in PLACE.into_iter().chain(["caller_name"]) {
        let value = fields.get(member).and_then(Value::as_str);
        digest.update([0]);
        digest.update(value.unwrap_or_default().to_uppercase());
    }
    let digest = digest.finalize();
    uuid::Uuid::from_slice(&digest[..16])
        .unwrap_or_default()
        .simple()
        .to_string()
}
