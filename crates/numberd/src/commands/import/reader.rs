//! The thread that reads and parses the file.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use engine::columns::{BadCell, Header};
use engine::import::ImportRow;
use tokio::sync::{mpsc, oneshot};

use crate::exit::{Code, Failure, Outcome};

/// Rows that are written together.
const ROWS: usize = 1000;
/// Batches that wait for the writer.
const WAITING: usize = 2;
/// Longest row in bytes: an unclosed quote makes the rest of a file one row.
const LONGEST_ROW: usize = 1 << 20;

/// A file that is to be read.
pub struct Source {
    /// Its length, where that is known.
    pub bytes: Option<u64>,
    name: PathBuf,
    file: Option<File>,
}

/// A row, for the report.
pub struct Line {
    /// Where it begins, counted from 1.
    pub number: u64,
    /// Its cells.
    pub record: StringRecord,
}

/// Some rows.
pub struct Batch {
    pub lines: Vec<Line>,
    pub rows: Vec<Result<ImportRow, BadCell>>,
    /// Bytes of the file up to its end.
    pub until: u64,
}

/// A file that is being read.
pub struct Reading {
    /// The names of the columns.
    pub names: StringRecord,
    /// What was read.
    pub batches: mpsc::Receiver<Outcome<Batch>>,
}

impl Source {
    pub fn open(path: &Path) -> Outcome<Self> {
        let name = path.to_owned();
        if path == Path::new("-") {
            return Ok(Self {
                bytes: None,
                name: PathBuf::from("the input"),
                file: None,
            });
        }
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::new(Code::Usage, format!("there is no file {}", path.display()))
            }
            _ => Failure::file(path, &error),
        })?;
        let found = file
            .metadata()
            .map_err(|error| Failure::file(path, &error))?;
        Ok(Self {
            bytes: found.is_file().then_some(found.len()),
            name,
            file: Some(file),
        })
    }

    /// Reads the header, then everything else in a thread of its own.
    pub async fn start(self) -> Outcome<Reading> {
        let (send, batches) = mpsc::channel(WAITING);
        let (tell, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("import-reader".to_owned());
        thread
            .spawn(move || {
                let mut rows = match Rows::new(self) {
                    Ok((rows, names)) => {
                        // Nobody listens when the import was given up.
                        let _ = tell.send(Ok(names));
                        rows
                    }
                    Err(failure) => {
                        let _ = tell.send(Err(failure));
                        return;
                    }
                };
                loop {
                    let batch = rows.batch();
                    let is_last = matches!(&batch, Ok(batch) if batch.lines.is_empty());
                    let ends = is_last || batch.is_err();
                    if (!is_last && send.blocking_send(batch).is_err()) || ends {
                        return;
                    }
                }
            })
            .map_err(|error| {
                Failure::new(Code::Failure, format!("can't start a thread: {error}"))
            })?;
        let names = told
            .await
            .map_err(|_| Failure::new(Code::Failure, "the reader has stopped"))??;
        Ok(Reading { names, batches })
    }
}

/// Bytes since the last row.
#[derive(Clone, Default)]
struct SinceRow(Rc<Cell<usize>>);

/// A reader that gives up on rows without end.
struct Bounded {
    inner: Box<dyn Read>,
    since_row: SinceRow,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let sofar = self.since_row.0.get();
        if sofar > LONGEST_ROW {
            let message =
                format!("a row is longer than {LONGEST_ROW} bytes: is a quote not closed?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let read = self.inner.read(buffer)?;
        self.since_row.0.set(sofar + read);
        Ok(read)
    }
}

struct Rows {
    name: PathBuf,
    header: Header,
    csv: Reader<Bounded>,
    since_row: SinceRow,
}

impl Rows {
    fn new(source: Source) -> Outcome<(Self, StringRecord)> {
        let since_row = SinceRow::default();
        let inner: Box<dyn Read> = match source.file {
            Some(file) => Box::new(file),
            None => Box::new(io::stdin()),
        };
        let bounded = Bounded {
            inner,
            since_row: since_row.clone(),
        };
        let mut csv = ReaderBuilder::new().flexible(true).from_reader(bounded);
        let wrong = |message: String| {
            Failure::new(Code::Usage, format!("{}: {message}", source.name.display()))
        };
        let names = csv
            .headers()
            .map_err(|error| wrong(error.to_string()))?
            .clone();
        let header = Header::parse(&names).map_err(wrong)?;
        let rows = Self {
            name: source.name,
            header,
            csv,
            since_row,
        };
        Ok((rows, names))
    }

    /// The next rows; none at the end.
    fn batch(&mut self) -> Outcome<Batch> {
        let mut batch = Batch {
            lines: Vec::with_capacity(ROWS),
            rows: Vec::with_capacity(ROWS),
            until: 0,
        };
        let mut record = ByteRecord::new();
        while batch.lines.len() < ROWS {
            self.since_row.0.set(0);
            let more = self.csv.read_byte_record(&mut record).map_err(|error| {
                Failure::new(Code::Failure, format!("{}: {error}", self.name.display()))
            })?;
            if !more {
                break;
            }
            let number = record.position().map_or(0, csv::Position::line);
            let (record, row) = match StringRecord::from_byte_record(record.clone()) {
                Ok(record) => {
                    let row = self.header.row(&record);
                    (record, row)
                }
                Err(error) => (
                    StringRecord::from_byte_record_lossy(error.into_byte_record()),
                    Err(BadCell {
                        column: String::new(),
                        message: "the row is not UTF-8".to_owned(),
                    }),
                ),
            };
            batch.lines.push(Line { number, record });
            batch.rows.push(row);
        }
        batch.until = self.csv.position().byte();
        Ok(batch)
    }
}
