//! XML as it arrives, and as it is answered.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use quick_xml::Reader;
pub use quick_xml::escape::escape;
use quick_xml::events::Event;

/// The texts of all elements of a name, without its prefix, in order; `None`:
/// it is no XML, as when a client doesn't escape what it writes.
pub fn texts(document: &str, name: &str) -> Option<Vec<String>> {
    let mut reader = Reader::from_str(document);
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if tag.local_name().as_ref() == name => {
                inside = true;
                found.push(String::new());
            }
            Event::Start(_) | Event::End(_) => inside = false,
            Event::Text(text) if inside => found.last_mut()?.push_str(&text),
            Event::GeneralRef(entity) => {
                let entity = format!("&{};", &*entity);
                let text = quick_xml::escape::unescape(&entity).ok()?;
                if inside {
                    found.last_mut()?.push_str(&text);
                }
            }
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

/// The text of the first element of a name; empty when there is none.
pub fn text(document: &str, name: &str) -> String {
    let found = texts(document, name).unwrap_or_default();
    found.into_iter().next().unwrap_or_default()
}

/// A document as an answer.
pub fn answer(status: StatusCode, body: &str) -> Response {
    let body = format!(r#"<?xml version="1.0" encoding="UTF-8"?>{body}"#);
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
