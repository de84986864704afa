//! What became of the rows: a summary, and the failed ones in a file.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;

use csv::{StringRecord, Writer};
use engine::columns::{BadCell, ERROR};
use engine::import::Imported;
use serde_json::{Value, json};

use super::reader::Line;
use crate::cli::Import;
use crate::exit::{self, Code, Failure};
use crate::output;

/// What became of one row.
pub type Outcome = Result<Imported, BadCell>;

/// Failed rows that are told of where they aren't written to a file.
const TOLD: usize = 20;

pub struct Report {
    dry_run: bool,
    json: bool,
    errors: Option<PathBuf>,
    /// Made at the first failed row.
    writer: Option<Writer<File>>,
    names: Vec<String>,
    /// The input's own column of errors.
    passed_over: Option<usize>,
    told: Vec<Value>,
    created: u64,
    unchanged: u64,
    failed: u64,
}

impl Report {
    pub fn new(options: &Import) -> exit::Outcome<Self> {
        if let Some(path) = &options.errors {
            super::refuse_existing(path)?;
        }
        Ok(Self {
            dry_run: options.dry_run,
            json: options.format.json,
            errors: options.errors.clone(),
            writer: None,
            names: Vec::new(),
            passed_over: None,
            told: Vec::new(),
            created: 0,
            unchanged: 0,
            failed: 0,
        })
    }

    /// Learns the input's columns.
    pub fn columns(&mut self, names: &StringRecord) {
        self.names = names.iter().map(str::to_owned).collect();
        self.passed_over = self.names.iter().position(|name| name.trim() == ERROR);
    }

    pub fn row(&mut self, line: &Line, outcome: Outcome) -> exit::Outcome {
        let bad = match outcome {
            Ok(Imported::Created) => {
                self.created += 1;
                return Ok(());
            }
            Ok(Imported::Unchanged) => {
                self.unchanged += 1;
                return Ok(());
            }
            Err(bad) => bad,
        };
        self.failed += 1;
        let text = match bad.column.as_str() {
            "" => bad.message,
            column => format!("{column}: {}", bad.message),
        };
        if self.told.len() < TOLD {
            if self.errors.is_none() && !self.json {
                output::note(&format!("line {}: {text}", line.number));
            }
            self.told.push(json!({"line": line.number, "error": text}));
        }
        self.keep(line, &text)
    }

    /// Writes a failed row to the file of errors: it can be mended there and
    /// taken in again.
    fn keep(&mut self, line: &Line, text: &str) -> exit::Outcome {
        let Some(path) = self.errors.clone() else {
            return Ok(());
        };
        let failed =
            |error: csv::Error| Failure::new(Code::Failure, format!("{}: {error}", path.display()));
        if self.writer.is_none() {
            let file = OpenOptions::new().write(true).create_new(true).open(&path);
            let file = file.map_err(|error| Failure::file(&path, &error))?;
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
            let names = self.cells(self.names.iter().map(String::as_str), ERROR);
            writer.write_record(names).map_err(failed)?;
            self.writer = Some(writer);
        }
        let cells = self.cells(line.record.iter(), text);
        match &mut self.writer {
            Some(writer) => writer.write_record(cells).map_err(failed),
            None => Ok(()),
        }
    }

    fn cells<'a>(&self, cells: impl Iterator<Item = &'a str>, error: &'a str) -> Vec<&'a str> {
        let kept = cells
            .enumerate()
            .filter(|(index, _)| Some(*index) != self.passed_over)
            .map(|(_, cell)| cell);
        kept.chain([error]).collect()
    }

    /// Says how far it came; what was taken in stays.
    pub fn interrupted(&mut self) {
        output::note(&format!(
            "stopped after {} new numbers; run it again to go on",
            self.created
        ));
    }

    /// The summary.
    pub fn finish(mut self) -> exit::Outcome {
        if let Some(writer) = &mut self.writer {
            writer.flush()?;
        }
        let total = self.created + self.unchanged + self.failed;
        let shown = u64::try_from(self.told.len()).unwrap_or(u64::MAX);
        if !self.json && self.errors.is_none() && self.failed > shown {
            output::note(&format!(
                "and {} more: --errors FILE writes all of them",
                self.failed - shown
            ));
        }
        let created = if self.dry_run {
            "would be created"
        } else {
            "created"
        };
        let facts = [
            ("rows", total.to_string()),
            (created, self.created.to_string()),
            ("there already", self.unchanged.to_string()),
            ("failed", self.failed.to_string()),
        ];
        let document = json!({
            "dry_run": self.dry_run,
            "rows": total,
            "created": self.created,
            "unchanged": self.unchanged,
            "failed": self.failed,
            "failures": self.told,
        });
        output::facts(self.json, &facts, &document)?;
        match self.failed {
            0 => Ok(()),
            _ => Err(Failure::silent(Code::Refused)),
        }
    }
}
