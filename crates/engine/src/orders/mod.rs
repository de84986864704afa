//! Orders at carriers: bought and given back without one ever being lost or
//! sent twice.
//!
//! | step | what is stored, in one transaction |
//! | --- | --- |
//! | intent | the order as `planned`, and its numbers waiting for it |
//! | before the first byte goes out | the order as `sent` |
//! | the carrier's answer | the order's outcome, and what became of its numbers |
//!
//! Whoever wants to send must first turn `planned` into `sent`, and only one
//! can. A purchase whose process died before that was never sent and fails, a
//! release is sent then; one that died after it, or had no answer, is asked for
//! at the carrier until it is settled. Nothing is ever sent again that may have
//! arrived: a release only once the carrier says that the number is still ours.

mod desk;
mod notice;
mod order;
mod place;
mod read;
mod settle;

pub use desk::{OrderDesk, Timing};
pub use notice::NoticeError;
pub use order::{Fault, Line, LineState, Order, OrderKind, OrderState, Step, UnknownOrderState};
pub(crate) use place::{Bought, Planned};
pub use read::order_row;
