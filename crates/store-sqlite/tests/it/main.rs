//! Tests of the store from outside.

mod common;
mod conformance;
mod crash;
mod files;
mod queue;
