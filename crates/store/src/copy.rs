//! Tables as a copy from one database to another sees them: the same ones in
//! every backend, row by row. Counters aren't among them; a copy counts anew.

use async_trait::async_trait;

use crate::StoreError;

/// What is in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A text.
    Text,
    /// A whole number.
    Int,
    /// Yes or no.
    Bool,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What is in it.
    pub kind: ColumnKind,
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of the columns, the first ones, make the key.
    pub keys: usize,
    /// Its columns.
    pub columns: &'static [Column],
    /// How many rows are taken at once.
    pub page: usize,
}

const fn text(name: &'static str) -> Column {
    Column {
        name,
        kind: ColumnKind::Text,
    }
}

const fn int(name: &'static str) -> Column {
    Column {
        name,
        kind: ColumnKind::Int,
    }
}

const fn table(name: &'static str, keys: usize, columns: &'static [Column]) -> Table {
    Table {
        name,
        keys,
        columns,
        page: 500,
    }
}

/// Every table, in the order in which they are copied: events before what
/// points to them, and the settings last, since a database without them was
/// never served.
pub const TABLES: [Table; 12] = [
    table(
        "accounts",
        1,
        &[text("id"), int("revision"), text("parent_id"), text("body")],
    ),
    table("account_tree", 2, &[text("descendant"), text("ancestor")]),
    table(
        "users",
        2,
        &[
            text("account_id"),
            text("id"),
            int("revision"),
            text("body"),
        ],
    ),
    table("claims", 2, &[text("kind"), text("name"), text("holder")]),
    table(
        "documents",
        2,
        &[
            text("kind"),
            text("id"),
            text("account_id"),
            int("revision"),
            int("due"),
            int("expires"),
            text("body"),
        ],
    ),
    table(
        "data_sets",
        1,
        &[
            text("id"),
            text("name"),
            text("kind"),
            text("source"),
            int("loaded"),
            int("rows"),
            int("parts"),
        ],
    ),
    Table {
        // A part may have megabytes.
        page: 8,
        ..table(
            "data_parts",
            2,
            &[text("set_id"), int("part"), text("body")],
        )
    },
    table(
        "number_events",
        1,
        &[
            int("position"),
            text("e164"),
            text("event_id"),
            text("action"),
            text("account_id"),
            text("user_id"),
            text("request_id"),
            int("at"),
            text("before"),
            text("after"),
            text("note"),
        ],
    ),
    table("account_events", 2, &[text("account_id"), int("position")]),
    table(
        "numbers",
        1,
        &[
            text("e164"),
            int("revision"),
            text("state"),
            text("account_id"),
            text("carrier"),
            text("pool"),
            Column {
                name: "billable",
                kind: ColumnKind::Bool,
            },
            int("rests_until"),
            text("body"),
        ],
    ),
    table("account_numbers", 2, &[text("account_id"), text("e164")]),
    table("settings", 1, &[text("key"), text("value")]),
];

impl Table {
    /// The key's columns.
    pub fn key(&self) -> &'static [Column] {
        self.columns.get(..self.keys).unwrap_or_default()
    }

    /// The columns' names.
    pub fn names(columns: &[Column]) -> String {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// Parameters, one for each column; `mark` is what the engine begins them
    /// with.
    pub fn marks(columns: &[Column], mark: char) -> String {
        let marks: Vec<String> = (1..=columns.len()).map(|n| format!("{mark}{n}")).collect();
        marks.join(", ")
    }

    /// Reads a page: the first, or with the key as parameters the one after it.
    pub fn page_sql(&self, mark: char, is_first: bool) -> String {
        let keys = Self::names(self.key());
        let condition = if is_first {
            String::new()
        } else {
            format!("WHERE ({keys}) > ({})", Self::marks(self.key(), mark))
        };
        format!(
            "SELECT {} FROM {} {condition} ORDER BY {keys} LIMIT {}",
            Self::names(self.columns),
            self.name,
            self.page
        )
    }

    /// Reads the last key.
    pub fn last_key_sql(&self) -> String {
        let keys: Vec<String> = self
            .key()
            .iter()
            .map(|key| format!("{} DESC", key.name))
            .collect();
        let names = Self::names(self.key());
        format!(
            "SELECT {names} FROM {} ORDER BY {} LIMIT 1",
            self.name,
            keys.join(", ")
        )
    }

    /// Writes a row.
    pub fn insert_sql(&self, mark: char) -> String {
        format!(
            "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
            self.name,
            Self::names(self.columns),
            Self::marks(self.columns, mark)
        )
    }
}

/// What a row has in a column; a yes is a 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
}

/// The values of a table's columns, in their order.
pub type Row = Vec<Value>;

/// A database, for a copy.
#[async_trait]
pub trait Tables: Send + Sync {
    /// A page of a table in the order of its key, after one or from the
    /// beginning; at most [`Table::page`] rows.
    async fn rows(&self, table: &Table, after: Option<&[Value]>) -> Result<Vec<Row>, StoreError>;

    /// The last key of a table.
    async fn last_key(&self, table: &Table) -> Result<Option<Row>, StoreError>;

    /// How many rows a table has.
    async fn count(&self, table: &Table) -> Result<u64, StoreError>;

    /// Writes rows, all or none.
    async fn insert(&self, table: &Table, rows: Vec<Row>) -> Result<(), StoreError>;

    /// After the last row: what is counted along, and where new events go on.
    async fn finish(&self) -> Result<(), StoreError>;
}
