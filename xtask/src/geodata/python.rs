//! The few Python literals that the port's data modules consist of.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// A literal.
#[derive(Debug, PartialEq, Eq)]
pub enum Literal {
    Text(String),
    Tuple(Vec<Literal>),
    Dict(BTreeMap<String, Literal>),
}

impl Literal {
    /// The dictionary that a module assigns to `name`.
    pub fn assigned(module: &str, name: &str) -> Result<BTreeMap<String, Self>> {
        let start = format!("\n{name} = ");
        let at = module
            .find(&start)
            .with_context(|| format!("no '{name} = …'"))?;
        let mut parser = Parser {
            rest: &module[at + start.len()..],
        };
        match parser.literal()? {
            Self::Dict(dict) => Ok(dict),
            _ => bail!("'{name}' is no dictionary"),
        }
    }

    /// The text.
    pub fn text(&self) -> Result<&str> {
        match self {
            Self::Text(text) => Ok(text),
            _ => bail!("not a text: {self:?}"),
        }
    }

    /// A member of a dictionary.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Dict(dict) => dict.get(key),
            _ => None,
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn literal(&mut self) -> Result<Literal> {
        self.skip_space();
        if self.take("{") {
            return self.dict();
        }
        if self.take("(") {
            return self.tuple();
        }
        if self.take("u(") {
            let text = self.text()?;
            self.expect(")")?;
            return Ok(Literal::Text(text));
        }
        Ok(Literal::Text(self.text()?))
    }

    fn dict(&mut self) -> Result<Literal> {
        let mut dict = BTreeMap::new();
        while !self.take("}") {
            let key = self.text()?;
            self.expect(":")?;
            dict.insert(key, self.literal()?);
            self.take(",");
        }
        Ok(Literal::Dict(dict))
    }

    fn tuple(&mut self) -> Result<Literal> {
        let mut items = Vec::new();
        while !self.take(")") {
            items.push(self.literal()?);
            self.take(",");
        }
        Ok(Literal::Tuple(items))
    }

    /// A text in either kind of quotes, with its escapes.
    fn text(&mut self) -> Result<String> {
        self.skip_space();
        let mut characters = self.rest.char_indices();
        let quote = match characters.next() {
            Some((_, quote @ ('\'' | '"'))) => quote,
            other => bail!("a text was expected, not {other:?}"),
        };
        let mut text = String::new();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => {
                    let (_, escaped) = characters.next().context("an escape without an end")?;
                    match escaped {
                        'u' => {
                            let hex: String = characters.by_ref().take(4).map(|(_, c)| c).collect();
                            let code = u32::from_str_radix(&hex, 16)?;
                            text.push(char::from_u32(code).context("half a character")?);
                        }
                        '\'' | '"' | '\\' => text.push(escaped),
                        other => bail!("the escape \\{other} is not known"),
                    }
                }
                end if end == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                other => text.push(other),
            }
        }
        bail!("a text without an end")
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.take(token) {
            return Ok(());
        }
        let found: String = self.rest.chars().take(20).collect();
        bail!("'{token}' was expected, not '{found}'")
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read() {
        let module = "x = 1\ndata = {\n '1':{'en': 'Coeur d\\'Alene', \"fr\":u('Qu\\u00e9bec')},\n \
                      '2':('a', 'b',),\n}\n";
        let data = Literal::assigned(module, "data").unwrap();
        let text = |key| data["1"].get(key).unwrap().text().unwrap();
        assert_eq!((text("en"), text("fr")), ("Coeur d'Alene", "Québec"));
        let zones = ["a", "b"].map(|zone| Literal::Text(zone.to_owned()));
        assert_eq!(data["2"], Literal::Tuple(zones.into()));
        for wrong in ["", "\ndata = 'x'", "\ndata = {'a'", "\ndata = {'a': '\\x'}"] {
            assert!(Literal::assigned(wrong, "data").is_err(), "{wrong}");
        }
    }
}
