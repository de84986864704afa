//! What can go wrong in a store.

/// An expectation that didn't hold; nothing of its batch was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an expectation did not hold: {0:?}")]
pub struct Unmet(pub crate::Expectation);

/// A call that failed as a whole; of a write, nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting already; try again soon.
    #[error("the store is busy, try again in a moment")]
    Busy,
    /// The store doesn't answer, or can't take more (a full disk).
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The database was written by a newer version.
    #[error(
        "the database is at schema version {found}, this program knows versions up to {known}: \
         use the newer program, or restore a backup"
    )]
    TooNew {
        /// The version found.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The stored data or the program is wrong; says where.
    #[error("the store failed: {0}")]
    Fault(String),
}
