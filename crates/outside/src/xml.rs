//! XML as vendors speak it: small documents, whole in memory. Names are matched
//! without their namespace prefix; nothing outside of the document is ever
//! read, and entities that it declares are refused.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// How deep elements may nest.
const MAX_DEPTH: usize = 64;
/// How many elements a document may have.
const MAX_ELEMENTS: usize = 200_000;

/// An element of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name without prefix.
    pub name: String,
    /// Its own text, trimmed.
    pub text: String,
    /// Its children, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document: its root element.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        let mut count = 0_usize;
        let mut root = None;
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            let ended = match event {
                Event::Start(_) | Event::Empty(_)
                    if open.len() >= MAX_DEPTH || count >= MAX_ELEMENTS =>
                {
                    return Err("it is nested or long beyond all need".to_owned());
                }
                Event::Start(tag) => {
                    count += 1;
                    open.push(Self::named(&tag));
                    None
                }
                Event::Empty(tag) => {
                    count += 1;
                    Some(Self::named(&tag))
                }
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    add_text(&mut open, &text);
                    None
                }
                Event::CData(data) => {
                    add_text(&mut open, &data);
                    None
                }
                Event::GeneralRef(entity) => {
                    add_text(&mut open, &resolved(&entity)?);
                    None
                }
                Event::DocType(_) => return Err("it declares a document type".to_owned()),
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            };
            if let Some(mut element) = ended {
                let trimmed = element.text.trim().to_owned();
                element.text = trimmed;
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => root = root.or(Some(element)),
                }
            }
        }
        match root {
            Some(root) if open.is_empty() => Ok(root),
            _ => Err("it is no whole XML document".to_owned()),
        }
    }

    fn named(tag: &BytesStart<'_>) -> Self {
        let name = tag.local_name();
        Self {
            name: name.as_ref().to_owned(),
            ..Self::default()
        }
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child; `None` when there is no such child or it is empty.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.as_str())
            .filter(|text| !text.is_empty())
    }

    /// The first element of a name, itself included, in document order.
    pub fn find(&self, name: &str) -> Option<&Self> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// All elements of a name, itself included, in document order.
    pub fn all<'e>(&'e self, name: &str) -> Vec<&'e Self> {
        let mut found = Vec::new();
        self.collect(name, &mut found);
        found
    }

    fn collect<'e>(&'e self, name: &str, found: &mut Vec<&'e Self>) {
        if self.name == name {
            found.push(self);
        }
        for child in &self.children {
            child.collect(name, found);
        }
    }
}

fn add_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// A character reference or one of the five entities that XML knows.
fn resolved(entity: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = entity
        .resolve_char_ref()
        .map_err(|error| error.to_string())?
    {
        return Ok(character.to_string());
    }
    let name: &str = entity;
    let known = match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return Err(format!("it names the unknown entity '{name}'")),
    };
    Ok(known.to_owned())
}

/// A text as [`Writer`] writes it.
pub fn escaped(text: &str) -> String {
    escape(text).into_owned()
}

/// Writes a document; every text is escaped.
///
/// ```
/// use outside::xml::Writer;
/// let order = Writer::new().open("Order").text("Name", "A & B").close("Order");
/// assert!(order.finish().ends_with("<Order><Name>A &amp; B</Name></Order>"));
/// ```
#[derive(Clone, Debug)]
pub struct Writer(String);

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A document with an XML declaration.
    pub fn new() -> Self {
        Self(r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned())
    }

    /// Opens an element; `tag` may carry attributes.
    #[must_use]
    pub fn open(mut self, tag: &str) -> Self {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// Closes an element.
    #[must_use]
    pub fn close(mut self, name: &str) -> Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        self
    }

    /// An element with a text.
    #[must_use]
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self = self.open(name);
        self.0.push_str(&escape(text));
        self.close(name)
    }

    /// An element with a text, if there is one.
    #[must_use]
    pub fn text_if(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// The document.
    pub fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_entities_and_blanks_are_seen_through() {
        let text = b"<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"x\"><s:Body>\n<a> 1 &amp; &#50; </a><a/></s:Body></s:Envelope>";
        let root = Element::parse(text).unwrap();
        assert_eq!(root.name, "Envelope");
        assert_eq!(root.find("a").unwrap().text, "1 & 2");
        assert_eq!(root.all("a").len(), 2);
        assert_eq!(root.child("Body").unwrap().text_of("a"), Some("1 & 2"));
    }

    #[test]
    fn what_is_no_document_or_an_attack_is_refused() {
        let bomb = br#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>"#;
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        let long = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        for text in [
            &b"<a>&b;</a>"[..],
            bomb,
            b"<a><b></a>",
            b"<a>",
            b"",
            b"plain",
            b"\xff<a/>",
            deep.as_bytes(),
            long.as_bytes(),
        ] {
            assert!(
                Element::parse(text).is_err(),
                "{:?}",
                String::from_utf8_lossy(&text[..text.len().min(100)])
            );
        }
    }
}
