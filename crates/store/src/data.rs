//! Data sets: tables that an operator loads (spec "Overlays"), kept as texts in
//! parts. The store doesn't look into them.

use std::fmt;

use numbers::gregorian::GregorianSeconds;

/// Key of a data set: 32 lowercase hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataSetId(pub String);

impl fmt::Display for DataSetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is said of a table, beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSet {
    /// Key. A table that is loaded again has a new one, so that whoever keeps
    /// it in memory sees by the list alone what changed.
    pub id: DataSetId,
    /// What the operator calls it.
    pub name: String,
    /// What it is about.
    pub kind: String,
    /// Where it comes from: a file's name.
    pub source: String,
    /// When it was loaded.
    pub loaded: GregorianSeconds,
    /// How many rows it has.
    pub rows: u64,
    /// How many parts it is kept in, numbered from 0; `None`: they are still
    /// being written.
    pub parts: Option<u32>,
}
