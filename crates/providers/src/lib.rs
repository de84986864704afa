//! Providers: who makes an emergency address or a caller's name known for a
//! number, outside of numberd.
//!
//! An [`EmergencyProvider`] checks an address, makes it a number's, says what a
//! number has, and takes it away; a [`CallerNameProvider`] lists names. Neither
//! knows of accounts, states or journals, and neither tries anything twice that
//! may have been done: an error says truly whether something may have happened
//! ([`Failure`]).

mod address;
mod caller_names;
mod emergency;
mod name;
mod registry;
mod sandbox;
mod vendor;

pub use caller_names::{CallerNameProvider, CallerNames, Wish};
pub use emergency::{Address, Checked, EmergencyProvider, Located, Placed, Removal, Standing};
pub use name::ProviderName;
pub use outside::{BadSettings, CallError as ProviderError, Failure};
pub use registry::Providers;
