//! What is said to PostgreSQL, as far as it takes to say it again: version 3
//! of the protocol, statements and their parameters.

use std::collections::{HashMap, VecDeque};

/// Types of parameters, by their numbers in `pg_type`.
const BOOL: u32 = 16;
const INT8: u32 = 20;
const INT4: u32 = 23;
const TEXT: u32 = 25;
const TEXTS: u32 = 1009;

/// In place of a parameter's length.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    Null,
    Bool(bool),
    Int8(i64),
    Int4(i32),
    Text(String),
    Texts(Vec<String>),
}

/// A statement that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub sql: String,
    pub params: Vec<Param>,
    /// Sent without waiting for the answer to the one before.
    pub is_joined: bool,
}

/// Cuts what comes into messages: their kind, and what is in them.
#[derive(Default)]
pub struct Splitter {
    buffer: Vec<u8>,
    begins_without_kind: bool,
}

impl Splitter {
    /// For what a client says: its first message has no kind.
    pub fn of_client() -> Self {
        Self {
            begins_without_kind: true,
            ..Self::default()
        }
    }

    pub fn feed(&mut self, bytes: &[u8], mut message: impl FnMut(u8, &[u8])) {
        self.buffer.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            let kind_bytes = usize::from(!self.begins_without_kind);
            let rest = &self.buffer[at..];
            let Some(length) = rest.get(kind_bytes..kind_bytes + 4) else {
                break;
            };
            // The length counts itself.
            let length = length.iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
            let Some(body) = rest.get(kind_bytes + 4..kind_bytes + length) else {
                break;
            };
            if kind_bytes == 1 {
                message(rest[0], body);
            }
            self.begins_without_kind = false;
            at += kind_bytes + length;
        }
        self.buffer.drain(..at);
    }
}

/// One connection.
#[derive(Default)]
pub struct Session {
    statements: HashMap<String, (String, Vec<u32>)>,
    /// Statements whose parameters' types were asked for.
    described: VecDeque<String>,
    /// Requests that wait for their answers.
    open: u32,
}

impl Session {
    /// Takes in what the client says; a statement that is run is answered.
    pub fn client(&mut self, kind: u8, body: &[u8]) -> Option<Step> {
        let mut fields = Fields(body);
        match kind {
            b'P' => {
                let name = fields.text()?;
                let sql = fields.text()?;
                self.statements.insert(name, (sql, Vec::new()));
                None
            }
            b'D' if fields.take(1)? == b"S" => {
                self.described.push_back(fields.text()?);
                None
            }
            b'B' => {
                fields.text()?;
                let name = fields.text()?;
                self.bound(&name, fields)
            }
            b'Q' => {
                self.open += 1;
                Some(Step {
                    sql: fields.text()?,
                    params: Vec::new(),
                    is_joined: self.open > 1,
                })
            }
            b'S' => {
                self.open += 1;
                None
            }
            _ => None,
        }
    }

    fn bound(&self, name: &str, mut fields: Fields<'_>) -> Option<Step> {
        let (sql, types) = self.statements.get(name)?;
        let formats = fields.short()?;
        fields.take(2 * formats)?;
        let count = fields.short()?;
        let mut params = Vec::new();
        for index in 0..count {
            params.push(fields.param(*types.get(index)?)?);
        }
        Some(Step {
            sql: sql.clone(),
            params,
            is_joined: self.open > 0,
        })
    }

    /// Takes in what the server answers.
    pub fn server(&mut self, kind: u8, body: &[u8]) {
        match kind {
            // Ready for the next one; the first time without having been asked.
            b'Z' => self.open = self.open.saturating_sub(1),
            b't' => {
                let statement = self.described.pop_front();
                let statement = statement.and_then(|name| self.statements.get_mut(&name));
                if let Some((_, types)) = statement {
                    let numbers = body.get(2..).unwrap_or_default().chunks_exact(4);
                    types.extend(
                        numbers.map(|n| n.iter().fold(0, |sum, b| sum << 8 | u32::from(*b))),
                    );
                }
            }
            _ => {}
        }
    }
}

/// What is left of a message.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        String::from_utf8(text.to_vec()).ok()
    }

    fn short(&mut self) -> Option<usize> {
        let bytes = self.take(2)?.try_into().ok()?;
        Some(usize::from(u16::from_be_bytes(bytes)))
    }

    fn long(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A length, and as many bytes.
    fn value(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.long()?).ok()?;
        self.take(length)
    }

    fn param(&mut self, kind: u32) -> Option<Param> {
        if self.0.starts_with(&NULL) {
            self.take(NULL.len())?;
            return Some(Param::Null);
        }
        let value = self.value()?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        Some(match kind {
            BOOL => Param::Bool(value == [1]),
            INT8 => Param::Int8(i64::from_be_bytes(value.try_into().ok()?)),
            INT4 => Param::Int4(i32::from_be_bytes(value.try_into().ok()?)),
            TEXT => Param::Text(text(value)?),
            TEXTS => {
                let mut fields = Fields(value);
                let dimensions = fields.long()?;
                fields.take(8)?;
                let mut texts = Vec::new();
                if dimensions > 0 {
                    let count = fields.long()?;
                    fields.take(4)?;
                    for _ in 0..count {
                        texts.push(text(fields.value()?)?);
                    }
                }
                Param::Texts(texts)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind][..], &length, &body].concat()
    }

    #[test]
    fn a_statement_is_heard_with_its_parameters() {
        let mut heard = vec![0, 0, 0, 8, 0, 3, 0, 0];
        heard.extend(message(b'P', &[b"s1\0SELECT $1, $2\0", &[0, 0]]));
        heard.extend(message(b'D', &[b"Ss1\0"]));
        heard.extend(message(b'S', &[]));
        let answer = message(b't', &[&[0, 2, 0, 0, 0, 25, 0, 0, 0, 20]]);
        let number = 7_i64.to_be_bytes();
        let bind = [
            &b"\0s1\0"[..],
            &[0, 1, 0, 1, 0, 2, 0, 0, 0, 2],
            b"hi",
            &[0, 0, 0, 8],
            &number,
        ];
        let mut session = Session::default();
        let mut client = Splitter::of_client();
        let mut steps = Vec::new();
        // In pieces, as it comes over a network.
        for piece in heard.chunks(3) {
            client.feed(piece, |kind, body| steps.extend(session.client(kind, body)));
        }
        Splitter::default().feed(&answer, |kind, body| session.server(kind, body));
        for ready in 0..2 {
            client.feed(&message(b'B', &bind), |kind, body| {
                steps.extend(session.client(kind, body));
            });
            session.server(b'Z', &[]);
            assert_eq!(steps[ready].is_joined, ready == 0);
        }
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].sql, "SELECT $1, $2");
        assert_eq!(steps[0].params, [Param::Text("hi".into()), Param::Int8(7)]);
    }
}
