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

/// What is under way for a number's caller names; the number says so, because
/// its provider may show others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameWork {
    /// The provider hasn't taken them yet.
    Pending,
    /// It was told in vain, why, and is told again.
    Failed(String),
    /// They are off, and a provider may still have them; why the last attempt to
    /// tell it was in vain.
    Removing(Option<String>),
    /// A person has to set them, or to take them away.
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
    /// How far it is with that one.
    pub state: WishState,
    /// Who was told before, and is to drop what it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<ProviderName>,
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
    /// Whether no names are wanted.
    const fn is_off(&self) -> bool {
        self.outbound.is_none() && !self.inbound
    }

    /// Who may have names from before once `provider` is told.
    fn left_with(self, provider: &ProviderName) -> Vec<ProviderName> {
        let has_none = self.is_off() && self.state != WishState::Wanted;
        let mut left = self.former;
        left.extend(Some(self.provider).filter(|_| !has_none));
        left.retain(|one| one != provider);
        left
    }

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
        wish.due = match self.tell_all(&mut wish).await {
            Ok(true) => {
                wish.fault = None;
                None
            }
            Ok(false) => {
                wish.fault = None;
                Some(now().plus_seconds(pause(wish.tries)))
            }
            Err(reason) => {
                let number = &wish.number;
                tracing::warn!(%number, reason, "caller names aren't set yet");
                let due = now().plus_seconds(pause(wish.tries));
                wish.tries = wish.tries.saturating_add(1);
                wish.fault = Some(reason);
                Some(due)
            }
        };
        self.keep(wish).await
    }

    /// Tells who is to know and then who was told before; `false`: not all have
    /// taken it.
    async fn tell_all(&self, wish: &mut NameWish) -> Result<bool, String> {
        if wish.state == WishState::Wanted {
            let names = providers::CallerNames {
                outbound: wish.outbound.clone(),
                inbound: wish.inbound,
            };
            wish.state = match self.set(&wish.provider, &wish.number, &names).await? {
                Wish::Done => WishState::Done,
                Wish::ByHand => WishState::ByHand,
                Wish::Open => return Ok(false),
            };
        }
        let none = providers::CallerNames::default();
        while let Some(former) = wish.former.last() {
            if self.set(former, &wish.number, &none).await? == Wish::Open {
                return Ok(false);
            }
            wish.former.pop();
        }
        Ok(true)
    }

    async fn set(
        &self,
        name: &ProviderName,
        number: &E164,
        names: &providers::CallerNames,
    ) -> Result<Wish, String> {
        let Some(provider) = self.providers.caller_names(name.as_str()) else {
            return Err(format!("'{name}' is not configured, so it can't be told"));
        };
        let told = provider.set(number, names).await;
        let told = told.map_err(|error| error.to_string())?;
        if told == Wish::ByHand {
            tracing::info!(%number, provider = %name, ?names, "a person must set caller names");
        }
        Ok(told)
    }

    async fn keep(&self, mut wish: NameWish) -> Result<(), StoreError> {
        let batch = wish.put()?;
        self.store.write(batch).await?.ok();
        Ok(())
    }
}

impl NameWish {
    fn work(self) -> Option<NameWork> {
        let is_open = self.state == WishState::Wanted || !self.former.is_empty();
        match (is_open, self.is_off(), self.fault) {
            (false, ..) => (self.state == WishState::ByHand).then_some(NameWork::ByHand),
            (true, true, fault) => Some(NameWork::Removing(fault)),
            (true, false, Some(reason)) => Some(NameWork::Failed(reason)),
            (true, false, None) => Some(NameWork::Pending),
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
        // Most numbers never had any, and nothing is read for them.
        if !number.names_told && !feature::is_on(&number.features, Feature::Cnam) {
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
            Some(names) if *names == CallerNames::default() => Ok(Some(NameWork::Removing(None))),
            Some(_) => Ok(Some(NameWork::Pending)),
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
        let stored = self.names.wish(key).await?;
        let revision = stored.as_ref().map(|wish| wish.revision);
        let old = before.and_then(|before| before.owner.as_ref());
        let provider = match plan.number.owner.as_ref().or(old) {
            Some(id) => {
                self.cnam_provider(self.store.account(id).await?.as_deref())
                    .await?
            }
            None => self.cnam_provider(None).await?,
        };
        let former = stored.map(|wish| wish.left_with(&provider));
        let mut wish = NameWish {
            number: key.clone(),
            former: former.unwrap_or_default(),
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
