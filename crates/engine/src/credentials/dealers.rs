//! Which carrier deals for whom: the operator's, or the same one with a
//! reseller's own credentials.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use carriers::{Carrier, Offers, Query, Registry};
use numbers::account::AccountId;
use numbers::carrier::CarrierName;
use outside::settings::{AllSettings, with_own};
use outside::{BadSettings, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{DocumentKind, Page, Store, StoreError};

use super::kept::{Kept, Version, document_id, reseller_and_carrier};
use super::{NO_KEY, SecretsKey};

/// How long what is known of a reseller's credentials is believed without a
/// look at the store: other nodes may have changed them.
const BELIEVED: Duration = Duration::from_secs(2);

/// How many resellers' carriers are remembered.
const REMEMBERED: usize = 4096;

/// How many documents are read at once.
const CHUNK: usize = 1000;

/// Whose credentials an order is sent with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The reseller.
    pub reseller: AccountId,
    /// Which of its credentials, since they change.
    pub version: String,
}

/// A carrier, and with whose credentials.
#[derive(Clone)]
pub(crate) struct Dealer {
    /// The carrier; `Err`: why it can't be used with those credentials.
    pub carrier: Result<Arc<dyn Carrier>, String>,
    /// `None`: the operator's.
    pub credentials: Option<Credentials>,
}

/// A carrier as a search sees it: what it sells, and nothing that spends.
pub(crate) struct Shelf {
    /// The carrier's name.
    pub name: CarrierName,
    dealer: Dealer,
}

impl Shelf {
    /// `None` where there is nothing to look at.
    fn of(name: CarrierName, dealer: Dealer) -> Option<Self> {
        let carrier = dealer.carrier.as_ref();
        // One that can't be used has to say so.
        let looks = carrier.map_or(true, |carrier| carrier.offers().is_some());
        looks.then_some(Self { name, dealer })
    }

    /// What it sells; `Err`: why it can't be asked.
    pub fn offers(&self) -> Result<&dyn Offers, &str> {
        let carrier = self.dealer.carrier.as_ref().map_err(String::as_str)?;
        carrier.offers().ok_or("the carrier is not searched")
    }

    /// Whether it may sell numbers of a query's country; of one that can't be
    /// used nobody knows.
    pub fn serves(&self, query: &Query) -> bool {
        let offers = self.offers();
        offers.map_or(true, |offers| offers.serves(query))
    }
}

impl Dealer {
    /// How many numbers one order takes.
    pub fn most_per_order(&self) -> usize {
        let orders = self.carrier.as_ref().ok();
        let orders = orders.and_then(|carrier| carrier.orders());
        orders.map_or(1, |orders| orders.most_per_order().max(1))
    }
}

/// All carriers.
pub(crate) struct Dealers {
    store: Arc<dyn Store>,
    operators: Arc<Registry>,
    settings: AllSettings,
    key: Option<SecretsKey>,
    known: Mutex<HashMap<String, Known>>,
}

/// What is remembered of one reseller at one carrier.
#[derive(Clone)]
struct Known {
    looked: Instant,
    kept: Arc<Kept>,
    /// By version.
    carriers: HashMap<String, Result<Arc<dyn Carrier>, String>>,
}

impl Dealers {
    pub fn new(
        store: Arc<dyn Store>,
        operators: Arc<Registry>,
        settings: AllSettings,
        key: Option<SecretsKey>,
    ) -> Self {
        Self {
            store,
            operators,
            settings,
            key,
            known: Mutex::default(),
        }
    }

    pub const fn key(&self) -> Option<&SecretsKey> {
        self.key.as_ref()
    }

    /// The carrier for whoever buys from this reseller.
    pub async fn buying(
        &self,
        reseller: &AccountId,
        name: &CarrierName,
    ) -> Result<Option<Dealer>, StoreError> {
        let kept = self.kept(reseller, name).await?;
        if let Some(version) = kept.present() {
            return Ok(Some(self.own(reseller, name, version)));
        }
        Ok(self.operators.shared(name).map(|carrier| Dealer {
            carrier: Ok(carrier),
            credentials: None,
        }))
    }

    /// What whoever buys from this reseller can look at.
    pub async fn shelf(
        &self,
        reseller: &AccountId,
        name: CarrierName,
    ) -> Result<Option<Shelf>, StoreError> {
        let dealer = self.buying(reseller, &name).await?;
        Ok(dealer.and_then(|dealer| Shelf::of(name, dealer)))
    }

    /// The carrier for a number that was bought with a reseller's credentials;
    /// `None`: they are gone.
    pub async fn giving_back(
        &self,
        reseller: &AccountId,
        name: &CarrierName,
    ) -> Result<Option<Dealer>, StoreError> {
        let kept = self.kept(reseller, name).await?;
        let latest = kept.latest();
        Ok(latest.map(|version| self.own(reseller, name, version)))
    }

    /// The carrier that an order was sent to; `Err`: why it can't be asked.
    pub async fn of_order(
        &self,
        name: &CarrierName,
        credentials: Option<&Credentials>,
    ) -> Result<Result<Arc<dyn Carrier>, String>, StoreError> {
        let Some(Credentials { reseller, version }) = credentials else {
            let carrier = self.operators.shared(name);
            return Ok(carrier.ok_or_else(|| "the carrier is not configured any more".to_owned()));
        };
        let kept = self.kept(reseller, name).await?;
        Ok(match kept.then(version) {
            Some(version) => self.own(reseller, name, version).carrier,
            None => Err("the reseller's credentials are gone".to_owned()),
        })
    }

    /// The carrier with all credentials that are kept of a reseller, the newest
    /// first: orders may be open that were sent with those before.
    pub async fn all_of(
        &self,
        reseller: &AccountId,
        name: &CarrierName,
    ) -> Result<Vec<Arc<dyn Carrier>>, StoreError> {
        let kept = self.kept(reseller, name).await?;
        let usable = |version| self.own(reseller, name, version).carrier.ok();
        Ok(kept.newest_first().filter_map(usable).collect())
    }

    /// The resellers that have credentials of their own at present, and where.
    pub async fn set_now(&self) -> Result<Vec<(AccountId, CarrierName)>, StoreError> {
        let mut found = Vec::new();
        let mut page = Page::first(CHUNK);
        loop {
            let kind = DocumentKind::Credentials;
            let stored = self.store.documents(kind, None, &page).await?;
            for document in &stored {
                let place = reseller_and_carrier(&document.id);
                let is_set = Kept::from_document(document)?.present().is_some();
                found.extend(place.filter(|_| is_set));
            }
            match stored.last().filter(|_| stored.len() == CHUNK) {
                // The last of this page is read again with the next.
                Some(last) => page = Page::starting_at(last.id.clone(), CHUNK),
                None => return Ok(found),
            }
        }
    }

    /// What is stored, or was a moment ago.
    async fn kept(
        &self,
        reseller: &AccountId,
        name: &CarrierName,
    ) -> Result<Arc<Kept>, StoreError> {
        let id = document_id(reseller, name);
        if let Some(known) = self.lock().get(&id)
            && known.looked.elapsed() < BELIEVED
        {
            return Ok(Arc::clone(&known.kept));
        }
        let stored = self.read(reseller, name).await?;
        let mut all = self.lock();
        let kept = match all.get_mut(&id) {
            Some(known) if known.kept.revision == stored.revision => {
                known.looked = Instant::now();
                Arc::clone(&known.kept)
            }
            _ => {
                if all.len() >= REMEMBERED {
                    all.clear();
                }
                let kept = Arc::new(stored);
                let known = Known {
                    looked: Instant::now(),
                    kept: Arc::clone(&kept),
                    carriers: HashMap::new(),
                };
                all.insert(id, known);
                kept
            }
        };
        Ok(kept)
    }

    /// What is stored now.
    pub async fn read(&self, reseller: &AccountId, name: &CarrierName) -> Result<Kept, StoreError> {
        let id = document_id(reseller, name);
        let kind = DocumentKind::Credentials;
        let stored = self.store.document(kind, &id).await?;
        let kept = stored.as_ref().map(Kept::from_document).transpose()?;
        Ok(kept.unwrap_or_default())
    }

    /// Looks again before it believes anything.
    pub fn forget(&self, reseller: &AccountId, name: &CarrierName) {
        self.lock().remove(&document_id(reseller, name));
    }

    /// The carrier of a version, made when it is first needed.
    fn own(&self, reseller: &AccountId, name: &CarrierName, version: &Version) -> Dealer {
        let id = document_id(reseller, name);
        let made = self
            .lock()
            .get(&id)
            .and_then(|known| known.carriers.get(&version.id).cloned());
        let carrier = made.unwrap_or_else(|| {
            let made = self.made(&id, name, version);
            if let Some(known) = self.lock().get_mut(&id) {
                known.carriers.insert(version.id.clone(), made.clone());
            }
            made
        });
        Dealer {
            carrier,
            credentials: Some(Credentials {
                reseller: reseller.clone(),
                version: version.id.clone(),
            }),
        }
    }

    fn made(
        &self,
        id: &str,
        name: &CarrierName,
        version: &Version,
    ) -> Result<Arc<dyn Carrier>, String> {
        let key = self.key.as_ref().ok_or_else(|| NO_KEY.to_owned())?;
        let own = version.open(key, id).ok_or_else(|| {
            "the reseller's credentials were stored under another NUMBERD_SECRETS_KEY".to_owned()
        })?;
        let made = self.with_own(name, own);
        made.map(Arc::from).map_err(|error| error.to_string())
    }

    /// The carrier with settings of a reseller's own.
    pub fn with_own(
        &self,
        name: &CarrierName,
        own: Map<String, Value>,
    ) -> Result<Box<dyn Carrier>, BadSettings> {
        let operators = self.settings.0.iter();
        let operators = operators
            .filter(|(key, _)| CarrierName::new(key) == *name)
            .map(|(_, settings)| settings.clone())
            .next();
        let service = Service::carrier(name.as_str());
        let settings = with_own(&service, &operators.unwrap_or_default(), own)?;
        Registry::one(name, settings)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
