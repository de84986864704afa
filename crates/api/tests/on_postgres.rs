//! What the API does with what it stores, once more on PostgreSQL.
//!
//! Each module opens its store in `common::database`, which looks at the name
//! of this binary.

#![allow(clippy::duplicate_mod, reason = "each module brings its own `common`")]

#[path = "accounts.rs"]
mod accounts;
#[path = "auth.rs"]
mod auth;
#[path = "collections.rs"]
mod collections;
#[path = "e911.rs"]
mod e911;
#[path = "history.rs"]
mod history;
#[path = "hooks.rs"]
mod hooks;
#[path = "idempotency.rs"]
mod idempotency;
#[path = "matrix.rs"]
mod matrix;
#[path = "numbers.rs"]
mod numbers;
#[path = "people_matrix.rs"]
mod people_matrix;
#[path = "places.rs"]
mod places;
#[path = "races.rs"]
mod races;
#[path = "search.rs"]
mod search;
#[path = "seed.rs"]
mod seed;
#[path = "transcripts.rs"]
mod transcripts;
#[path = "users.rs"]
mod users;
