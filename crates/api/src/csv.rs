//! Listings as tables (spec/http.md 1.7).

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Map, Value};

use crate::envelope::insert;
use crate::request::Incoming;

/// Longest name of a file.
const MAX_FILE_NAME: usize = 128;

/// A listing's data as CSV: the fixed columns, then whatever else the rows
/// have; every cell in quotes, lists with commas within one cell.
///
/// Data is a list of objects, or an object whose `numbers` are objects by
/// number.
pub(crate) fn response(incoming: &Incoming, columns: &[&'static str], data: &[u8]) -> Response {
    let rows = rows(serde_json::from_slice(data).unwrap_or_default());
    let mut response = Response::new(Body::from(table(columns, &rows)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    let name = file_name(incoming);
    insert(
        headers,
        header::CONTENT_DISPOSITION,
        &format!("attachment; filename=\"{name}\""),
    );
    response
}

fn rows(data: Value) -> Vec<Map<String, Value>> {
    let object = |value| match value {
        Value::Object(row) => Some(row),
        _ => None,
    };
    match data {
        Value::Array(rows) => rows.into_iter().filter_map(object).collect(),
        Value::Object(mut data) => match data.remove("numbers") {
            Some(Value::Object(numbers)) => numbers
                .into_iter()
                .filter_map(|(number, row)| {
                    let mut row = object(row)?;
                    row.insert("number".to_owned(), Value::String(number));
                    Some(row)
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn table(columns: &[&'static str], rows: &[Map<String, Value>]) -> Vec<u8> {
    let mut header: Vec<&str> = columns.to_vec();
    for key in rows.iter().flat_map(Map::keys) {
        if !header.contains(&key.as_str()) {
            header.push(key);
        }
    }
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    // Records go into memory and all have as many cells as the header, so
    // that writing them can't fail.
    let _ = writer.write_record(&header);
    for row in rows {
        let _ = writer.write_record(header.iter().map(|key| cell(row.get(*key))));
    }
    writer.into_inner().unwrap_or_default()
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| cell(Some(item)))
            .collect::<Vec<_>>()
            .join(","),
        // Features of dialect 2016: their names.
        Some(Value::Object(members)) if members.values().all(Value::is_object) => {
            members.keys().cloned().collect::<Vec<_>>().join(",")
        }
        Some(other) => other.to_string(),
    }
}

/// The name that the client wants, without anything that a path or a header
/// could stumble over.
fn file_name(incoming: &Incoming) -> String {
    let wanted = incoming
        .header("x-file-name")
        .or(incoming.query.get("file_name"));
    let name: String = wanted
        .unwrap_or("numbers")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "._- ".contains(*c))
        .take(MAX_FILE_NAME)
        .collect();
    let stem = name.trim_matches(['.', ' ']);
    let stem = stem.strip_suffix(".csv").unwrap_or(stem);
    format!("{}.csv", if stem.is_empty() { "numbers" } else { stem })
}
