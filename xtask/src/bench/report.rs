//! The table.

use std::fmt::Write as _;

use anyhow::Result;

use super::machine::Machine;
use super::place::Place;
use super::stats::Side;
use super::{Options, ROUNDS};

/// What there is to say around the table, for docs/benchmarks.md.
const EXPLANATION: &str = include_str!("explanation.md");

const HEADER: [&str; 9] = [
    "what",
    "must reach",
    "numberd",
    "compared with",
    "ratio",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "",
];

/// What must be reached.
#[derive(Clone, Copy)]
pub enum Bound {
    /// A part of what bare reaches.
    AtLeast(f64),
    /// So many times what it is compared with.
    AtMost(f64),
    /// Memory.
    Mebibytes(u32),
}

/// A row of the table.
pub struct Row {
    what: String,
    must: String,
    ours: String,
    beside: String,
    ratio: String,
    latencies: [String; 3],
    met: bool,
}

impl Row {
    fn new(what: &str, must: String, ours: String, met: bool) -> Self {
        Self {
            what: what.to_owned(),
            must,
            ours,
            met,
            beside: String::new(),
            ratio: String::new(),
            latencies: Default::default(),
        }
    }

    /// A time that must not be longer.
    pub fn seconds(what: &str, limit: f64, seconds: f64) -> Self {
        let must = format!("≤ {limit} s");
        Self::new(what, must, format!("{seconds:.3} s"), seconds <= limit)
    }

    /// A latency, of so many of a thousand answers, that must not be longer by
    /// more than `limit` than what it stands beside; all in milliseconds.
    pub fn later(
        what: &str,
        (name, beside): (&str, f64),
        limit: f64,
        permille: usize,
        ours: &mut Side,
    ) -> Self {
        let latency = ours.latency(permille).unwrap_or(u64::MAX) / 1000;
        let latency = f64::from(u32::try_from(latency).unwrap_or(u32::MAX)) / 1000.0;
        let later = latency - beside;
        let must = format!("≤ {name} + {limit:.0} ms");
        let mut row = Self::new(what, must, format!("{latency:.1} ms"), later <= limit);
        row.beside = format!("{name}: {beside:.1} ms");
        row.ratio = format!("{later:+.1} ms");
        row.latencies = latencies(ours);
        row
    }

    /// Memory that must not be more.
    pub fn memory_alone(what: &str, bound: Bound, kib: u64) -> Self {
        let mebibytes = mebibytes(kib);
        let met = bound.is_met(mebibytes);
        Self::new(what, bound.to_string(), format!("{mebibytes:.0} MiB"), met)
    }

    /// Memory beside what it was with less to do.
    pub fn memory(what: &str, bound: Bound, kib: u64, before: u64) -> Self {
        let ratio = mebibytes(kib) / mebibytes(before);
        let mut row = Self::memory_alone(what, bound, kib);
        row.met = bound.is_met(ratio);
        row.ratio = format!("{ratio:.2}");
        row.beside = format!("{:.0} MiB", mebibytes(before));
        row
    }

    fn cells(&self) -> [String; 9] {
        let [p50, p99, p999] = self.latencies.clone();
        let met = if self.met { "met" } else { "**missed**" };
        [
            self.what.clone(),
            self.must.clone(),
            self.ours.clone(),
            self.beside.clone(),
            self.ratio.clone(),
            p50,
            p99,
            p999,
            met.to_owned(),
        ]
    }
}

impl Bound {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
            Self::Mebibytes(most) => value <= f64::from(most),
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {:.0} %", 100.0 * least),
            Self::AtMost(most) => write!(f, "≤ {most} times"),
            Self::Mebibytes(most) => write!(f, "≤ {most} MiB"),
        }
    }
}

/// Everything measured.
pub struct Report {
    command: String,
    rows: Vec<Row>,
    notes: Vec<String>,
    numbers: u64,
    accounts: u64,
    seconds: u64,
    explanation: &'static str,
    /// More that the explanation tells, by its place in there.
    facts: Vec<(&'static str, String)>,
}

impl Report {
    pub fn new(options: &Options, arguments: &[String]) -> Self {
        let mut command = "cargo xtask bench".to_owned();
        for argument in arguments {
            command.extend([" ", argument]);
        }
        Self {
            command,
            rows: Vec::new(),
            notes: Vec::new(),
            numbers: options.numbers,
            accounts: options.accounts,
            seconds: options.seconds,
            explanation: EXPLANATION,
            facts: Vec::new(),
        }
    }

    /// The same, with another text around the table.
    pub fn explained_by(mut self, explanation: &'static str) -> Self {
        self.explanation = explanation;
        self
    }

    /// What that text tells besides.
    pub fn fact(&mut self, place: &'static str, text: String) {
        self.facts.push((place, text));
    }

    /// Adds a row, and says it at once.
    pub fn row(&mut self, row: Row) {
        let said: Vec<String> = row.cells().into_iter().filter(|c| !c.is_empty()).collect();
        eprintln!("  {}", said.join(" | "));
        self.rows.push(row);
    }

    /// Rates beside those of bare code.
    pub fn against_bare(
        &mut self,
        what: &str,
        unit: &str,
        bound: Bound,
        ours: &mut Side,
        bare: &mut Side,
    ) {
        self.against("bare", what, unit, bound, ours, bare);
    }

    /// Rates beside those of something with a name.
    pub fn against(
        &mut self,
        name: &str,
        what: &str,
        unit: &str,
        bound: Bound,
        ours: &mut Side,
        bare: &Side,
    ) {
        let ratio = ours.rate() / bare.rate();
        let rate = format!("{} {unit}", rounded(ours.rate()));
        let mut row = Row::new(what, bound.to_string(), rate, bound.is_met(ratio));
        row.beside = format!("{name}: {}", rounded(bare.rate()));
        row.ratio = format!("{:.0} %", 100.0 * ratio);
        row.latencies = latencies(ours);
        self.row(row);
    }

    /// How many times slower than with less in the database.
    pub fn slower(&mut self, what: &str, bound: Bound, ours: &mut Side, before: &Side) {
        let times = before.rate() / ours.rate();
        let rate = format!("{} requests/s", rounded(ours.rate()));
        let mut row = Row::new(what, bound.to_string(), rate, bound.is_met(times));
        row.beside = format!("before: {}", rounded(before.rate()));
        row.ratio = format!("{times:.2}");
        row.latencies = latencies(ours);
        self.row(row);
    }

    /// Notes what a request costs the server, which the client's own work
    /// doesn't blur.
    pub fn processor(&mut self, what: &str, ours: &Side, bare: Option<&Side>) {
        let mut note = format!("{what}: {:.0} µs", ours.processor_micros());
        if let Some(bare) = bare {
            // Writing into a string can't fail.
            let _ = write!(note, ", bare {:.0} µs", bare.processor_micros());
        }
        eprintln!("  on processors, {note}");
        self.notes.push(note);
    }

    /// For people at a terminal.
    pub fn table(&self) -> String {
        let mut rows = vec![HEADER.map(str::to_owned)];
        rows.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..HEADER.len()).map(width).collect();
        let mut text = String::new();
        for row in &rows {
            for (cell, width) in row.iter().zip(&widths) {
                // Writing into a string can't fail.
                let _ = write!(text, "{cell:width$}  ");
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text
    }

    /// For docs/benchmarks.md.
    pub fn markdown(&self, place: &Place) -> Result<String> {
        let machine = Machine::this(place.folder());
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
        let mut table = format!("| {} |\n", HEADER.join(" | "));
        writeln!(table, "|{}", " --- |".repeat(HEADER.len()))?;
        for row in &self.rows {
            writeln!(table, "| {} |", row.cells().join(" | "))?;
        }
        let mut notes = String::new();
        for note in &self.notes {
            writeln!(notes, "- {note}")?;
        }
        let facts = [
            ("{command}", self.command.clone()),
            ("{date}", date.to_string()),
            ("{commit}", machine.commit),
            ("{processor}", machine.processor),
            ("{cores}", machine.cores.to_string()),
            ("{memory}", machine.memory),
            ("{kernel}", machine.kernel),
            ("{filesystem}", machine.filesystem),
            ("{numbers}", grouped(self.numbers)),
            ("{accounts}", grouped(self.accounts)),
            ("{seconds}", self.seconds.to_string()),
            ("{rounds}", ROUNDS.to_string()),
            ("{table}", table.trim_end().to_owned()),
            ("{notes}", notes.trim_end().to_owned()),
        ];
        let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
        let facts = facts.iter().chain(&self.facts);
        Ok(facts.fold(self.explanation.to_owned(), fill))
    }
}

fn latencies(side: &mut Side) -> [String; 3] {
    [500, 990, 999].map(|permille| {
        let nanos = side.latency(permille);
        nanos.map_or_else(String::new, |nanos| {
            let micros = u32::try_from(nanos / 1000).unwrap_or(u32::MAX);
            format!("{:.2}", f64::from(micros) / 1000.0)
        })
    })
}

/// A count with a comma before each three digits.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn rounded(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    digits.parse().map_or(digits, grouped)
}

fn mebibytes(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}
