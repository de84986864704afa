//! Tests of the store from outside.

mod common;
mod conformance;
mod copy;
mod crash;
mod files;
mod queue;
