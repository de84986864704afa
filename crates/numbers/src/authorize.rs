//! Who may do what to a number (spec/numbers.md 3, spec/life.md 2.1).

use crate::account::Account;
use crate::error::NumberError;
use crate::state::State;

/// How the accounts of a request stand to each other and to the number.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The account of the token; `None`: the system itself, which may do
    /// everything.
    pub caller: Option<&'a Account>,
    /// The account in the URL.
    pub target: Option<&'a Account>,
    /// Whose the number is.
    pub owner: Owner<'a>,
}

/// Whose a number is.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'a> {
    /// Nobody's.
    Nobody,
    /// This account's.
    Account(&'a Account),
    /// An account's that isn't there any more.
    Missing,
}

/// States in which an administrator may create numbers.
const ADMIN_CREATION_STATES: [State; 5] = [
    State::Aging,
    State::Available,
    State::InService,
    State::PortIn,
    State::Reserved,
];

/// States in which an account that may add numbers can create them.
const CREATION_STATES: [State; 2] = [State::InService, State::Reserved];

/// The states in which an account may create numbers, as `carriers_info` lists
/// them; `port_in` is allowed to everybody besides.
pub fn creation_states(caller: Option<&Account>) -> &'static [State] {
    match caller {
        None => &ADMIN_CREATION_STATES,
        Some(account) if account.is_admin() => &ADMIN_CREATION_STATES,
        Some(account) if account.allow_additions => &CREATION_STATES,
        Some(_) => &[],
    }
}

impl Standing<'_> {
    /// Whether the caller may do everything.
    pub fn is_admin(&self) -> bool {
        self.caller.is_none_or(Account::is_admin)
    }

    /// "A": the caller is the owner or above him; of a number without owner,
    /// above the target; else only an administrator.
    pub fn has_authority(&self) -> bool {
        let Some(caller) = self.caller else {
            return true;
        };
        caller.is_admin()
            || match (self.owner, self.target) {
                (Owner::Account(owner), _) => caller.is_over(owner),
                (Owner::Nobody, Some(target)) => caller.is_over(target),
                (Owner::Nobody, None) | (Owner::Missing, _) => false,
            }
    }

    /// "R": the number is reserved by somebody above the caller.
    pub fn is_reserved_above(&self, state: State) -> bool {
        match (self.caller, self.owner) {
            (Some(caller), Owner::Account(owner)) if state == State::Reserved => {
                owner.is_admin() || owner.is_over(caller)
            }
            _ => false,
        }
    }

    /// Whether the caller may know of a number in this state. What is for sale
    /// everybody may know of.
    pub fn may_read(&self, state: State) -> bool {
        state == State::Available || self.has_authority() || self.is_reserved_above(state)
    }

    /// Whether the number is the target's.
    pub fn target_is_owner(&self) -> bool {
        matches!((self.owner, self.target), (Owner::Account(owner), Some(target)) if owner.id == target.id)
    }

    /// Whether the caller may create a number in this state for the target
    /// (spec/life.md 2.2, checks 1 to 3, in that order).
    pub fn may_create(&self, state: State, ported_in: bool) -> Result<(), NumberError> {
        let open_to_all = ported_in || state == State::PortIn;
        if !open_to_all && !creation_states(self.caller).contains(&state) {
            return Err(NumberError::CreationForbidden {
                cause: format!("creating number in state '{state}' is not allowed"),
            });
        }
        if self.target.is_none() {
            return Err(NumberError::AssignFailure {
                cause: "field_undefined".to_owned(),
            });
        }
        match self.caller {
            Some(caller) if !open_to_all && !caller.is_admin() && !caller.allow_additions => {
                Err(NumberError::CreationForbidden {
                    cause: format!("account '{}' is not allowed to create number", caller.id),
                })
            }
            _ => Ok(()),
        }
    }
}
