//! Calls to other people's servers: carriers, which sell numbers, and
//! providers, which act for them.
//!
//! [`http`] holds the one client that all of them are called with, [`patience`]
//! how long we wait, [`settings`] what is configured of each, [`xml`] how some of
//! them talk. An error says
//! truly whether something may have happened ([`Failure`]).

mod error;
pub mod http;
pub mod patience;
mod service;
pub mod settings;
pub mod xml;

pub use error::{BadSettings, CallError, Failure};
pub use service::{Kind, Service};
