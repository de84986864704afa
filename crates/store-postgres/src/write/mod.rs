//! Writes.
//!
//! Calls queue up ([`queue`]); a few workers ([`worker`]) take what waits and
//! make one transaction of it, so that many callers share the price of one
//! commit. A transaction goes in three steps, for its batches together: every
//! row that they mention is locked and read in one go ([`wanted`], [`load`]),
//! the batches are played through in memory ([`decide`] on a [`world`]), and
//! what came of it is written in one go ([`save`], [`counters`]).
//!
//! It is right at READ COMMITTED, and with more retries at SERIALIZABLE: rows
//! that are there stay locked from the read to the commit, and for a row that
//! isn't there the insert finds out whether somebody else was faster; then the
//! transaction begins anew.

mod counters;
mod decide;
mod load;
pub mod queue;
mod save;
pub mod statement;
mod transaction;
mod wanted;
pub mod worker;
mod world;
