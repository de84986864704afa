//! A PostgreSQL of the tests' own.
//!
//! [`Database`] is an empty database on a server that all tests of a run share:
//! the first one starts it in a temporary folder, and it stops by itself when
//! nobody has been connected for a while. [`Server`] is one server for one
//! test, to be stopped, killed and started again. [`Link`] is a way to it that
//! can be cut.
//!
//! With `NUMBERD_TEST_PG=postgres://…` (a user who may create databases) the
//! shared server is that one. Without it PostgreSQL's programs must be
//! installed; a test that finds none fails and says so.

mod cluster;
mod database;
mod link;
mod server;
mod shared;

pub use database::Database;
pub use link::{Link, Loss};
pub use server::Server;
