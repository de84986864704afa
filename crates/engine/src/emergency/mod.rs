//! Emergency addresses: a number claims one only when its provider has it, and
//! the provider keeps none that no number claims.
//!
//! What is wanted of a provider is written down first, one [`Setup`] a number:
//!
//! | step | in one transaction |
//! | --- | --- |
//! | an address is asked for, and the provider knows it | the setup as `placing` |
//! | the provider confirmed it | the number with the confirmed address, the setup as `provisioned` |
//! | the number loses its address | the number without it, the setup as `leaving` |
//! | the provider has none any more | the setup as `removed`, the number's note of it |
//!
//! Only who turned the setup into `placing` or `removing` calls the provider.
//! Placing is never repeated: what had no answer is asked for until it is
//! known, and the record takes over what the provider says. Taking away is
//! repeated until the provider has none, however long that takes.

mod ask;
mod call;
mod coverage;
mod desk;
mod settle;
mod setup;

pub(crate) use ask::{Answered, Asking, asked};
pub use call::ReportedCall;
pub use coverage::{Uncovered, coverage_row};
pub use desk::AddressDesk;
pub use setup::{Fault, Setup, SetupState, Step};
