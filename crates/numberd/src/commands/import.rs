//! `numberd import`: numbers from a CSV file.
//!
//! One thread reads and parses, this task makes records of the rows, the
//! store's writer commits; so many batches at most are on their way between
//! them that memory doesn't grow with the file.

mod reader;
mod report;

use std::path::Path;
use std::pin::pin;

use engine::Context;
use engine::columns::BadCell;
use engine::import::{Importer, RowOutcomes};
use futures::StreamExt;
use futures::stream;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Global, Import};
use crate::database::{Access, Database};
use crate::exit::{Code, Failure, Outcome};

use reader::{Batch, Line, Source};
use report::Report;

/// Batches between the writer and this task: as many as are there when a
/// commit ends share the next.
const UNDER_WAY: usize = 32;

pub async fn run(global: &Global, options: &Import) -> Outcome {
    let report = Report::new(options)?;
    let source = Source::open(&options.file)?;
    let access = if options.dry_run {
        Access::Read
    } else {
        Access::Load
    };
    let database = Database::for_command(global, access).await?;
    let bar = bar(source.bytes);
    let result = {
        let importer = database.engine.importer(Context::system("import"));
        let importer = importer.dry_run(options.dry_run);
        take_in(source, &importer, &bar, report).await
    };
    bar.finish_and_clear();
    database.close().await?;
    result?.finish()
}

async fn take_in(
    source: Source,
    importer: &Importer<'_>,
    bar: &ProgressBar,
    mut report: Report,
) -> Outcome<Report> {
    let reading = source.start().await?;
    report.columns(&reading.names);
    let batches = stream::unfold(reading.batches, |mut batches| async move {
        let batch = batches.recv().await?;
        Some((batch, batches))
    });
    let outcomes = batches
        .map(|batch| async move {
            let batch = batch?;
            write(batch, importer).await
        })
        .buffered(UNDER_WAY);
    let mut outcomes = pin!(outcomes);
    while let Some(done) = outcomes.next().await {
        match done {
            Ok(done) => {
                bar.set_position(done.until);
                for (line, outcome) in done.lines.iter().zip(done.outcomes) {
                    report.row(line, outcome)?;
                }
            }
            Err(failure) => {
                report.interrupted();
                return Err(failure);
            }
        }
    }
    Ok(report)
}

/// A batch that was taken in.
struct Done {
    lines: Vec<Line>,
    outcomes: Vec<report::Outcome>,
    until: u64,
}

async fn write(mut batch: Batch, importer: &Importer<'_>) -> Outcome<Done> {
    // Bad cells never reach the engine; the others keep their order.
    let mut bad: Vec<Option<BadCell>> = Vec::with_capacity(batch.lines.len());
    let mut rows = Vec::with_capacity(batch.lines.len());
    for parsed in std::mem::take(&mut batch.rows) {
        match parsed {
            Ok(row) => {
                rows.push(row);
                bad.push(None);
            }
            Err(cell) => bad.push(Some(cell)),
        }
    }
    let written: RowOutcomes = importer.batch(rows).await?;
    let mut written = written.into_iter();
    let outcomes = bad
        .into_iter()
        .map(|bad| match bad {
            Some(cell) => Ok(Err(cell)),
            None => match written.next() {
                Some(Ok(done)) => Ok(Ok(done)),
                Some(Err(error)) => Ok(Err(BadCell {
                    column: error.column().to_owned(),
                    message: error.to_string(),
                })),
                None => Err(Failure::new(Code::Failure, "a row has no outcome")),
            },
        })
        .collect::<Outcome<Vec<_>>>()?;
    Ok(Done {
        lines: batch.lines,
        outcomes,
        until: batch.until,
    })
}

/// Hidden unless stderr is a terminal.
fn bar(bytes: Option<u64>) -> ProgressBar {
    let bar = match bytes {
        Some(bytes) => ProgressBar::new(bytes),
        None => ProgressBar::new_spinner(),
    };
    let style = "{bar:40} {bytes}/{total_bytes} {elapsed_precise} (left: {eta})";
    match ProgressStyle::with_template(style) {
        Ok(style) if bytes.is_some() => bar.with_style(style),
        _ => bar,
    }
}

/// Refuses to write over what is there.
pub fn refuse_existing(path: &Path) -> Outcome {
    if path.exists() {
        let message = format!(
            "{} exists already: remove it or name another file",
            path.display()
        );
        return Err(Failure::new(Code::Refused, message));
    }
    Ok(())
}
