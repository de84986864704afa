//! Handlers, one file a noun. The table is in [`crate::router`].

pub mod accounts;
pub mod api_auth;
pub mod auth;
pub mod carriers;
pub mod configs;
pub mod docs;
pub mod e911_coverage;
pub mod health;
pub mod hooks;
pub mod metrics;
pub mod orders;
pub mod phone_numbers;
mod rows;
pub mod token_auth;
pub mod user_auth;
pub mod users;
pub mod webhooks;
