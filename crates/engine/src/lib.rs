//! The engine of numberd: runs plans. Loads what a decision needs, lets the
//! domain decide, writes, retries a lost race, and tells the outcome. The only
//! crate with a clock and random ids.
//!
//! Every operation is a method of [`Engine`], in the file of its noun, and
//! takes a [`Context`] first.

pub mod context;
pub mod error;
pub mod settings;

use std::sync::Arc;

use store::Store;

pub use context::{Caller, Context};
pub use error::{EngineError, FieldError};
pub use settings::Settings;

/// Does everything that numberd does.
pub struct Engine {
    store: Arc<dyn Store>,
    settings: Settings,
}

impl Engine {
    /// The store underneath, for reads that need no decision.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What it was told at start.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
}
