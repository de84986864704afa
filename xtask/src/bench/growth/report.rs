//! The table, and whether anything grows faster than a logarithm.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{ACCOUNTS, CONNECTIONS, CREATING, ROWS, Series, WHATS, plot};
use crate::bench::machine::Machine;
use crate::bench::report::grouped;
use crate::bench::stats::count;

const EXPLANATION: &str = include_str!("explanation.md");

/// What one thing became, from the smallest size to the largest.
struct Fit {
    /// How many times as much.
    times: f64,
    /// How many times as much a logarithm becomes.
    logarithm: f64,
}

impl Fit {
    fn of(series: &Series, what: usize) -> Option<Self> {
        let (first, last) = (series.samples.first()?, series.samples.last()?);
        let size = |numbers| usize::try_from(numbers).map_or(f64::NAN, count);
        Some(Self {
            times: last.values[what] / first.values[what],
            logarithm: size(last.numbers).ln() / size(first.numbers).ln(),
        })
    }

    fn verdict(&self) -> &'static str {
        if self.times <= self.logarithm {
            "met"
        } else {
            "**missed**"
        }
    }
}

/// The tables, as Markdown.
pub fn table(all: &[Series]) -> String {
    let mut text = String::new();
    for series in all {
        // Writing into a string can't fail.
        let _ = series_table(&mut text, series);
    }
    text
}

fn series_table(text: &mut String, series: &Series) -> std::fmt::Result {
    let sizes = series.samples.iter().map(|sample| grouped(sample.numbers));
    let sizes: Vec<String> = sizes.collect();
    let columns = sizes.len() + 4;
    writeln!(
        text,
        "| {} | {} | became | may become | |",
        series.engine,
        sizes.join(" | ")
    )?;
    writeln!(text, "|{}", " --- |".repeat(columns))?;
    for (what, name) in WHATS.iter().enumerate() {
        let values = series
            .samples
            .iter()
            .map(|sample| shown(sample.values[what]));
        let values: Vec<String> = values.collect();
        if let Some(fit) = Fit::of(series, what) {
            writeln!(
                text,
                "| {name} | {} | {:.2} times | {:.2} times | {} |",
                values.join(" | "),
                fit.times,
                fit.logarithm,
                fit.verdict()
            )?;
        }
    }
    writeln!(text)?;
    for left_out in &series.left_out {
        writeln!(text, "Left out on {}: {left_out}.\n", series.engine)?;
    }
    Ok(())
}

fn shown(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    digits.parse().map_or(digits, grouped)
}

/// Writes the document, and the plot beside it.
pub fn write(file: &Path, all: &[Series], arguments: &[String]) -> Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let machine = Machine::this(&fs::canonicalize(folder.unwrap_or(Path::new(".")))?);
    let picture = file.with_extension("svg");
    let name = picture.file_name().context("--write names a file")?;
    let mut command = "cargo xtask growth".to_owned();
    for argument in arguments {
        command.extend([" ", argument]);
    }
    let told = [
        ("{command}", command),
        (
            "{date}",
            jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        ),
        ("{commit}", machine.commit),
        ("{processor}", machine.processor),
        ("{cores}", machine.cores.to_string()),
        ("{memory}", machine.memory),
        ("{filesystem}", machine.filesystem),
        ("{accounts}", ACCOUNTS.to_string()),
        ("{connections}", CONNECTIONS.to_string()),
        ("{rows}", ROWS.to_string()),
        ("{creating}", CREATING.as_secs_f64().to_string()),
        ("{plot}", name.to_string_lossy().into_owned()),
        ("{table}", table(all).trim_end().to_owned()),
    ];
    let put = |text: String, (place, value): &(&str, String)| text.replace(place, value);
    let text = told.iter().fold(EXPLANATION.to_owned(), put);
    fs::write(file, text).with_context(|| format!("can't write {}", file.display()))?;
    fs::write(&picture, plot::svg(all))
        .with_context(|| format!("can't write {}", picture.display()))
}
