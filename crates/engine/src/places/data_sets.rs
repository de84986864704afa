//! Tables that operators load: into the store in parts, out of it into memory.
//!
//! A table is replaced by one with a new key, so a running node sees by the
//! list of keys alone that something changed.

use std::sync::Arc;

use numbers::gregorian::GregorianSeconds;
use places::Geodata;
use places::overlay::{BadTable, Builder, Kind, MAX_ROWS, Overlay, Row, read_stored};
use store::{Batch, DataSet, DataSetId, Operation, StoreError};

use super::overlays::{Loaded, Overlays};
use crate::context::new_id;
use crate::{Context, Engine};

/// How many rows one part has: some hundred kilobytes.
const PART: usize = 2000;

/// How many tables there may be.
pub const MAX_SETS: usize = 32;

/// The longest name of a table, in characters.
const MAX_NAME: usize = 64;

/// A table that can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// What it would be called.
    #[error("a table's name has 1 to {MAX_NAME} characters, none of them a control character")]
    Name,
    /// There are too many tables.
    #[error("there are {MAX_SETS} tables already: remove one first")]
    TooManySets,
    /// There would be too many rows.
    #[error("all tables together would have {0} rows, more than {MAX_ROWS}: remove one first")]
    TooManyRows(u64),
    /// A row can't be written.
    #[error("a row can't be written: {0}")]
    Row(#[from] csv::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Loads a table under a name; one that has it already is replaced when all
    /// of the new one is there.
    pub async fn load_data_set(
        &self,
        cx: &Context,
        name: &str,
        kind: Kind,
        source: &str,
        rows: Vec<Row>,
    ) -> Result<DataSet, LoadError> {
        if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(LoadError::Name);
        }
        let sets = self.store.data_sets().await?;
        let (same, others): (Vec<_>, Vec<_>) = sets.into_iter().partition(|set| set.name == name);
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let total = others.iter().map(|set| set.rows).sum::<u64>() + count;
        if others.len() >= MAX_SETS {
            return Err(LoadError::TooManySets);
        }
        if total > MAX_ROWS as u64 {
            return Err(LoadError::TooManyRows(total));
        }
        let mut set = DataSet {
            id: DataSetId(new_id()),
            name: name.to_owned(),
            kind: kind.as_str().to_owned(),
            source: source.to_owned(),
            loaded: cx.now,
            rows: count,
            parts: None,
        };
        // Known from the start, so that what an interruption leaves is seen.
        self.put(vec![Operation::PutDataSet(Box::new(set.clone()))])
            .await?;
        let mut parts = 0;
        for chunk in rows.chunks(PART) {
            let part = Operation::PutDataPart(set.id.clone(), parts, csv_of(chunk)?);
            self.put(vec![part]).await?;
            parts += 1;
        }
        set.parts = Some(parts);
        let mut finish = vec![Operation::PutDataSet(Box::new(set.clone()))];
        finish.extend(same.into_iter().map(|old| Operation::DeleteDataSet(old.id)));
        self.put(finish).await?;
        self.refresh_data_sets().await?;
        Ok(set)
    }

    /// Every table, by name.
    pub async fn data_sets(&self) -> Result<Vec<DataSet>, StoreError> {
        let mut sets = self.store.data_sets().await?;
        sets.sort_by(|one, other| (&one.name, one.loaded).cmp(&(&other.name, other.loaded)));
        Ok(sets)
    }

    /// Removes the table of a name; answers whether there was one.
    pub async fn remove_data_set(&self, name: &str) -> Result<bool, StoreError> {
        let sets = self.store.data_sets().await?;
        let named = sets.into_iter().filter(|set| set.name == name);
        let gone: Vec<_> = named.map(|set| Operation::DeleteDataSet(set.id)).collect();
        let found = !gone.is_empty();
        if found {
            self.put(gone).await?;
            self.refresh_data_sets().await?;
        }
        Ok(found)
    }

    /// Reads tables that came since and forgets those that went; answers
    /// whether anything changed. Cheap when nothing did.
    pub async fn refresh_data_sets(&self) -> Result<bool, StoreError> {
        let known = self.overlays.get();
        let mut tables = Vec::new();
        let (mut changed, mut rows) = (false, 0);
        for set in self.store.data_sets().await? {
            let Some(parts) = set.parts else { continue };
            rows += set.rows;
            if tables.len() == MAX_SETS || rows > MAX_ROWS as u64 {
                tracing::warn!(
                    name = set.name,
                    "there are too many tables: this one isn't used"
                );
                continue;
            }
            if let Some(loaded) = known.get(&set.id) {
                tables.push(Arc::clone(loaded));
                continue;
            }
            changed = true;
            match self.read_data_set(&set, parts).await? {
                Ok(table) => tables.push(Arc::new(Loaded { set, table })),
                Err(error) => {
                    tracing::error!(name = set.name, error, "a loaded table can't be used");
                }
            }
        }
        if changed || tables.len() != known.len() {
            self.overlays.set(Overlays::new(tables));
            return Ok(true);
        }
        Ok(false)
    }

    async fn read_data_set(
        &self,
        set: &DataSet,
        parts: u32,
    ) -> Result<Result<Overlay, String>, StoreError> {
        let Ok(kind) = set.kind.parse::<Kind>() else {
            return Ok(Err(format!("'{}' is not a kind of table", set.kind)));
        };
        let mut table = Builder::new(kind);
        for part in 0..parts {
            let Some(text) = self.store.data_part(&set.id, part).await? else {
                return Ok(Err(format!("part {part} isn't there")));
            };
            match read_stored(&text) {
                Ok(read) => table.add(read),
                Err(error) => return Ok(Err(BadTable::to_string(&error))),
            }
        }
        let built = tokio::task::spawn_blocking(move || table.build()).await;
        Ok(built.map_err(|error| error.to_string()))
    }

    async fn put(&self, operations: Vec<Operation>) -> Result<(), StoreError> {
        let batch = Batch {
            expectations: Vec::new(),
            operations,
        };
        let written = self.store.write(batch).await?;
        written.map_err(|unmet| StoreError::Fault(unmet.to_string()))
    }
}

fn csv_of(rows: &[Row]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (prefix, record) in rows {
        writer.write_record(std::iter::once(prefix.as_str()).chain(record.texts()))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    // Texts went in.
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// The embedded table, as if it were loaded.
pub fn built_in() -> DataSet {
    let geodata = Geodata::embedded();
    let released = format!("{}T00:00:00Z", geodata.released());
    let released = released.parse::<jiff::Timestamp>().ok();
    let seconds = released.and_then(|at| u64::try_from(at.as_second()).ok());
    DataSet {
        id: DataSetId(String::new()),
        name: "built in".to_owned(),
        kind: "world".to_owned(),
        source: format!("libphonenumber {}", geodata.version()),
        loaded: GregorianSeconds::from_unix(seconds.unwrap_or_default()),
        rows: u64::try_from(geodata.prefixes()).unwrap_or(u64::MAX),
        parts: Some(0),
    }
}

/// When a table was loaded, for people.
pub fn loaded_on(at: GregorianSeconds) -> String {
    super::overlays::day(at)
}
