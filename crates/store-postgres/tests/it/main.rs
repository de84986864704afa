//! Tests of the store from outside.

mod check;
mod commits;
mod common;
mod conformance;
mod copy;
mod faults;
mod nodes;
mod open;
mod shared;
mod tls;
