//! Handlers, one file a noun. The table is in [`crate::router`].

pub mod health;
