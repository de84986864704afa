//! Reads, one file a noun; each is one statement, but for an account's
//! numbers.

pub mod account;
pub mod counters;
pub mod data;
pub mod document;
pub mod event;
pub mod log;
pub mod name;
pub mod number;
pub mod row;
pub mod user;
