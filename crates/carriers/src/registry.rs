//! Which carriers there are, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use numbers::carrier::{CarrierName, KNOWN};
use serde_json::{Map, Value};

use crate::Carrier;
use crate::in_house::InHouse;
use crate::label::Label;
use crate::messaging::Messaging;
use crate::sandbox::Sandbox;
use crate::vendor::vendor;
use outside::settings::Spending;
use outside::{BadSettings, Service};

/// A configured carrier name that numberd doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a carrier; carriers are {list}", list = KNOWN.join(", "))]
pub struct UnknownCarrier(pub String);

/// Every carrier, by name.
pub struct Registry {
    carriers: BTreeMap<CarrierName, Arc<dyn Carrier>>,
    messaging: BTreeMap<CarrierName, Messaging>,
}

impl Registry {
    /// The in-house carriers, and every other known name as a label.
    pub fn in_house() -> Self {
        let mut registry = Self {
            carriers: BTreeMap::new(),
            messaging: BTreeMap::new(),
        };
        for name in KNOWN {
            registry.add(Box::new(Label::new(CarrierName::new(name))));
        }
        for carrier in InHouse::all() {
            registry.add(Box::new(carrier));
        }
        registry
    }

    /// The carriers, those with settings as vendors: `[carriers.NAME]` by name.
    /// Of any one may be said which messages it has, which makes it no vendor.
    pub fn with_settings(
        settings: BTreeMap<String, Map<String, Value>>,
    ) -> Result<Self, BadSettings> {
        let mut registry = Self::in_house();
        let mut configured = BTreeMap::new();
        for (key, mut settings) in settings {
            let name = CarrierName::new(&key);
            if let Some(first) = configured.insert(name.clone(), key.clone()) {
                let problem = format!("'{first}' and '{key}' are the same carrier; keep one");
                let service = Service::carrier(name.as_str());
                return Err(BadSettings::new(&service, problem));
            }
            if let Some(features) = settings.remove("features") {
                let messaging = Messaging::read(name.as_str(), features)?;
                registry.messaging.insert(name.clone(), messaging);
                if settings.is_empty() && registry.get(&name).is_some() {
                    continue;
                }
            }
            registry.add(Self::one(&name, settings)?);
        }
        Ok(registry)
    }

    /// The carrier of these settings alone.
    pub fn one(
        name: &CarrierName,
        settings: Map<String, Value>,
    ) -> Result<Box<dyn Carrier>, BadSettings> {
        let carrier = vendor(name, settings)?;
        Ok(match carrier.spending() {
            Spending::Sandbox => Box::new(Sandbox::new(carrier)),
            Spending::Allowed | Spending::Disabled => carrier,
        })
    }

    /// What is said of the messages of carriers.
    pub const fn messaging(&self) -> &BTreeMap<CarrierName, Messaging> {
        &self.messaging
    }

    /// Every carrier, by name.
    pub fn all(&self) -> impl Iterator<Item = &dyn Carrier> {
        self.carriers.values().map(Arc::as_ref)
    }

    /// Puts a carrier in, in place of one with the same name.
    pub fn add(&mut self, carrier: Box<dyn Carrier>) {
        let carrier: Arc<dyn Carrier> = carrier.into();
        self.carriers.insert(carrier.name().clone(), carrier);
    }

    /// A carrier; `None` for names in old records that nobody knows any more.
    pub fn get(&self, name: &CarrierName) -> Option<&dyn Carrier> {
        self.carriers.get(name).map(Arc::as_ref)
    }

    /// The same, to keep.
    pub fn shared(&self, name: &CarrierName) -> Option<Arc<dyn Carrier>> {
        self.carriers.get(name).cloned()
    }

    /// A carrier that the configuration names.
    pub fn configured(&self, name: &str) -> Result<&dyn Carrier, UnknownCarrier> {
        self.get(&CarrierName::new(name))
            .ok_or_else(|| UnknownCarrier(name.to_owned()))
    }
}
