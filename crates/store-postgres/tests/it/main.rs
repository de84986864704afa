//! Tests of the store from outside.

mod common;
mod conformance;
mod faults;
mod nodes;
mod open;
