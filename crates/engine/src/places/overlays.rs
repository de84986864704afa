//! The tables that operators loaded, in memory, shared by everybody who asks.

use std::sync::{Arc, PoisonError, RwLock};

use numbers::gregorian::GregorianSeconds;
use places::overlay::{Kind, Overlay, Said};
use store::{DataSet, DataSetId};

/// One loaded table.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is said of it.
    pub set: DataSet,
    /// Its rows.
    pub table: Overlay,
}

/// What one table knows of a number.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Which table.
    pub set: &'a DataSet,
    /// How many of the number's digits decided.
    pub digits: usize,
    /// What it says.
    pub said: Said<'a>,
}

/// All loaded tables, the latest first.
#[derive(Clone, Debug, Default)]
pub struct Overlays(Vec<Arc<Loaded>>);

impl Overlays {
    /// Puts the latest first.
    pub(super) fn new(mut tables: Vec<Arc<Loaded>>) -> Self {
        let age = |loaded: &Arc<Loaded>| (loaded.set.loaded, loaded.set.id.clone());
        tables.sort_by_key(|loaded| std::cmp::Reverse(age(loaded)));
        Self(tables)
    }

    /// What is known of a number, given by its digits: the longest prefix wins,
    /// of two as long the table that was loaded last.
    pub fn find(&self, kind: Kind, digits: &str) -> Option<Known<'_>> {
        let mut best: Option<Known<'_>> = None;
        for loaded in self.of(kind) {
            let longest = best.map_or(0, |known| known.digits);
            if let Some((digits, said)) = loaded.table.find(digits)
                && digits > longest
            {
                let set = &loaded.set;
                best = Some(Known { set, digits, said });
            }
        }
        best
    }

    /// Every row of every table of a kind.
    pub fn rows(&self, kind: Kind) -> impl Iterator<Item = (String, Said<'_>)> {
        self.of(kind).flat_map(|loaded| loaded.table.rows())
    }

    /// A table by its key.
    pub(super) fn get(&self, id: &DataSetId) -> Option<&Arc<Loaded>> {
        self.0.iter().find(|loaded| loaded.set.id == *id)
    }

    /// How many tables there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Arc<Loaded>> {
        let tables = self.0.iter();
        tables.filter(move |loaded| loaded.table.kind() == kind)
    }
}

/// The tables of the moment.
#[derive(Debug, Default)]
pub(crate) struct Current(RwLock<Arc<Overlays>>);

impl Current {
    pub(crate) fn get(&self) -> Arc<Overlays> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set(&self, overlays: Overlays) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(overlays);
    }
}

/// A day as people write it: `2026-11-06`.
pub(crate) fn day(at: GregorianSeconds) -> String {
    let unix = i64::try_from(at.unix()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(unix).map_or_else(
        |_| String::new(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}
