//! Calls to other people's servers: carriers and providers.

mod error;
mod service;

pub use error::{BadSettings, CallError, Failure};
pub use service::{Kind, Service};
