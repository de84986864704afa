//! numberd's store on PostgreSQL, and on engines that speak its protocol.
//!
//! Reads are single statements on a pool of connections, of which short ones
//! share (module `shared`); writes queue up and share transactions (module
//! `write`, which says why that is right). The SQL keeps to what Citus,
//! CockroachDB and YugabyteDB take, too: keys lead every statement that writes,
//! pages go by keys, and nothing is locked but single rows within a transaction.

mod check;
mod failure;
mod migrate;
mod options;
mod patience;
mod pool;
mod postgres_store;
mod postgres_tables;
mod read;
mod shared;
mod target;
mod text;
mod tls;
mod write;

pub use options::Options;
pub use postgres_store::PostgresStore;
pub use postgres_tables::PostgresTables;
