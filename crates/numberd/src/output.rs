//! Answers on stdout: tables for people, JSON for programs.

use std::io::{self, Stdout, Write};

use numbers::gregorian::GregorianSeconds;
use serde_json::Value;

/// Prints one JSON document and a line end.
pub fn json(value: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

/// Prints a line.
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Tells people something beside the answer.
pub fn note(text: &str) {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// A time as people read it.
pub fn time(at: GregorianSeconds) -> String {
    let seconds = i64::try_from(at.unix()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| at.to_string(), |at| at.to_string())
}

/// A list that is printed while it is read, so that its length doesn't matter:
/// as a table with aligned columns, or as a JSON array.
pub struct List {
    json: bool,
    columns: Vec<(&'static str, usize)>,
    waiting: Vec<Vec<String>>,
    begun: bool,
    out: io::BufWriter<Stdout>,
}

/// Rows whose widths are looked at together.
const ALIGNED: usize = 1000;

impl List {
    /// A list with these columns; each is at least as wide as its number says.
    pub fn new(json: bool, columns: &[(&'static str, usize)]) -> Self {
        Self {
            json,
            columns: columns.to_vec(),
            waiting: Vec::new(),
            begun: false,
            out: io::BufWriter::new(io::stdout()),
        }
    }

    /// Adds a row: its cells for the table, its document for programs.
    pub fn row(
        &mut self,
        cells: impl FnOnce() -> Vec<String>,
        document: impl FnOnce() -> Value,
    ) -> io::Result<()> {
        if self.json {
            self.out
                .write_all(if self.begun { b",\n" } else { b"[\n" })?;
            self.begun = true;
            return Ok(serde_json::to_writer(&mut self.out, &document())?);
        }
        self.waiting.push(cells());
        if self.waiting.len() >= ALIGNED {
            self.print()?;
        }
        Ok(())
    }

    /// Prints the rest.
    pub fn finish(mut self) -> io::Result<()> {
        if self.json {
            self.out
                .write_all(if self.begun { b"\n]\n" } else { b"[]\n" })?;
        } else {
            self.print()?;
        }
        self.out.flush()
    }

    fn print(&mut self) -> io::Result<()> {
        for row in &self.waiting {
            for (column, cell) in self.columns.iter_mut().zip(row) {
                column.1 = column.1.max(cell.chars().count());
            }
        }
        if !self.begun {
            self.begun = true;
            let names: Vec<String> = self
                .columns
                .iter()
                .map(|(name, _)| name.to_uppercase())
                .collect();
            for (column, name) in self.columns.iter_mut().zip(&names) {
                column.1 = column.1.max(name.len());
            }
            self.print_row(&names)?;
        }
        for row in std::mem::take(&mut self.waiting) {
            self.print_row(&row)?;
        }
        Ok(())
    }

    fn print_row(&mut self, cells: &[String]) -> io::Result<()> {
        let mut text = String::new();
        for ((_, width), cell) in self.columns.iter().zip(cells) {
            text.push_str(&harmless(cell));
            let padding = width.saturating_sub(cell.chars().count()) + 2;
            text.extend(std::iter::repeat_n(' ', padding));
        }
        writeln!(self.out, "{}", text.trim_end())
    }
}

/// Prints names and values, aligned, or as one JSON document.
pub fn facts(as_json: bool, facts: &[(&str, String)], document: &Value) -> io::Result<()> {
    if as_json {
        return json(document);
    }
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = io::stdout().lock();
    for (name, value) in facts {
        writeln!(out, "{name:width$}  {}", harmless(value))?;
    }
    out.flush()
}

/// What clients and carriers said must not steer a terminal.
fn harmless(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}
