//! The columns of imports and exports (spec/http.md 9.2): from a record's
//! fields to cells and back.
//!
//! Custom fields are columns `opaque.NAME`. A dot in NAME leads into an object;
//! a dot or percent sign within a key is written `%2E`, `%25`. A cell is text
//! as it is; after `json:` it is any JSON. Empty cells say nothing.

use csv::StringRecord;
use numbers::account::AccountId;
use numbers::document;
use numbers::gregorian::GregorianSeconds;
use numbers::number::Number;
use numbers::state::State;
use serde_json::{Map, Value};

use crate::import::ImportRow;

/// Columns that are no public fields, in their order.
const PRIVATE: [&str; 10] = [
    "e164",
    "account_name",
    "account_id",
    "previously_assigned_to",
    "state",
    "created",
    "modified",
    "used_by",
    "ported_in",
    "carrier_module",
];

/// What results have besides; imports pass it over.
pub const ERROR: &str = "error";
const OPAQUE: &str = "opaque.";
const JSON: &str = "json:";

/// How deep a column may lead: nobody's own fields are nested any deeper, and
/// every step is one on the stack.
const MOST_STEPS: usize = 32;

/// Longest caller name (spec/http.md 6.1).
const CALLER_NAME: usize = 15;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Flag,
    Text,
}

/// A column that is a public field: its name, the way to it in the document.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    column: &'static str,
    path: &'static [&'static str],
    kind: Kind,
}

const fn field(column: &'static str, path: &'static [&'static str], kind: Kind) -> Field {
    Field { column, path, kind }
}

const FIELDS: [Field; 16] = [
    field("cnam.inbound", &["cnam", "inbound_lookup"], Kind::Flag),
    field("cnam.outbound", &["cnam", "display_name"], Kind::Text),
    field("e911.locality", &["e911", "locality"], Kind::Text),
    field("e911.name", &["e911", "caller_name"], Kind::Text),
    field("e911.region", &["e911", "region"], Kind::Text),
    field(
        "e911.street_address",
        &["e911", "street_address"],
        Kind::Text,
    ),
    field(
        "e911.extended_address",
        &["e911", "extended_address"],
        Kind::Text,
    ),
    field("e911.postal_code", &["e911", "postal_code"], Kind::Text),
    field("prepend.enabled", &["prepend", "enabled"], Kind::Flag),
    field("prepend.name", &["prepend", "name"], Kind::Text),
    field("prepend.number", &["prepend", "number"], Kind::Text),
    field("ringback.early", &["ringback", "early"], Kind::Text),
    field("ringback.transfer", &["ringback", "transfer"], Kind::Text),
    field("force_outbound", &["force_outbound"], Kind::Flag),
    field("failover.e164", &["failover", "e164"], Kind::Text),
    field("failover.sip", &["failover", "sip"], Kind::Text),
];

#[derive(Debug)]
enum Column {
    Private(usize),
    Field(&'static Field),
    Opaque(Vec<String>),
    Error,
}

/// The first row of a file.
#[derive(Debug)]
pub struct Header {
    columns: Vec<Column>,
    names: Vec<String>,
}

/// A cell that can't be used.
#[derive(Debug, PartialEq, Eq)]
pub struct BadCell {
    /// Its column.
    pub column: String,
    /// What is wrong with it.
    pub message: String,
}

impl Header {
    /// Reads the names of the columns; the error is a sentence that names the
    /// wrong one.
    pub fn parse(record: &StringRecord) -> Result<Self, String> {
        let names: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(format!("the column '{name}' stands twice"));
            }
            columns.push(column(name)?);
        }
        if !names.iter().any(|name| name == PRIVATE[0]) {
            return Err(format!("the column '{}' is missing", PRIVATE[0]));
        }
        Ok(Self { columns, names })
    }

    /// Reads a row.
    pub fn row(&self, record: &StringRecord) -> Result<ImportRow, BadCell> {
        if record.len() != self.columns.len() {
            return Err(BadCell {
                column: String::new(),
                message: format!(
                    "the row has {} cells, the header {} columns",
                    record.len(),
                    self.columns.len()
                ),
            });
        }
        let mut row = ImportRow::default();
        let cells = || self.columns.iter().zip(record).zip(&self.names);
        // The named columns go on top of what `opaque.cnam` and the like say.
        for ((column, cell), name) in cells() {
            if let Column::Opaque(path) = column
                && !cell.is_empty()
            {
                opaque(cell)
                    .and_then(|value| put(&mut row.public, path, value))
                    .map_err(|message| bad(name, message))?;
            }
        }
        for ((column, cell), name) in cells() {
            if cell.is_empty() {
                continue;
            }
            let taken = match column {
                Column::Private(index) => private(&mut row, PRIVATE[*index], cell),
                Column::Field(field) => field
                    .read(cell)
                    .and_then(|value| put(&mut row.public, field.path, value)),
                Column::Opaque(_) | Column::Error => Ok(()),
            };
            taken.map_err(|message| bad(name, message))?;
        }
        Ok(row)
    }
}

fn bad(column: &str, message: String) -> BadCell {
    BadCell {
        column: column.to_owned(),
        message,
    }
}

fn column(name: &str) -> Result<Column, String> {
    if let Some(index) = PRIVATE.iter().position(|known| *known == name) {
        return Ok(Column::Private(index));
    }
    if let Some(field) = FIELDS.iter().find(|field| field.column == name) {
        return Ok(Column::Field(field));
    }
    if name == ERROR {
        return Ok(Column::Error);
    }
    let Some(path) = name.strip_prefix(OPAQUE) else {
        return Err(format!(
            "the column '{name}' is unknown; custom fields are columns '{OPAQUE}NAME'"
        ));
    };
    let path: Vec<String> = path.split('.').map(decoded).collect();
    if path.iter().any(String::is_empty) {
        return Err(format!("the column '{name}' names no field"));
    }
    if path.len() > MOST_STEPS {
        return Err(format!(
            "the column '{}…' leads more than {MOST_STEPS} objects deep",
            name.chars().take(MOST_STEPS).collect::<String>()
        ));
    }
    let alone = Map::from_iter([(path[0].clone(), Value::Bool(true))]);
    if path[0] == "carrier_name" || document::public_fields(alone).is_empty() {
        return Err(format!("the column '{name}' is a field that can't be set"));
    }
    Ok(Column::Opaque(path))
}

fn private(row: &mut ImportRow, column: &str, cell: &str) -> Result<(), String> {
    let text = || Some(cell.to_owned());
    match column {
        "e164" => cell.clone_into(&mut row.e164),
        "account_name" => row.account_name = text(),
        "account_id" => row.account_id = text(),
        "previously_assigned_to" => {
            let id = AccountId::parse(cell).map_err(|error| error.to_string())?;
            row.previously_assigned_to = Some(id);
        }
        "state" => row.state = Some(cell.parse::<State>().map_err(|error| error.to_string())?),
        "created" => row.created = Some(seconds(cell)?),
        "modified" => row.modified = Some(seconds(cell)?),
        "used_by" => row.used_by = text(),
        "ported_in" => row.ported_in = flag(cell)?,
        _ => row.carrier_module = text(),
    }
    Ok(())
}

fn seconds(cell: &str) -> Result<GregorianSeconds, String> {
    // SQL keeps signed integers.
    let parsed = cell
        .parse()
        .ok()
        .filter(|seconds| i64::try_from(*seconds).is_ok());
    let seconds = parsed.ok_or_else(|| format!("'{cell}' is not a count of Gregorian seconds"))?;
    Ok(GregorianSeconds::new(seconds))
}

fn flag(cell: &str) -> Result<bool, String> {
    match cell.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("'{cell}' is neither true nor false")),
    }
}

fn opaque(cell: &str) -> Result<Value, String> {
    match cell.strip_prefix(JSON) {
        None => Ok(Value::String(cell.to_owned())),
        Some(json) => {
            serde_json::from_str(json).map_err(|error| format!("no JSON after '{JSON}': {error}"))
        }
    }
}

impl Field {
    fn read(&self, cell: &str) -> Result<Value, String> {
        match self.kind {
            Kind::Flag => flag(cell).map(Value::Bool),
            Kind::Text if self.column == "cnam.outbound" && cell.chars().count() > CALLER_NAME => {
                Err(format!(
                    "a caller name has at most {CALLER_NAME} characters"
                ))
            }
            Kind::Text => Ok(Value::String(cell.to_owned())),
        }
    }

    /// Takes the field out of a document, as a cell, when a cell can say it: a
    /// caller name that is longer than clients may make it stays where it is.
    fn take(&self, fields: &mut Map<String, Value>) -> String {
        let Some((first, rest)) = self.path.split_first() else {
            return String::new();
        };
        let holder = match rest {
            [] => Some(&mut *fields),
            _ => fields.get_mut(*first).and_then(Value::as_object_mut),
        };
        let Some(holder) = holder else {
            return String::new();
        };
        let key = rest.first().unwrap_or(first);
        let value = holder.get(*key);
        let cell = match (self.kind, value) {
            (Kind::Flag, Some(Value::Bool(flag))) => flag.to_string(),
            (Kind::Text, Some(Value::String(text))) if !text.is_empty() => text.clone(),
            _ => return String::new(),
        };
        if self.read(&cell).ok().as_ref() != value {
            return String::new();
        }
        holder.shift_remove(*key);
        if !rest.is_empty() && holder.is_empty() {
            fields.shift_remove(*first);
        }
        cell
    }
}

/// Puts a value at the end of a path, making objects on the way.
fn put(
    fields: &mut Map<String, Value>,
    path: &[impl AsRef<str>],
    value: Value,
) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(());
    };
    let first = first.as_ref();
    if rest.is_empty() {
        return match (fields.get_mut(first), value) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                old.extend(new);
                Ok(())
            }
            (Some(_), _) => Err(format!("another column says '{first}' already")),
            (None, value) => {
                fields.insert(first.to_owned(), value);
                Ok(())
            }
        };
    }
    let entry = fields
        .entry(first)
        .or_insert_with(|| Value::Object(Map::new()));
    match entry {
        Value::Object(members) => put(members, rest, value),
        _ => Err(format!("another column says that '{first}' is no object")),
    }
}

fn decoded(key: &str) -> String {
    key.replace("%2E", ".").replace("%25", "%")
}

fn encoded(key: &str) -> String {
    key.replace('%', "%25").replace('.', "%2E")
}

/// A number as cells: those of the columns, and the custom fields that remain.
pub struct Cells {
    columns: Vec<String>,
    opaque: Map<String, Value>,
}

impl Cells {
    /// Takes a number apart; `account_name` is that of its account.
    pub fn new(number: &Number, account_name: &str) -> Self {
        let id = |id: Option<&AccountId>| id.map(ToString::to_string).unwrap_or_default();
        // A pooled number on sale is for one account's use.
        let account = number
            .owner
            .as_ref()
            .map(AccountId::as_str)
            .or_else(|| number.pool());
        let mut columns = vec![
            number.id.to_string(),
            account_name.to_owned(),
            account.unwrap_or_default().to_owned(),
            id(number.previous_owner.as_ref()),
            number.state.to_string(),
            number.created.to_string(),
            number.modified.to_string(),
            number.used_by.clone().unwrap_or_default(),
            number.ported_in.to_string(),
            number.carrier.to_string(),
        ];
        let mut opaque = number.public.clone();
        columns.extend(FIELDS.iter().map(|field| field.take(&mut opaque)));
        Self { columns, opaque }
    }

    /// The custom fields that need a column of their own.
    pub fn custom(&self) -> impl Iterator<Item = &String> {
        self.opaque.keys()
    }

    /// The whole row, with these custom fields; `Err`: it has another one.
    pub fn row(mut self, custom: &[String]) -> Result<Vec<String>, String> {
        let mut cells = self.columns;
        for key in custom {
            cells.push(self.opaque.shift_remove(key).map(cell).unwrap_or_default());
        }
        match self.opaque.into_iter().next() {
            Some((key, _)) => Err(key),
            None => Ok(cells),
        }
    }
}

/// The value of a custom field as a cell.
fn cell(value: Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !text.starts_with(JSON) => text,
        other => format!("{JSON}{other}"),
    }
}

/// The names of an export's columns.
pub fn names(custom: &[String]) -> Vec<String> {
    let opaque = custom.iter().map(|key| format!("{OPAQUE}{}", encoded(key)));
    let fields = FIELDS.iter().map(|field| field.column.to_owned());
    PRIVATE
        .iter()
        .map(|&name| name.to_owned())
        .chain(fields)
        .chain(opaque)
        .collect()
}

#[cfg(test)]
mod tests;
