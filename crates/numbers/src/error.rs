//! Why an operation on a number is refused.

use serde_json::{Map, Value};

use crate::account::AccountId;
use crate::e164::E164;
use crate::state::State;

/// A refusal, with everything that the API shows of it (spec/http.md 7.3).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NumberError {
    /// A record is there and in a state that creation doesn't take over.
    #[error("number {0} already exists")]
    NumberExists(E164),
    /// No record, or none that this caller may know of.
    #[error("number {0} not found")]
    NotFound(E164),
    /// The text, as sent, can't become a number's record.
    #[error("number {0} is not reconcilable")]
    NotReconcilable(String),
    /// The caller may not do this to this number.
    #[error("requestor is unauthorized to perform operation")]
    Forbidden {
        /// Why, when there is more to say.
        cause: Option<String>,
    },
    /// The caller may not add numbers; shown as 500 `unauthorized` in dialect
    /// 2016, as [`Self::Forbidden`] in 4.3.
    #[error("requestor is unauthorized to perform operation")]
    CreationForbidden {
        /// Which right is missing.
        cause: String,
    },
    /// The number is on somebody's open port request.
    #[error("number {0} is porting")]
    NumberIsPorting(E164),
    /// Reserving what the target already holds reserved.
    #[error("no change required")]
    NoChangeRequired,
    /// The life of a number has no such step.
    #[error("invalid state transition")]
    InvalidStateTransition {
        /// The state it is in, as shown: a state, `MDN` in quotes, `(nothing)`.
        from: String,
        /// The state that was asked for.
        to: String,
    },
    /// There is no account to give the number to.
    #[error("invalid account to assign to")]
    AssignFailure {
        /// Why.
        cause: String,
    },
    /// A field's value can't be used.
    #[error("invalid")]
    Invalid {
        /// Which and why.
        cause: String,
    },
    /// The account's plan doesn't include this.
    #[error("{message}")]
    ServiceRestriction {
        /// The number.
        number: E164,
        /// What is restricted.
        message: String,
    },
    /// The account can't pay for this.
    #[error("account {account} does not have enough credit to perform the operation")]
    NotEnoughCredit {
        /// The account that would pay.
        account: AccountId,
        /// How much is missing.
        cause: String,
    },
    /// The carrier refused or failed.
    #[error("fault by carrier")]
    CarrierFault {
        /// The number.
        number: E164,
        /// What the carrier said, for administrators: its code and text.
        reason: Option<String>,
    },
    /// An order at a carrier is open for the number: it can't be changed until
    /// the carrier has answered.
    #[error("number {0} waits for an order at its carrier")]
    OrderOpen(E164),
    /// An emergency address that no provider has confirmed.
    #[error("{message}")]
    AddressInvalid {
        /// The address as submitted.
        address: Map<String, Value>,
        /// What the provider said.
        message: String,
        /// Which provider.
        provider: String,
    },
    /// The provider knows several addresses of this kind: one must be chosen.
    #[error("more than one address found")]
    AddressAmbiguous {
        /// The address as submitted.
        address: Map<String, Value>,
        /// The addresses that the provider knows, each as it can be submitted.
        candidates: Vec<Map<String, Value>>,
    },
    /// The provider of a feature refused for no fault of the address, or
    /// failed: nothing was changed.
    #[error("fault by provider")]
    ProviderFault {
        /// The number.
        number: E164,
        /// What the provider said, for administrators.
        reason: Option<String>,
    },
    /// The number's emergency address is just being set or taken away.
    #[error("the emergency address of number {0} is being changed")]
    AddressBusy(E164),
    /// The change was lost to others too often; it may be tried again.
    #[error("conflicting documents")]
    Conflict(E164),
}

impl NumberError {
    /// A transition that the life of a number doesn't have.
    pub fn transition(from: Option<State>, to: State) -> Self {
        Self::InvalidStateTransition {
            from: from.map_or_else(|| "(nothing)".to_owned(), |state| state.to_string()),
            to: to.to_string(),
        }
    }

    /// Forbidden, without more to say.
    pub const fn forbidden() -> Self {
        Self::Forbidden { cause: None }
    }

    /// The HTTP status that this refusal maps to.
    pub const fn code(&self) -> u16 {
        match self {
            Self::NumberExists(_)
            | Self::Conflict(_)
            | Self::OrderOpen(_)
            | Self::AddressBusy(_) => 409,
            Self::NotFound(_) | Self::NotReconcilable(_) => 404,
            Self::Forbidden { .. } | Self::CreationForbidden { .. } => 403,
            Self::ServiceRestriction { .. } | Self::NotEnoughCredit { .. } => 402,
            Self::CarrierFault { .. } | Self::ProviderFault { .. } => 500,
            Self::NumberIsPorting(_)
            | Self::NoChangeRequired
            | Self::InvalidStateTransition { .. }
            | Self::AssignFailure { .. }
            | Self::Invalid { .. }
            | Self::AddressInvalid { .. }
            | Self::AddressAmbiguous { .. } => 400,
        }
    }

    /// The word that names this refusal in `error`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NumberExists(_) => "number_exists",
            Self::NotFound(_) => "not_found",
            Self::NotReconcilable(_) => "not_reconcilable",
            Self::Forbidden { .. } | Self::CreationForbidden { .. } => "forbidden",
            Self::NumberIsPorting(_) => "number_is_porting",
            Self::NoChangeRequired => "no_change_required",
            Self::InvalidStateTransition { .. } => "invalid_state_transition",
            Self::AssignFailure { .. } => "assign_failure",
            Self::Invalid { .. } | Self::AddressInvalid { .. } => "invalid",
            Self::ServiceRestriction { .. } => "service_restriction",
            Self::NotEnoughCredit { .. } => "not_enough_credit",
            Self::CarrierFault { .. } | Self::ProviderFault { .. } => "unspecified_fault",
            Self::Conflict(_) => "datastore_conflict",
            Self::OrderOpen(_) => "order_open",
            Self::AddressBusy(_) => "address_busy",
            Self::AddressAmbiguous { .. } => "multiple_choice",
        }
    }

    /// The `cause` member: the number or the reason, where there is one.
    pub fn cause(&self) -> Option<String> {
        match self {
            Self::NumberExists(number)
            | Self::NotFound(number)
            | Self::NumberIsPorting(number)
            | Self::ServiceRestriction { number, .. }
            | Self::CarrierFault { number, .. }
            | Self::OrderOpen(number)
            | Self::AddressBusy(number)
            | Self::ProviderFault { number, .. }
            | Self::Conflict(number) => Some(number.to_string()),
            Self::NotReconcilable(text) => Some(text.clone()),
            Self::Forbidden { cause } => cause.clone(),
            Self::CreationForbidden { cause }
            | Self::AssignFailure { cause }
            | Self::Invalid { cause }
            | Self::NotEnoughCredit { cause, .. } => Some(cause.clone()),
            Self::InvalidStateTransition { from, to } => Some(format!("from {from} to {to}")),
            Self::NoChangeRequired
            | Self::AddressInvalid { .. }
            | Self::AddressAmbiguous { .. } => None,
        }
    }
}
