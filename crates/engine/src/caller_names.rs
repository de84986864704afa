//! Caller names (CNAM): what a number has switched on is told to its provider,
//! again and again until the provider has taken it.
//!
//! The wish is written in the transaction that switches the feature, as one
//! document a number; a later wish takes the place of an earlier one, and the
//! same wish twice does no harm, so nothing needs to be asked for.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use numbers::account::Account;
use numbers::e164::E164;
use numbers::feature::cnam::CallerNames;
use numbers::feature::{self, Feature};
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::plan::{Effect, Plan, Rules};
use numbers::revision::Revision;
use providers::{ProviderName, Providers, Wish};
use serde::{Deserialize, Serialize};
use store::{Batch, Document, DocumentKind, Expectation, Operation, Store, StoreError};

use crate::backoff::pause;
use crate::context::now;
use crate::numbers::NumberView;
use crate::{Context, Engine};

/// Wishes that one round of the job looks after, and how many at once.
const ROUND: usize = 200;
const AT_ONCE: usize = 8;

/// How far a wish is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WishState {
    /// To be told to the provider.
    Wanted,
    /// The provider took it.
    Done,
    /// A person has to do it.
    ByHand,
}

/// What is under way for the caller names that a number has on; the number says
/// so, because its provider may show others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameWork {
    /// The provider hasn't taken them yet.
    Pending,
    /// It was told in vain, why, and is told again.
    Failed(String),
    /// A person has to set them.
    ByHand,
}

/// What is wanted of a provider of caller names for one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NameWish {
    /// Which number's.
    pub number: E164,
    /// Who is told.
    pub provider: ProviderName,
    /// The name that those called see.
    pub outbound: Option<String>,
    /// Whether the names of callers are looked up.
    pub inbound: bool,
    /// How far it is.
    pub state: WishState,
    /// How often it was told in vain.
    pub tries: u32,
    /// Why, the last time; for administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// When somebody has to look after it.
    #[serde(skip)]
    due: Option<GregorianSeconds>,
    #[serde(skip)]
    revision: Revision,
}

impl NameWish {
    fn put(&mut self) -> Result<Batch, StoreError> {
        let known = (self.revision != Revision::default()).then_some(self.revision);
        self.revision = self.revision.next();
        let id = self.number.to_string();
        let body = serde_json::to_string(self)
            .map_err(|error| StoreError::Fault(format!("a wish can't be written: {error}")))?;
        let document = Document {
            kind: DocumentKind::CallerName,
            id: id.clone(),
            account: None,
            revision: self.revision,
            due: self.due,
            expires: None,
            body,
        };
        Ok(Batch::new()
            .expect(Expectation::Document {
                kind: DocumentKind::CallerName,
                id,
                revision: known,
            })
            .then(Operation::PutDocument(Box::new(document))))
    }

    fn from_document(document: &Document) -> Result<Self, StoreError> {
        let mut wish: Self = serde_json::from_str(&document.body).map_err(|error| {
            let id = &document.id;
            StoreError::Fault(format!("the caller names of {id} are damaged: {error}"))
        })?;
        wish.due = document.due;
        wish.revision = document.revision;
        Ok(wish)
    }
}

/// Tells providers which caller names are wanted. A clone is the same desk.
#[derive(Clone)]
pub struct NameDesk {
    store: Arc<dyn Store>,
    providers: Arc<Providers>,
}

impl NameDesk {
    /// A desk over the wishes in `store`.
    pub fn new(store: Arc<dyn Store>, providers: Arc<Providers>) -> Self {
        Self { store, providers }
    }

    /// Whether a provider of this name is configured.
    pub(crate) fn is_configured(&self, name: &str) -> bool {
        self.providers.caller_names(name).is_some()
    }

    /// What is wanted for a number.
    pub async fn wish(&self, number: &E164) -> Result<Option<NameWish>, StoreError> {
        let kind = DocumentKind::CallerName;
        let stored = self.store.document(kind, number.as_str()).await?;
        stored.as_ref().map(NameWish::from_document).transpose()
    }

    /// Looks after every wish that was due at `at`; answers how many that were.
    pub async fn look_after(&self, at: GregorianSeconds) -> Result<usize, StoreError> {
        let kind = DocumentKind::CallerName;
        let due = self.store.due_documents(kind, at, ROUND).await?;
        let looked_at = due.len();
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |document| async move {
                let tell = async { self.tell(NameWish::from_document(&document)?).await };
                if let Err(error) = tell.await {
                    let number = &document.id;
                    tracing::error!(%error, number, "caller names can't be looked after");
                }
            })
            .await;
        Ok(looked_at)
    }

    /// Tells the provider, and writes what it said unless the wish has changed
    /// meanwhile: then the new one is due.
    async fn tell(&self, mut wish: NameWish) -> Result<(), StoreError> {
        let waits = self.store.number(&wish.number).await?;
        if waits.is_some_and(|number| number.order.is_some()) {
            wish.due = Some(now().plus_seconds(5));
            return self.keep(wish).await;
        }
        let names = providers::CallerNames {
            outbound: wish.outbound.clone(),
            inbound: wish.inbound,
        };
        let told = match self.providers.caller_names(wish.provider.as_str()) {
            Some(provider) => provider
                .set(&wish.number, &names)
                .await
                .map_err(|error| error.to_string()),
            None => Err("its provider is not configured".to_owned()),
        };
        let (number, provider) = (&wish.number, &wish.provider);
        match told {
            Ok(Wish::Done) => (wish.state, wish.due) = (WishState::Done, None),
            Ok(Wish::ByHand) => {
                tracing::info!(%number, %provider, ?names, "a person must set caller names");
                (wish.state, wish.due) = (WishState::ByHand, None);
            }
            Ok(Wish::Open) => wish.due = Some(now().plus_seconds(pause(wish.tries))),
            Err(reason) => {
                tracing::warn!(%number, %provider, reason, "caller names aren't set yet");
                wish.due = Some(now().plus_seconds(pause(wish.tries)));
                wish.tries = wish.tries.saturating_add(1);
                wish.fault = Some(reason);
                return self.keep(wish).await;
            }
        }
        wish.fault = None;
        self.keep(wish).await
    }

    async fn keep(&self, mut wish: NameWish) -> Result<(), StoreError> {
        let batch = wish.put()?;
        self.store.write(batch).await?.ok();
        Ok(())
    }
}

impl NameWish {
    fn work(self) -> Option<NameWork> {
        match (self.state, self.fault) {
            (WishState::Done, _) => None,
            (WishState::ByHand, _) => Some(NameWork::ByHand),
            (WishState::Wanted, Some(reason)) => Some(NameWork::Failed(reason)),
            (WishState::Wanted, None) => Some(NameWork::Pending),
        }
    }
}

impl Engine {
    /// A number as a caller sees it, with what is under way for its caller names.
    pub(crate) async fn view(
        &self,
        cx: &Context,
        number: impl Into<Arc<Number>>,
        rules: &Rules,
    ) -> Result<NumberView, StoreError> {
        let mut view = NumberView::new(cx, number, rules);
        view.name_work = self.name_work(&view.number).await?;
        Ok(view)
    }

    async fn name_work(&self, number: &Number) -> Result<Option<NameWork>, StoreError> {
        // Most numbers have none, and nothing is read for them.
        if !feature::is_on(&number.features, Feature::Cnam) {
            return Ok(None);
        }
        let wish = self.names.wish(&number.id).await?;
        Ok(wish.and_then(NameWish::work))
    }

    /// What is under way for a number's caller names once a plan is written.
    pub(crate) async fn name_work_after(
        &self,
        plan: &Plan,
    ) -> Result<Option<NameWork>, StoreError> {
        let mut effects = plan.effects.iter();
        match effects.find_map(wanted) {
            Some(names) => Ok((*names != CallerNames::default()).then_some(NameWork::Pending)),
            None => self.name_work(&plan.number).await,
        }
    }

    /// Where caller names are told to their providers.
    pub const fn caller_names(&self) -> &NameDesk {
        &self.names
    }

    /// A number's batch, with what its provider of caller names is to be told.
    pub(crate) async fn join_caller_names(
        &self,
        plan: &Plan,
        before: Option<&Number>,
        batch: Batch,
    ) -> Result<Batch, StoreError> {
        let Some(CallerNames { outbound, inbound }) = plan.effects.iter().find_map(wanted) else {
            return Ok(batch);
        };
        let key = &plan.number.id;
        let revision = self.names.wish(key).await?.map(|wish| wish.revision);
        let old = before.and_then(|before| before.owner.as_ref());
        let provider = match plan.number.owner.as_ref().or(old) {
            Some(id) => {
                self.cnam_provider(self.store.account(id).await?.as_deref())
                    .await?
            }
            None => self.cnam_provider(None).await?,
        };
        let mut wish = NameWish {
            number: key.clone(),
            provider,
            outbound: outbound.clone(),
            inbound: *inbound,
            state: WishState::Wanted,
            tries: 0,
            fault: None,
            due: Some(now()),
            revision: revision.unwrap_or_default(),
        };
        Ok(batch.joined(wish.put()?))
    }

    async fn cnam_provider(&self, account: Option<&Account>) -> Result<ProviderName, StoreError> {
        let rules = self.rules_for(account).await?;
        Ok(ProviderName::new(&rules.providers.cnam))
    }
}

/// The caller names that a plan's effect wants.
const fn wanted(effect: &Effect) -> Option<&CallerNames> {
    match effect {
        Effect::SetCallerNames(names) => Some(names),
        _ => None,
    }
}
