//! Emergency addresses: where help is sent when somebody calls 911.
//!
//! A wrong answer here can kill. Whatever isn't confirmed by the provider is
//! [`Placed::Pending`] or an error, never [`Placed::Provisioned`]; and a new
//! address is in force before the old one goes.

use async_trait::async_trait;
use numbers::e164::E164;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ProviderError, ProviderName};

/// An emergency address as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Who is shown to the dispatcher; at least three characters.
    pub caller_name: String,
    /// House number and street: `116 Natoma St`.
    pub street_address: String,
    /// Flat, suite, floor: `Apt 116`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_address: Option<String>,
    /// The city.
    pub locality: String,
    /// The state or province, by its two letters.
    pub region: String,
    /// The ZIP or postal code.
    pub postal_code: String,
    /// Which of several candidates is meant: the `location_id` of one that
    /// [`Checked::Several`] listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<String>,
}

/// An address as the provider has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Located {
    /// The `e911` fields of a number's document: `street_address`,
    /// `extended_address`, `locality`, `region`, `postal_code`, `caller_name`,
    /// and those of `latitude`, `longitude`, `plus_four`, `location_id`,
    /// `legacy_data`, `status`, `order_id`, `activated_time`, `comments` that
    /// the provider told.
    pub fields: Map<String, Value>,
    /// What the provider needs to find it again: its own ids. To be kept with
    /// the number and shown to nobody.
    pub keys: Map<String, Value>,
}

/// What a provider makes of an address.
#[derive(Clone, Debug, PartialEq)]
pub enum Checked {
    /// It knows the place; corrected where need be.
    Found(Located),
    /// It knows others that could be meant: several, or one that it only
    /// suggests. Where one has a `location_id`, that chooses it
    /// ([`Address::location_id`]); else it is chosen by asking for it as it is.
    Several(Vec<Located>),
    /// It knows no such place.
    Invalid {
        /// Why, in the provider's words: `Location is not geocoded`.
        message: String,
    },
}

/// What became of an address that was given to a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Placed {
    /// It is in force: the provider said so.
    Provisioned(Located),
    /// The provider took it and hasn't said that it is in force; ask
    /// [`EmergencyProvider::standing`].
    Pending(Located),
}

/// What a provider has for a number, seen from one placement.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// The placement is in force.
    Provisioned(Located),
    /// It is on its way.
    Pending(Located),
    /// It failed, and why. What the number had before may be in force still.
    Failed {
        /// In the provider's words.
        reason: String,
    },
    /// The provider knows nothing of this placement: it has no address for the
    /// number, or another one.
    Nothing,
}

/// What became of taking an address away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The number has no address at the provider's, confirmed.
    Done,
    /// The provider took it and hasn't confirmed it; remove again later.
    Open,
}

/// Who keeps emergency addresses of numbers.
///
/// A definite no is an error with [`Failure::Refused`](crate::Failure); what
/// isn't known is [`Failure::Unknown`](crate::Failure), to be settled with
/// [`Self::standing`], never by placing again.
#[async_trait]
pub trait EmergencyProvider: Send + Sync {
    /// Its name in configuration, records and answers.
    fn name(&self) -> &ProviderName;

    /// Whether it is only played: nothing leaves this machine, and no address
    /// of it is in force anywhere.
    fn sandbox(&self) -> bool;

    /// What the provider makes of an address. Changes nothing; also for a dry
    /// run.
    async fn check(&self, address: &Address) -> Result<Checked, ProviderError>;

    /// Makes `located`, which [`Self::check`] found for `address`, the number's
    /// address. One attempt. `previous` are the keys of what the number has
    /// now: dropped only once the new one is bound. `reference` is our own id
    /// of this placement, for providers that keep such.
    ///
    /// # Errors
    /// Refused or not sent: what the number had is in force as before. Where
    /// that isn't known the answer is [`Placed::Pending`].
    async fn place(
        &self,
        number: &E164,
        address: &Address,
        located: &Located,
        previous: Option<&Map<String, Value>>,
        reference: &str,
    ) -> Result<Placed, ProviderError>;

    /// What the provider has for the number now, to settle a placement that is
    /// pending or wasn't answered. `located` is what [`Self::place`] answered,
    /// or was given when there was no answer; `reference` what it was given.
    async fn standing(
        &self,
        number: &E164,
        located: &Located,
        reference: &str,
    ) -> Result<Standing, ProviderError>;

    /// Takes the number's address away. Already gone is [`Removal::Done`];
    /// whatever isn't known is an error or [`Removal::Open`], and removing
    /// again does no harm.
    async fn remove(
        &self,
        number: &E164,
        keys: &Map<String, Value>,
    ) -> Result<Removal, ProviderError>;
}
