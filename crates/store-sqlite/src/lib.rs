//! numberd's embedded store on SQLite.
//!
//! One thread writes, in commits that many callers share; reads go to
//! connections of their own and wait for no write. See the modules for why:
//! `writer` for the commits, `counters` for what is counted along, `checkpoint`
//! for the write-ahead log.

mod account;
mod apply;
mod backup;
mod cache;
mod check;
mod checkpoint;
mod connection;
#[cfg(test)]
mod cost_tests;
mod counters;
mod data;
mod document;
mod event;
mod failure;
mod lock;
mod migrate;
mod name;
mod number;
mod open;
mod options;
mod pool;
mod prepared;
mod queue;
mod readers;
mod row;
mod sqlite_store;
mod sqlite_tables;
mod unwritten;
mod user;
mod writer;

pub use options::Options;
pub use sqlite_store::SqliteStore;
pub use sqlite_tables::SqliteTables;
