//! Where calls meet, once more on PostgreSQL with serializable transactions,
//! which fail as those of distributed engines do, and are tried again.

#![allow(clippy::duplicate_mod, reason = "each module brings its own `common`")]

#[path = "accounts.rs"]
mod accounts;
#[path = "collections.rs"]
mod collections;
#[path = "numbers.rs"]
mod numbers;
#[path = "races.rs"]
mod races;
#[path = "users.rs"]
mod users;
