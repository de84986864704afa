//! The record of a number (spec/numbers.md 1, spec/life.md 1).

use std::collections::BTreeSet;

use litemap::LiteMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::account::AccountId;
use crate::carrier::CarrierName;
use crate::document;
use crate::e164::E164;
use crate::feature::Feature;
use crate::feature::e911::AddressWork;
use crate::gregorian::GregorianSeconds;
use crate::order::OpenOrder;
use crate::revision::Revision;
use crate::state::State;

/// Features that are switched on, with their settings. Most numbers have one or
/// two, for which a tree takes three times as much memory.
pub type Features = LiteMap<Feature, Value>;

/// One number: one record, one owner or none, one revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Key; never changes.
    pub id: E164,
    /// Counts the writes; [`Revision::default`] for a record never written.
    pub revision: Revision,
    /// Where it is in its life.
    pub state: State,
    /// The account it is assigned to.
    pub owner: Option<AccountId>,
    /// The owner before this one.
    pub previous_owner: Option<AccountId>,
    /// The application that uses it (`callflow`, `trunkstore`, …); goes away
    /// with every change of owner.
    pub used_by: Option<String>,
    /// Where it came from.
    pub carrier: CarrierName,
    /// What the carrier needs to know about it: order ids, rate center, pool.
    pub carrier_data: Map<String, Value>,
    /// Features that are on.
    pub features: Features,
    /// Overrides which features may be switched on, when not empty.
    pub features_allowed: BTreeSet<String>,
    /// Overrides which features may not be switched on, when not empty.
    pub features_denied: BTreeSet<String>,
    /// Accounts that reserved it, newest first.
    pub reserve_history: Vec<AccountId>,
    /// It came by a completed port.
    pub ported_in: bool,
    /// Region of the number's country, informative.
    pub region: Option<String>,
    /// Where it is, as it was known when it was last written: `locality`,
    /// `province`.
    pub locality: Map<String, Value>,
    /// When it was last given up by an owner for good.
    pub disconnected: Option<GregorianSeconds>,
    /// When the rest of an aging number is over; aging numbers have it, and no
    /// others do ([`crate::faults`]).
    pub rests_until: Option<GregorianSeconds>,
    /// The order at a carrier that it waits for.
    pub order: Option<OpenOrder>,
    /// What is under way for its emergency address.
    pub address_work: Option<AddressWork>,
    /// Whether a provider was ever to be told of caller names for it, and so may
    /// have some.
    pub names_told: bool,
    /// When the record was made.
    pub created: GregorianSeconds,
    /// When something last changed.
    pub modified: GregorianSeconds,
    /// The account that caused the last change.
    pub authorizing_account: Option<AccountId>,
    /// Everything clients stored, under their own names.
    pub public: Map<String, Value>,
}

/// A stored document that is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored document of {number} has a wrong member '{member}'")]
pub struct InvalidRecord {
    /// The record's key.
    pub number: String,
    /// The member that can't be read.
    pub member: &'static str,
}

impl Number {
    /// A record as it starts out: nobody's, empty, in `state`.
    pub fn new(id: E164, state: State, carrier: CarrierName, now: GregorianSeconds) -> Self {
        let mut number = Self {
            id,
            revision: Revision::default(),
            state,
            owner: None,
            previous_owner: None,
            used_by: None,
            carrier,
            carrier_data: Map::new(),
            features: Features::new(),
            features_allowed: BTreeSet::new(),
            features_denied: BTreeSet::new(),
            reserve_history: Vec::new(),
            ported_in: false,
            region: None,
            locality: Map::new(),
            disconnected: None,
            rests_until: None,
            order: None,
            address_work: None,
            names_told: false,
            created: now,
            modified: now,
            authorizing_account: None,
            public: Map::new(),
        };
        number.mark_local();
        number
    }

    /// Changes the owner; the old one is remembered and the application that
    /// used the number is forgotten. The same owner again changes nothing.
    pub fn assign(&mut self, owner: Option<AccountId>) {
        if self.owner == owner {
            return;
        }
        if let Some(old) = self.owner.take() {
            self.previous_owner = Some(old);
        }
        self.used_by = None;
        self.owner = owner;
    }

    /// Puts an account on top of the reserve history, unless it is there.
    pub fn push_reservation(&mut self, account: &AccountId) {
        if self.reserve_history.first() != Some(account) {
            self.reserve_history.insert(0, account.clone());
        }
    }

    /// Makes the carrier and the `local` feature agree: numbers of `local` and
    /// `mdn` carry it, others don't.
    pub fn mark_local(&mut self) {
        if self.carrier.is_local() {
            self.features
                .entry(Feature::Local)
                .or_insert_with(|| Value::Object(Map::new()));
        } else {
            self.features.remove(&Feature::Local);
        }
    }

    /// When its rest is over, while it is aging. A record that doesn't say so
    /// itself rests `days` days from its last change on, which is never earlier
    /// than the day on which it was given up.
    pub fn rest_ends(&self, days: u32) -> Option<GregorianSeconds> {
        let ends = || self.modified.plus_days(days);
        (self.state == State::Aging).then(|| self.rests_until.unwrap_or_else(ends))
    }

    /// Whether it counts for its owner's bill and `cascade_quantity`.
    pub fn is_billable(&self) -> bool {
        // What is only being bought costs nothing yet.
        self.owner.is_some() && self.state != State::Discovery && self.carrier.is_billable()
    }

    /// The account for whose use a pool carrier's number was made.
    pub fn pool(&self) -> Option<&str> {
        self.carrier_data.get("pool").and_then(Value::as_str)
    }

    /// Whether two records differ in anything but bookkeeping (revision,
    /// `modified`, who did it).
    pub fn differs_from(&self, other: &Self) -> bool {
        let mut same = other.clone();
        same.revision = self.revision;
        same.modified = self.modified;
        same.authorizing_account
            .clone_from(&self.authorizing_account);
        *self != same
    }

    /// The stored document: public fields at the top, the rest under `pvt_`.
    pub fn to_document(&self) -> Map<String, Value> {
        let mut doc = self.public.clone();
        let mut put = |key: &str, value: Value| {
            if document::is_set(&value) {
                doc.insert(key.to_owned(), value);
            }
        };
        let ids = |list: &[AccountId]| list.iter().map(|id| id.as_str().into()).collect();
        let id = |id: &Option<AccountId>| id.as_ref().map_or(Value::Null, |id| id.as_str().into());
        put("_id", self.id.as_str().into());
        put("pvt_state", self.state.as_str().into());
        put("pvt_assigned_to", id(&self.owner));
        put("pvt_previously_assigned_to", id(&self.previous_owner));
        put(
            "pvt_used_by",
            self.used_by.clone().map_or(Value::Null, Value::String),
        );
        put("pvt_module_name", self.carrier.module().into());
        put("pvt_carrier_data", Value::Object(self.carrier_data.clone()));
        put(
            "pvt_features",
            Value::Object(
                self.features
                    .iter()
                    .map(|(feature, settings)| (feature.as_str().to_owned(), settings.clone()))
                    .collect(),
            ),
        );
        put(
            "pvt_features_allowed",
            self.features_allowed.iter().cloned().collect(),
        );
        put(
            "pvt_features_denied",
            self.features_denied.iter().cloned().collect(),
        );
        put(
            "pvt_reserve_history",
            Value::Array(ids(&self.reserve_history)),
        );
        put("pvt_ported_in", self.ported_in.into());
        put(
            "pvt_region",
            self.region.clone().map_or(Value::Null, Value::String),
        );
        put("pvt_locality", Value::Object(self.locality.clone()));
        let at = |time: Option<GregorianSeconds>| time.map_or(Value::Null, |at| at.get().into());
        put("pvt_disconnected", at(self.disconnected));
        put("pvt_rests_until", at(self.rests_until));
        let order = self
            .order
            .as_ref()
            .map(|order| json!({"id": order.id, "becomes": order.becomes}));
        put("pvt_order", order.unwrap_or_default());
        let work = self.address_work.map(|work| json!(work));
        put("pvt_address_work", work.unwrap_or_default());
        let told = self.names_told.then_some(Value::Bool(true));
        put("pvt_names_told", told.unwrap_or_default());
        put("pvt_created", self.created.get().into());
        put("pvt_modified", self.modified.get().into());
        put("pvt_authorizing_account", id(&self.authorizing_account));
        doc
    }

    /// Reads a stored document of any generation: `pvt_number_state`, features
    /// as a list, `dash_e911`, `wnm_` carriers are upgraded
    /// (spec/life.md 1.1). `revision` is kept beside the document.
    pub fn from_document(
        id: E164,
        revision: Revision,
        mut doc: Map<String, Value>,
    ) -> Result<Self, InvalidRecord> {
        let mut read = Reader {
            id: &id,
            doc: &mut doc,
        };
        let state = read.state()?;
        let carrier = read.text("pvt_module_name")?.unwrap_or_default();
        let created = read.seconds("pvt_created")?.unwrap_or_default();
        let mut number = Self {
            revision,
            state,
            owner: read.account("pvt_assigned_to")?,
            previous_owner: read.account("pvt_previously_assigned_to")?,
            used_by: read.text("pvt_used_by")?,
            carrier: CarrierName::new(&carrier),
            carrier_data: read.object("pvt_carrier_data")?,
            features: read.features()?,
            features_allowed: read.texts("pvt_features_allowed")?.into_iter().collect(),
            features_denied: read.texts("pvt_features_denied")?.into_iter().collect(),
            reserve_history: read.accounts("pvt_reserve_history")?,
            ported_in: read
                .take("pvt_ported_in")
                .is_some_and(|v| v == Value::Bool(true)),
            region: read.text("pvt_region")?,
            locality: read.object("pvt_locality")?,
            disconnected: read.seconds("pvt_disconnected")?,
            rests_until: read.seconds("pvt_rests_until")?,
            order: read.typed("pvt_order")?,
            address_work: read.typed("pvt_address_work")?,
            names_told: read.typed("pvt_names_told")?.unwrap_or_default(),
            created,
            modified: read.seconds("pvt_modified")?.unwrap_or(created),
            authorizing_account: read.account("pvt_authorizing_account")?,
            public: Map::new(),
            id,
        };
        number.public = document::public_fields(doc);
        number.mark_local();
        Ok(number)
    }
}

/// Takes private members out of a stored document, checking their types.
struct Reader<'a> {
    id: &'a E164,
    doc: &'a mut Map<String, Value>,
}

impl Reader<'_> {
    fn take(&mut self, member: &'static str) -> Option<Value> {
        // `swap_remove`: the order of private members means nothing, and
        // shifting the rest would make reading quadratic.
        self.doc
            .swap_remove(member)
            .filter(|value| !value.is_null())
    }

    fn wrong(&self, member: &'static str) -> InvalidRecord {
        InvalidRecord {
            number: self.id.to_string(),
            member,
        }
    }

    fn typed<T: DeserializeOwned>(
        &mut self,
        member: &'static str,
    ) -> Result<Option<T>, InvalidRecord> {
        self.take(member)
            .map(|value| serde_json::from_value(value).map_err(|_| self.wrong(member)))
            .transpose()
    }

    fn text(&mut self, member: &'static str) -> Result<Option<String>, InvalidRecord> {
        match self.take(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(member)),
        }
    }

    fn state(&mut self) -> Result<State, InvalidRecord> {
        let legacy = self.text("pvt_number_state")?;
        self.text("pvt_state")?
            .or(legacy)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| self.wrong("pvt_state"))
    }

    fn account(&mut self, member: &'static str) -> Result<Option<AccountId>, InvalidRecord> {
        self.text(member)?
            .map(|text| AccountId::parse(&text).map_err(|_| self.wrong(member)))
            .transpose()
    }

    fn seconds(&mut self, member: &'static str) -> Result<Option<GregorianSeconds>, InvalidRecord> {
        match self.take(member) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(seconds) => Ok(Some(GregorianSeconds::new(seconds))),
                None => Err(self.wrong(member)),
            },
        }
    }

    fn object(&mut self, member: &'static str) -> Result<Map<String, Value>, InvalidRecord> {
        match self.take(member) {
            None => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members),
            Some(_) => Err(self.wrong(member)),
        }
    }

    fn texts(&mut self, member: &'static str) -> Result<Vec<String>, InvalidRecord> {
        let Some(value) = self.take(member) else {
            return Ok(Vec::new());
        };
        let Value::Array(items) = value else {
            return Err(self.wrong(member));
        };
        items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(self.wrong(member)),
            })
            .collect()
    }

    fn accounts(&mut self, member: &'static str) -> Result<Vec<AccountId>, InvalidRecord> {
        self.texts(member)?
            .into_iter()
            .map(|text| AccountId::parse(&text).map_err(|_| self.wrong(member)))
            .collect()
    }

    fn features(&mut self) -> Result<Features, InvalidRecord> {
        let known = |(name, settings): (String, Value)| Some((Feature::named(&name)?, settings));
        match self.take("pvt_features") {
            None => Ok(Features::new()),
            Some(Value::Object(members)) => Ok(members.into_iter().filter_map(known).collect()),
            // The oldest generation: a list of names, without settings.
            Some(Value::Array(names)) => Ok(names
                .into_iter()
                .filter_map(|name| Some((name.as_str()?.to_owned(), Value::Object(Map::new()))))
                .filter_map(known)
                .collect()),
            Some(_) => Err(self.wrong("pvt_features")),
        }
    }
}
