//! Listings as tables (spec/http.md 1.7).

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use serde_json::{Map, Value};

use crate::envelope::insert;
use crate::reply::Reply;
use crate::request::{Incoming, names};

static NEXT_START_KEY: HeaderName = HeaderName::from_static("x-next-start-key");

/// Longest name of a file.
const MAX_FILE_NAME: usize = 128;

/// A listing's data as CSV: the fixed columns, then whatever else the rows
/// have; every cell in quotes, lists with commas within one cell.
///
/// Data is a list of objects, or an object whose `numbers` are objects by
/// number. Where the next page begins says the header `x-next-start-key`.
pub(crate) fn response(incoming: &Incoming, columns: &[&'static str], reply: &Reply) -> Response {
    let data = reply.data.as_deref().unwrap_or_default();
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
    if let Some(key) = reply
        .page
        .as_ref()
        .and_then(|page| page.next_start_key.as_ref())
    {
        insert(headers, NEXT_START_KEY.clone(), key);
    }
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
    let _ = writer.write_record(header.iter().map(|key| harmless((*key).to_owned())));
    for row in rows {
        let cells = header.iter().map(|key| harmless(cell(row.get(*key))));
        let _ = writer.write_record(cells);
    }
    writer.into_inner().unwrap_or_default()
}

/// Spreadsheets run a cell that begins like a formula; an apostrophe before it
/// makes it text again. Phone numbers begin so too, but are formulas of nothing
/// but themselves, and programs read them: a sign and digits stay as they are.
fn harmless(cell: String) -> String {
    let suspect = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let digits = cell.strip_prefix(['+', '-']).unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if suspect && !is_number {
        format!("'{cell}")
    } else {
        cell
    }
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

/// The name that the client wants, else the listing's own; without anything that
/// a path or a header could stumble over.
fn file_name(incoming: &Incoming) -> String {
    let wanted = incoming
        .header(&names::FILE_NAME)
        .or(incoming.query.get("file_name"))
        .or(incoming.tokens.last().map(String::as_str));
    let name: String = wanted
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "._- ".contains(*c))
        .take(MAX_FILE_NAME)
        .collect();
    let stem = name.trim_matches(['.', ' ']);
    let stem = stem.strip_suffix(".csv").unwrap_or(stem);
    format!("{}.csv", if stem.is_empty() { "listing" } else { stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_begin_like_formulas_are_text() {
        for text in [
            "=HYPERLINK(\"http://evil\",\"x\")",
            "+1+cmd|' /C calc'!A0",
            "+1 415 555 0100",
            "-2+3",
            "@SUM(1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "+",
            "-",
            "=",
        ] {
            assert_eq!(harmless(text.to_owned()), format!("'{text}"), "{text:?}");
        }
        for text in [
            "",
            "+14155550100",
            "-5",
            "5",
            "Ada =",
            "'=1",
            "a@b",
            "{\"a\":1}",
        ] {
            assert_eq!(harmless(text.to_owned()), text, "{text:?}");
        }
    }

    #[test]
    fn nothing_of_a_row_escapes_its_cell() {
        let row = serde_json::json!({
            "number": "+14155550100", "name": "=1+1\",\"x\n", "list": ["=a", "b"], "none": null,
        });
        let table = table(&["number"], &[row.as_object().unwrap().clone()]);
        let wanted = "\"number\",\"name\",\"list\",\"none\"\n\
                      \"+14155550100\",\"'=1+1\"\",\"\"x\n\",\"'=a,b\",\"\"\n";
        assert_eq!(String::from_utf8(table).unwrap(), wanted);
    }
}
