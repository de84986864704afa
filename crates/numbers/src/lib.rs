//! The domain of numberd, pure: no I/O, no async, no clock.
//!
//! A number's record, its life, who may do what to it, and the plan that a
//! command makes of all that. Everything here is a function of its inputs.

pub mod account;
pub mod authorize;
pub mod carrier;
pub mod classify;
pub mod converter;
pub mod dial_plan;
pub mod document;
pub mod e164;
pub mod error;
pub mod event;
pub mod faults;
pub mod feature;
pub mod gregorian;
pub mod life;
pub mod number;
pub mod order;
pub mod pattern;
pub mod plan;
pub mod pretty_print;
pub mod price;
pub mod revision;
pub mod state;
