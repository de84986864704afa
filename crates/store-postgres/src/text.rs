//! Texts as PostgreSQL can keep them: all but those with a NUL, which are
//! written in another way and read back as they were.
//!
//! NUL becomes the characters 1 and '0', and 1 becomes 1 and '1'; the order of
//! texts stays what it was. Documents are JSON, where control characters are
//! escaped anyway, and are kept as they are.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

type Failed = Box<dyn Error + Sync + Send>;

/// A text to write.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a str);

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored(pub String);

impl ToSql for Text<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failed> {
        escaped(self.0).to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <&str as ToSql>::accepts(kind)
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'a> FromSql<'a> for Stored {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Failed> {
        let text = <&str as FromSql>::from_sql(kind, raw)?;
        Ok(Self(unescaped(text)))
    }

    fn accepts(kind: &Type) -> bool {
        <&str as FromSql>::accepts(kind)
    }
}

fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', '\u{1}']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0"))
}

fn unescaped(text: &str) -> String {
    if !text.contains('\u{1}') {
        return text.to_owned();
    }
    text.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 10] = [
        "",
        "\0",
        "\0\0",
        "\0a",
        "\u{1}",
        "\u{1}0",
        "\u{1}1",
        "\u{2}",
        "a\0b\u{1}",
        "é",
    ];

    #[test]
    fn texts_come_back() {
        for text in TEXTS {
            assert!(!escaped(text).contains('\0'));
            assert_eq!(unescaped(&escaped(text)), text, "{text:?}");
        }
    }

    #[test]
    fn their_order_stays() {
        for one in TEXTS {
            for other in TEXTS {
                assert_eq!(escaped(one).cmp(&escaped(other)), one.cmp(other));
            }
        }
    }
}
